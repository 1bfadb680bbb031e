"""Reruns and retrains (semantics 17, 21): attempts, backoff, adoption, lost, canceled, exhausted, what a run makes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qoa_platform.reactions.progress import due_at
from qoa_platform.records import Graph, Node, OutcomeState, PointerKind, Reaction, RunState, Why
from tests.reactions.conftest import Set
from tests.reactions.stage import (
    BACKTEST,
    DAY,
    FEATURES,
    FORECAST,
    GRAPH,
    MODEL,
    RAW,
    RELEASE,
    SALES,
    Scene,
    contract,
    day,
    rule,
    step,
)

BACKOFF = timedelta(minutes=5)
REFETCH = rule("refetch", "sales.* blocked", step("rerun", RAW, attempts=3, backoff=BACKOFF))
RELEARN = rule("relearn", "sales.known violated", step("retrain", "demand"), cooldown=DAY)


def begun(now: Scene) -> Reaction:
    """A bad day whose rerun is on its way."""
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.reconcile()
    return now.reactions("rerun")[0]


def ended(now: Scene, rerun: Reaction, attempt: int, state: RunState = RunState.FAILED) -> None:
    """That attempt's run ends, and is looked at."""
    now.runs.end(f"{rerun.id}:{attempt}", state)
    now.reconcile()


def test_a_run_is_requested_adopted_and_applied(scene: Set) -> None:
    """Semantics 17: requested → running (the run with its key is adopted) → applied when that run succeeded."""
    now = scene(contract(REFETCH))
    now.judge("sales.volume", day(0), "violated")
    wanted = now.reconcile(launch=False).requests
    assert [r.key for r in wanted] == [f"{now.reactions('rerun')[0].id}:1"]
    assert now.said("rerun") == ["requested(a run is awaited)"]
    now.reconcile()
    now.reconcile()
    assert now.said("rerun") == ["running(the run is on its way)"]
    ended(now, now.reactions("rerun")[0], 1, RunState.SUCCEEDED)
    assert now.said("rerun") == ["applied(attempt 1 succeeded)"]
    assert len(now.runs.launched) == 1


def test_a_request_is_repeated_until_its_run_is_seen(scene: Set) -> None:
    """Decision 7: every tick asks for the run again until one with that key exists; the key starts it once."""
    now = scene(contract(REFETCH))
    now.judge("sales.volume", day(0), "violated")
    keys = [[r.key for r in now.reconcile(launch=False).requests] for _ in range(3)]
    assert keys[0] == keys[1] == keys[2]
    now.reconcile()
    assert now.reconcile().requests == []
    assert len(now.runs.launched) == 1


def test_three_attempts_with_backoff_then_exhausted_and_told(scene: Set) -> None:
    """Semantics 17: `attempts: 3` is three runs, a backoff apart; then failed(attempts exhausted) and an alert."""
    now = scene(contract(REFETCH))
    rerun = begun(now)
    for attempt in (1, 2, 3):
        ended(now, rerun, attempt)
        if attempt < 3:
            assert now.said("rerun") == [f"retry(attempt {attempt} of 3 failed)"]
            now.later(BACKOFF - timedelta(seconds=1))
            assert now.reconcile().requests == []
            now.later(timedelta(seconds=1))
            assert [r.attempt for r in now.reconcile().requests] == [attempt + 1]
            now.reconcile()
    assert now.said("rerun") == ["failed(attempts exhausted (3))"]
    assert len(now.runs.launched) == 3
    now.reconcile()
    assert [a for a in now.alerts() if "attempts exhausted" in a] == now.alerts()
    assert len(now.alerts()) == 1
    assert now.reconcile().idle


def test_the_backoff_runs_from_the_end_of_the_failed_run(scene: Set) -> None:
    """Semantics 17: the backoff begins when the run ended, not when it was seen: what the daemon slept counts."""
    now = scene(contract(REFETCH))
    rerun = begun(now)
    now.runs.end(f"{rerun.id}:1", RunState.FAILED)
    end = now.clock.now
    now.later(timedelta(minutes=4))
    now.reconcile()
    assert due_at(now.world(), rerun) == end + BACKOFF
    now.later(timedelta(minutes=1))
    assert [r.attempt for r in now.reconcile().requests] == [2]


def test_an_adopted_run_that_vanished_is_lost_and_told(scene: Set) -> None:
    """Semantics 17: an adopted run that is gone is failed(lost), whatever attempts are left, and an alert says so."""
    now = scene(contract(REFETCH))
    rerun = begun(now)
    now.runs.forget(f"{rerun.id}:1")
    now.reconcile()
    assert now.said("rerun") == ["failed(lost: the run is gone)"]
    assert "lost: the run is gone" in now.alerts()[0]


def test_a_persons_cancel_ends_it(scene: Set) -> None:
    """Semantics 17: a person who cancels the run ends the reaction; they know, so nothing is told or retried."""
    now = scene(contract(REFETCH))
    rerun = begun(now)
    now.runs.end(f"{rerun.id}:1", RunState.CANCELED, by_person=True)
    now.reconcile()
    now.later(DAY)
    assert now.reconcile().idle
    assert now.said("rerun") == ["failed(canceled by a person)"]
    assert now.alerts() == []


def test_a_run_that_we_terminated_is_a_failed_attempt(scene: Set) -> None:
    """Semantics 17: when a Terminate of our own ends the run, the attempt failed; nobody canceled the reaction."""
    now = scene(contract(REFETCH, rule("kill", "training.too_slow violated", step("terminate", RAW))))
    rerun = begun(now)
    now.judge("training.too_slow", day(0), "violated", evidence={"run": "run-1"})
    now.reconcile()
    assert now.said("terminate") == ["applied(run run-1 ended)"]
    now.reconcile()
    assert now.outcome(rerun).state is OutcomeState.RETRY


def test_no_rerun_while_a_run_of_that_partition_is_active(scene: Set) -> None:
    """Semantics 17: while somebody's run of that asset and partition is active, no rerun is decided nor requested."""
    now = scene(contract(REFETCH))
    other = now.runs.start((RAW, SALES), day(0).partition)
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    assert now.reactions("rerun") == []
    assert [c.why for c in now.choices("rerun")] == [Why.ACTIVE_RUN]
    now.runs.end(other.id, RunState.FAILED)
    now.reconcile(launch=False)
    assert len(now.reactions("rerun")) == 1
    now.runs.start((RAW,), day(0).partition)
    assert now.reconcile().requests == []


def test_a_hold_defers(scene: Set) -> None:
    """Semantics 17: a standing Hold defers a rerun, it does not supersede it: released, the run is requested."""
    now = scene(contract(REFETCH))
    now.point(PointerKind.HOLD, f"asset:{RAW}", "somebody looks into it")
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    assert [c.why for c in now.choices("rerun")] == [Why.HELD]
    now.point(PointerKind.HOLD, f"asset:{RAW}", None)
    now.reconcile(launch=False)
    now.point(PointerKind.HOLD, f"asset:{SALES}", "somebody looks into that")
    assert now.reconcile().requests == []
    now.point(PointerKind.HOLD, f"asset:{SALES}", None)
    assert len(now.reconcile().requests) == 1


def test_a_failed_run_whose_window_is_satisfied_counts_as_applied(scene: Set) -> None:
    """Semantics 17: a run that loses to a window which is satisfied meanwhile counts as applied, others open or not."""
    now = scene(contract(REFETCH))
    now.judge("sales.volume", day(-1), "violated")
    rerun = begun(now)
    mine = next(r for r in now.reactions("rerun") if r.target.partition == day(0).partition)
    now.judge("sales.volume", day(0), "satisfied")
    ended(now, mine, 1)
    assert str(now.outcome(mine)) == "applied(the window is satisfied meanwhile)"
    assert now.outcome(rerun).state is OutcomeState.RUNNING
    assert now.episodes()[0].open


def test_what_nobody_needs_any_more_is_superseded(scene: Set) -> None:
    """A rerun whose episode was repaired before its run was seen is superseded: no run is started for nothing."""
    now = scene(contract(REFETCH))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile(launch=False)
    now.judge("sales.volume", day(0), "satisfied")
    assert now.reconcile().requests == []
    assert now.said("rerun") == ["superseded(the episode ended first: repaired)"]


def test_an_unrepaired_window_still_waits_for_its_rerun(scene: Set) -> None:
    """An episode that ends unrepaired does not take the attempts that are left away: the day is still missing."""
    now = scene(contract(REFETCH))
    rerun = begun(now)
    ended(now, rerun, 1)
    for number in (1, 2):
        now.later(timedelta(seconds=1))
        now.judge("sales.volume", day(number), "satisfied")
    now.later(BACKOFF)
    now.reconcile()
    assert str(now.episodes()[0].closing) == "resolved(unrepaired)"
    assert [r.attempt for r in now.runs.launched] == [1, 2]


def test_a_rerun_upstream_takes_the_way_to_the_subject(scene: Set) -> None:
    """Semantics 17: one run of A, of every asset between A and the subject's, and of what fell behind below them."""
    now = scene(contract(REFETCH, release=RELEASE))
    for asset in (FEATURES, FORECAST, MODEL, BACKTEST):
        now.point(PointerKind.PUBLISHED, f"{asset}|all", "f" * 64)
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    (request,) = now.runs.launched
    assert request.assets == (RAW, SALES, FEATURES, FORECAST)
    assert request.partition == day(0).partition


def test_what_was_never_made_has_not_fallen_behind(scene: Set) -> None:
    """Semantics 17: a whole table that was never published is not made by a rerun (a forecast needs a champion)."""
    now = scene(contract(REFETCH))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    assert now.runs.launched[0].assets == (RAW, SALES)


def test_a_rerun_below_the_subject_takes_what_is_below(scene: Set) -> None:
    """Semantics 17: `rerun: A` below the subject is A and what is below it, also after the rollback beside it."""
    back_out = rule("back-out", "demand.live violated", step("rollback", "demand"), step("rerun", FORECAST), "alert")
    now = scene(contract(back_out))
    now.point(PointerKind.PUBLISHED, "retail/scorecard|all", "f" * 64)
    for version in ("v1", "v2"):
        now.train(version)
        now.champion(version)
    now.later(timedelta(hours=1))
    now.judge("demand.live", day(0), "violated", version="v2")
    now.reconcile()
    assert now.value(PointerKind.ALIAS, "demand|champion") == "v1"
    assert [r.assets for r in now.runs.launched] == [(FORECAST, "retail/scorecard")]
    now.reconcile()
    assert now.said("rerun") == ["running(the run is on its way)"]


def test_a_retrain_makes_features_model_and_evidence(scene: Set) -> None:
    """Semantics 21: `retrain: M` is one run of the features it needs, M's asset, and the objective's backtest."""
    now = scene(contract(RELEARN, release=RELEASE))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    assert [r.assets for r in now.runs.launched] == [(FEATURES, MODEL, BACKTEST)]
    assert now.runs.launched[0].partition is None


def test_a_retrain_of_another_model_makes_no_evidence_of_this_release(scene: Set) -> None:
    """Semantics 21: the objective belongs to the released model: retraining another one does not run its backtest."""
    other = type(RELEASE)(model="other", stages=RELEASE.stages, objective=RELEASE.objective)
    now = scene(contract(RELEARN, release=other))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    assert [r.assets for r in now.runs.launched] == [(FEATURES, MODEL)]


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING])
def test_a_run_in_progress_is_noted_once(scene: Set, state: RunState) -> None:
    """Level-triggered: looking again at a run that is still on its way changes nothing."""
    now = scene(contract(REFETCH))
    rerun = begun(now)
    now.runs.end(f"{rerun.id}:1", state)
    now.reconcile()
    assert now.reconcile().idle


def test_requested_work_of_a_removed_rule_is_superseded(scene: Set) -> None:
    """Semantics 23: a new contract version supersedes requested work of rules that it removed, and keeps the rest."""
    tell = rule("tell", "sales.* blocked", "alert")
    now = scene(contract(REFETCH, tell))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile(launch=False)
    now.enact(contract(tell, version=2))
    assert now.reconcile().requests == []
    assert now.said("rerun") == ["superseded(its rule left the contract in force)"]
    assert now.episodes()[0].open


def test_an_intent_of_a_removed_rule_is_not_performed(scene: Set) -> None:
    """Semantics 23 and decision 13: an intent is looked at again when it is performed: its rule may be gone."""
    from qoa_platform.reactions.guarding import plan_batch

    now = scene(contract(rule("stop", "sales.* blocked", "quarantine")))
    now.judge("sales.volume", day(0), "violated")
    now.commit(plan_batch(now.world(), now.plan()))
    now.enact(contract(version=2))
    now.reconcile()
    assert now.said("quarantine") == ["superseded(its rule left the contract in force)"]
    assert now.ledger.pointers(PointerKind.QUARANTINE) == []


def test_assets_with_partitions_of_their_own_are_no_part_of_the_run(scene: Set) -> None:
    """Semantics 17: what lies below and shares the partitions catches up; a run holds no other set of partitions."""
    now = scene(contract(REFETCH))
    daily = tuple(replace(n, partitions="days") if n.partitioned else n for n in GRAPH.nodes)
    below = (
        Node(asset="retail/same_day", upstream=(SALES,), partitioned=True, partitions="days"),
        Node(asset="retail/own_days", upstream=(SALES,), partitioned=True, partitions="others"),
    )
    now.ports = replace(now.ports, graph=Graph(nodes=(*daily, *below)))
    now.judge("sales.volume", day(0), "violated")
    (wanted,) = now.reconcile(launch=False).requests
    assert {RAW, SALES, "retail/same_day"} <= set(wanted.assets)
    assert "retail/own_days" not in wanted.assets
