"""Owns Facts: what a column holds, looked at once: its values with their counts, and how much of it is number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

VALUES = 50_000
"""Most distinct values of a column that are looked at one by one; of more, the most frequent."""
NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
TEXT, NUMERIC, TEMPORAL, OTHER = "text", "number", "time", "other"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One column: *kind* (``text``, ``number``, ``time``, ``other``), *n* rows, *counts* of its present values.

    *counts* has the columns ``value`` and ``count``, most frequent first, then by value; of text the values as they
    are, of everything else as numbers or times. *distinct* counts them all, also those beyond ``VALUES``. *tokens* mean
    missing and are no values.
    """

    name: str
    kind: str
    n: int
    missing: int
    distinct: int
    counts: pl.DataFrame
    tokens: tuple[str, ...] = ()

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.n - self.missing

    @cached_property
    def pairs(self) -> tuple[tuple[str, int], ...]:
        """Values of text with their counts, most frequent first."""
        return tuple(self.counts.iter_rows()) if self.kind == TEXT else ()

    @cached_property
    def numbers(self) -> int:
        """Rows whose text is a plain number."""
        if self.kind != TEXT:
            return self.present if self.kind == NUMERIC else 0
        return int(self.counts.filter(pl.col("value").str.contains(NUMBER))["count"].sum())

    @cached_property
    def once(self) -> int:
        """Values that were seen exactly once."""
        return int((self.counts["count"] == 1).sum()) + max(0, self.distinct - self.counts.height)

    def without(self, tokens: tuple[str, ...]) -> "Facts":
        """The same column when *tokens* mean missing."""
        gone = self.counts["value"].is_in(list(tokens)) if self.kind == TEXT and tokens else None
        if gone is None or not gone.any():
            return self
        lost = self.counts.filter(gone)
        return replace(
            self, counts=self.counts.filter(~gone), missing=self.missing + int(lost["count"].sum()),
            distinct=self.distinct - lost.height, tokens=tokens,
        )  # fmt: skip


def look(frame: pl.DataFrame) -> Mapping[str, Facts]:
    """The facts of every column of *frame*, in its order.

    >>> facts = look(pl.DataFrame({"x": ["a", "b", "a", None]}))["x"]
    >>> facts.pairs, facts.missing, facts.once
    ((('a', 2), ('b', 1)), 1, 1)
    """
    return {column.name: _facts(column) for column in frame.iter_columns()}


def kind_of(dtype: pl.DataType) -> str:
    """Which of the four kinds a column of *dtype* is; whole text only, no lists, structs or bytes."""
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return TEXT
    if dtype.is_numeric():
        return NUMERIC
    return TEMPORAL if isinstance(dtype, pl.Date | pl.Datetime) else OTHER


def _facts(column: pl.Series) -> Facts:
    kind = kind_of(column.dtype)
    if kind == TEXT and column.dtype != pl.String:
        column = column.cast(pl.String)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    present = column.drop_nulls()
    if kind == OTHER and column.dtype != pl.Boolean:
        empty = pl.DataFrame({"value": [], "count": []}, schema={"value": pl.String, "count": pl.UInt32})
        return Facts(
            name=column.name, kind=kind, n=len(column), missing=len(column) - len(present), distinct=0, counts=empty
        )
    table = present.alias("value").value_counts(name="count")
    ordered = table.sort(["count", "value"], descending=[True, False])
    return Facts(
        name=column.name, kind=kind, n=len(column), missing=len(column) - len(present), distinct=table.height,
        counts=ordered.head(VALUES),
    )  # fmt: skip


def masked(values: pl.Expr) -> pl.Expr:
    """The mask of text: each run of letters ``a``, of digits ``9``, the rest as it is (metrics.md 4.9)."""
    return values.str.replace_all(r"\p{L}+", "a").str.replace_all(r"\p{Nd}+", "9")


def of_kind(facts: Mapping[str, Facts], *kinds: str) -> Iterable[Facts]:
    """The columns of the given kinds, in order."""
    return (f for f in facts.values() if f.kind in kinds)
