"""Tests of a person's ways: accept, quarantine, promote by force, roll back, hold; each recorded with who and why."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from qoa_platform.cli.exits import Exit
from qoa_platform.ledger import Store
from qoa_platform.records import Alias, Batch, Move, PointerKind, Release, ReleaseState, Status, Trial, TrialState
from tests.cli.conftest import Qoa
from tests.cli.scene import DEMAND, NEXT, SALES, Scene
from tests.lineage.story import NOON, trial

WHO = ("--actor", "ada", "--reason", "because I looked")


def last_move(ledger: Store, kind: PointerKind, key: str) -> Move:
    """The last move of a pointer."""
    return ledger.moves(kind, key)[-1]


def test_accept_publishes_the_held_back_candidate(qoa: Qoa, scene: Scene) -> None:
    """The pointer moves to the candidate, its digest is accepted, its quarantine ends: one batch, with who and why."""
    said = qoa("accept", SALES, NEXT, *WHO, "--json")
    assert said.code == Exit.DONE
    assert said.data["digest"] == scene.held
    place = f"{SALES}|{NEXT}"
    with scene.ledger() as ledger:
        moves = [
            last_move(ledger, PointerKind.PUBLISHED, place), last_move(ledger, PointerKind.ACCEPTED, place),
            last_move(ledger, PointerKind.QUARANTINE, f"{place}|{scene.held}"),
        ]  # fmt: skip
        told = ledger.outbox("dagster")
    assert [m.value for m in moves] == [scene.held, scene.held, None]
    assert {(m.actor, m.reason, m.verb) for m in moves} == {("ada", "because I looked", "accept")}
    assert [e.data["verb"] for _, e in told] == ["accept"]


def test_accept_twice_and_accept_of_nothing(qoa: Qoa, scene: Scene) -> None:
    """What is published already, or was never held back, cannot be accepted: exit code 4, and it says what stands."""
    assert qoa("accept", SALES, NEXT, *WHO).code == Exit.DONE
    said = qoa("accept", SALES, NEXT, *WHO)
    assert said.code == Exit.STATE
    assert said.err == f"{SALES} {NEXT} is published already with digest {scene.held[:12]}\n"
    said = qoa("accept", "retail/raw_day", "2017-10-04", *WHO)
    assert said.code == Exit.STATE
    assert "nothing of retail/raw_day 2017-10-04 was ever held back: digest cccccccccccc is published" in said.err


def test_accept_over_a_published_version(qoa: Qoa, scene: Scene) -> None:
    """A candidate is accepted over the version that is published, from exactly that generation."""
    from tests.lineage.story import publish

    with scene.ledger() as ledger:
        ledger.commit(Batch(moves=(publish(SALES, NEXT, "9" * 64),)))
    said = qoa("accept", SALES, NEXT, *WHO, "--json")
    assert (said.code, said.data["generation"]) == (Exit.DONE, 2)


def test_accept_takes_the_last_trial_or_what_is_asked_for(qoa: Qoa, scene: Scene) -> None:
    """After a clean rerun an old candidate is only accepted by its digest; bytes that are gone never are."""
    with scene.ledger() as ledger:
        ledger.commit(Batch(records=(trial("t8", SALES, NEXT, output="8" * 64),)))
    said = qoa("accept", SALES, NEXT, *WHO)
    assert said.code == Exit.STATE
    assert said.err.endswith("was not held back (published). An earlier one: say --digest\n")
    assert qoa("accept", SALES, NEXT, *WHO, "--digest", scene.held[:10]).code == Exit.DONE
    said = qoa("accept", SALES, "2017-10-04", *WHO, "--digest", "b")
    assert said.code == Exit.STATE
    assert "are gone from" in said.err


def test_accept_of_an_unknown_asset(qoa: Qoa, scene: Scene) -> None:
    """A name that nothing knows is answered with the nearest guess."""
    said = qoa("accept", "retail/sale_day", NEXT, *WHO)
    assert said.code == Exit.USAGE
    assert "unknown asset 'retail/sale_day'. Did you mean 'retail/sales_day'?" in said.err


@pytest.mark.parametrize("verb", ["release", "drop"])
def test_quarantine_ends_by_a_person(verb: str, qoa: Qoa, scene: Scene) -> None:
    """Released or dropped, the mark is gone, with who and why; nothing is published by it; twice is not possible."""
    assert qoa("quarantine", verb, SALES, NEXT, *WHO).code == Exit.DONE
    with scene.ledger() as ledger:
        move = last_move(ledger, PointerKind.QUARANTINE, f"{SALES}|{NEXT}|{scene.held}")
        assert (move.value, move.verb, move.actor) == (None, verb, "ada")
        assert ledger.pointer(PointerKind.PUBLISHED, f"{SALES}|{NEXT}") is None
    said = qoa("quarantine", verb, SALES, NEXT, *WHO)
    assert (said.code, said.err) == (Exit.STATE, f"there is no quarantined candidate of {SALES} {NEXT}\n")


def test_promotion_is_the_policys_unless_forced(qoa: Qoa, scene: Scene) -> None:
    """Without --force the command says what the release policy says of the version, and how to override it."""
    said = qoa("promote", DEMAND, "v3")
    assert (said.code, said.out) == (Exit.STATE, "")
    assert (
        "promotion is the release policy's: of demand v3 it says that it is refused: worse than v2 by 0.02" in said.err
    )
    assert said.err.endswith("To override it: qoa promote demand v3 --force --reason …\n")
    assert qoa("promote", DEMAND, "v3", "--force").code == Exit.USAGE
    said = qoa("promote", DEMAND, "v33", "--force", "--reason", "x")
    assert said.code == Exit.USAGE
    assert said.err.startswith("unknown version of demand 'v33'. Did you mean 'v3'?")


def test_a_forced_promotion_is_recorded_as_such(qoa: Qoa, scene: Scene) -> None:
    """The alias moves, and a release of its own says that a person forced it; no version has two aliases."""
    with scene.ledger() as ledger:
        challenger = Move(
            kind=PointerKind.ALIAS, key="demand|challenger", value="v3", expected=0, verb="train", actor="qoa",
            reason="r", at=NOON, wall=NOON,
        )  # fmt: skip
        ledger.commit(Batch(moves=(challenger,)))
    said = qoa("promote", DEMAND, "v3", "--force", *WHO, "--json")
    assert (said.code, said.data["from"], said.data["to"]) == (Exit.DONE, "v2", "v3")
    with scene.ledger() as ledger:
        move = last_move(ledger, PointerKind.ALIAS, "demand|champion")
        assert (move.value, move.verb, move.actor, move.reason) == ("v3", "promote --force", "ada", "because I looked")
        assert last_move(ledger, PointerKind.ALIAS, "demand|challenger").value is None
        releases = {(r.version, r.number): r for r in ledger.find(Release, series=DEMAND)}
    assert releases["v3", 2].forced
    assert releases["v3", 2].actor == "ada"
    assert releases["v2", 1].state is ReleaseState.RETIRED
    assert qoa("promote", DEMAND, "v3", "--force", *WHO).code == Exit.STATE


def test_a_hold_stops_a_promotion_and_not_a_rollback(qoa: Qoa, scene: Scene) -> None:
    """While a hold stands on a model nothing is promoted, not by force either; going back is always possible."""
    assert qoa("hold", "model:demand", *WHO).code == Exit.DONE
    said = qoa("promote", DEMAND, "v3", "--force", *WHO)
    assert said.code == Exit.STATE
    assert "a hold stands on model demand: because I looked" in said.err
    assert qoa("rollback", DEMAND, *WHO).code == Exit.DONE


def test_rollback_is_one_recorded_step_back(qoa: Qoa, scene: Scene) -> None:
    """The last good version is champion again, the one left is known to be bad, the releases and Dagster are told."""
    said = qoa("rollback", DEMAND, *WHO, "--json")
    assert said.code == Exit.DONE
    assert (said.data["from"], said.data["to"], said.data["generation"]) == ("v2", "v1", 3)
    with scene.ledger() as ledger:
        move = last_move(ledger, PointerKind.ALIAS, "demand|champion")
        bad = last_move(ledger, PointerKind.BAD_VERSION, "demand|v2")
        states = {r.version: r.state for r in ledger.find(Release, series=DEMAND)}
        (told,) = [e for _, e in ledger.outbox("dagster") if e.type == "qoa.rollback"]
    assert (move.value, move.verb, move.actor) == ("v1", "rollback", "ada")
    assert (bad.value, bad.actor) == ("because I looked", "ada")
    assert states == {"v1": ReleaseState.PROMOTED, "v2": ReleaseState.ROLLED_BACK, "v3": ReleaseState.REFUSED}
    assert told.data["asset"] == "retail/demand_model"
    assert told.data["version"] == "v1"


def test_rollback_never_goes_to_a_bad_version(qoa: Qoa, scene: Scene) -> None:
    """Rolled back once, there is nothing good left: exit code 4, and it says which versions are bad."""
    qoa("rollback", DEMAND, *WHO)
    said = qoa("rollback", DEMAND, *WHO)
    assert said.code == Exit.STATE
    assert said.err == (
        "model demand has no earlier champion to go back to; v1 is champion, known to be bad: v2. "
        "Train and promote a new version\n"
    )


def test_a_rollback_that_was_overtaken_writes_nothing(scene: Scene) -> None:
    """Whoever decides on a champion that moved meanwhile is refused as a whole: no version is marked as bad."""
    from qoa_platform.reactions.commands import rollback_by_hand
    from qoa_platform.reactions.snapshot import read_snapshot
    from qoa_platform.records import Graph, Refused

    with scene.ledger() as ledger:
        snapshot = read_snapshot(ledger, graph=Graph(), runs=(), at=NOON, wall=NOON)
        batch = rollback_by_hand(snapshot.world(snapshot.contracts[0]), DEMAND, "a", actor="ada", reason="r")
        overtaking = replace(batch.moves[0], value="v3", verb="promote", actor="bob")
        ledger.commit(Batch(moves=(overtaking,)))
        assert isinstance(ledger.commit(batch), Refused)
        assert ledger.pointer(PointerKind.BAD_VERSION, "demand|v2") is None


def test_holds_are_set_and_released_with_their_reasons(qoa: Qoa, scene: Scene) -> None:
    """A hold stands until it is released; twice is not possible; status shows it."""
    assert qoa("hold", "asset:retail/forecast", *WHO, "--json").data["held"] is True
    assert "because I looked" in qoa("status").out
    said = qoa("hold", "asset:retail/forecast", *WHO)
    assert (said.code, said.err) == (Exit.STATE, "a hold stands on asset:retail/forecast already: because I looked\n")
    assert qoa("release-hold", "asset:retail/forecast", *WHO, "--json").data["held"] is False
    said = qoa("release-hold", "asset:retail/forecast", *WHO)
    assert (said.code, said.err) == (Exit.STATE, "no hold stands on asset:retail/forecast\n")
    with scene.ledger() as ledger:
        verbs = [(m.verb, m.actor, m.reason) for m in ledger.moves(PointerKind.HOLD, "asset:retail/forecast")]
    assert verbs == [("hold", "ada", "because I looked"), ("release-hold", "ada", "because I looked")]


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("retail/forecast", "target 'retail/forecast' is not understood. Allowed: asset:KEY, model:NAME"),
        ("asset:", "target 'asset:' is not understood. Allowed: asset:KEY, model:NAME"),
        ("model:demnd", "unknown model 'demnd'. Did you mean 'demand'?"),
        ("asset:retail/forcast", "unknown asset 'retail/forcast'. Did you mean 'retail/forecast'?"),
    ],
)
def test_a_hold_on_something_unknown_is_refused(target: str, says: str, qoa: Qoa, scene: Scene) -> None:
    """A hold with a typing error would hold nothing, so it is a usage error with the nearest guess."""
    said = qoa("hold", target, *WHO)
    assert said.code == Exit.USAGE
    assert says in said.err


def test_a_reason_is_always_asked_for(qoa: Qoa, scene: Scene) -> None:
    """Without a reason, or with an empty one, nothing is written."""
    for words in (["hold", "model:demand"], ["hold", "model:demand", "--reason", " "], ["rollback", DEMAND]):
        assert qoa(*words).code == Exit.USAGE
    with scene.ledger() as ledger:
        assert not ledger.pointers(PointerKind.HOLD)


def test_the_actor_is_whoever_is_logged_in(qoa: Qoa, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --actor the ledger remembers the operating system's user."""
    monkeypatch.setenv("LOGNAME", "grace")
    qoa("hold", "model:demand", "--reason", "r")
    with scene.ledger() as ledger:
        assert last_move(ledger, PointerKind.HOLD, "model:demand").actor == "grace"


def test_a_ledger_that_moved_on_is_no_bug(qoa: Qoa, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else was faster between looking and writing: nothing is written, exit code 4, what stands is said."""
    from qoa_platform.cli.project import Project

    commit: Callable[[Project, Batch], object] = Project.commit

    def overtaken(self: Project, batch: Batch) -> object:
        self.ledger.commit(Batch(moves=(replace(batch.moves[0], value="first", actor="bob"),)))
        return commit(self, batch)

    monkeypatch.setattr(Project, "commit", overtaken)
    said = qoa("hold", "model:demand", *WHO)
    assert said.code == Exit.STATE
    assert said.err.startswith("nothing was written, for the ledger moved on meanwhile: pointer hold model:demand")


def test_the_scene_is_what_the_tests_think(scene: Scene) -> None:
    """The held-back day is the last trial of its partition, and nothing of it is published."""
    with scene.ledger() as ledger:
        trials = ledger.find(Trial, series=f"{SALES}|{NEXT}")
        assert [t.state for t in trials] == [TrialState.BLOCKED]
        assert scene.episode.status is Status.VIOLATED
        assert ledger.pointer(PointerKind.ALIAS, f"{DEMAND}|{Alias.CHAMPION}") is not None


def test_accept_as_the_new_normal(qoa: Qoa, scene: Scene) -> None:
    """What was held back is published and begins the new normal; what is published already only does the latter."""
    assert qoa("accept", SALES, NEXT, *WHO, "--new-normal").code == Exit.DONE
    said = qoa("accept", SALES, "2017-10-04", *WHO, "--new-normal")
    assert said.code == Exit.DONE
    assert "new normal" in said.out
    with scene.ledger() as ledger:
        heads = {p.key: p.value for p in ledger.pointers(PointerKind.NORMAL, f"{SALES}|")}
    assert heads == {f"{SALES}|{NEXT}": "ada", f"{SALES}|2017-10-04": "ada"}
    again = qoa("accept", SALES, NEXT, *WHO, "--new-normal")
    assert again.code == Exit.STATE
    assert "already" in again.err
