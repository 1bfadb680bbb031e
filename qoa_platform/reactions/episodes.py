"""Owns the fold of current verdicts into episodes: when one opens, which windows it holds, when it ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from qoa_platform.reactions.matching import reacts_to_unknown
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Closing,
    Contract,
    Episode,
    Fixed,
    Key,
    Operator,
    Promise,
    Severity,
    Status,
    Verdict,
    Window,
)

NO_VIOLATION = Fixed(operator=Operator.LE, bound=0.0, text="<= 0")
"""The bound of the promise that a subject's ``schema:`` implies."""


def fold_episodes(world: World) -> tuple[Episode, ...]:
    """New episodes and new revisions of open ones that follow from the current verdicts (semantics 10–13).

    Pure and level-triggered: when its result is written and it is called again on the same verdicts, it returns
    nothing. An episode that opens is never closed by the same call, so that each gets its reactions.
    """
    by_key: dict[Key, list[Verdict]] = {}
    for verdict in world.verdicts:
        if verdict.key.contract == world.contract.name:
            by_key.setdefault(verdict.key, []).append(verdict)
    open_now = {e.key: e for e in world.episodes if e.open}
    closed: dict[Key, list[Episode]] = {}
    for episode in world.episodes:
        if not episode.open:
            closed.setdefault(episode.key, []).append(episode)
    changed: list[Episode] = []
    for key in sorted({*by_key, *open_now}, key=str):
        ordered = sorted(by_key.get(key, []), key=lambda v: (v.window.end, v.window.start))
        revision = _fold_key(world, key, ordered, open_now.get(key), closed.get(key, []))
        if revision is not None:
            changed.append(revision)
    return tuple(changed)


def _fold_key(
    world: World, key: Key, verdicts: Sequence[Verdict], episode: Episode | None, closed: Sequence[Episode]
) -> Episode | None:
    promise = find_promise(world.contract, key)
    stale = key.version is not None and _is_other_than_champion(world, key)
    if episode is not None:
        if promise is None:
            return _close(world, episode, Closing.SUPERSEDED)
        if stale:
            return _close(world, episode, Closing.CHAMPION_CHANGED)
        return _update(world, promise, episode, verdicts, handled_windows(closed))
    if promise is None or stale:
        return None
    fresh = [v for v in verdicts if _may_open(world, v)]
    return _open(world, promise, key, fresh, handled_windows(closed))


def find_promise(contract: Contract, key: Key) -> Promise | None:
    """The promise that *key* names; ``schema`` is implied by a subject with a schema (semantics 1)."""
    subject = contract.subject(key.subject)
    if subject is None:
        return None
    found = subject.promise(key.promise)
    if found is None and key.promise == "schema" and subject.schema is not None:
        return schema_promise()
    return found


def schema_promise() -> Promise:
    """The critical promise that a subject's ``schema:`` implies (semantics 1)."""
    return Promise(id="schema", metric="data.schema_violations", must=NO_VIOLATION, severity=Severity.CRITICAL)


def _is_other_than_champion(world: World, key: Key) -> bool:
    subject = world.contract.subject(key.subject)
    model = subject.model if subject else None
    return model is not None and world.champion(model) != key.version


def _may_open(world: World, verdict: Verdict) -> bool:
    """History does not react (semantics 11): imported verdicts, and windows that ended too long ago."""
    return not verdict.imported and verdict.window.end >= world.at - world.contract.react_within


def is_bad(world: World, verdict: Verdict) -> bool:
    """Whether *verdict* keeps (or opens) an episode: violated, or unknown for a reason that some rule reacts to.

    A verdict on the very data that a person accepted is not bad any more.
    """
    subject = world.contract.subject(verdict.key.subject)
    if world.accepted(verdict, subject.asset if subject else None):
        return False
    if verdict.violated:
        return True
    return verdict.status is Status.UNKNOWN and reacts_to_unknown(world.contract, verdict)


def handled_windows(closed: Iterable[Episode]) -> Mapping[Window, datetime]:
    """Window → when the last episode that held it closed. Verdicts not later than that are done with."""
    done: dict[Window, datetime] = {}
    for episode in closed:
        for window in episode.windows:
            if episode.closed_at is not None:
                done[window] = max(done.get(window, episode.closed_at), episode.closed_at)
    return done


def _open(
    world: World, promise: Promise, key: Key, verdicts: Sequence[Verdict], done: Mapping[Window, datetime]
) -> Episode | None:
    stretch: list[Verdict] = []
    for verdict in verdicts:
        if is_bad(world, verdict):
            if verdict.window in done and verdict.at <= done[verdict.window]:
                continue
            stretch.append(verdict)
            if _long_enough(promise, stretch, world.at):
                return _opened(world, key, stretch, verdict, verdicts)
        elif verdict.status is Status.SATISFIED:
            stretch = []
    return None


def _long_enough(promise: Promise, stretch: Sequence[Verdict], now: datetime) -> bool:
    if isinstance(promise.streak, timedelta):
        return now - stretch[0].at >= promise.streak
    return len(stretch) >= promise.streak


def _opened(
    world: World, key: Key, stretch: Sequence[Verdict], opening: Verdict, verdicts: Sequence[Verdict]
) -> Episode:
    """The episode that *opening* opens; it takes the bad windows that follow without a satisfied one in between."""
    windows = [v.window for v in stretch]
    for verdict in verdicts[verdicts.index(opening) + 1 :]:
        if verdict.status is Status.SATISFIED:
            break
        if is_bad(world, verdict):
            windows.append(verdict.window)
    return Episode(
        key=key,
        opening=opening.id,
        severity=opening.severity,
        status=opening.status,
        reason=opening.reason,
        windows=tuple(windows),
        opened_at=world.at,
        opened_wall=world.wall,
        changed_at=world.at,
    )


def _update(
    world: World, promise: Promise, episode: Episode, verdicts: Sequence[Verdict], done: Mapping[Window, datetime]
) -> Episode | None:
    heads = {v.window: v for v in verdicts}
    held = [heads[w] for w in episode.windows if w in heads]
    joined = tuple(
        v.window
        for v in verdicts
        if v.window not in episode.windows
        and is_bad(world, v)
        and _may_open(world, v)
        and not (v.window in done and v.at <= done[v.window])
    )
    if joined:
        windows = tuple(sorted((*episode.windows, *joined)))
        return replace(episode, windows=windows, changed_at=world.at, revision=episode.revision + 1)
    subject = world.contract.subject(episode.key.subject)
    asset = subject.asset if subject else None
    if held and not any(is_bad(world, v) for v in held) and len(held) == len(episode.windows):
        accepted = any(world.accepted(v, asset) for v in held)
        if accepted or all(v.status is Status.SATISFIED for v in held):
            return _close(world, episode, Closing.ACCEPTED if accepted else Closing.REPAIRED)
    if _cleared(episode, verdicts, promise.clear_after):
        left = any(v.blocks and is_bad(world, v) for v in held)
        return _close(world, episode, Closing.UNREPAIRED if left else Closing.CLEARED)
    return None


def _cleared(episode: Episode, verdicts: Sequence[Verdict], clear_after: int) -> bool:
    """Whether *clear_after* later windows in a row are satisfied; unknown neither extends nor breaks the streak."""
    last_bad = max(episode.windows)
    later = [v for v in verdicts if (v.window.end, v.window.start) > (last_bad.end, last_bad.start)]
    return sum(v.status is Status.SATISFIED for v in later) >= clear_after


def _close(world: World, episode: Episode, closing: Closing) -> Episode:
    return replace(
        episode,
        closed_at=world.at,
        closed_wall=world.wall,
        closing=closing,
        changed_at=world.at,
        revision=episode.revision + 1,
    )
