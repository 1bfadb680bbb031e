"""Observing (semantics 25): `mode: observe` records plans and performs nothing but alerts, until it is enforced."""

from datetime import timedelta

from qoa_platform.records import Mode, PointerKind, Release, Subject, SubjectKind, Why
from tests.reactions.conftest import Set
from tests.reactions.stage import RAW, RELEASE, SALES, SUBJECTS, contract, day, promise, rule, step

REFETCH = rule("refetch", "sales.* blocked", step("rerun", RAW))
MIXED = Subject(
    id="sales", kind=SubjectKind.ASSET, asset=SALES,
    promises=(promise("complete", mode=Mode.OBSERVE), promise("volume")),
)  # fmt: skip


def test_a_plan_is_recorded_and_not_performed(scene: Set) -> None:
    """Semantics 25: what would have been done is a reaction with the outcome skipped, and no run is asked for."""
    now = scene(contract(REFETCH, mode=Mode.OBSERVE))
    now.judge("sales.volume", day(0), "violated", blocks=False)
    assert now.reconcile().requests == []
    assert now.said("rerun") == ["skipped(mode: observe)"]
    assert now.reconcile().idle


def test_enforced_afterwards_it_is_done(scene: Set) -> None:
    """Semantics 25: what was only observed does not count as done: a version that enforces performs it."""
    now = scene(contract(REFETCH, mode=Mode.OBSERVE))
    now.judge("sales.volume", day(0), "violated", blocks=False)
    now.reconcile()
    now.enact(contract(REFETCH, version=2))
    now.later(timedelta(hours=1))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    assert [r.firing for r in now.reactions("rerun")] == [1, 2]
    assert len(now.runs.launched) == 1


def test_an_observed_step_does_not_stand_in_the_way(scene: Set) -> None:
    """Semantics 16 and 25: nothing loses a conflict to a step that is only observed, nor coalesces into it."""
    hold = rule("stop", "sales.complete violated", step("hold", RAW))
    now = scene(
        contract(hold, rule("refetch", "sales.* violated", step("rerun", RAW)), subjects=(MIXED, *SUBJECTS[1:]))
    )
    now.judge("sales.complete", day(0), "violated", blocks=False)
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    assert now.said("hold") == ["skipped(mode: observe)"]
    (rerun,) = now.reactions("rerun")
    assert len(rerun.serves) == 2
    assert len(now.runs.launched) == 1
    assert now.value(PointerKind.HOLD, f"asset:{RAW}") is None


def test_no_promotion_is_performed(scene: Set) -> None:
    """Semantics 25: a contract that observes promotes nobody; enforced, it does."""
    now = scene(contract(release=RELEASE, mode=Mode.OBSERVE))
    now.train("v1")
    now.judge("demand.useful", day(0), "satisfied", version="v1")
    now.reconcile()
    assert now.value(PointerKind.ALIAS, "demand|champion") is None
    assert now.said("promote") == ["skipped(mode: observe)"]
    assert now.reconcile().idle
    now.enact(contract(release=RELEASE, version=2))
    now.reconcile()
    assert now.value(PointerKind.ALIAS, "demand|champion") == "v1"
    assert [str(r.state) for r in now.ledger.find(Release)] == ["promoted"]


def test_the_choice_says_so(scene: Set) -> None:
    """Semantics 25: the plan says of every such step that it is only observed."""
    now = scene(contract(REFETCH, mode=Mode.OBSERVE))
    now.judge("sales.volume", day(0), "violated", blocks=False)
    assert [(c.taken, c.why) for c in now.choices("rerun")] == [(False, Why.OBSERVED)]
