"""Owns the fold of current verdicts into episodes: when one opens, which windows it holds, when it ends."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from qoa_platform.reactions.matching import blocked, reacts_to_unknown
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Closing,
    Contract,
    Episode,
    Fixed,
    Key,
    Operator,
    PointerKind,
    Promise,
    Severity,
    Status,
    Verdict,
    Window,
)

NO_VIOLATION = Fixed(operator=Operator.LE, bound=0.0, text="<= 0")
"""The bound of the promise that a subject's ``schema:`` implies."""

MENDED = frozenset({Closing.REPAIRED, Closing.ACCEPTED})
"""Endings after which no window of the episode is bad any more."""


def fold_episodes(world: World) -> tuple[Episode, ...]:
    """New episodes and new revisions of open ones that follow from the current verdicts (semantics 10–13).

    Pure and level-triggered: when its result is written and it is called again on the same verdicts, it returns
    nothing. An episode that opens is never closed by the same call, so that each gets its reactions.
    """
    open_now = {e.key: e for e in world.episodes if e.open}
    by_key = verdicts_by_key(world, open_now)
    if not by_key and not open_now:
        return ()
    closed: dict[Key, list[Episode]] = {}
    for episode in world.episodes:
        if not episode.open:
            closed.setdefault(episode.key, []).append(episode)
    changed: list[Episode] = []
    for key in sorted({*by_key, *open_now}, key=str):
        revision = _fold_key(world, key, by_key.get(key, ()), open_now.get(key), closed.get(key, []))
        if revision is not None:
            changed.append(revision)
    return tuple(changed)


def verdicts_by_key(world: World, more: Collection[Key] = ()) -> dict[Key, tuple[Verdict, ...]]:
    """Current verdicts in window order, of every key that has one that is not satisfied, and of the keys in *more*."""
    name = world.contract.name
    keys = {v.key for v in world.verdicts if v.status is not Status.SATISFIED and v.key.contract == name}
    found: dict[Key, list[Verdict]] = {}
    if keys or more:
        for verdict in world.verdicts:
            if verdict.key in keys or verdict.key in more:
                found.setdefault(verdict.key, []).append(verdict)
    return {key: tuple(sorted(vs, key=lambda v: _place(v.window))) for key, vs in found.items()}


def _fold_key(
    world: World, key: Key, verdicts: Sequence[Verdict], episode: Episode | None, closed: Sequence[Episode]
) -> Episode | None:
    promise = find_promise(world.contract, key)
    verdicts = [v for v in verdicts if _in_term(world, key, v)]
    stale = key.version is not None and _is_other_than_champion(world, key)
    if episode is not None:
        if promise is None:
            return _close(world, episode, Closing.SUPERSEDED)
        if stale:
            return _close(world, episode, Closing.CHAMPION_CHANGED)
        return _update(world, promise, episode, verdicts, handled_windows(closed))
    if promise is None or stale:
        return None
    fresh = [v for v in verdicts if may_open(world, v)]
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


def _in_term(world: World, key: Key, verdict: Verdict) -> bool:
    """A model's verdict opens an episode only when it was made while that version was champion (semantics 13).

    What was judged of it before, as a candidate or in an earlier term, feeds only its release: a rollback to it is not
    undone by what was known when it was chosen.
    """
    if key.version is None:
        return True
    subject = world.contract.subject(key.subject)
    head = world.pointers.get((PointerKind.ALIAS, f"{subject.model}|champion")) if subject and subject.model else None
    return head is None or (verdict.at, verdict.wall) >= (head.at, head.wall)


def may_open(world: World, verdict: Verdict) -> bool:
    """History does not react (semantics 11): imported verdicts, and windows that ended too long ago.

    Unless a person asks for that window by hand.
    """
    recent = not verdict.imported and verdict.window.end >= world.at - world.contract.react_within
    return recent or verdict.window in world.asked


def is_bad(world: World, verdict: Verdict) -> bool:
    """Whether *verdict* keeps (or opens) an episode: violated, or unknown for a reason that some rule reacts to.

    A verdict on the very data that a person accepted is not bad any more.
    """
    if verdict.status is Status.SATISFIED:
        return False
    subject = world.contract.subject(verdict.key.subject)
    if world.accepted(verdict, subject.asset if subject else None):
        return False
    return verdict.violated or reacts_to_unknown(world.contract, verdict)


def is_good(world: World, verdict: Verdict) -> bool:
    """Whether *verdict* repairs its window: satisfied, or on data that a person accepted."""
    subject = world.contract.subject(verdict.key.subject)
    return verdict.satisfied or world.accepted(verdict, subject.asset if subject else None)


def handled_windows(closed: Iterable[Episode]) -> Mapping[Window, datetime]:
    """Window → when the last episode that held it closed. Verdicts not later than that are done with.

    A repaired episode leaves none: all its windows were satisfied when it closed, so what is bad now came later.
    """
    done: dict[Window, datetime] = {}
    for episode in closed:
        if episode.closed_at is None or episode.closing is Closing.REPAIRED:
            continue
        for window in episode.windows:
            done[window] = max(done.get(window, episode.closed_at), episode.closed_at)
    return done


def is_handled(verdict: Verdict, done: Mapping[Window, datetime]) -> bool:
    """Whether a closed episode dealt with *verdict* already: a closed episode never reopens."""
    closed_at = done.get(verdict.window)
    return closed_at is not None and verdict.at <= closed_at


def _open(
    world: World, promise: Promise, key: Key, verdicts: Sequence[Verdict], done: Mapping[Window, datetime]
) -> Episode | None:
    """The first stretch that is long enough: violated windows, or unknown ones, none satisfied in between.

    Unknown windows neither extend nor break a row of violated ones (semantics 10); the stretch holds both.
    """
    stretch: list[Verdict] = []
    for index, verdict in enumerate(verdicts):
        if is_bad(world, verdict):
            if is_handled(verdict, done):
                continue
            stretch.append(verdict)
            row = [v for v in stretch if v.status is verdict.status]
            if _long_enough(promise, row, world.at):
                stretch += _following(world, verdicts[index + 1 :], done)
                return _opened(world, key, verdict, tuple(v.window for v in stretch))
        elif verdict.status is Status.SATISFIED:
            stretch = []
    return None


def _long_enough(promise: Promise, row: Sequence[Verdict], now: datetime) -> bool:
    if isinstance(promise.streak, timedelta):
        return now - row[0].at >= promise.streak
    return len(row) >= promise.streak


def _following(world: World, verdicts: Sequence[Verdict], done: Mapping[Window, datetime]) -> list[Verdict]:
    """The bad windows that follow the opening without a satisfied one in between."""
    rest = takewhile(lambda v: v.status is not Status.SATISFIED, verdicts)
    return [v for v in rest if is_bad(world, v) and not is_handled(v, done)]


def _opened(world: World, key: Key, opening: Verdict, windows: tuple[Window, ...]) -> Episode:
    return Episode(
        key=key,
        opening=opening.id,
        severity=opening.severity,
        status=opening.status,
        reason=opening.reason,
        windows=windows,
        opened_at=world.at,
        opened_wall=world.wall,
        changed_at=world.at,
    )


def _update(
    world: World, promise: Promise, episode: Episode, verdicts: Sequence[Verdict], done: Mapping[Window, datetime]
) -> Episode | None:
    joined = tuple(v.window for v in verdicts if _joins(world, promise, episode, v, done))
    if joined:
        windows = tuple(sorted((*episode.windows, *joined)))
        return replace(episode, windows=windows, changed_at=world.at, revision=episode.revision + 1)
    heads = {v.window: v for v in verdicts}
    held = [heads[w] for w in episode.windows if w in heads]
    if len(held) == len(episode.windows) and all(is_good(world, v) for v in held):
        repaired = all(v.satisfied for v in held)
        return _close(world, episode, Closing.REPAIRED if repaired else Closing.ACCEPTED)
    if _cleared(world, episode, verdicts, promise.clear_after):
        left = any(is_bad(world, v) and blocked(world.contract, v) for v in held)
        return _close(world, episode, Closing.UNREPAIRED if left else Closing.CLEARED)
    return None


def _joins(world: World, promise: Promise, episode: Episode, verdict: Verdict, done: Mapping[Window, datetime]) -> bool:
    """Whether a further bad window joins an open episode: a later one, or an older one that came late.

    Older windows that were too few for the promise's ``for:`` before it opened stay outside.
    """
    if verdict.window in episode.windows or not is_bad(world, verdict) or not may_open(world, verdict):
        return False
    if is_handled(verdict, done):
        return False
    later = verdict.window > min(episode.windows)
    return later or promise.streak == 1 or verdict.at > episode.opened_at


def _cleared(world: World, episode: Episode, verdicts: Sequence[Verdict], clear_after: int) -> bool:
    """Whether *clear_after* later windows are satisfied; unknown ones neither extend nor break the row.

    Later than the last window that is still bad, and judged after the opening: what was satisfied before a bad day
    came late says nothing about it, and its reactions must have their turn.
    """
    held = [v for v in verdicts if v.window in episode.windows and is_bad(world, v)]
    last_bad = max(_place(w) for w in ([v.window for v in held] or episode.windows))
    good = [v for v in verdicts if v.satisfied and v.at > episode.opened_at and _place(v.window) > last_bad]
    return len(good) >= clear_after


def _place(window: Window) -> tuple[datetime, datetime]:
    """Where a window stands in window order."""
    return window.end, window.start


def _close(world: World, episode: Episode, closing: Closing) -> Episode:
    return replace(
        episode,
        closed_at=world.at,
        closed_wall=world.wall,
        closing=closing,
        changed_at=world.at,
        revision=episode.revision + 1,
    )
