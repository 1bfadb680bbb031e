"""Owns Summary: what a data set looks like, column by column, for people and for suggestions."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import ClassVar

import polars as pl

from qoa_platform.contracts.schema import LogicalType

Cell = str | int | float | bool | date | datetime | time | timedelta
"""A value as it is shown: decimals as floats, nested values and bytes as text."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TYPES = {
    pl.Boolean: LogicalType.BOOLEAN, pl.Date: LogicalType.DATE, pl.Datetime: LogicalType.TIMESTAMP,
    pl.Time: LogicalType.TIME, pl.Duration: LogicalType.TIME, pl.String: LogicalType.STRING,
    pl.Categorical: LogicalType.STRING, pl.Enum: LogicalType.STRING, pl.Binary: LogicalType.STRING,
    pl.List: LogicalType.ARRAY, pl.Array: LogicalType.ARRAY, pl.Struct: LogicalType.OBJECT,
    pl.Object: LogicalType.OBJECT,
}  # fmt: skip


def logical(dtype: pl.DataType) -> LogicalType:
    """The logical type of a column, as contracts declare it.

    >>> logical(pl.Int8()), logical(pl.Duration())
    (<LogicalType.INTEGER: 'integer'>, <LogicalType.TIME: 'time'>)
    """
    if dtype.is_integer():
        return LogicalType.INTEGER
    return LogicalType.NUMBER if dtype.is_numeric() else TYPES.get(dtype.base_type(), LogicalType.ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """A value, and how many rows hold it."""

    value: Cell
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Counts of B bins on B + 1 *edges*, for a plot: ``(eⱼ, eⱼ₊₁]``, the first one closed; all finite values are in.

    Inner bins have one width; where single values lie far out, the outer two are wider and hold these.
    """

    edges: tuple[Cell, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSummary:
    """What one column holds. A field that does not apply to its type, or has no value, is ``None`` or empty.

    *dtype* is the engine's name of the type. *n* rows, *missing* of them null, NaN or a declared token, *nonfinite* of
    them ±inf. *distinct* counts the present values (±inf too), within *distinct_bound* (0 where it is exact). *minimum*
    and *maximum* (text by code points), *mean*, *std* (ddof 1) and *quantiles* (type 7, at ``QUANTILES``) are of the
    finite values. *top* are the ten commonest values, ties by value; values seen once are listed only where all are.
    *entropy* in bits, of text and truth values. *cause* says why a column could not be summed up.
    """

    name: str
    type: LogicalType
    dtype: str
    n: int
    missing: int = 0
    nonfinite: int = 0
    distinct: int | None = None
    distinct_bound: float = 0.0
    minimum: Cell | None = None
    maximum: Cell | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[Cell, ...] = ()
    quantiles_bound: float = 0.0
    """Rank error of the quantiles: 0 where they are exact."""
    top: tuple[Common, ...] = ()
    top_bound: int = 0
    """By so much a count of *top* may be too small: 0 where all values were counted."""
    entropy: float | None = None
    histogram: Bins | None = None
    cause: str | None = None

    @property
    def present(self) -> int:
        """Rows that hold a value."""
        return self.n - self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The columns of a data set in their order, and its rows."""

    KIND: ClassVar[str] = "summary"

    rows: int
    columns: tuple[ColumnSummary, ...] = field(default=())

    def column(self, name: str) -> ColumnSummary | None:
        """The column of that name, or ``None``."""
        return next((c for c in self.columns if c.name == name), None)
