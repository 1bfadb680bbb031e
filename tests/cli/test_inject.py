"""Tests of ``qoa inject``: what is planted, what is refused before it is planted, and withdrawing."""

import pytest

from qoa_platform.cli.exits import Exit
from qoa_platform.faults import KINDS
from qoa_platform.faults.planted import fault_of
from qoa_platform.ledger.injections import standing, take
from qoa_platform.records import Injection, PointerKind
from tests.cli.conftest import Qoa
from tests.cli.scene import Scene
from tests.lineage.story import NOON

FEED = "feed:retail/raw_day"


def test_a_fault_is_a_row_of_the_ledger(qoa: Qoa, scene: Scene) -> None:
    """What was asked for is planted, as the feed will meet it: once, at that partition."""
    said = qoa("inject", "half_rows", "--target", FEED, "--partition", "2017-10-06", "--param", "share=0.25", "--json")
    assert (said.code, said.data["key"]) == (Exit.DONE, f"{FEED}|1")
    with scene.ledger() as ledger:
        ((key, planted),) = standing(ledger)
        assert (key, planted) == (
            f"{FEED}|1",
            Injection(target=FEED, kind="half_rows", partition="2017-10-06", params=(("share", 0.25),)),
        )
        met = take(ledger, FEED, "2017-10-06", "run", kinds=KINDS, at=NOON, wall=NOON)
        assert [fault_of(i).number("share", 0, 1) for i in met] == [0.25]
        assert standing(ledger) == []


def test_a_lasting_fault_names_columns_and_lasts(qoa: Qoa, scene: Scene) -> None:
    """Columns, since and --persistent reach the fault; numbers are numbers, texts are texts."""
    words = ["--since", "2017-11-01", "--persistent", "--column", "quantity", "--column", "sales_value", "--seed", "7"]
    assert qoa("inject", "lasting_shift", "--target", FEED, *words, "--param", "factor=1.6").code == Exit.DONE
    with scene.ledger() as ledger:
        ((_, planted),) = standing(ledger)
    assert (planted.times, planted.since, planted.seed) == (None, "2017-11-01", 7)
    fault = fault_of(planted)
    assert fault.columns == ("quantity", "sales_value")
    assert fault.param("factor") == 1.6
    qoa("inject", "text_in_number", "--target", FEED, "--column", "quantity", "--param", "text=1")
    with scene.ledger() as ledger:
        assert fault_of(standing(ledger)[-1][1]).param("text") == "1"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["half_row", "--target", FEED], "unknown fault 'half_row'. Did you mean 'half_rows'?"),
        (
            ["half_rows", "--target", "retail/raw_day"],
            "target 'retail/raw_day' is not understood. Allowed: feed:KEY, model:NAME",
        ),
        (
            ["half_rows", "--target", "feed:retail/raw_dya"],
            "unknown asset 'retail/raw_dya'. Did you mean 'retail/raw_day'?",
        ),
        (["half_rows", "--target", "model:demand"], "fault 'half_rows' damages a feed, the target is 'model:demand'"),
        (["nulls", "--target", FEED], "fault 'nulls' names 1 to 8 columns, found 0"),
        (["half_rows", "--target", FEED, "--param", "shre=1"], "unknown parameter of fault 'half_rows' 'shre'"),
        (["half_rows", "--target", FEED, "--param", "share=x"], "share of half_rows is a number, such as 0.5"),
        (["half_rows", "--target", FEED, "--param", "share"], "--param 'share' is not understood. Allowed: K=V"),
        (["half_rows"], "qoa inject needs a KIND and --target"),
        (["half_rows", "--target", FEED, "--times", "0"], "0 is not in the range"),
    ],
)
def test_a_fault_that_could_not_be_applied_is_never_planted(
    words: list[str], says: str, qoa: Qoa, scene: Scene
) -> None:
    """What is wrong is said with the nearest guess, exit code 2, and nothing is written."""
    said = qoa("inject", *words)
    assert said.code == Exit.USAGE
    assert says in said.err
    with scene.ledger() as ledger:
        assert not ledger.pointers(PointerKind.INJECTION)


def test_a_planted_fault_is_withdrawn(qoa: Qoa, scene: Scene) -> None:
    """Withdrawn it stands no more, with who and why; twice is not possible, and it says what does stand."""
    qoa("inject", "crash", "--target", "run:retail/forecast", "--persistent")
    said = qoa("inject", "--withdraw", "run:retail/forecast|1", "--actor", "ada", "--reason", "enough")
    assert said.code == Exit.DONE
    with scene.ledger() as ledger:
        assert standing(ledger) == []
        (_, move) = ledger.moves(PointerKind.INJECTION, "run:retail/forecast|1")
    assert (move.verb, move.actor, move.reason) == ("withdraw", "ada", "enough")
    said = qoa("inject", "--withdraw", "run:retail/forecast|1")
    assert said.code == Exit.STATE
    assert "it is unknown, or used up. Standing: none" in said.err


def test_the_list_explains_every_kind_and_what_stands(qoa: Qoa, scene: Scene) -> None:
    """Every kind with its own help; what is planted and not used up below it."""
    assert {k["name"] for k in qoa("inject", "--list", "--json").data["kinds"]} == set(KINDS)
    qoa("inject", "worse", "--target", "model:demand")
    text = qoa("inject", "--list").out
    for kind in KINDS.values():
        assert kind.name in text
        assert kind.does in text
    assert "model:demand|1  worse at model:demand, every partition, 1 ×" in text
    assert qoa("inject", "--list", "--json").data["planted"][0]["key"] == "model:demand|1"


def test_the_list_needs_no_project(qoa: Qoa, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kinds are known outside any project too."""
    monkeypatch.chdir(str(tmp_path))
    assert qoa("inject", "--list").code == Exit.DONE
