"""Owns the moving reference: what the last partitions held, merged from their stored states; no row is read twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import reduce
from itertools import pairwise
from math import fsum, isfinite, sqrt
from operator import add
from typing import Any

from qoa_platform.profiles.freezing import DICTIONARY_CAP, FreezeError
from qoa_platform.records import Ask, Category, ColumnProfile, Edges, Profile, Window
from qoa_platform.states import Frequencies, Grouped, Histogram, Moments, State


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
    where the ask has ``by``; moments become mean and std, histograms the counts on the edges of the ask. The name
    begins with ``last`` (a moving profile has a new digest for every window, and no series of its own), the window
    spans the days of the parts. A dictionary that is not exact, or has more than 10 000 values, is *overflow*: no
    reference, rather than half of one. Raises FreezeError without parts, for partitions that are no days, and for
    states that hold no reference.
    """
    if not parts:
        raise FreezeError(f"no partition of {subject} is there to compare with")
    ordered = sorted(parts, key=lambda part: part[0])
    state = reduce(add, [state for _, state in ordered])
    return Profile(
        name=f"last {len(ordered)} partitions of {subject}",
        subject=subject,
        window=_window([partition for partition, _ in ordered], subject),
        columns=tuple(
            _binned(state, ask)
            if ask.state == Histogram.NAME
            else _columns(state, "|".join(ask.columns), masks=dict(ask.params).get("of") == "mask")
        ),
        source=source,
        at=at,
        wall=wall,
    )


def unfilled(base: Profile) -> Profile:
    """*base* as a moving reference before any partition was counted on it: its edges and values, and no counts."""

    def emptied(bins: Edges | None) -> Edges | None:
        return None if bins is None else Edges(edges=bins.edges, counts=(0,) * len(bins.counts))

    columns = tuple(
        replace(
            c, n=0, missing=0, mean=None, std=None, fences=None, noise=(), bins10=emptied(c.bins10),
            bins2048=emptied(c.bins2048),
            dictionary=None if c.dictionary is None else tuple(replace(v, count=0) for v in c.dictionary),
        )
        for c in base.columns
    )  # fmt: skip
    return replace(base, name=f"last 0 partitions of {base.subject}", columns=columns, source=())


def _binned(state: State, ask: Ask) -> Iterator[ColumnProfile]:
    """The column whose counts stand on the edges of *ask*: fine ones where values were summed too, else the ten bins.

    Fine edges were frozen of one partition, and values of others lie beyond them: how far, the sums of the outer bins
    say. The mean is that of the sums, the standard deviation that of values which are even within bins.
    """
    edges: Any = dict(ask.params)["edges"]
    parts = [(None, state.whole), *state.groups] if isinstance(state, Grouped) else [(None, state)]
    for group, part in parts:
        if not isinstance(part, Histogram):
            raise FreezeError(f"a {part.NAME} of {ask.columns[0]!r} is no reference. Allowed: a histogram")
        bins, sums = Edges(edges=tuple(edges), counts=part.counts), dict(part.sums).get("x")
        known = ColumnProfile(
            column=ask.columns[0], group=group, n=part.n + part.missing, missing=part.missing,
            bins10=bins if sums is None else None, bins2048=None if sums is None else bins,
        )  # fmt: skip
        yield known if sums is None or not part.n else _ended(known, bins, sums)


def _ended(known: ColumnProfile, bins: Edges, sums: Sequence[float]) -> ColumnProfile:
    """*known* with the ends, the mean and the spread that the *sums* of the values in fine *bins* tell."""
    n, (low, high) = sum(bins.counts), (bins.edges[0], bins.edges[-1])
    beyond = (max(low * bins.counts[0] - sums[0], 0.0) / n, max(sums[-1] - high * bins.counts[-1], 0.0) / n)
    mean = fsum(sums) / n
    widths = [0.0, *(b - a for a, b in pairwise(bins.edges)), 0.0]
    parts = (c * ((s / c - mean) ** 2 + w * w / 12) for c, s, w in zip(bins.counts, sums, widths, strict=True) if c)
    finite = isfinite(mean)
    return replace(
        known, beyond=beyond, minimum=low, maximum=high, mean=mean if finite else None,
        std=sqrt(fsum(parts) / n) if finite else None,
    )  # fmt: skip


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
            raise FreezeError(f"a {state.NAME} of {column!r} is no reference. Allowed: frequencies, histogram, moments")
