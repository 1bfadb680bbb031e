"""Coalescing (semantics 15): equal steps on one target are one reaction, which lists every episode it serves."""

from datetime import timedelta

from qoa_platform.reactions.asking import asked
from qoa_platform.records import OutcomeState, PointerKind, ReactionKind, RunState, Severity, Why
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, RAW, SALES, Scene, contract, day, rule, step, when

STOP = rule("stop-bad-data", "sales.* blocked", "quarantine", "alert")
REFETCH = rule("refetch", "sales.* blocked", step("rerun", RAW, attempts=3, backoff=timedelta(minutes=5)))


def bad_day(now: Scene, number: int = 0) -> None:
    """One bad day breaks two critical promises of the same candidate."""
    for name in ("sales.volume", "sales.complete"):
        now.judge(name, day(number), "violated", data=f"{number}" * 64)


def test_one_bad_day_is_handled_once(scene: Set) -> None:
    """Semantics 15: a day that breaks two promises is quarantined, fetched again and told once, for both episodes."""
    now = scene(contract(STOP, REFETCH))
    bad_day(now)
    now.reconcile()
    both = {e.id for e in now.episodes()}
    assert len(both) == 2
    assert sorted(r.kind for r in now.reactions()) == ["alert", "quarantine", "rerun"]
    assert all(set(r.serves) == both for r in now.reactions())
    assert len(now.runs.launched) == 1
    assert len(now.alerts()) == 1
    assert now.value(PointerKind.QUARANTINE, f"{SALES}|{day(0).partition}|{'0' * 64}") == "bad"


def test_the_absorbed_steps_are_explained(scene: Set) -> None:
    """Semantics 15: a step that went into an equal one is a choice of its own, which says so."""
    now = scene(contract(STOP))
    bad_day(now)
    said = [(c.why, c.taken) for c in now.choices("quarantine")]
    assert said == [(Why.OPENED, True), (Why.JOINED, True)]


def test_an_episode_that_opens_in_flight_joins(scene: Set) -> None:
    """Semantics 15: an episode that opens while the equal step is in flight is served by it: no second run."""
    now = scene(contract(REFETCH))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.judge("sales.complete", day(0), "violated")
    now.reconcile()
    (rerun,) = now.reactions("rerun")
    assert set(rerun.serves) == {e.id for e in now.episodes()}
    assert rerun.revision == 1
    assert len(now.runs.launched) == 1
    assert now.reconcile().idle


def test_what_joined_is_not_done_again_afterwards(scene: Set) -> None:
    """Semantics 14 and 15: a rule whose step joined another's has had its turn when that is over."""
    other = rule("again", "sales.complete violated", step("rerun", RAW), cooldown=timedelta(days=7))
    now = scene(contract(REFETCH, other))
    bad_day(now)
    now.reconcile()
    (rerun,) = now.reactions("rerun")
    assert {r for _, r, _ in asked(rerun)} == {"refetch", "again"}
    now.runs.end(f"{rerun.id}:1", RunState.SUCCEEDED)
    now.later(timedelta(hours=1))
    now.reconcile()
    assert now.said("rerun") == ["applied(attempt 1 succeeded)"]


def test_an_equal_step_of_another_rule_may_come_later(scene: Set) -> None:
    """Semantics 14: the rule is part of a reaction's id: an escalation alerts, although another rule did before."""
    escalate = rule("escalate", when("sales.* blocked", streak=timedelta(days=1)), "alert")
    now = scene(contract(rule("tell", "sales.* blocked", "alert"), escalate))
    bad_day(now)
    now.reconcile()
    assert len(now.alerts()) == 1
    now.later(DAY)
    now.reconcile()
    assert [r.rule for r in now.reactions("alert")] == ["tell", "escalate"]


def test_two_bad_days_have_two_reruns(scene: Set) -> None:
    """Semantics 14: the target carries the partition: two bad days inside one episode are both fetched again."""
    now = scene(contract(STOP, REFETCH))
    for number in (0, 1):
        bad_day(now, number)
        now.reconcile()
        now.later(DAY)
    assert [r.target.partition for r in now.reactions("rerun")] == [day(0).partition, day(1).partition]
    assert [r.partition for r in now.runs.launched] == [day(0).partition, day(1).partition]
    assert len([e for e in now.episodes() if e.open]) == 2


def test_a_bad_partition_is_done_once_per_episode(scene: Set) -> None:
    """An episode causes each of its reactions once per target, however often it is looked at."""
    now = scene(contract(STOP, REFETCH))
    bad_day(now)
    for _ in range(3):
        now.reconcile()
        now.later(timedelta(hours=1))
    assert len(now.reactions()) == 3
    assert [c.why for c in now.choices("rerun")] == [Why.ALREADY, Why.ALREADY]


def test_quarantine_marks_candidates_only(scene: Set) -> None:
    """Decision 4: what was published with a warning is no candidate: there is nothing to quarantine."""
    now = scene(contract(rule("mark", "sales.* violated", "quarantine")))
    now.judge("sales.known", day(0), "violated", severity=Severity.WARNING)
    now.reconcile()
    assert now.reactions() == []
    assert [c.why for c in now.choices("quarantine")] == [Why.NO_TARGET]


def test_a_whole_table_is_quarantined_under_all(scene: Set) -> None:
    """Decision 4: the candidate of a whole table is marked under the partition name `all`."""
    now = scene(contract(STOP))
    window = type(day(0))(start=now.clock.now, end=now.clock.now)
    now.judge("sales.volume", window, "violated", data="a" * 64)
    now.reconcile()
    assert now.value(PointerKind.QUARANTINE, f"{SALES}|all|{'a' * 64}") == "bad"


def test_a_later_satisfied_run_drops_the_mark(scene: Set) -> None:
    """Decision 4: a quarantine ends with a later satisfied rerun; until then the mark stands."""
    now = scene(contract(STOP))
    bad_day(now)
    now.reconcile()
    mark = f"{SALES}|{day(0).partition}|{'0' * 64}"
    now.later(timedelta(hours=1))
    for name in ("sales.volume", "sales.complete"):
        assert now.value(PointerKind.QUARANTINE, mark) == "bad"
        now.judge(name, day(0), "satisfied", data="1" * 64)
        now.reconcile()
    assert now.value(PointerKind.QUARANTINE, mark) is None
    assert [str(now.outcome(r).state) for r in now.reactions(ReactionKind.RELEASE)] == [OutcomeState.APPLIED]
    assert now.reconcile().idle
