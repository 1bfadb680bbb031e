"""Owns ranges: between which numbers a column lies, and which of its numbers are implausible."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qoa_platform.profiles.suggesting.facts import NUMERIC, Facts

LEAST = 50
TAIL = 0.03
"""At most so many rows stand apart."""
FAR = 3.0
"""A number is far out beyond so many interquartile ranges (Tukey), and the next one inside is so many times nearer."""
STEPS, LARGE = 20, 1e7
"""Fewer different numbers show no decimal places, larger ones hold none exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The plausible numbers of a column, ``[low, high]`` (``None``: open), and how many rows lie *outside*."""

    column: str
    low: float | None
    high: float | None
    outside: int
    n: int


def plausible(facts: Facts) -> Range | None:
    """The range of a column of numbers, without what stands apart from all others.

    A number stands apart when it is far out (three interquartile ranges, on the linear scale and, where all are
    positive, on the logarithmic one) and three times as far from the median as the next number inside; at most 3 % of
    the rows do. A column that has no negative number is promised to have none.
    """
    if facts.kind != NUMERIC or facts.present < LEAST:
        return None
    values, counts = _held(facts)
    if values.size < 2:  # noqa: PLR2004 (a constant has no range)
        return None
    low, high = _ends(values, counts)
    outside = int(counts[(values < values[low]) | (values > values[high])].sum())
    floor = 0.0 if values[low] >= 0 else None
    return Range(
        column=facts.name, low=floor if floor is not None else (float(values[low]) if low else None),
        high=float(values[high]) if high < values.size - 1 else None, outside=outside, n=int(counts.sum()),
    )  # fmt: skip


def implausible(values: Sequence[float], counts: Sequence[int]) -> tuple[float, float] | None:
    """The least and the greatest plausible of *values* (ascending, with counts); ``None`` where none stands apart.

    >>> implausible([float(v) for v in range(1, 61)] + [9999.0], [1] * 61)
    (1.0, 60.0)
    """
    held, weights = np.array(values), np.array(counts)
    if weights.sum() < LEAST or held.size < 2:  # noqa: PLR2004 (a constant has no range)
        return None
    low, high = _ends(held, weights)
    return (float(held[low]), float(held[high])) if low or high < held.size - 1 else None


def _held(facts: Facts) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    table = facts.counts.select(pl.col("value").cast(pl.Float64), "count").sort("value")
    values, counts = table["value"].to_numpy(), table["count"].to_numpy().astype(np.int64)
    finite = np.isfinite(values)
    return values[finite], counts[finite]


def _ends(values: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[int, int]:
    """The positions of the least and the greatest value that do not stand apart."""
    below = np.cumsum(counts)
    total = int(below[-1])
    q1, middle, q3 = (float(values[np.searchsorted(below, q * total)]) for q in (0.25, 0.5, 0.75))
    reach = q3 - q1
    low, high = 0, values.size - 1
    if reach <= 0:
        return low, high
    for k in range(values.size - 1, 0, -1):
        if total - int(below[k - 1]) > TAIL * total or not _above(float(values[k]), q1, q3, reach):
            break
        if values[k] - middle >= FAR * max(float(values[k - 1]) - middle, reach):
            high = k - 1
    for k in range(values.size - 1):
        if int(below[k]) > TAIL * total or q1 - FAR * reach <= values[k]:
            break
        if middle - values[k] >= FAR * max(middle - float(values[k + 1]), reach):
            low = k + 1
    return low, high


def _above(value: float, q1: float, q3: float, reach: float) -> bool:
    if value <= q3 + FAR * reach:
        return False
    return q1 <= 0 or float(np.log(value)) > np.log(q3) + FAR * float(np.log(q3) - np.log(q1))


def grid(facts: Facts) -> int | None:
    """The power of ten that makes whole numbers of all values of a column of fractions (up to 10⁴), or ``None``.

    >>> from qoa_platform.profiles.suggesting.facts import look
    >>> grid(look(pl.DataFrame({"price": [k / 100 for k in range(100)]}))["price"])
    100
    """
    if facts.present < LEAST or facts.distinct < STEPS:
        return None
    values, _ = _held(facts)
    if not values.size or float(np.abs(values).max()) > LARGE:
        return None
    for step in (1, 10, 100, 1_000, 10_000):
        scaled = values * step
        if bool((np.abs(scaled - np.round(scaled)) < 1e-5).all()):  # noqa: PLR2004 (what a float loses)
            return step
    return None
