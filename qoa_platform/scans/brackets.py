"""Owns exact quantiles of what does not fit in memory: a sketch brackets the wanted ranks, another reading decides."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor
from typing import Any

import numpy as np
import polars as pl

from qoa_platform.states import QuantileSketch
from qoa_platform.states.quantile_sketch import RANK_ERROR

SLACK = 1.5
"""How many rank errors a bracket is wide on either side: at one, a percent of them would miss."""


@dataclass(slots=True, kw_only=True)
class Bracket:
    """The values among which quantile *q* of *n* must stand: from *low* to *high*.

    While rows are read, those *below* are counted, and the distinct ones inside are kept with their counts, up to
    *limit*; a sketch of them narrows the bracket where they are more. :meth:`settled` then has the value, or the
    bracket has moved and the rows must be read again.
    """

    q: float
    n: int
    low: float
    high: float
    least: float
    greatest: float
    limit: int
    below: int = 0
    inside: QuantileSketch = field(default_factory=QuantileSketch)
    kept: pl.DataFrame | None = None
    overflown: bool = False

    @classmethod
    def of(cls, sketch: QuantileSketch, q: float, limit: int) -> "Bracket":
        """Around quantile *q* of a sketched column, of at least one value."""
        found, ends = sketch.located(q, SLACK), (sketch.located(0.0), sketch.located(1.0))
        return cls(
            q=q, n=sketch.n, low=found.low, high=found.high, least=ends[0].value, greatest=ends[1].value, limit=limit
        )  # fmt: skip

    def add(self, values: "np.ndarray[Any, Any]") -> None:
        """Some of the column's finite values."""
        self.below += int((values < self.low).sum())
        among = values[(values >= self.low) & (values <= self.high)]
        if not among.size:
            return
        self.inside += QuantileSketch.of_values(among)
        if self.overflown:
            return
        counted = pl.DataFrame({"value": among + 0.0}).group_by("value").agg(pl.len().cast(pl.Int64).alias("n"))
        self.kept = counted if self.kept is None else _merged(self.kept, counted)
        if self.kept.height > self.limit:
            self.kept, self.overflown = None, True

    def settled(self) -> float | None:
        """The quantile (type 7), or ``None``: the bracket has moved to where it must be."""
        position = (self.n - 1) * self.q
        first = floor(position)
        last, share = min(first + 1, self.n - 1), position - first
        end = self.below + self.inside.n
        if self.kept is not None and self.below <= first and last < end:
            low, high = self._at(first), self._at(last)
            return low if low == high else low * (1 - share) + high * share
        self._move(first, last, end)
        self.below, self.inside, self.kept, self.overflown = 0, QuantileSketch(), None, False
        return None

    def _at(self, rank: int) -> float:
        assert self.kept is not None  # noqa: S101 (it was looked at)
        ordered = self.kept.sort("value")
        ends = ordered.get_column("n").cum_sum().to_numpy()
        return float(ordered.get_column("value")[int(np.searchsorted(ends, rank - self.below, side="right"))])

    def _move(self, first: int, last: int, end: int) -> None:
        if self.below <= first and last < end:  # within, but too many: narrower
            inner, m = self.inside, max(self.inside.n - 1, 1)
            self.low, self.high = (
                inner.located((first - self.below) / m, SLACK).low, inner.located((last - self.below) / m, SLACK).high
            )  # fmt: skip
            return
        low, high = self.low, self.high
        self.low = self.least if first < self.below else low if first < end else high
        self.high = self.greatest if last >= end else high if last >= self.below else low


def _merged(a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([a, b]).group_by("value").agg(pl.col("n").sum())


def width(brackets: int, memory: int) -> int:
    """How many distinct values each of so many brackets may keep."""
    return max(1_000, memory // (192 * max(brackets, 1)))


def chances(n: int) -> Iterator[int]:
    """The readings that may be needed: every one narrows a bracket to a percent of it, or moves it for good."""
    rounds = 4
    while n > 1:
        n, rounds = int(n * 2 * SLACK * RANK_ERROR), rounds + 1
    return iter(range(rounds))
