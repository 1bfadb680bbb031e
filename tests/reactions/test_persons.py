"""A person's ways (semantics 12, 20; decisions 4, 6): each is one recorded batch, and says what stands against it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qoa_platform.reactions.commands import NotPossible, accept, end_quarantine, release_rows, rollback_by_hand
from qoa_platform.reactions.world import World
from qoa_platform.records import PointerKind, Release
from tests.reactions.conftest import Set
from tests.reactions.stage import MODEL, SALES, Scene, contract, day, rule

STOP = rule("stop", "sales.* blocked", "quarantine", "alert")
KEY = f"{SALES}|{day(0).partition}"
DATA = "a" * 64


def bad_day(now: Scene) -> None:
    """A day that is rightly odd is kept back and quarantined."""
    now.judge("sales.volume", day(0), "violated", data=DATA)
    now.reconcile()


def test_accept_publishes_and_ends_the_episode(scene: Set) -> None:
    """Semantics 12: `qoa accept` publishes the very data, takes the mark off, tells Dagster and ends the episode."""
    now = scene(contract(STOP))
    bad_day(now)
    now.commit(accept(now.world(), SALES, day(0).partition, DATA, actor="ann", reason="Black Friday"))
    assert now.value(PointerKind.PUBLISHED, KEY) == DATA
    assert now.value(PointerKind.QUARANTINE, f"{KEY}|{DATA}") is None
    assert [e.data["verb"] for _, e in now.ledger.outbox("dagster")] == ["accept"]
    now.later(timedelta(hours=1))
    now.reconcile()
    assert [str(e.closing) for e in now.episodes()] == ["accepted"]
    assert [(m.actor, m.reason) for m in now.ledger.moves(PointerKind.ACCEPTED)] == [("ann", "Black Friday")]


def test_accepting_what_is_published_is_an_error(scene: Set) -> None:
    """Semantics 12: what is published already with that digest needs no accepting."""
    now = scene(contract(STOP))
    now.point(PointerKind.PUBLISHED, KEY, DATA)
    world = now.world()
    published = type(world)(contract=world.contract, at=world.at, wall=world.wall, pointers={
        (PointerKind.PUBLISHED, KEY): next(p for p in now.ledger.pointers(PointerKind.PUBLISHED))})  # fmt: skip
    with pytest.raises(NotPossible, match="is published already with digest aaaaaaaaaaaa"):
        accept(published, SALES, day(0).partition, DATA, actor="ann", reason="again")


def test_accepted_data_is_not_bad_but_other_data_is(scene: Set) -> None:
    """Semantics 12: accepting lets one digest through, not the day: other bad data of it opens another episode."""
    now = scene(contract(STOP))
    bad_day(now)
    now.commit(accept(now.world(), SALES, day(0).partition, DATA, actor="ann", reason="Black Friday"))
    now.reconcile()
    now.later(timedelta(hours=1))
    now.judge("sales.volume", day(0), "violated", data="b" * 64)
    now.reconcile()
    assert [e.open for e in now.episodes()] == [False, True]


def test_what_was_accepted_once_stays_handled(scene: Set) -> None:
    """Semantics 13: accepting other data afterwards does not reopen what was accepted before: it never reopens."""
    now = scene(contract(STOP))
    bad_day(now)
    for data in (DATA, "c" * 64):
        now.point(PointerKind.ACCEPTED, KEY, data, "accept")
        now.later(timedelta(minutes=1))
        now.reconcile()
    assert [str(e.closing) for e in now.episodes()] == ["accepted"]
    assert now.reconcile().idle


def test_rows_are_released_of_the_frame_that_was_looked_at(scene: Set) -> None:
    """ADR 7: a run that published between the look and the release is not overwritten by the older frame."""
    now = scene(contract(STOP))
    looked_at, newer = "d" * 64, "e" * 64
    now.point(PointerKind.PUBLISHED, KEY, DATA)
    now.point(PointerKind.SET_ASIDE, KEY, newer)
    with pytest.raises(NotPossible, match=r"the rows eeeeeeeeeeee of .* are set aside, not dddddddddddd"):
        release_rows(partition_of(now), SALES, day(0).partition, "f" * 64, aside=looked_at, actor="ann", reason="fine")
    now.commit(
        release_rows(partition_of(now), SALES, day(0).partition, "f" * 64, aside=newer, actor="ann", reason="fine")
    )
    assert (now.value(PointerKind.PUBLISHED, KEY), now.value(PointerKind.SET_ASIDE, KEY)) == ("f" * 64, None)
    with pytest.raises(NotPossible, match=r"no rows of .* are set aside"):
        release_rows(partition_of(now), SALES, day(0).partition, "f" * 64, aside=newer, actor="ann", reason="again")


def partition_of(now: Scene) -> World:
    """The world with what is published of the one partition, as a person's command reads it."""
    kinds = (PointerKind.PUBLISHED, PointerKind.SET_ASIDE)
    return replace(now.world(), pointers={(p.kind, p.key): p for kind in kinds for p in now.ledger.pointers(kind)})


@pytest.mark.parametrize("verb", ["release", "drop"])
def test_a_person_ends_a_quarantine(scene: Set, verb: str) -> None:
    """Decision 4: a mark is taken off with verb, actor and reason; it is not there twice."""
    now = scene(contract(STOP))
    bad_day(now)
    mark = f"{KEY}|{DATA}"
    now.commit(end_quarantine(now.world(), mark, verb=verb, actor="ann", reason="looked at"))
    assert now.ledger.moves(PointerKind.QUARANTINE)[-1].verb == verb
    with pytest.raises(NotPossible, match="is not quarantined"):
        end_quarantine(now.world(), mark, verb=verb, actor="ann", reason="again")


def test_a_person_rolls_back(scene: Set) -> None:
    """Decision 6: a person's rollback goes to the last good version, marks the one left, and begins a new release."""
    now = scene(contract())
    with pytest.raises(NotPossible, match="has no champion"):
        rollback_by_hand(now.world(), "demand", MODEL, actor="ann", reason="odd")
    for version in ("v1", "v2"):
        now.train(version)
        now.champion(version)
    now.commit(rollback_by_hand(now.world(), "demand", MODEL, actor="ann", reason="odd"))
    assert now.value(PointerKind.ALIAS, "demand|champion") == "v1"
    assert now.value(PointerKind.BAD_VERSION, "demand|v2") == "odd"
    assert [(r.version, str(r.state), r.actor) for r in now.ledger.find(Release)] == [("v1", "promoted", "ann")]
    with pytest.raises(NotPossible, match="no earlier champion to go back to; v1 is champion, known to be bad: v2"):
        rollback_by_hand(now.world(), "demand", MODEL, actor="ann", reason="odd too")
