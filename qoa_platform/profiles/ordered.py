"""Owns what a sorted column tells: extremes, mean and spread, quantiles, distinct and commonest values, bins to plot.

One vectorised sort (NumPy's, AVX-512 where there is) costs less than one hash table or one selection of quantiles, and
everything else is then read off neighbours: that is why a summary sorts each column of numbers and times once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOP = 10
BINS = 32
BLOCK = 1 << 16
"""So many values are worked on at once: they stay in the processor's cache, and no whole column is copied."""
TAILS = 0.005
"""Share of the values on either side that may be put into the outer bins of a plot."""
FAR = 3.0
"""How much wider than the middle the whole must be until they are."""
INT64 = 2**63

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What a sorted column holds. *nan* of its values were NaN, *nonfinite* ±inf; moments are of the others."""

    n: int
    nan: int
    nonfinite: int
    distinct: int
    low: int | float | None = None
    high: int | float | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[float, ...] = ()
    top: tuple[tuple[int | float, int], ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


def ordered(values: Array, quantiles: Sequence[float]) -> Ordered:
    """The facts of **sorted** *values* (integers or floats, NaN last, as NumPy sorts)."""
    nan = nonfinite = 0
    finite, present = values, values
    if values.dtype.kind == "f":
        start, end, last = (
            int(np.searchsorted(values, values.dtype.type(limit), side=side))  # type: ignore[call-overload]
            for limit, side in ((-np.inf, "right"), (np.inf, "left"), (np.nan, "left"))
        )
        present, finite = values[:last], values[start:end]
        nan, nonfinite = len(values) - last, last - end + start
    steps = _steps(present)
    if not finite.size:
        return Ordered(n=len(present), nan=nan, nonfinite=nonfinite, distinct=steps, top=_top(present, steps))
    mean, std = _moments(finite)
    edges = _edges(finite)
    return Ordered(
        n=len(present), nan=nan, nonfinite=nonfinite, distinct=steps, low=finite[0].item(), high=finite[-1].item(),
        mean=mean, std=std, quantiles=tuple(quantile(finite, q) for q in quantiles), top=_top(present, steps),
        edges=edges, counts=_binned(finite, edges),
    )  # fmt: skip


def _blocks(values: Array) -> Iterator[Array]:
    """The values in blocks of which each begins with the last value of the one before."""
    for begin in range(0, max(len(values) - 1, 1), BLOCK):
        yield values[begin : begin + BLOCK + 1]


def _steps(values: Array) -> int:
    """How many distinct values there are."""
    if not values.size:
        return 0
    return 1 + sum(int(np.count_nonzero(block[1:] != block[:-1])) for block in _blocks(values))


def _moments(values: Array) -> tuple[float | None, float | None]:
    """Mean and standard deviation (ddof 1), from sums about the median.

    ``|mean − median| ≤ std``, so the sum of squares about the median is at most twice the one about the mean: nothing
    is lost by taking one off the other, and the values are read once.
    """
    n, middle = len(values), values[len(values) // 2]
    sums, squares = 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for begin in range(0, n, BLOCK):
            gaps = _gaps(values[begin : begin + BLOCK], middle, values)
            sums += float(gaps.sum())
            squares += float(np.square(gaps, out=gaps).sum())
    mean = float(middle) + sums / n
    spread = sqrt(max(squares - sums * sums / n, 0.0) / (n - 1)) if n > 1 and isfinite(squares) else None
    return (mean if isfinite(mean) else None), spread


def _gaps(block: Array, middle: Any, values: Array) -> NDArray[np.float64]:
    """``block − middle`` as floats; of integers exactly, as long as the gap fits one."""
    if block.dtype.kind != "f" and int(values[-1]) - int(values[0]) < INT64:
        signed = block.astype(np.int64, copy=False) if block.dtype != np.uint64 else block.view(np.int64)
        base = np.int64(middle) if block.dtype != np.uint64 else np.uint64(middle).view(np.int64)
        return (signed - base).astype(np.float64)
    return block.astype(np.float64) - float(middle)


def quantile(values: Array, q: float) -> float:
    """Quantile *q* of sorted finite *values* by linear interpolation (Hyndman & Fan, type 7: ``np.quantile``)."""
    rank = (len(values) - 1) * q
    below = int(rank)
    share = rank - below
    low, high = values[below].item(), values[min(below + 1, len(values) - 1)].item()
    gap = high - low
    if not isfinite(gap):
        return float(low * (1 - share) + high * share)
    return float(low + gap * share if share < 0.5 else high - gap * (1 - share))  # noqa: PLR2004 (as NumPy rounds)


def _top(values: Array, distinct: int) -> tuple[tuple[int | float, int], ...]:
    """The commonest values with their counts, ties by value; those seen once only where all values are listed."""
    if not distinct or (distinct == len(values) and distinct > TOP):
        return ()
    positions, counts = _runs(values, distinct)
    chosen = np.arange(len(counts))
    if len(counts) > TOP:
        least = max(int(np.partition(counts, -TOP)[-TOP]), 2)
        above, tied = np.flatnonzero(counts > least), np.flatnonzero(counts == least)[:TOP]
        chosen = np.sort(np.concatenate((above, tied)))
    best = chosen[np.argsort(-counts[chosen], kind="stable")[:TOP]]
    pairs = ((values[positions[i]].item(), int(counts[i])) for i in best)
    return tuple((value or 0 * value, count) for value, count in pairs)  # no zero has a sign


def _runs(values: Array, distinct: int) -> tuple[Array, Array]:
    """Where each run of equal values begins, and its length; where most values stand alone, of the other runs only."""
    if distinct > TOP and distinct > len(values) / 2:
        repeats = np.flatnonzero(values[1:] == values[:-1])
        first = np.flatnonzero(np.diff(repeats, prepend=-2) != 1)
        return repeats[first], np.diff(first, append=len(repeats)) + 1
    starts = np.concatenate(([0], np.flatnonzero(values[1:] != values[:-1]) + 1))
    return starts, np.diff(starts, append=len(values))


def _edges(values: Array) -> tuple[float, ...]:
    tails = quantile(values, TAILS), quantile(values, 1 - TAILS)
    return edges_of(values[0].item(), values[-1].item(), tails, whole=values.dtype.kind != "f")


def edges_of(low: float, high: float, tails: tuple[float, float], *, whole: bool) -> tuple[float, ...]:
    """Edges of one width from *low* to *high*; *whole* numbers that are few lie in the middle of a bin each.

    Where the whole is much wider than the middle (between the *tails*), the outer two bins hold what lies far out.
    """
    if low == high:
        return (low - 0.5, high + 0.5) if isfinite(low) and low - 0.5 < low < high + 0.5 else ()
    if whole and high - low < BINS:
        return tuple(value - 0.5 for value in range(int(low), int(high) + 2))
    if 0 < tails[1] - tails[0] < (high - low) / FAR:
        return tuple(dict.fromkeys((float(low), *np.linspace(*tails, BINS - 1).tolist(), float(high))))
    width = high / BINS - low / BINS
    return tuple(dict.fromkeys((*(low + width * k for k in range(BINS)), float(high))))


def _binned(values: Array, edges: Sequence[float]) -> tuple[int, ...]:
    """The counts of ``(eⱼ, eⱼ₊₁]``, the first bin closed."""
    if len(edges) < 2:  # noqa: PLR2004
        return ()
    inner = np.array(edges[1:-1], dtype=np.float64)
    if values.dtype.kind != "f":
        limits = np.iinfo(values.dtype)
        whole = [min(max(int(np.floor(edge)), limits.min), limits.max) for edge in edges[1:-1]]
        inner = np.array(whole, dtype=values.dtype)
    below = [0, *np.searchsorted(values, inner, side="right").tolist(), len(values)]
    return tuple(b - a for a, b in pairwise(below))
