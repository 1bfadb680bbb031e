"""Owns stretches: the states of partitions become those of any stretch of time, and its readings (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import assert_never

from qoa_platform.metrics import Metric
from qoa_platform.records import Profile, Reading, Reason
from qoa_platform.states import Grouped, State

WHOLE = "all"
"""The name of the stretch that holds every partition."""


class Every(StrEnum):
    """Into which stretches partitions are put together."""

    ALL = "all"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A reading of one stretch: of the whole (*group* ``None``) or a group; from *found* of its *of* partitions."""

    stretch: str
    group: str | None
    reading: Reading
    found: int
    of: int


def stretch_of(partition: str, every: Every) -> str:
    """The stretch that a daily partition belongs to; weeks are those of ISO 8601.

    >>> [stretch_of("2017-01-01", e) for e in (Every.WEEK, Every.MONTH, Every.QUARTER, Every.YEAR)]
    ['2016-W52', '2017-01', '2017-Q1', '2017']

    Raises ValueError for a partition that is no day.
    """
    if every is Every.ALL:
        return WHOLE
    try:
        day = date.fromisoformat(partition)
    except ValueError as error:
        message = f"partition {partition!r} is no day, so it has no {every}. Allowed: YYYY-MM-DD"
        raise ValueError(message) from error
    match every:
        case Every.DAY:
            return partition
        case Every.WEEK:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02d}"
        case Every.MONTH:
            return f"{day:%Y-%m}"
        case Every.QUARTER:
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case Every.YEAR:
            return f"{day.year}"
        case _:
            assert_never(every)


def stretches(partitions: Sequence[str], every: Every) -> dict[str, tuple[str, ...]]:
    """The partitions of each stretch, in their order."""
    found: dict[str, list[str]] = {}
    for partition in sorted(partitions):
        found.setdefault(stretch_of(partition, every), []).append(partition)
    return {name: tuple(those) for name, those in found.items()}


def fold(states: Sequence[State]) -> State | None:
    """The states merged in their order, neighbours first; ``None`` without one.

    Neighbours first, because a state that holds values (frequencies, keys) grows as it is merged: each value is then
    touched log₂ N times and not N times.
    """
    level = list(states)
    while len(level) > 1:
        pairs = [a + b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0] if level else None


def rolling(
    states: Mapping[str, State], partitions: Sequence[str], days: int
) -> Iterator[tuple[str, State | None, int]]:
    """For every partition the merged states of the *days* that end with it, and how many there were.

    A queue of two stacks: every state is merged three times at most, however long the stretch is, and nothing is ever
    subtracted, for states cannot be. Raises ValueError for partitions that are no days.
    """
    older: list[tuple[str, State]] = []
    newer: list[str] = []
    newest: State | None = None
    for partition in sorted(partitions):
        first = (date.fromisoformat(stretch_of(partition, Every.DAY)) - timedelta(days=days - 1)).isoformat()
        if partition in states:
            newest = states[partition] if newest is None else newest + states[partition]
            newer.append(partition)
        while (oldest := older[-1][0] if older else next(iter(newer), None)) is not None and oldest < first:
            if not older:
                older, newer, newest = _turned(states, newer), [], None
            older.pop()
        parts = [s for s in (older[-1][1] if older else None, newest) if s is not None]
        yield partition, fold(parts), len(older) + len(newer)


def _turned(states: Mapping[str, State], newer: Sequence[str]) -> list[tuple[str, State]]:
    """The newer stack turned over: on top the oldest partition, with everything from it on merged."""
    found: list[tuple[str, State]] = []
    for partition in reversed(newer):
        state = states[partition] if not found else states[partition] + found[-1][1]
        found.append((partition, state))
    return found


def readings(
    metric: Metric, profile: Profile | None, state: State, *, groups: bool
) -> list[tuple[str | None, Reading]]:
    """What *metric* reads off a merged state: of the whole, and (*groups*) of every group that was seen."""
    names = [name for name, _ in state.groups] if groups and isinstance(state, Grouped) else []
    return [(name, _reading(metric, profile, state, name)) for name in (None, *names)]


def _reading(metric: Metric, profile: Profile | None, state: State, group: str | None) -> Reading:
    try:
        return metric.read(state, profile, group)
    except Exception as error:  # noqa: BLE001 (a metric may be anybody's)
        return Reading.unknown(Reason.ERROR, cause=f"{metric.id} cannot be read: {type(error).__name__}: {error}")
