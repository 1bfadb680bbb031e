"""Owns the reference that merged states are: what a range held, as a Profile that another range is read against."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from qoa_platform.profiles.freezing import DICTIONARY_CAP
from qoa_platform.records import Ask, Category, ColumnProfile, Edges, Profile, Window
from qoa_platform.states import Frequencies, Grouped, Histogram, Moments, State

FINE = 100
"""Histograms of more bins are those of the fine edges (KS, W1)."""


def merged_reference(
    states: Mapping[Ask, State], *, name: str, subject: str, window: Window, source: tuple[str, ...], at: datetime,
    wall: datetime,
) -> Profile:  # fmt: skip
    """The profile of a range: *states* are the merged answers of the range to asks of the same rows and groups.

    Histograms become edges with the range's own counts, frequencies the dictionary, moments mean and std; several of
    one column are put together. What holds no reference is passed over.
    """
    found: dict[tuple[str, str | None], ColumnProfile] = {}
    for ask, state in states.items():
        if len(ask.columns) != 1:
            continue
        parts = [(None, state.whole), *state.groups] if isinstance(state, Grouped) else [(None, state)]
        for group, part in parts:
            key = (ask.columns[0], group)
            known = found.get(key) or ColumnProfile(column=ask.columns[0], group=group, n=0, missing=0)
            found[key] = _with(known, ask, part)
    columns = tuple(found[key] for key in sorted(found, key=lambda k: (k[0], k[1] is not None, k[1] or "")))
    held = tuple(c for c in columns if c.bins10 or c.bins2048 or c.dictionary or c.mean is not None)
    return Profile(name=name, subject=subject, window=window, columns=held, source=source, at=at, wall=wall)


def _with(known: ColumnProfile, ask: Ask, state: State) -> ColumnProfile:
    """*known*, and what *state* adds to it."""
    match state:
        case Histogram():
            edges = dict(ask.params).get("edges")
            if not isinstance(edges, tuple) or len(edges) + 1 != len(state.counts):
                return known
            bins = Edges(edges=tuple(float(e) for e in edges if isinstance(e, int | float)), counts=state.counts)
            counted = replace(known, n=state.n + state.missing, missing=state.missing)
            return replace(counted, bins2048=bins) if len(state.counts) > FINE else replace(counted, bins10=bins)
        case Frequencies():
            over = state.error > 0 or len(state.counts) > DICTIONARY_CAP
            ordered = sorted(state.counts, key=lambda pair: (-pair[1], pair[0]))
            values = None if over else tuple(Category(value=value, count=count) for value, count in ordered)
            n, missing = state.n + state.missing, state.missing
            return replace(known, n=n, missing=missing, dictionary=values, overflow=over)
        case Moments() if state.n:
            std = (max(state.m2, 0.0) / state.n) ** 0.5
            n = known.n or state.n + state.n_nonfinite
            return replace(known, n=n, mean=state.mean, std=std)
        case _:
            return known
