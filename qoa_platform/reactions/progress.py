"""Owns the progress of reactions that need a run: attempts, backoff, adoption, exhaustion. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from qoa_platform.reactions.effects import next_revision
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Closing,
    Outcome,
    OutcomeState,
    Reaction,
    ReactionKind,
    RunRequest,
    RunState,
    RunView,
)


def progress(world: World, reaction: Reaction, view: RunView | None) -> Outcome | None:
    """The next outcome of a run-backed reaction, given the run of its present attempt; ``None``: nothing new.

    requested → running → applied | retry → requested … → failed(attempts exhausted). A run that exists is adopted; one
    that was adopted and is gone is failed(lost); a person's cancel ends it (semantics 17).
    """
    last = world.outcomes.get(reaction.id)
    if last is None or last.final:
        return None
    match last.state:
        case OutcomeState.REQUESTED:
            if ended := _needless(world, reaction, last, view):
                return ended
            return _seen(world, reaction, last, view) if view else None
        case OutcomeState.RUNNING:
            if view is None:
                return _next(world, reaction, last, OutcomeState.FAILED, "lost: the run is gone")
            return _seen(world, reaction, last, view)
        case OutcomeState.RETRY:
            if ended := _needless(world, reaction, last, None):
                return ended
            if world.at >= last.at + reaction.backoff:
                again = _next(world, reaction, last, OutcomeState.REQUESTED, "a run is awaited")
                return replace(again, attempt=last.attempt + 1, run=None)
            return None
        case OutcomeState.APPLIED | OutcomeState.SKIPPED | OutcomeState.FAILED | OutcomeState.SUPERSEDED:
            return None
        case _:
            assert_never(last.state)


def request_of(world: World, reaction: Reaction) -> RunRequest | None:
    """The run that *reaction* awaits now, or ``None`` (it is not requested, or a hold defers it)."""
    last = world.outcomes.get(reaction.id)
    if last is None or last.state is not OutcomeState.REQUESTED:
        return None
    assets = selection(world, reaction)
    if not assets or any(world.hold(asset) is not None for asset in assets):
        return None
    if reaction.target.model and world.hold(model=reaction.target.model) is not None:
        return None
    return RunRequest(
        reaction=reaction.id, attempt=last.attempt, assets=assets, partition=reaction.target.partition,
        reason=reaction.reason,
    )  # fmt: skip


def selection(world: World, reaction: Reaction) -> tuple[str, ...]:
    """Which assets the run of a rerun or a retrain materializes (semantics 17, 21), upstream first.

    Rerun at or above the subject: everything from the named asset to the subject's, and what lies below that has been
    published before, up to but without model assets and the evidence of releases. Rerun below the subject: the asset
    and what lies below. Retrain: the unpartitioned assets that the model's asset needs, that asset, and what the
    release's objective is read over.
    """
    graph = world.graph
    if reaction.kind is ReactionKind.RETRAIN:
        return _retrained(world, reaction)
    asset = reaction.target.asset
    if asset is None or graph.node(asset) is None:
        return ()
    subject = world.contract.subject(reaction.subject)
    own = subject.asset if subject and subject.model is None else None
    way = graph.between(asset, own) if own else ()
    below = _catching_up(world, own if way and own else asset)
    chosen = {*(way or (asset,)), *below}
    return tuple(a for a in graph.ordered if a in chosen)


def _catching_up(world: World, start: str) -> set[str]:
    """Assets below *start* that a repair lets catch up: the walk stops at model assets and at release evidence."""
    release = world.contract.release
    stops = {n.asset for n in world.graph.nodes if n.model is not None}
    if release is not None and release.objective.over is not None:
        stops.add(release.objective.over)
    found: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        for node in world.graph.nodes:
            if name in node.upstream and node.asset not in stops | found:
                found.add(node.asset)
                todo.append(node.asset)
    return found


def _retrained(world: World, reaction: Reaction) -> tuple[str, ...]:
    trainer = world.graph.trainer(reaction.target.model or "")
    if trainer is None:
        return ()
    release = world.contract.release
    over = {release.objective.over} if release and release.objective.over else set()
    needed = {a for a in world.graph.above(trainer) if not _partitioned(world, a)}
    return tuple(a for a in world.graph.ordered if a in needed | {trainer} | over)


def _partitioned(world: World, asset: str) -> bool:
    node = world.graph.node(asset)
    return node is not None and node.partitioned


def _needless(world: World, reaction: Reaction, last: Outcome, view: RunView | None) -> Outcome | None:
    """A rerun that nobody needs any more: all its episodes ended before a run of this attempt was seen."""
    if view is not None or reaction.kind is not ReactionKind.RERUN:
        return None
    served = [e for e in world.episodes if e.id in reaction.serves]
    if served and all(not e.open for e in served):
        closing = ", ".join(sorted({str(e.closing) for e in served}))
        return _next(world, reaction, last, OutcomeState.SUPERSEDED, f"the episode ended first: {closing}")
    return None


def _seen(world: World, reaction: Reaction, last: Outcome, view: RunView) -> Outcome | None:
    match view.state:
        case RunState.QUEUED | RunState.RUNNING:
            if last.state is OutcomeState.RUNNING and last.run == view.id:
                return None
            return _next(world, reaction, last, OutcomeState.RUNNING, "the run is on its way", view)
        case RunState.SUCCEEDED:
            return _next(world, reaction, last, OutcomeState.APPLIED, f"attempt {last.attempt} succeeded", view)
        case RunState.CANCELED:
            return _next(world, reaction, last, OutcomeState.FAILED, "canceled", view)
        case RunState.FAILED:
            return _failed(world, reaction, last, view)
        case _:
            assert_never(view.state)


def _failed(world: World, reaction: Reaction, last: Outcome, view: RunView) -> Outcome:
    served = [e for e in world.episodes if e.id in reaction.serves]
    repaired = {Closing.REPAIRED, Closing.ACCEPTED}
    if served and all(e.closing in repaired for e in served):
        return _next(world, reaction, last, OutcomeState.APPLIED, "the window is satisfied meanwhile", view)
    if last.attempt < reaction.attempts:
        detail = f"attempt {last.attempt} of {reaction.attempts} failed"
        return _next(world, reaction, last, OutcomeState.RETRY, detail, view)
    return _next(world, reaction, last, OutcomeState.FAILED, f"attempts exhausted ({last.attempt})", view)


def _next(
    world: World, reaction: Reaction, last: Outcome, state: OutcomeState, detail: str, view: RunView | None = None
) -> Outcome:
    return Outcome(
        reaction=reaction.id, state=state, attempt=last.attempt, detail=detail, run=view.id if view else last.run,
        at=world.at, wall=world.wall, revision=next_revision(world, reaction),
    )  # fmt: skip


def due_at(world: World, reaction: Reaction) -> datetime | None:
    """When a retry becomes due; ``None`` when *reaction* awaits none. Replay clocks jump to it."""
    last = world.outcomes.get(reaction.id)
    if last is None or last.state is not OutcomeState.RETRY:
        return None
    return last.at + reaction.backoff
