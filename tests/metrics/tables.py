"""Owns the tables that metrics are tried on: as Polars frames for the scan, as pandas frames for the oracles.

Both are built from the same Python lists, so that an oracle never reads what the scan has read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

import pandas as pd
import polars as pl
from hypothesis import strategies as st

TIME = pl.Datetime("us", "UTC")
SCHEMA: dict[str, Any] = {
    "x": pl.Float64, "k": pl.Int64, "s": pl.String, "g": pl.String, "b": pl.Boolean, "t": TIME, "a": TIME,
    "y": pl.Float64, "p": pl.Float64, "l": pl.Float64, "u": pl.Float64, "c": pl.Int64, "d": pl.Int64,
    "e": pl.String, "f": pl.String, "o": pl.Float64, "w": pl.String,
}  # fmt: skip
"""Numbers, whole numbers, text, a group, truth values, event time, arrival, truth and prediction.

Then the ends of an interval (the lower one is a baseline too), two columns of classes 0 and 1, two of classes that are
text, a score, and spellings.
"""
TOKENS = {"x": ("-999", "n/a"), "s": ("N/A",)}
"""What the contract declares as missing; ``""`` is a value."""
NO_GROUP = "␀"


@dataclass(frozen=True)
class Table:
    """Columns of equal length, as Python values."""

    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.columns["x"])

    def polars(self) -> pl.DataFrame:
        """What an asset's function returns."""
        return pl.DataFrame(self.columns, schema=SCHEMA, strict=True)

    @cached_property
    def pandas(self) -> pd.DataFrame:
        """What an oracle reads: objects, with None for whatever is missing (null, NaN, a declared token)."""
        cells = {name: [None if missing(name, v) else v for v in column] for name, column in self.columns.items()}
        return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells.items()})

    def cut(self, at: Sequence[int]) -> list["Table"]:
        """The parts between the cuts, which may be empty."""
        places = [0, *sorted(at), len(self)]
        return [Table({name: cells[i:j] for name, cells in self.columns.items()}) for i, j in pairwise(places)]


def missing(column: str, value: Any) -> bool:
    """The missing rule (metrics.md 1.1), of one cell."""
    tokens: tuple[Any, ...] = TOKENS["s"] if column == "s" else (-999.0,) if column == "x" else ()
    return value is None or (isinstance(value, float) and value != value) or value in tokens  # noqa: PLR0124 (NaN)


numbers = st.integers(-100_000, 100_000).map(lambda i: i / 1_000)
odd = st.sampled_from([None, float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, 2.5, -999.0])
moments = st.datetimes(datetime(1900, 1, 1), datetime(2099, 1, 1)) | st.datetimes(
    datetime(2017, 10, 3), datetime(2017, 10, 6)
)
close = st.integers(-4, 4).map(lambda i: datetime(2017, 10, 5) + i * timedelta(minutes=30))
times = st.none() | (moments | close).map(lambda t: t.replace(tzinfo=UTC))
WORDS = [
    "12", "-3.50", "+1e5", ".5", "1.", "1,5", "1_0", "NaN", "inf", " 7", "12.0 oz", "2017-10-04", "2017-02-30",
    "0000-01-01", "2016-02-29", "2017-10-04T23:59", "2017-10-04 12:00:01.5Z", "2017-10-04T24:00",
    "2017-10-04T12:00:00+01:00", "4.10.2017", "31.02.2017", "04.10.2017 7:05", "caf\u00c3\u00a9",
    "it\u00e2\u20ac\u2122s", "\u00c9T\u00c9\u00a0\u00bb", "\ufffd", "Grocery", "GROCERY ", "gro\u00adcery",
    "\uff27rocery", "grocery\u00a0 dept", "Grocery Dept", "\u00b2x",
]  # fmt: skip
"""Texts as files hold them: numbers, dates, broken characters, spellings of one word."""
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "x": odd | numbers,
    "k": st.none() | st.integers(-3, 8) | st.sampled_from([2**53 + 1, 2**60, -(2**60)]),
    "s": st.sampled_from([None, "a", "b", "A", "a ", "é", "", "N/A", "\ufffd", "🧀", "a\n"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=2),
    "g": st.sampled_from([None, "A", "B", "Ω"]),
    "b": st.none() | st.booleans(),
    "t": times,
    "a": times,
    "y": st.none() | numbers | st.sampled_from([0.0, float("inf")]),
    "p": st.none() | numbers | st.sampled_from([0.0, float("nan"), float("-inf")]),
    "l": st.none() | numbers | st.sampled_from([0.0, float("-inf")]),
    "u": st.none() | numbers | st.sampled_from([0.0, float("inf")]),
    "c": st.sampled_from([None, 0, 1, 1]),
    "d": st.sampled_from([None, 0, 1, 1]),
    "e": st.sampled_from([None, "a", "b", "c"]),
    "f": st.sampled_from([None, "a", "b", "c"]),
    "o": st.none() | st.integers(0, 42).map(lambda i: i / 40),
    "w": st.none() | st.sampled_from(WORDS) | st.text("0123456789+-.,eE: T_", max_size=6),
}


def column(cell: st.SearchStrategy[Any], n: int) -> st.SearchStrategy[list[Any]]:
    """A column of *n* cells: mixed, all missing, or all the same."""
    return st.lists(cell, min_size=n, max_size=n) | st.just([None] * n) | cell.map(lambda value: [value] * n)


@st.composite
def tables(draw: st.DrawFn, names: frozenset[str], max_rows: int = 9) -> Table:
    """A table of 0 to *max_rows* rows; columns that are not among *names* hold nothing."""
    n = draw(st.integers(0, max_rows))
    return Table({name: draw(column(cell, n)) if name in names else [None] * n for name, cell in CELLS.items()})
