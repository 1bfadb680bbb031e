"""Owns the progress of reactions that need a run: attempts, backoff, adoption, exhaustion. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from qoa_platform.reactions.asking import was_observed
from qoa_platform.reactions.effects import next_revision, orphaned
from qoa_platform.reactions.episodes import MENDED, is_good
from qoa_platform.reactions.followups import CANCELED
from qoa_platform.reactions.selecting import selection
from qoa_platform.reactions.wishes import active_run
from qoa_platform.reactions.world import World, partition_of
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

NEEDLESS = MENDED | {Closing.CLEARED, Closing.SUPERSEDED}
"""Endings after which nobody needs the rerun any more. After a rollback what was forecast is still to be made again,
and an unrepaired window still waits for its repair."""


def progress(world: World, reaction: Reaction, view: RunView | None) -> Outcome | None:  # noqa: C901 (a closed set)
    """The next outcome of a run-backed reaction, given the run of its present attempt; ``None``: nothing new.

    requested → running → applied | retry → requested … → failed(attempts exhausted). A run that exists is adopted; one
    that was adopted and is gone is failed(lost); a person's cancel ends it (semantics 17).
    """
    last = world.outcomes.get(reaction.id)
    if last is None or last.final:
        return None
    match last.state:
        case OutcomeState.REQUESTED:
            if view is None:
                return _needless(world, reaction, last)
            return _seen(world, reaction, last, view)
        case OutcomeState.RUNNING:
            if view is None:
                return _next(world, reaction, last, OutcomeState.FAILED, "lost: the run is gone")
            return _seen(world, reaction, last, view)
        case OutcomeState.RETRY:
            if ended := _needless(world, reaction, last):
                return ended
            if world.at < retry_at(reaction, last):
                return None
            again = _next(world, reaction, last, OutcomeState.REQUESTED, "a run is awaited")
            return replace(again, attempt=last.attempt + 1, run=None)
        case OutcomeState.APPLIED | OutcomeState.SKIPPED | OutcomeState.FAILED | OutcomeState.SUPERSEDED:
            return None
        case _:
            assert_never(last.state)


def request_of(world: World, reaction: Reaction) -> RunRequest | None:
    """The run that *reaction* awaits now, or ``None``.

    It waits while a hold stands on anything that the run would make, and while another run of that asset and partition
    is active (semantics 17).
    """
    last = world.outcomes.get(reaction.id)
    if last is None or last.state is not OutcomeState.REQUESTED:
        return None
    assets = selection(world, reaction)
    if not assets or any(world.hold(asset) is not None for asset in assets):
        return None
    if reaction.target.model and world.hold(model=reaction.target.model) is not None:
        return None
    if reaction.kind is ReactionKind.RERUN and active_run(world, reaction.target, beside=reaction.id) is not None:
        return None
    return RunRequest(
        reaction=reaction.id, attempt=last.attempt, assets=assets, partition=reaction.target.partition,
        reason=reaction.reason,
    )  # fmt: skip


def _needless(world: World, reaction: Reaction, last: Outcome) -> Outcome | None:
    """The end of a reaction that nobody needs any more, before a run of this attempt was seen."""
    if orphaned(world, reaction):
        return _next(world, reaction, last, OutcomeState.SUPERSEDED, "its rule left the contract in force")
    if reaction.kind is not ReactionKind.RERUN:
        return None
    served = [e for e in world.episodes if e.id in reaction.serves]
    if served and all(e.closing in NEEDLESS for e in served):
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
            if _terminated(world, view):
                return _failed(world, reaction, last, view)
            return _next(world, reaction, last, OutcomeState.FAILED, CANCELED, view)
        case RunState.FAILED:
            return _failed(world, reaction, last, view)
        case _:
            assert_never(view.state)


def _terminated(world: World, view: RunView) -> bool:
    """Whether a Terminate of our own ended this run: then its attempt failed, and nobody canceled the reaction.

    One that was skipped counts too: a process that was killed between ending the run and writing so finds it over when
    it comes back, and the intent was written while the run was active.
    """
    mine = [r for r in world.reactions if r.kind is ReactionKind.TERMINATE and r.target.run == view.id]
    done = (OutcomeState.APPLIED, OutcomeState.SKIPPED)
    return any((last := world.outcomes.get(r.id)) and last.state in done for r in mine if not was_observed(r))


def _failed(world: World, reaction: Reaction, last: Outcome, view: RunView) -> Outcome:
    if _satisfied(world, reaction):
        return _next(world, reaction, last, OutcomeState.APPLIED, "the window is satisfied meanwhile", view)
    if last.attempt < reaction.attempts:
        detail = f"attempt {last.attempt} of {reaction.attempts} failed"
        ended = _ended(world, view)
        return replace(
            _next(world, reaction, last, OutcomeState.RETRY, detail, view), effect={"ended": ended.isoformat()}
        )
    return _next(world, reaction, last, OutcomeState.FAILED, f"attempts exhausted ({last.attempt})", view)


def _satisfied(world: World, reaction: Reaction) -> bool:
    """Whether what the run was to repair is good already: another run was faster (semantics 17)."""
    served = [e for e in world.episodes if e.id in reaction.serves]
    if served and all(e.closing in MENDED for e in served):
        return True
    keys = {e.key for e in served}
    partition = reaction.target.partition
    judged = [v for v in world.verdicts if v.key in keys and partition == partition_of(v.window)]
    return bool(judged) and {v.key for v in judged} == keys and all(is_good(world, v) for v in judged)


def _ended(world: World, view: RunView) -> datetime:
    """When the run ended, in ``at``: as long ago as the wall clock says, but not in the future."""
    ago = world.wall - view.ended if view.ended is not None else timedelta(0)
    return world.at - max(ago, timedelta(0))


def _next(
    world: World, reaction: Reaction, last: Outcome, state: OutcomeState, detail: str, view: RunView | None = None
) -> Outcome:
    return Outcome(
        reaction=reaction.id, state=state, attempt=last.attempt, detail=detail, run=view.id if view else last.run,
        at=world.at, wall=world.wall, revision=next_revision(world, reaction),
    )  # fmt: skip


def retry_at(reaction: Reaction, last: Outcome) -> datetime:
    """When the next attempt is due: the backoff runs from the failed run's end (semantics 17)."""
    ended = last.effect.get("ended")
    return (datetime.fromisoformat(str(ended)) if ended else last.at) + reaction.backoff


def due_at(world: World, reaction: Reaction) -> datetime | None:
    """When a retry becomes due; ``None`` when *reaction* awaits none. Replay clocks jump to it."""
    last = world.outcomes.get(reaction.id)
    if last is None or last.state is not OutcomeState.RETRY:
        return None
    return retry_at(reaction, last)
