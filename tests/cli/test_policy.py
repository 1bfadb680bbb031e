"""Tests of ``qoa policy``: the plan of now is the one that would be written, and printing it writes nothing."""

import pytest

from qoa_platform.cli.exits import Exit
from qoa_platform.records import Outcome, Reaction
from tests.cli.conftest import Qoa
from tests.cli.scene import Scene


def test_the_plan_that_is_explained_is_the_plan_that_is_written(qoa: Qoa, defined: Scene) -> None:
    """Explained first, reacted then: the same reactions by id; explained again, nothing is to be written."""
    with defined.ledger() as ledger:
        before = ledger.seq()
    (explained,) = qoa("policy", "explain", "--json").data["contracts"]
    with defined.ledger() as ledger:
        assert ledger.seq() == before
        known = {r.id for r in ledger.find(Reaction)}
    planned = {c["reaction"] for c in explained["plan"]["choices"] if c["taken"] and c["reaction"]}
    assert planned
    assert qoa("react", "--once").code == Exit.DONE
    with defined.ledger() as ledger:
        written = {r.id for r in ledger.find(Reaction)}
        decided = {o.reaction for o in ledger.find(Outcome)}
    assert planned <= written
    assert planned - known <= decided
    (again,) = qoa("policy", "explain", "--json").data["contracts"]
    assert again["plan"]["reactions"] == []
    assert [f.split()[:3] for f in again["in_flight"]] == [["rerun", "retail/raw_day", "2017-10-05"]]


def test_every_choice_is_printed_with_its_why(qoa: Qoa, defined: Scene) -> None:
    """Each step that was considered is a line: taken or not, by which rule, on what, and why."""
    out = qoa("policy", "explain").out
    assert out.startswith("retail-demand version 1\n")
    (line,) = [line for line in out.splitlines() if line.startswith("  + quarantine")]
    assert line.startswith("  + quarantine retail/sales_day 2017-10-05 [stop-bad-data] for sales.volume")
    assert ": the episode opened: " in line
    assert "  in flight  rerun retail/raw_day 2017-10-05 [refetch]: decided" in out
    assert "definitions are imported" not in out


def test_without_definitions_it_explains_with_what_ran(qoa: Qoa, scene: Scene) -> None:
    """Definitions that do not load are no reason to say nothing: it is said, and explained with the recorded assets."""
    said = qoa("policy", "explain", "--json")
    assert said.code == Exit.DONE
    assert said.data["note"].startswith("the definitions do not load (nowhere.definitions cannot be imported:")
    assert said.data["contracts"][0]["plan"]["reactions"]


def test_an_unknown_contract(qoa: Qoa, scene: Scene) -> None:
    """A contract that is not in force is answered with the nearest guess."""
    said = qoa("policy", "explain", "--contract", "retail")
    assert said.code == Exit.USAGE
    assert said.err.startswith("unknown contract 'retail'.")


def test_replay_of_the_contract_in_force_agrees_with_what_was_done(qoa: Qoa, defined: Scene) -> None:
    """Unchanged, every verdict is as recorded, and the rerun that was asked for would have been asked for."""
    said = qoa("policy", "replay", "--since", "90d", "--json")
    assert said.code == Exit.DONE, said
    assert said.data["assets"] == "as the definitions say"
    (found,) = said.data["replays"]
    assert (found["contract"], found["version"]) == ("retail-demand", 1)
    assert found["judged"] == {"as recorded": 1, "judged again": 0, "not measured": 0}
    assert [e["windows"][0]["start"][:10] for e in found["episodes"]] == ["2017-10-05"]
    would = {r["kind"] for r in found["rows"] if r["would"] is not None}
    assert {"quarantine", "rerun", "alert"} <= would
    text = qoa("policy", "replay", "--since", "2017-10-01").out
    assert "open loop: what was done is taken as it happened" in text


def test_replay_of_a_draft(qoa: Qoa, defined: Scene) -> None:
    """A laxer bound in a file is judged again from what was measured: it would have done nothing about that day."""
    text = (defined.root / "contracts" / "retail.yaml").read_text()
    draft = text.replace("metric: data.row_count, must: usual", 'metric: data.row_count, must: ">= 1000 rows"')
    assert draft != text
    (defined.root / "contracts" / "draft.yaml").write_text(draft.replace("version: 1", "version: 2", 1))
    before = ledger_position(defined)
    (found,) = qoa("policy", "replay", "contracts/draft.yaml", "--since", "5d", "--json").data["replays"]
    assert found["version"] == 2
    assert found["judged"]["judged again"] == 1
    assert found["episodes"] == []
    assert not [r for r in found["rows"] if r["would"] is not None and r["kind"] == "rerun"]
    only = qoa("policy", "replay", "contracts/draft.yaml", "--since", "5d", "--only-different").out
    assert [line.split()[1:4] for line in only.splitlines() if " rerun " in line and "2017-10-05 15:00" in line]
    assert ledger_position(defined) == before


def ledger_position(scene: Scene) -> int:
    """How far the ledger has come."""
    with scene.ledger() as ledger:
        return ledger.seq()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--since soon", "--since 'soon' is not understood. Allowed: 90d, 36h, 30min, or a day such as 2017-09-01"),
        ("--since 2017-13-01", "--since '2017-13-01' is not understood"),
        ("--since 1d --until 2d", "--since 2017-10-05 12:00 is not before 2017-10-04 12:00"),
        ("", "Missing option '--since'"),
    ],
)
def test_a_stretch_that_is_none(words: str, says: str, qoa: Qoa, scene: Scene) -> None:
    """A time that is not understood, or an end before the beginning, is a usage error."""
    said = qoa("policy", "replay", *words.split())
    assert said.code == Exit.USAGE
    assert says in said.err
