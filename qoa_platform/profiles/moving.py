"""Owns the moving reference: what the last partitions held, merged from their stored states; no row is read twice."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import reduce
from operator import add

from qoa_platform.profiles.freezing import DICTIONARY_CAP, FreezeError
from qoa_platform.records import Ask, Category, ColumnProfile, Profile, Window
from qoa_platform.states import Frequencies, Grouped, Moments, State


def moving(
    parts: Sequence[tuple[str, State]],
    *,
    ask: Ask,
    subject: str,
    at: datetime,
    wall: datetime,
    source: tuple[str, ...],
) -> Profile:
    """The profile of the last partitions: *parts* are (partition, stored answer to *ask*), in any order.

    Frequencies become the dictionary of the ask's column (or its masks, where those were counted), and one per group
    where the ask has ``by``; moments become mean and std. The name begins with ``last`` (a moving profile has a new
    digest for every window, and no series of its own), the window spans the days of the parts. A dictionary that is not
    exact, or has more than 10 000 values, is *overflow*: no reference, rather than half of one. Raises FreezeError
    without parts, for partitions that are no days, and for states that hold no reference.
    """
    if not parts:
        raise FreezeError(f"no partition of {subject} is there to compare with")
    ordered = sorted(parts, key=lambda part: part[0])
    state = reduce(add, [state for _, state in ordered])
    return Profile(
        name=f"last {len(ordered)} partitions of {subject}",
        subject=subject,
        window=_window([partition for partition, _ in ordered], subject),
        columns=tuple(_columns(state, "|".join(ask.columns), masks=dict(ask.params).get("of") == "mask")),
        source=source,
        at=at,
        wall=wall,
    )


def _window(partitions: Sequence[str], subject: str) -> Window:
    try:
        first, last = (Window.of_day(date.fromisoformat(name)) for name in (partitions[0], partitions[-1]))
    except ValueError as error:
        message = f"partitions {partitions[0]!r} to {partitions[-1]!r} of {subject} are no days. Allowed: YYYY-MM-DD"
        raise FreezeError(message) from error
    return Window(start=first.start, end=last.end)


def _columns(state: State, column: str, *, masks: bool) -> Iterator[ColumnProfile]:
    if isinstance(state, Grouped):
        yield _column(state.whole, column, None, masks=masks)
        for group, part in state.groups:
            yield _column(part, column, group, masks=masks)
    else:
        yield _column(state, column, None, masks=masks)


def _column(state: State, column: str, group: str | None, *, masks: bool) -> ColumnProfile:
    match state:
        case Frequencies() if masks:
            over = state.error > 0 or len(state.counts) > DICTIONARY_CAP
            patterns = tuple(Category(value=value, count=count) for value, count in state.counts)
            return ColumnProfile(
                column=column, group=group, n=state.n + state.missing, missing=state.missing,
                masks=None if over else patterns,
            )  # fmt: skip
        case Frequencies():
            over = state.error > 0 or len(state.counts) > DICTIONARY_CAP
            ordered = sorted(state.counts, key=lambda pair: (-pair[1], pair[0]))
            known = tuple(Category(value=value, count=count) for value, count in ordered)
            return ColumnProfile(
                column=column, group=group, n=state.n + state.missing, missing=state.missing,
                dictionary=None if over else known, overflow=over,
            )  # fmt: skip
        case Moments():
            std = (max(state.m2, 0.0) / state.n) ** 0.5 if state.n else None
            return ColumnProfile(
                column=column, group=group, n=state.n + state.n_nonfinite, missing=0,
                mean=state.mean if state.n else None, std=std,
            )  # fmt: skip
        case _:
            raise FreezeError(f"a {state.NAME} of {column!r} is no reference. Allowed: frequencies, moments")
