"""Incidents (decision 17): one W4H record per group of coalesced episodes, with the times between."""

from datetime import datetime, timedelta

from qoa_platform.reactions.incidents import Evidence, fold_incidents
from qoa_platform.records import (
    Effect,
    Incident,
    IncidentState,
    IncidentType,
    Outcome,
    PointerKind,
    Read,
    RunState,
    Trial,
    TrialState,
    Verdict,
)
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, RAW, SALES, START, Scene, contract, day, rule, step

POLICY = (
    rule("stop-bad-data", "sales.* blocked", "quarantine", "alert"),
    rule("refetch", "sales.* blocked", step("rerun", RAW, attempts=2)),
    rule("back-out", "demand.live violated", step("rollback", "demand"), "alert"),
    rule("tell", "training.price violated", "alert"),
)
HOUR = timedelta(hours=1)


def incidents(now: Scene, *trials: Trial) -> tuple[Incident, ...]:
    """The incidents that the ledger tells of."""
    outcomes: dict[str, list[Outcome]] = {}
    for outcome in now.ledger.find(Outcome, all_revisions=True):
        outcomes.setdefault(outcome.reaction, []).append(outcome)
    return fold_incidents(
        Evidence(
            contracts={"retail": now.contract}, episodes=now.episodes(), verdicts=now.ledger.find(Verdict),
            reactions=now.reactions(), outcomes=outcomes, trials=trials, graph=now.ports.graph,
        )
    )  # fmt: skip


def trial(id_: str, asset: str, at: datetime, output: str, *reads: Read, **given: object) -> Trial:
    """A trial of the bad day."""
    values: dict[str, object] = {
        "id": id_, "experiment": asset, "asset": asset, "partition": day(0).partition, "run": "r", "code": "1",
        "environment": "e", "state": TrialState.BLOCKED, "at": at, "wall": at, "output": output, "reads": reads,
        "fetched": at,
    }  # fmt: skip
    return Trial(**{**values, **given})  # type: ignore[arg-type]


def test_a_bad_day_from_beginning_to_end(scene: Set) -> None:
    """Decision 17: fetched, detected an hour later, mitigated by the gate at once, recovered by the rerun's verdict."""
    now = scene(contract(*POLICY))
    raw = trial("t1", RAW, START - HOUR, "a" * 64, parameters={"injected": "half the rows"})
    read = Read(asset=RAW, partition=day(0).partition, digest="a" * 64)
    sales = trial("t2", SALES, START, "b" * 64, read)
    for name in ("sales.volume", "sales.complete"):
        now.judge(name, day(0), "violated", data="b" * 64, trial="t2")
    now.reconcile()
    (opened,) = incidents(now, raw, sales)
    assert opened.state is IncidentState.MITIGATED
    assert (opened.started, opened.detected, opened.mitigated) == (START - HOUR, START, START)
    assert (opened.time_to_detect, opened.time_to_recover) == (HOUR, None)
    now.later(HOUR * 2)
    for name in ("sales.volume", "sales.complete"):
        now.judge(name, day(0), "satisfied", data="c" * 64, trial="t3")
    now.later(HOUR)
    now.runs.end(f"{now.reactions('rerun')[0].id}:1", RunState.SUCCEEDED)
    now.reconcile()
    (over,) = incidents(now, raw, sales)
    assert over.id == opened.id
    assert over.state is IncidentState.RESOLVED
    assert over.recovered == START + 2 * HOUR
    assert over.time_to_recover == 2 * HOUR
    assert (over.resolution, over.recovered_by) == ("repaired", f"rerun {RAW} {day(0).partition}")


def test_what_when_where_how_who(scene: Set) -> None:
    """Decision 17: the record says what broke, when, where (and what rests on it), how it was handled, who is asked."""
    now = scene(contract(*POLICY))
    fetched = trial("t1", SALES, START, "b" * 64, error="ValueError: no such column")
    now.judge("sales.volume", day(0), "violated", trial="t1")
    now.reconcile()
    (incident,) = incidents(now, fetched)
    assert (incident.type, incident.effect) == (IncidentType.DATA, Effect.INTERRUPTION)
    assert incident.promises == ("sales.volume",)
    assert incident.windows == (day(0),)
    assert incident.subject == SALES
    assert "retail/features" in incident.downstream
    assert incident.cause == "ValueError: no such column"
    assert (incident.owner, incident.responsible, incident.affected, incident.runbook) == (
        "demand-planning", ("sales-feed",), ("demand-planning",), "docs/runbooks/retail.md"
    )  # fmt: skip
    assert {h.kind for h in incident.handled} == {"quarantine", "rerun", "alert"}
    assert all(h.outcome.startswith(("applied", "requested")) for h in incident.handled)


def test_coalesced_episodes_are_one_incident_and_others_are_not(scene: Set) -> None:
    """Decision 17: one group of coalesced episodes is one incident; another subject's is another, numbered in order."""
    now = scene(contract(*POLICY))
    for name in ("sales.volume", "sales.complete"):
        now.judge(name, day(0), "violated")
    now.reconcile()
    now.later(HOUR)
    now.judge("training.price", day(0), "violated")
    now.reconcile()
    first, second = incidents(now)
    assert (first.number, first.promises) == (1, ("sales.complete", "sales.volume"))
    assert (second.number, second.promises, second.type) == (2, ("training.price",), IncidentType.PROCESSING)
    assert second.state is IncidentState.OPEN
    assert second.effect is Effect.REDUCED_QUALITY


def test_a_window_in_which_nothing_came_began_when_it_was_due(scene: Set) -> None:
    """Decision 17: without a fetch it started when its window was due; in a replay no wall clock knows how long ago."""
    now = scene(contract(*POLICY))
    now.judge("sales.volume", day(0), "violated", data=None)
    now.reconcile()
    (incident,) = incidents(now)
    assert incident.started == day(0).end
    assert incident.time_to_detect == START - day(0).end
    replayed = scene_wall(now)
    assert replayed.time_to_detect is None


def scene_wall(now: Scene) -> Incident:
    """The same, with verdicts whose wall clock is years away from ``at``, as in a replay."""
    from dataclasses import replace

    verdicts = [replace(v, wall=v.at + timedelta(days=3000)) for v in now.ledger.find(Verdict)]
    (incident,) = fold_incidents(
        Evidence(
            contracts={"retail": now.contract}, episodes=now.episodes(), verdicts=verdicts, reactions=(), outcomes={}
        )
    )
    return incident


def test_unrepaired_says_so(scene: Set) -> None:
    """Decision 17: an episode that closed with a window never repaired says `resolved(unrepaired)`, and by itself."""
    now = scene(contract(rule("tell", "sales.* blocked", "alert")))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    for number in (1, 2):
        now.later(DAY)
        now.judge("sales.volume", day(number), "satisfied")
        now.reconcile()
    (incident,) = incidents(now)
    assert (incident.resolution, incident.recovered_by) == ("resolved(unrepaired)", "itself")
    assert incident.recovered == START + 2 * DAY


def test_a_rollback_mitigates_and_recovers(scene: Set) -> None:
    """Decision 17: mitigated is the first applied step other than an alert; a model's incident ends with it."""
    now = scene(contract(*POLICY))
    for version in ("v1", "v2"):
        now.train(version)
        now.champion(version)
    now.later(HOUR)
    now.judge("demand.live", day(0), "violated", version="v2", blocks=False)
    now.reconcile()
    (incident,) = incidents(now)
    assert now.value(PointerKind.ALIAS, "demand|champion") == "v1"
    assert (incident.type, incident.responsible) == (IncidentType.MODEL, ("ml-team",))
    assert incident.mitigated == START + HOUR
    assert incident.recovered_by == "rollback model demand v2"
    assert incident.resolution == "champion changed"


def test_a_repair_without_a_rerun_was_a_persons(scene: Set) -> None:
    """Decision 17: a window that became good without any step of ours was repaired by a person."""
    now = scene(contract(rule("tell", "sales.* blocked", "alert")))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.later(HOUR)
    now.judge("sales.volume", day(0), "satisfied")
    now.reconcile()
    assert [i.recovered_by for i in incidents(now)] == ["a person"]
