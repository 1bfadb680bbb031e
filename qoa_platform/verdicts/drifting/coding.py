"""Owns coding: the values of a column on both sides as numbers of bins that the reference has set."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Codes = NDArray[np.int64]
TENTHS, FEW, TOP = 10, 20, 50
"""Numbers have ten bins of equal counts, or one for each of so few values; so many categories have one each."""
MISSING, OTHER = "(missing)", "(other)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A column in bins: their *labels*, and the bin of each row of the *reference* and of the *current* data."""

    labels: tuple[str, ...]
    reference: Codes
    current: Codes

    @property
    def counts(self) -> tuple[Codes, Codes]:
        """Rows per bin, of both sides."""
        size = len(self.labels)
        return np.bincount(self.reference, minlength=size), np.bincount(self.current, minlength=size)


def coded(reference: Any, current: Any) -> Coded:
    """The bins of metrics.md 4.10: tenths of the reference, its few values, or its 50 commonest categories.

    All others share a bin, as all missing (``None``, NaN) do; ±inf are the outermost numbers. Columns that are numbers
    on one side only are taken as categories.

    >>> coded([1, 1, 2, None], [2, 3, 1]).labels
    ('1', '2', '(other)', '(missing)')
    """
    before, after = _array(reference), _array(current)
    if before.dtype.kind == "f" and after.dtype.kind == "f":
        return _numbers(before, after)
    return _categories(_texts(before), _texts(after))


def _array(values: Any) -> Array:
    """As floats where they are numbers, else as objects."""
    found = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if found.dtype.kind in "iuf":
        return found.astype(np.float64)
    if found.dtype.kind == "O" and all(v is None or _is_number(v) for v in found.tolist()):
        present = [v for v in found.tolist() if v is not None]
        return np.array([np.nan if v is None else float(v) for v in found.tolist()]) if present else found
    return found.astype(object)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(values: Array) -> list[str | None]:
    return [None if v is None or v != v else str(v) for v in values.tolist()]  # noqa: PLR0124 (NaN, NaT)


def _numbers(before: Array, after: Array) -> Coded:
    present = np.sort(before[~np.isnan(before)])
    few = np.unique(present)
    if few.size <= FEW:
        return _placed([f"{v:g}" for v in few], few, before, after)
    ranks = np.ceil(np.arange(1, TENTHS) / TENTHS * present.size).astype(int) - 1
    edges = np.unique(present[ranks])
    edges = edges[edges < present[-1]] if edges[-1] == present[-1] and edges.size > 1 else edges
    named = [f"{e:.4g}" for e in edges]
    labels = [f"≤ {named[0]}", *(f"{a} – {b}" for a, b in pairwise(named)), f"> {named[-1]}"]

    def binned(values: Array) -> Codes:
        return np.where(np.isnan(values), len(labels), np.searchsorted(edges, values, side="left"))

    return Coded(labels=(*labels, MISSING), reference=binned(before), current=binned(after))


def _placed(labels: Sequence[str], few: Array, before: Array, after: Array) -> Coded:
    def binned(values: Array) -> Codes:
        at = np.minimum(np.searchsorted(few, values), max(few.size - 1, 0))
        same = few[at] == values if few.size else np.zeros(values.size, dtype=bool)
        return np.where(np.isnan(values), len(labels) + 1, np.where(same, at, len(labels))).astype(np.int64)

    return Coded(labels=(*labels, OTHER, MISSING), reference=binned(before), current=binned(after))


def _categories(before: Sequence[str | None], after: Sequence[str | None]) -> Coded:
    counts: dict[str, int] = {}
    for value in before:
        if value is not None:
            counts[value] = counts.get(value, 0) + 1
    top = sorted(counts, key=lambda v: (-counts[v], v))[:TOP]
    place: dict[str | None, int] = {v: i for i, v in enumerate(top)}
    place[None] = len(top) + 1

    def binned(values: Sequence[str | None]) -> Codes:
        return np.array([place.get(v, len(top)) for v in values], dtype=np.int64)

    return Coded(labels=(*top, OTHER, MISSING), reference=binned(before), current=binned(after))
