"""Owns the tests of rows set aside: published without them, found again, released by a person, crash or no crash."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner

from qoa_platform.audit.setting_aside import PROMISES, ROW, WHY, told, whole
from qoa_platform.cli import main
from qoa_platform.lineage.nodes import data_node
from qoa_platform.records import PointerKind, TrialState, Verdict
from tests.host.conftest import Open
from tests.host.shop import DAY, FAILURE, POLICY, SUCCESS, Shop, day_of, text

PROMISED = """\
      - {id: enough, metric: data.row_count, must: ">= 5 rows", severity: critical}
      - {id: sane, metric: data.in_range, column: amount, low: 0, must: "= 100 %", severity: critical, set_aside: 25 %}
"""
CONTRACT = text(POLICY, promises=PROMISED)
PLACE = f"shop/sales|{DAY}"
AMOUNTS = [1.0, -2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


@pytest.fixture
def shop(open_shop: Open) -> Shop:
    """The shop, whose day has one bad row of eight."""
    opened = open_shop(CONTRACT)
    opened.source.days[DAY] = day_of(DAY, amount=AMOUNTS)
    return opened


def aside(shop: Shop) -> str | None:
    """The digest of the rows that are set aside now."""
    head = shop.ledger.pointer(PointerKind.SET_ASIDE, PLACE)
    return head.value if head is not None else None


def sales(shop: Shop) -> pl.DataFrame:
    """What is published."""
    digest = shop.published("shop/sales", DAY)
    assert digest is not None
    return shop.workspace.read_frame("shop/sales", DAY, digest)


def test_the_good_rows_are_published_and_the_bad_ones_kept(shop: Shop) -> None:
    """A critical promise that one row breaks: materialized without it, its verdict about what was published."""
    run = shop.daily()
    assert run.status is SUCCESS
    assert sales(shop)["amount"].to_list() == [a for a in AMOUNTS if a >= 0]
    trial = shop.trial("shop/sales", DAY)
    found = trial.set_aside
    assert found is not None
    assert (trial.state, trial.rows, found.rows, found.digest) == (TrialState.PUBLISHED, 7, 1, aside(shop))
    assert shop.materialized(run)["shop/sales", DAY] == trial.output == shop.published("shop/sales", DAY)
    bad = shop.workspace.read_aside("shop/sales", DAY, found.digest)
    assert bad.select(ROW, PROMISES, WHY, "amount").rows() == [(1, "sales.sane", "sales.sane: outside [0, ∞)", -2.0)]
    original = shop.workspace.read_frame("shop/sales", DAY, found.original)
    assert original.equals(whole(sales(shop), bad))
    (verdict,) = [v for v in shop.ledger.find(Verdict, ids=list(trial.verdicts)) if v.key.promise == "sane"]
    assert (verdict.satisfied, verdict.n, verdict.data) == (True, 7, trial.output)
    before = told(verdict)
    assert before is not None
    assert (before["count"], before["of"], before["value"], before["original"]) == (1, 8, 0.875, found.original)


def test_dagster_shows_how_many_were_set_aside(shop: Shop) -> None:
    """A number on the materialization and on the check, to be plotted, and words in its description."""
    run = shop.daily()
    check = shop.checks(run, "shop/sales")["sane", DAY]
    assert check.passed
    assert check.metadata["qoa/set_aside_rows"].value == 1
    assert str(check.description).endswith("; 1 of 8 rows set aside")


def test_lineage_knows_both(shop: Shop) -> None:
    """``why`` of the published content and of the rows that are not in it lead to the same trial."""
    shop.daily()
    trial = shop.trial("shop/sales", DAY)
    assert trial.set_aside is not None
    for digest in (trial.output, trial.set_aside.digest, trial.set_aside.original):
        assert digest is not None
        edges = shop.ledger.edges(destination=data_node("shop/sales", DAY, digest))
        assert [e.source for e in edges] == [f"trial:{trial.id}"]


def test_too_many_bad_rows_block_as_ever(shop: Shop) -> None:
    """Above the limit nothing is set aside: the partition is kept back, and the frame as it came is the candidate."""
    shop.source.days[DAY] = day_of(DAY, amount=[-1.0, -2.0, -3.0, *AMOUNTS[3:]])
    run = shop.daily()
    assert run.status is FAILURE
    trial = shop.trial("shop/sales", DAY)
    assert (trial.state, trial.rows, trial.set_aside, aside(shop)) == (TrialState.BLOCKED, 8, None, None)


def test_what_is_left_must_keep_the_contract_too(shop: Shop) -> None:
    """Four rows are too few: the rest is judged, kept back, and no pointer moves."""
    shop.source.days[DAY] = day_of(DAY, rows=5, amount=[1.0, -2.0, 3.0, 4.0, 5.0])
    assert shop.daily().status is FAILURE
    trial = shop.trial("shop/sales", DAY)
    assert (trial.state, trial.rows) == (TrialState.BLOCKED, 4)
    assert (shop.published("shop/sales", DAY), aside(shop)) == (None, None)


def test_the_same_day_again_is_the_same_content(shop: Shop) -> None:
    """A run that is repeated ends where it was; a day without bad rows leaves none set aside."""
    shop.daily()
    first = (shop.published("shop/sales", DAY), aside(shop))
    shop.daily()
    assert (shop.published("shop/sales", DAY), aside(shop)) == first
    shop.source.days[DAY] = day_of(DAY)
    shop.daily()
    assert aside(shop) is None
    assert sales(shop).height == 8


def typed(shop: Shop, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What a command says in the shop's folder."""
    monkeypatch.chdir(shop.workspace.home.root)
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_person_looks_at_the_rows_and_releases_them(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed, shown with why, released: the day is published whole, and the same day again leaves it so."""
    shop.daily()
    original = day_of(DAY, amount=AMOUNTS)
    listed = typed(shop, monkeypatch, "quarantine", "show")
    assert "Rows set aside" in listed
    rows = typed(shop, monkeypatch, "quarantine", "rows", "shop/sales", DAY).splitlines()
    assert rows[2].split()[:3] == ["qoa:row", "qoa:promises", "qoa:why"]
    assert rows[3].split()[:2] == ["1", "sales.sane"]
    who = ("--reason", "returned goods are negative", "--actor", "ada")
    typed(shop, monkeypatch, "quarantine", "release", "shop/sales", DAY, "--rows", *who)
    assert aside(shop) is None
    assert sales(shop).equals(original)
    move = shop.ledger.moves(PointerKind.SET_ASIDE, PLACE)[-1]
    assert (move.actor, move.reason, move.verb) == ("ada", "returned goods are negative", "release rows")
    assert "nothing is quarantined" in typed(shop, monkeypatch, "quarantine", "show")
    assert shop.daily().status is SUCCESS
    assert sales(shop).equals(original)
    assert aside(shop) is None


def test_accepting_what_was_kept_back_keeps_its_rows_apart(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The candidate that a person accepts was itself without its bad rows: the pointer to them moves with it."""
    shop.source.days[DAY] = day_of(DAY, rows=5, amount=[1.0, -2.0, 3.0, 4.0, 5.0])
    shop.daily()
    typed(shop, monkeypatch, "accept", "shop/sales", DAY, "--reason", "a holiday", "--actor", "ada")
    trial = shop.trial("shop/sales", DAY)
    assert trial.set_aside is not None
    assert (sales(shop).height, aside(shop)) == (4, trial.set_aside.digest)


@pytest.mark.faults
@pytest.mark.parametrize("place", [
    "publish.before_move:2", pytest.param("publish.after_move:2", marks=pytest.mark.slow),
    pytest.param("artifact.after_rename:3", marks=pytest.mark.slow),
])  # fmt: skip
def test_a_crash_leaves_all_or_nothing(
    open_shop: Open, tmp_path: Path, child: Callable[..., Any], place: str
) -> None:  # fmt: skip
    """SIGKILL before or after the pointers moved, or between the parts: both move or neither, and a new run repairs."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        opened = open_shop(CONTRACT, instance=instance)
        killed = child("daily_with_a_bad_row", opened.workspace.home.root, home, QOA_FAILPOINT=place)
        assert killed.wait(90) == -signal.SIGKILL
        assert (opened.published("shop/sales", DAY) is None) is (aside(opened) is None)
        opened.source.days[DAY] = day_of(DAY, amount=AMOUNTS)
        opened.runs.adopt_lost()
        assert opened.daily().status is SUCCESS
        assert sales(opened).height == 7
        assert aside(opened) is not None
