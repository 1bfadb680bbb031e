"""Tests of ``qoa policy``: the plan of now is the one that would be written, and printing it writes nothing."""

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
    assert [f["reaction"]["kind"] for f in again["in_flight"]] == ["rerun"]


def test_every_choice_is_printed_with_its_why(qoa: Qoa, defined: Scene) -> None:
    """Each step that was considered is a line: taken or not, by which rule, on what, and why."""
    out = qoa("policy", "explain").out
    assert "retail-demand version 1: to be written:" in out
    lines = {tuple(line.split()[:3]) for line in out.splitlines()}
    assert ("yes", "stop-bad-data", "quarantine") in lines
    assert "the episode opened: sales.volume violated in 2017-10-05" in out
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
