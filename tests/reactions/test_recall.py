"""Recall: a process that has read before sees the same world as one that reads for the first time."""

from datetime import timedelta
from pathlib import Path
from shutil import copy

from qoa_platform.ledger import open_ledger
from qoa_platform.reactions.recall import Recall, recall_of
from qoa_platform.reactions.snapshot import read_snapshot
from qoa_platform.reactions.world import World
from qoa_platform.records import RunState
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, RAW, Scene, contract, day, rule, step

HELD = contract(rule("stop", "sales.* blocked", "quarantine", step("rerun", RAW, attempts=2), "alert"))


def afresh(now: Scene, folder: Path) -> World:
    """The world as a process sees it that opens the ledger now."""
    with open_ledger(folder / "ledger.db") as ledger:
        snapshot = read_snapshot(
            ledger, graph=now.ports.graph, runs=now.runs.active(), at=now.clock.at(), wall=now.clock.wall()
        )
        return next(iter(snapshot.worlds()))


def test_reading_on_is_reading_anew(scene: Set, tmp_path: Path) -> None:
    """After every step of a story, the world that is read on equals the world that is read anew, in every field."""
    now = scene(HELD)
    for number in range(12):
        now.judge("sales.volume", day(number), "violated" if number % 3 == 0 else "satisfied")
        now.reconcile()
        assert now.world() == afresh(now, tmp_path)
        for run in now.runs.active():
            now.runs.end(f"{run.reaction}:{run.attempt}", RunState.FAILED)
        now.reconcile()
        assert now.world() == afresh(now, tmp_path)
        now.later(DAY)


def test_what_is_old_is_forgotten_but_not_what_an_open_episode_holds(scene: Set, tmp_path: Path) -> None:
    """Windows beyond the horizon leave the memory; the world of an open episode still has all of its own."""
    now = scene(HELD)
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.later(timedelta(days=30))
    now.judge("sales.complete", day(30), "satisfied")
    world = now.world()
    assert world == afresh(now, tmp_path)
    assert {v.window for v in world.verdicts} == {day(0), day(30)}
    assert {w for heads in recall_of(now.ledger).verdicts.values() for _, w in heads} == {day(30)}


def test_an_earlier_horizon_reads_anew(scene: Set) -> None:
    """A person who asks for a window of long ago gets it, although the memory had let go of it."""
    now = scene(HELD)
    now.judge("sales.volume", day(-40), "violated")
    assert now.world().verdicts == ()
    recall = recall_of(now.ledger)
    recall.refresh(now.ledger, day(-41).start)
    assert [w for heads in recall.verdicts.values() for _, w in heads] == [day(-40)]


def test_a_ledger_restored_from_a_copy_is_read_anew(scene: Set, tmp_path: Path) -> None:
    """A ledger that stands before the remembered position is another one: nothing of the old one is kept."""
    now = scene(HELD)
    now.judge("sales.volume", day(0), "satisfied")
    recall = Recall()
    copy(tmp_path / "ledger.db", tmp_path / "copy.db")
    copy(tmp_path / "ledger.db-wal", tmp_path / "copy.db-wal")
    now.judge("sales.volume", day(1), "violated")
    recall.refresh(now.ledger, day(-1).start)
    with open_ledger(tmp_path / "copy.db") as restored:
        recall.refresh(restored, day(-1).start)
    assert {w for heads in recall.verdicts.values() for _, w in heads} == {day(0)}


def test_one_memory_per_open_ledger(scene: Set, tmp_path: Path) -> None:
    """Two connections to one file remember for themselves; the same one keeps its memory."""
    now = scene(HELD)
    assert recall_of(now.ledger) is recall_of(now.ledger)
    with open_ledger(tmp_path / "ledger.db") as other:
        assert recall_of(other) is not recall_of(now.ledger)
