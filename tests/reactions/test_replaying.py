"""Replay (semantics 25): what a contract would have done over the past, next to what was done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qoa_platform.metrics import build
from qoa_platform.reactions.rejudging import How
from qoa_platform.reactions.replaying import OPEN_LOOP, Replay, replay
from qoa_platform.records import (
    Batch,
    Contract,
    Fixed,
    Measurement,
    Operator,
    PointerKind,
    Promise,
    Reading,
    RunState,
    Severity,
    Subject,
    digest,
)
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, RAW, RELEASE, START, SUBJECTS, Scene, contract, day, rule, step

POLICY = (
    rule("stop", "sales.* blocked", "quarantine", "alert"),
    rule("refetch", "sales.* blocked", step("rerun", RAW, attempts=2, backoff=timedelta(minutes=5))),
    rule("relearn", "sales.known violated", step("retrain", "demand"), cooldown=timedelta(days=3)),
    rule("back-out", "demand.live violated", step("rollback", "demand"), "alert"),
)
HELD = contract(*POLICY, release=RELEASE)


def told(now: Scene) -> None:
    """Twelve days: a bad day repaired at the second attempt, drift, two champions, the second rolled back."""
    for number in range(12):
        for name in ("sales.volume", "sales.complete"):
            now.judge(name, day(number), "violated" if number == 2 else "satisfied", data=f"{number:064d}")
        now.judge("sales.known", day(number), "violated" if 4 <= number <= 8 else "satisfied")
        if number in (1, 6):
            version, champion = f"v{number}", now.value(PointerKind.ALIAS, "demand|champion")
            now.train(version)
            now.judge("demand.useful", day(0), "satisfied", version=version)
            evidence = {"champion": champion}
            now.judge("release.objective", day(0), "satisfied", version=version, evidence=evidence)
        if number == 9:
            now.judge("demand.live", day(number), "violated", version="v6")
        live(now)
        now.later(DAY - timedelta(hours=1))


def live(now: Scene) -> None:
    """The loop of one day, with a second attempt that repairs."""
    for state in (RunState.FAILED, RunState.SUCCEEDED):
        for _ in range(3):
            now.reconcile()
        for run in now.runs.active():
            if state is RunState.SUCCEEDED and run.partition:
                for name in ("sales.volume", "sales.complete"):
                    now.judge(name, day(2), "satisfied", data="f" * 64)
            now.runs.end(f"{run.reaction}:{run.attempt}", state)
        now.later(timedelta(minutes=30))
    now.reconcile()


def replayed(now: Scene, held: Contract, since: timedelta = timedelta(0)) -> Replay:
    """The whole story by that contract."""
    return replay(now.ledger, held, since=START + since, until=now.clock.now, graph=now.ports.graph)


def kinds(found: Replay, *, would: bool, was: bool) -> list[str]:
    """The kinds of the rows that have (or lack) either side."""
    return [str(r.kind) for r in found.rows if (r.would is not None, r.was is not None) == (would, was)]


def test_the_contract_that_was_in_force_would_have_done_what_was_done(scene: Set) -> None:
    """Semantics 25: replayed by itself, every step that was taken would have been, at that moment, and no other."""
    now = scene(HELD)
    told(now)
    found = replayed(now, HELD)
    assert kinds(found, would=True, was=False) == []
    assert kinds(found, would=False, was=True) == []
    assert len(found.rows) == len(now.reactions()) > 8
    assert {"quarantine", "rerun", "retrain", "promote", "rollback", "alert", "release"} == {
        str(r.kind) for r in found.rows
    }
    late = {r.was.at - r.would.at for r in found.rows if r.was is not None and r.would is not None}
    assert late <= {timedelta(0), timedelta(minutes=30)}, "decided at the event, recorded at the next look"
    assert {(e.id, e.closing) for e in found.episodes} == {(e.id, e.closing) for e in now.episodes()}
    assert set(found.judged) == set(How)
    assert found.judged[How.REJUDGED] == found.judged[How.UNMEASURED] == 0
    assert found.note == OPEN_LOOP


def test_on_a_replay_clock_too(scene: Set) -> None:
    """Semantics 25: where a bad day, its repair and all steps have one ``at``, they are told apart by ``wall``."""
    now = scene(HELD)
    now.clock.replay = True
    for number in range(6):
        name = "sales.volume"
        now.judge(name, day(number), "violated" if number in (1, 3) else "satisfied", data=f"{number:064d}")
        for _ in range(2):
            now.reconcile()
        for run in now.runs.active():
            now.judge(name, day(number), "satisfied", data="f" * 64)
            now.runs.end(f"{run.reaction}:{run.attempt}", RunState.SUCCEEDED)
        now.reconcile()
        now.later(DAY)
    found = replayed(now, HELD)
    assert kinds(found, would=True, was=False) == []
    assert kinds(found, would=False, was=True) == []
    assert len(found.rows) == len(now.reactions()) >= 8
    assert {(e.id, e.closing) for e in found.episodes} == {(e.id, e.closing) for e in now.episodes()}


def test_replay_writes_nothing_and_is_pure(scene: Set) -> None:
    """Semantics 25: a replay only reads: the ledger stands where it stood, and twice gives the same."""
    now = scene(HELD)
    told(now)
    seq = now.ledger.seq()
    assert replayed(now, HELD) == replayed(now, HELD)
    assert now.ledger.seq() == seq


def test_a_new_rule_would_have_acted(scene: Set) -> None:
    """Semantics 25: what another policy would have done stands next to what was done, which happened as it did."""
    now = scene(HELD)
    told(now)
    found = replayed(now, contract(*POLICY, rule("pause", "sales.* blocked", step("hold", RAW)), release=RELEASE))
    assert kinds(found, would=True, was=False) == ["hold", "rerun"]
    assert [r.outcome for r in found.rows if r.kind == "rerun"] == [
        f"superseded(loses to hold of {RAW})", "applied(attempt 2 succeeded)"
    ]  # fmt: skip


def test_a_removed_rule_would_not_have(scene: Set) -> None:
    """Semantics 25: a step of a rule that this contract does not have, and what followed from it, only was done."""
    now = scene(HELD)
    told(now)
    found = replayed(now, contract(*[r for r in POLICY if r.name != "relearn"], release=RELEASE))
    assert {r.rule for r in found.rows if r.would is None} == {"relearn", "(exhausted)", "(resolved)"}
    assert kinds(found, would=True, was=False) == []


def test_since_is_no_beginning(scene: Set) -> None:
    """Semantics 25: what was open before `since` is not opened anew by a replay that begins in the middle."""
    now = scene(HELD)
    told(now)
    found = replayed(now, HELD, since=timedelta(days=6))
    assert kinds(found, would=True, was=False) == []
    assert kinds(found, would=False, was=True) == []
    assert all(r.at >= START + timedelta(days=6) for r in found.rows)


# --------------- contracts whose promises changed

COMPLETE = Promise(
    id="complete", metric="data.completeness", columns=("quantity",), severity=Severity.CRITICAL,
    must=Fixed(operator=Operator.GE, bound=0.9, text=">= 90 %"),
)  # fmt: skip


def sold(*promises: Promise) -> Contract:
    """A contract with these promises on the sales."""
    sales = replace(SUBJECTS[0], promises=promises)
    return contract(rule("stop", "sales.* violated", "alert"), subjects=(sales, *SUBJECTS[1:]))


def measured(now: Scene, value: float, number: int, metric_of: Promise = COMPLETE) -> None:
    """A day is measured, stored, and judged by the contract in force."""
    subject = next(s for s in now.contract.subjects if s.id == "sales")
    metric = build(metric_of, subject)[0]
    data = digest(number)
    made = Measurement(
        metric=metric.id, params=metric.params, subject=subject.target, window=day(number),
        reading=Reading(value=value, n=1000), unit=metric.unit, direction=metric.direction, data=data,
        at=now.clock.now, wall=now.clock.now,
    )  # fmt: skip
    now.commit(Batch(records=(made,)))
    status = "satisfied" if value >= 0.9 else "violated"
    now.judge("sales.complete", day(number), status, data=data, measurements=(made.id,))
    now.reconcile()
    now.later(DAY)


@pytest.fixture
def past(scene: Set) -> Scene:
    """Three days at 99 %, 95 % and 85 %, under a promise of 90 %."""
    now = scene(sold(COMPLETE))
    for number, value in enumerate((0.99, 0.95, 0.85)):
        measured(now, value, number)
    return now


def test_a_changed_bound_is_judged_again(past: Scene) -> None:
    """Semantics 25: what was measured is judged by this contract's bound: at 97 % the second day alerts already."""
    strict = replace(COMPLETE, must=Fixed(operator=Operator.GE, bound=0.97, text=">= 97 %"))
    found = replayed(past, sold(strict))
    assert found.judged == {How.RECORDED: 0, How.REJUDGED: 3, How.UNMEASURED: 0}
    assert [e.windows for e in found.episodes] == [(day(1), day(2))]
    assert [r.at - START for r in found.rows if r.would is not None] == [DAY]


def test_a_looser_bound_would_have_been_silent(past: Scene) -> None:
    """Semantics 25: at 80 % nothing would have been done; what was done stands alone."""
    loose = replace(COMPLETE, must=Fixed(operator=Operator.GE, bound=0.8, text=">= 80 %"))
    found = replayed(past, sold(loose))
    assert found.episodes == ()
    assert [(r.would, r.was is not None) for r in found.rows] == [(None, True)]


def test_another_severity_keeps_the_verdict(past: Scene) -> None:
    """Semantics 25: a promise that demands the same keeps its verdicts; as a warning it blocks nothing."""
    found = replayed(past, sold(replace(COMPLETE, severity=Severity.WARNING)))
    assert found.judged[How.RECORDED] == 3
    assert [e.severity for e in found.episodes] == [Severity.WARNING]


def test_a_renamed_promise_is_found_by_what_it_measures(past: Scene) -> None:
    """Semantics 24 and 25: a series is its metric and parameters, whatever the promise was called."""
    found = replayed(past, sold(replace(COMPLETE, id="whole")))
    assert found.judged[How.RECORDED] == 3
    assert [e.key.promise for e in found.episodes] == ["whole"]


def test_what_was_not_measured_is_unknown(past: Scene) -> None:
    """Semantics 25: another column was not measured: unknown(not_applicable) for every window, and nothing done."""
    found = replayed(past, sold(COMPLETE, replace(COMPLETE, id="other", columns=("price",))))
    assert found.judged == {How.RECORDED: 3, How.REJUDGED: 0, How.UNMEASURED: 3}
    assert {e.key.promise for e in found.episodes} == {"complete"}


def test_other_rows_were_not_measured(past: Scene) -> None:
    """Semantics 25: a subject with another `where` is about other rows: what was measured does not tell of them."""
    held = sold(COMPLETE)
    sales = replace(held.subjects[0], where="col('quantity') > 0")
    found = replayed(past, replace(held, subjects=(sales, *held.subjects[1:])))
    assert found.judged == {How.RECORDED: 0, How.REJUDGED: 0, How.UNMEASURED: 3}


def test_a_promise_of_another_contract_measured_the_same(past: Scene) -> None:
    """Semantics 25: a contract that was never in force is replayed over what was measured under others."""
    subject: Subject = replace(SUBJECTS[0], id="shop", promises=(replace(COMPLETE, id="full"),))
    found = replayed(past, contract(rule("tell", "shop.* violated", "alert"), name="new", subjects=(subject,)))
    assert [str(e.key) for e in found.episodes] == ["shop.full"]
    assert [str(r.kind) for r in found.rows] == ["alert"]


def test_versus_is_judged_again_with_the_stored_baseline(scene: Set) -> None:
    """Semantics 25: a changed margin is judged with the baseline that was stored with the verdict."""
    from qoa_platform.records import Baseline, Margin, MarginKind, Versus

    def versus(share: float) -> Promise:
        margin = Margin(kind=MarginKind.RELATIVE, value=share)
        return replace(COMPLETE, must=Versus(baseline=Baseline.REFERENCE, name="usual", margin=margin))

    now = scene(sold(versus(0.2)))
    evidence = {"baseline": {"value": 1.0, "n": 1000, "reason": None}}
    now.judge("sales.complete", day(0), "satisfied", evidence=evidence, severity=Severity.CRITICAL)
    found = replayed(now, sold(versus(0.6)))
    assert (found.judged[How.REJUDGED], found.episodes) == (1, ())
    assert len(replayed(now, sold(versus(0.3))).episodes) == 1
