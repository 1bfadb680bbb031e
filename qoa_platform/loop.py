"""Owns the one imperative shell: measure → judge → decide → perform → record. It knows ports, not Dagster."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from qoa_platform.audit import due_batches, run_batches
from qoa_platform.failpoints import failpoint
from qoa_platform.ports import Clock, Ledger, Runs
from qoa_platform.reactions.decide import decide
from qoa_platform.reactions.effects import batch_of, effect_of, next_revision
from qoa_platform.reactions.guarding import plan_batch
from qoa_platform.reactions.progress import progress, request_of
from qoa_platform.reactions.snapshot import Snapshot, contracts_in_force, read_snapshot
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    RUN_BACKED,
    Batch,
    Graph,
    Outcome,
    OutcomeState,
    Plan,
    PointerKind,
    Reaction,
    ReactionKind,
    Refused,
    RunRequest,
    Window,
)

ROUNDS = 8
"""A reconcile goes round until nothing is left to do, at most so often; the rest waits for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a lane hands to the loop. *sinks* are the outbox sinks of alerts."""

    ledger: Ledger
    clock: Clock
    runs: Runs
    graph: Graph
    sinks: tuple[str, ...] = ("log",)
    ends: Mapping[str, date] = field(default_factory=dict)
    """Where an asset's partitions end: the day after the last."""


@dataclass(slots=True, kw_only=True)
class Reconciled:
    """What one reconcile did: the plans that were written, the outcomes, the runs that are wanted."""

    plans: list[Plan] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    requests: list[RunRequest] = field(default_factory=list)
    judged: int = 0
    rounds: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether it found nothing to do."""
        return not (self.plans or self.outcomes or self.judged)


def reconcile(
    ports: Ports,
    *,
    stale: Sequence[str] = (),
    within: Callable[[], bool] = lambda: True,
    asked: Sequence[Window] = (),
) -> Reconciled:
    """Take what is due: level-triggered, idempotent, from the ledger alone. Running it twice changes nothing.

    *stale* names contracts of which this process holds an older version than the one in force: it refuses to decide
    them. *within* is asked between steps whether time is left (a sensor tick is bounded); what is not done waits.
    *asked* are windows of history that a person wants a reaction for.
    """
    done = Reconciled()
    done.judged += _judge_due(ports)
    snapshot = _snapshot(ports, asked)
    while done.rounds < ROUNDS and within():
        done.rounds += 1
        refused = len(done.refused)
        worlds = [snapshot.world(c) for c in snapshot.contracts if c.name not in stale]
        changed = [_step(ports, world, done, within) for world in worlds]
        if not any(changed) and len(done.refused) == refused:
            break
        snapshot = _snapshot(ports, asked)
    for contract in (c for c in snapshot.contracts if c.name not in stale):
        world = snapshot.world(contract)
        wanted = [request_of(world, r) for r in world.reactions if r.kind in RUN_BACKED]
        done.requests += [r for r in wanted if r is not None and ports.runs.by_key(r.key) is None]
    return done


def _snapshot(ports: Ports, asked: Sequence[Window]) -> Snapshot:
    runs, at, wall = ports.runs.active(), ports.clock.at(), ports.clock.wall()
    return read_snapshot(ports.ledger, graph=ports.graph, runs=runs, at=at, wall=wall, asked=asked)


def _judge_due(ports: Ports) -> int:
    """Write the verdicts that are due without data, and those of runs (active ones provisionally)."""
    contracts = contracts_in_force(ports.ledger, ports.ledger.pointers(PointerKind.CONTRACT))
    runs = ports.runs.active()
    due = due_batches(ports.ledger, contracts, runs, ports.clock, ports.ends)
    count = 0
    for batch in (*due, *run_batches(ports.ledger, contracts, runs, ports.clock)):
        count += 0 if isinstance(ports.ledger.commit(batch), Refused) else len(batch.records)
    return count


def _step(ports: Ports, world: World, done: Reconciled, within: Callable[[], bool]) -> bool:
    """One round for one contract: intents that were left, the plan, the progress of runs.

    Alerts wait for the round after everything else was performed, so that they tell what became of it; but nothing
    waits for a run that does not end.
    """
    pending = [r for r in world.reactions if r.id not in world.outcomes]
    refused = len(done.refused)
    for alerts in (False, True):
        acting = [r for r in pending if (r.kind is ReactionKind.ALERT) is alerts]
        if sum(perform(ports, world, r, done) for r in acting if within()) > 0:
            return True
        if len(done.refused) > refused:
            return False
    plan = decide(world)
    if not plan.empty and _write(ports, world, plan, done):
        return True
    return sum(_follow(ports, world, r, done) for r in world.reactions if r.kind in RUN_BACKED and within()) > 0


def _write(ports: Ports, world: World, plan: Plan, done: Reconciled) -> bool:
    """Write the whole plan as one transaction that re-checks what it rested on (decision 13)."""
    failpoint("perform.before_intent")
    committed = ports.ledger.commit(plan_batch(world, plan))
    failpoint("perform.after_intent")
    if isinstance(committed, Refused):
        done.refused.append(committed.reason)
        return False
    done.plans.append(plan)
    done.outcomes += plan.outcomes
    return True


def perform(ports: Ports, world: World, reaction: Reaction, done: Reconciled) -> bool:
    """Do what an intent says, once: effect and outcome in one transaction; external effects are idempotent by id."""
    effect = effect_of(world, reaction, ports.sinks)
    if effect.external:
        ended = _terminate(ports, world, reaction)
        if ended is None:
            return False
        batch = Batch(records=(ended,))
    else:
        batch = batch_of(world, reaction, effect)
    outcome = next(r for r in batch.records if isinstance(r, Outcome))
    committed = ports.ledger.commit(batch)
    failpoint("perform.after_outcome")
    if isinstance(committed, Refused):
        done.refused.append(committed.reason)
        return False
    done.outcomes.append(outcome)
    return True


def _terminate(ports: Ports, world: World, reaction: Reaction) -> Outcome | None:
    """End a run and confirm that it ended. A run that is over already makes it ``skipped``; ``None``: it goes on."""
    run = reaction.target.run or ""
    try:
        ended = ports.runs.terminate(run)
    except TimeoutError:
        return None
    failpoint("perform.after_effect")
    state = OutcomeState.APPLIED if ended else OutcomeState.SKIPPED
    return Outcome(
        reaction=reaction.id, state=state, detail=f"run {run} ended" if ended else f"run {run} was over", run=run,
        at=world.at, wall=world.wall, revision=next_revision(world, reaction),
    )  # fmt: skip


def _follow(ports: Ports, world: World, reaction: Reaction, done: Reconciled) -> bool:
    """Look at the run of a reaction's present attempt and record what became of it."""
    last = world.outcomes.get(reaction.id)
    if last is None or last.final:
        return False
    outcome = progress(world, reaction, ports.runs.by_key(f"{reaction.id}:{last.attempt}"))
    if outcome is None:
        return False
    committed = ports.ledger.commit(Batch(records=(outcome,)))
    if isinstance(committed, Refused):
        done.refused.append(committed.reason)
        return False
    done.outcomes.append(outcome)
    return True
