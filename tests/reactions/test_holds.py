"""Holds (semantics 17, 18; decision 8): set by policy, released by policy or by a person, never somebody else's."""

from datetime import timedelta

import pytest

from qoa_platform.reactions.commands import NotPossible, set_hold
from qoa_platform.records import PointerKind, Target
from tests.reactions.conftest import Set
from tests.reactions.stage import MODEL, RAW, Scene, contract, day, rule, step

STOP = rule("stop", "sales.* blocked", step("hold", RAW), on_recovery="release")
KEY = f"asset:{RAW}"


def bad(now: Scene, place: str = "sales.volume") -> None:
    """A bad day."""
    now.judge(place, day(0), "violated")
    now.reconcile()


def good(now: Scene, place: str = "sales.volume") -> None:
    """The day is repaired."""
    now.later(timedelta(hours=1))
    now.judge(place, day(0), "satisfied")
    now.reconcile()


def test_a_hold_is_set_and_released_on_recovery(scene: Set) -> None:
    """Semantics 18: `on_recovery: release` releases the rule's Hold when its episode ends."""
    now = scene(contract(STOP))
    bad(now)
    assert now.value(PointerKind.HOLD, KEY) is not None
    good(now)
    assert now.value(PointerKind.HOLD, KEY) is None
    assert [str(now.outcome(r)) for r in now.reactions("release")] == ["applied(release-hold)"]
    assert now.reconcile().idle


def test_without_on_recovery_it_stands(scene: Set) -> None:
    """Semantics 18: a Hold without `on_recovery` waits for a person."""
    now = scene(contract(rule("stop", "sales.* blocked", step("hold", RAW))))
    bad(now)
    good(now)
    assert now.value(PointerKind.HOLD, KEY) is not None


def test_only_its_own_hold_is_released(scene: Set) -> None:
    """Semantics 18: a hold that a person set after the rule's was released stands on when the episode ends."""
    now = scene(contract(STOP))
    bad(now)
    now.point(PointerKind.HOLD, KEY, None, "release-hold")
    now.point(PointerKind.HOLD, KEY, "my own reasons", "hold")
    good(now)
    assert now.value(PointerKind.HOLD, KEY) == "my own reasons"
    assert now.reactions("release") == []


def test_it_stands_as_long_as_any_episode_needs_it(scene: Set) -> None:
    """Semantics 18: a second episode that asked for the same Hold keeps it when the first one ends."""
    now = scene(contract(STOP))
    bad(now)
    now.later(timedelta(hours=1))
    bad(now, "sales.complete")
    assert now.said("hold")[0] == "applied(hold)"
    good(now)
    assert now.value(PointerKind.HOLD, KEY) is not None
    good(now, "sales.complete")
    assert now.value(PointerKind.HOLD, KEY) is None


def test_a_hold_that_stands_is_not_set_again(scene: Set) -> None:
    """Decision 8: a person's hold stands already: the rule's is skipped with its reason."""
    now = scene(contract(STOP))
    now.point(PointerKind.HOLD, KEY, "my own reasons", "hold")
    bad(now)
    assert now.said("hold") == ["skipped(a hold stands already: my own reasons)"]
    good(now)
    assert now.value(PointerKind.HOLD, KEY) == "my own reasons"


def test_a_model_is_held_under_its_own_key(scene: Set) -> None:
    """Decision 8: a Hold names an asset or a model: `hold: demand` the model, `hold: retail/demand_model` the asset."""
    now = scene(contract(rule("stop", "sales.* blocked", step("hold", "demand"), step("hold", MODEL))))
    bad(now)
    assert {r.target for r in now.reactions("hold")} == {Target(model="demand"), Target(asset=MODEL)}
    assert now.value(PointerKind.HOLD, "model:demand") is not None


def test_a_persons_hold_is_recorded(scene: Set) -> None:
    """Decision 8: a person sets and releases a hold with actor and reason; what is not there cannot be released."""
    now = scene(contract())
    now.commit(set_hold(now.world(), KEY, reason="maintenance", actor="ann", why="maintenance"))
    assert now.value(PointerKind.HOLD, KEY) == "maintenance"
    with pytest.raises(NotPossible, match="a hold stands on asset:retail/raw_day already: maintenance"):
        set_hold(now.world(), KEY, reason="again", actor="ann", why="again")
    now.commit(set_hold(now.world(), KEY, reason=None, actor="ann", why="done"))
    assert [(m.verb, m.actor, m.reason) for m in now.ledger.moves(PointerKind.HOLD)] == [
        ("hold", "ann", "maintenance"), ("release-hold", "ann", "done")
    ]  # fmt: skip
    with pytest.raises(NotPossible, match="no hold stands on asset:retail/raw_day"):
        set_hold(now.world(), KEY, reason=None, actor="ann", why="again")
