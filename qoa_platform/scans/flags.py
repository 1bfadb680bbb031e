"""Owns Flags: the cells that row-level metrics point at, counted completely, listed up to a bound (metrics.md 1.6)."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from qoa_platform.metrics import Metric

MASKED = "•••"
"""What stands for a value of a sensitive column."""
TABLE = pl.Schema({
    "item": pl.UInt32, "metric": pl.String, "row": pl.UInt32, "column": pl.String, "value": pl.String,
    "expected": pl.String, "why": pl.String,
})  # fmt: skip
"""The columns of the table of flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """What one metric flags: *rows* and *cells*, all of them counted, however few are listed.

    *ambiguous* are rows in which something is wrong but nobody can say which cell. A metric that flags nothing because
    it cannot (it is not row-level, its column is not there) says so in *cause*.
    """

    metric: Metric
    rows: int = 0
    cells: int = 0
    ambiguous: int = 0
    why: str = ""
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What each wanted metric flags, in the order in which they were wanted, and the cells as a table.

    A line of *table* is a cell: ``item`` (the position of its metric among those wanted), ``metric``, ``row`` (position
    in the frame, from 0), ``column``, ``value`` as text (null where it is missing), ``expected`` (what most like it
    hold, where that is known) and ``why``. *mask* has one bit per row of the frame: whether any metric flags
    it. *rows* and *cells* count what any metric flags, once; *ambiguous* adds up what each leaves open.
    """

    flagged: tuple[Flagged, ...]
    table: pl.DataFrame
    mask: pl.Series
    rows: int = 0
    cells: int = 0
    ambiguous: int = 0

    def of(self, item: int) -> pl.DataFrame:
        """The listed cells of the metric at position *item*."""
        return self.table.filter(pl.col("item") == item)

    def __iter__(self) -> Iterator[Flagged]:
        return iter(self.flagged)
