"""Presets (semantics 18): the next cheaper one at each violation, and back after a bar that doubles."""

from datetime import timedelta

from qoa_platform.reactions.followups import barred_until, degraded
from qoa_platform.records import PointerKind, Why, Window
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, FEATURES, Scene, contract, rule, step

BAR = timedelta(days=7)
CHEAPER = rule("cheaper", "training.price violated", step("degrade", FEATURES), on_recovery="upgrade", cooldown=BAR)


def trained(now: Scene, status: str) -> None:
    """A training run was judged; its window is its start–end."""
    now.later(timedelta(hours=1))
    window = Window(start=now.clock.now - timedelta(minutes=5), end=now.clock.now)
    now.judge("training.price", window, status, data=None)
    now.reconcile()


def preset(now: Scene) -> str | None:
    """The preset in force."""
    return now.value(PointerKind.PRESET, FEATURES)


def recovered(now: Scene) -> None:
    """Two satisfied runs end the episode."""
    trained(now, "satisfied")
    trained(now, "satisfied")


def test_a_violation_degrades_to_the_next_cheaper_preset(scene: Set) -> None:
    """Semantics 18: high is left for medium; the target names the preset left, so that it happens once."""
    now = scene(contract(CHEAPER))
    trained(now, "violated")
    assert preset(now) == "medium"
    now.later(timedelta(hours=1))
    assert now.reconcile().idle
    assert [r.target.preset for r in now.reactions("degrade")] == ["high"]


def test_violated_again_after_the_cooldown_leads_one_further_down(scene: Set) -> None:
    """Semantics 18: violated again → the next cheaper one, but not before the cool-down is over."""
    now = scene(contract(CHEAPER))
    trained(now, "violated")
    trained(now, "violated")
    assert preset(now) == "medium"
    now.later(BAR)
    now.reconcile()
    assert preset(now) == "poor"
    now.later(BAR)
    assert now.reconcile().idle
    trained(now, "violated")
    assert preset(now) == "poor"
    assert [c.why for c in now.choices("degrade")] == [Why.CHEAPEST]


def test_without_a_new_violation_it_stays(scene: Set) -> None:
    """Semantics 18: the violation that led to a preset does not lead further, however long its episode lasts."""
    now = scene(contract(CHEAPER))
    trained(now, "violated")
    now.later(BAR * 3)
    assert now.reconcile().idle
    assert [c.why for c in now.choices("degrade")] == [Why.ALREADY]


def test_recovery_upgrades_after_the_bar(scene: Set) -> None:
    """Semantics 18: when its episode ended, the preset that was left is taken again, but not before its bar is over."""
    now = scene(contract(CHEAPER))
    trained(now, "violated")
    left_at = now.clock.now
    recovered(now)
    assert preset(now) == "medium"
    assert [c.why for c in now.choices("upgrade")] == [Why.BARRED]
    now.clock.now = left_at + BAR - timedelta(seconds=1)
    assert now.reconcile().idle
    now.later(timedelta(seconds=1))
    now.reconcile()
    assert preset(now) == "high"
    assert now.reconcile().idle


def test_the_bar_doubles_at_each_repetition(scene: Set) -> None:
    """Semantics 18: a preset that was left for the second time is barred twice as long, for the third four times."""
    now = scene(contract(CHEAPER))
    for times in range(3):
        trained(now, "violated")
        left_at = now.clock.now
        assert preset(now) == "medium"
        (down,) = degraded(now.world(), FEATURES)
        assert barred_until(now.world(), down) == left_at + BAR * 2**times
        recovered(now)
        now.clock.now = left_at + BAR * 2**times - timedelta(seconds=1)
        assert now.reconcile().idle
        now.later(timedelta(seconds=1))
        now.reconcile()
        assert preset(now) == "high"
        now.later(BAR)


def test_two_steps_down_are_two_steps_up(scene: Set) -> None:
    """Semantics 18: presets move both ways one by one: poor → medium → high, a cool-down apart."""
    now = scene(contract(CHEAPER))
    trained(now, "violated")
    now.later(BAR)
    trained(now, "violated")
    assert preset(now) == "poor"
    recovered(now)
    seen = []
    for _ in range(20):
        now.later(DAY)
        now.reconcile()
        seen.append(preset(now))
    assert list(dict.fromkeys(seen)) == ["poor", "medium", "high"]
    assert seen.count("medium") == BAR // DAY


def test_without_on_recovery_it_stays_down(scene: Set) -> None:
    """Semantics 18: only `on_recovery: upgrade` moves back."""
    now = scene(contract(rule("cheaper", "training.price violated", step("degrade", FEATURES), cooldown=BAR)))
    trained(now, "violated")
    recovered(now)
    now.later(BAR * 10)
    assert now.reconcile().idle
    assert preset(now) == "medium"


def test_degrade_wins_over_upgrade_and_the_upgrade_comes_later(scene: Set) -> None:
    """Semantics 16 and 18: on one preset Degrade wins; the upgrade that lost is asked for again when its time comes."""
    slow = rule("slower", "training.too_slow violated", step("degrade", FEATURES))
    now = scene(contract(CHEAPER, slow))
    trained(now, "violated")
    recovered(now)
    now.later(BAR - timedelta(hours=3))
    now.later(timedelta(hours=2))
    window = Window(start=now.clock.now - timedelta(minutes=9), end=now.clock.now)
    now.judge("training.too_slow", window, "violated", data=None, blocks=False)
    now.reconcile()
    assert preset(now) == "poor"
    assert "superseded" in now.said("upgrade")[0]


def test_a_persons_change_skips_the_intent(scene: Set) -> None:
    """Decision 13: the move is compare-and-set on the preset left: somebody changed it meanwhile, and it is skipped."""
    from qoa_platform.reactions.guarding import plan_batch

    now = scene(contract(CHEAPER))
    now.judge("training.price", Window(start=now.clock.now, end=now.clock.now), "violated", data=None)
    now.commit(plan_batch(now.world(), now.plan()))
    now.point(PointerKind.PRESET, FEATURES, "poor")
    now.reconcile()
    assert now.said("degrade") == ["skipped(the preset of retail/features is poor, no longer high)"]
    assert preset(now) == "poor"
