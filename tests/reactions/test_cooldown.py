"""Cool-down and firing numbers (semantics 14), and how long a rule waits (semantics 10)."""

from datetime import timedelta

from qoa_platform.records import RunState, Why
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, contract, day, rule, step, when

WEEK = timedelta(days=7)
RELEARN = rule("relearn", "sales.known violated", step("retrain", "demand"), cooldown=WEEK)


def test_without_cooldown_a_step_is_taken_once(scene: Set) -> None:
    """Semantics 14: without `cooldown` an episode causes each step once, however long it lasts."""
    now = scene(contract(rule("tell", "sales.known violated", "alert")))
    for number in range(10):
        now.judge("sales.known", day(number), "violated")
        now.reconcile()
        now.later(DAY)
    assert len(now.reactions("alert")) == 1


def test_with_cooldown_it_fires_again_in_an_open_episode(scene: Set) -> None:
    """Semantics 14: once the cool-down has elapsed the rule fires again, with the next firing number and another id."""
    now = scene(contract(rule("tell", "sales.known violated", "alert", cooldown=timedelta(days=2))))
    for number in range(5):
        now.judge("sales.known", day(number), "violated")
        now.reconcile()
        now.later(DAY)
    fired = now.reactions("alert")
    assert [r.firing for r in fired] == [1, 2, 3]
    assert len({r.id for r in fired}) == 3
    assert [r.at - fired[0].at for r in fired] == [timedelta(0), timedelta(days=2), timedelta(days=4)]


def test_cooldown_spans_episodes(scene: Set) -> None:
    """Semantics 14: cool-down is per rule and subject, and spans episodes."""
    now = scene(contract(RELEARN))
    for status in ("violated", "satisfied", "violated"):
        now.judge("sales.known", day(0), status)
        now.reconcile()
        for run in now.runs.active():
            now.runs.end(f"{run.reaction}:{run.attempt}", RunState.SUCCEEDED)
        now.reconcile()
        now.later(DAY)
    assert len(now.episodes()) == 2
    assert len(now.reactions("retrain")) == 1
    assert [c.why for c in now.choices("retrain")] == [Why.COOLING_DOWN]
    now.later(WEEK)
    now.judge("sales.known", day(8), "violated")
    now.reconcile()
    assert [r.firing for r in now.reactions("retrain")] == [1, 1]


def test_cooldown_is_per_subject(scene: Set) -> None:
    """Semantics 14: the same rule fires for another subject although it cools down for the first."""
    now = scene(contract(rule("tell", "any violated", "alert", cooldown=WEEK)))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    now.later(DAY)
    now.judge("training.price", day(1), "violated")
    now.reconcile()
    assert [r.subject for r in now.reactions("alert")] == ["sales", "training"]


def test_cooldown_is_per_rule(scene: Set) -> None:
    """Semantics 14: another rule about the same subject does not share it."""
    now = scene(contract(rule("a", "sales.known violated", "alert", cooldown=WEEK), RELEARN))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    assert sorted(r.rule for r in now.reactions()) == ["a", "relearn"]


def test_a_rule_waits_for_windows_in_a_row(scene: Set) -> None:
    """Semantics 10: `when: … for 3` counts the episode's windows in a row: a satisfied one breaks the row."""
    now = scene(contract(rule("tell", when("sales.known violated", streak=3), "alert")))
    for number, status in enumerate(["violated", "violated", "satisfied", "violated", "violated"]):
        now.judge("sales.known", day(number), status)
        now.reconcile()
        now.later(DAY)
    assert len(now.episodes()) == 1
    assert now.reactions() == []
    assert [c.why for c in now.choices("alert")] == [Why.NOT_YET]
    now.judge("sales.known", day(5), "violated")
    now.reconcile()
    assert len(now.reactions("alert")) == 1


def test_a_rule_waits_for_a_time(scene: Set) -> None:
    """Semantics 10: `for 2 d` is measured in `at` from the opening of the episode."""
    now = scene(contract(rule("blind", when("any unknown(no_data)", streak=timedelta(days=2)), "alert")))
    now.judge("sales.known", day(0), "no_data")
    now.reconcile()
    now.later(timedelta(days=2) - timedelta(minutes=1))
    assert now.reconcile().idle
    now.later(timedelta(minutes=1))
    now.reconcile()
    assert len(now.reactions("alert")) == 1


def test_a_rule_does_not_count_the_time_before_its_own_status(scene: Set) -> None:
    """Semantics 10: an episode that was violated for days is not `unknown for 2 d` when its first unknown comes."""
    blind = rule("blind", when("any unknown(no_data)", streak=timedelta(days=2)), "alert")
    now = scene(contract(blind))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    now.later(timedelta(days=3))
    now.judge("sales.known", day(1), "no_data")
    now.reconcile()
    assert now.reactions() == []
    now.later(timedelta(days=2))
    now.reconcile()
    assert len(now.reactions("alert")) == 1
