"""Owns row-local answers: an ask as Polars aggregates that share one select, and the state read off their values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require, require_number, require_ordered
from qoa_platform.scans.tallies import tally_exprs
from qoa_platform.scans.times import EPOCH, micros, micros_of
from qoa_platform.states import Comoments, Histogram, Moments, Span, State, Sums, Tally

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What aggregates are written over: the columns that are there, and which of them have nulls at all."""

    schema: Schema
    nullable: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Named aggregates (equal names are equal expressions), and the state that their values make."""

    exprs: Mapping[str, pl.Expr]
    read: Callable[[Values], State]


FUSED = frozenset({"tally", "sums", "moments", "comoments", "span", "histogram"})
"""``Ask.state`` answered by aggregates over rows: they share a pass."""


def aggregate(ask: Ask, rows: Rows) -> Aggregate:
    """The aggregates that answer *ask* (its ``where`` and ``by`` are the pass's). Raises UnanswerableError, CompileError."""
    require(ask.columns, rows.schema)
    params = dict(ask.params)
    match ask.state:
        case "tally":
            return _tally(ask, rows)
        case "sums":
            return _errors(ask, rows)
        case "moments":
            return _moments(ask.columns[0], rows)
        case "comoments":
            return _comoments(ask.columns, rows)
        case "span":
            return _span(ask.columns[0], rows, params.get("until"))
        case _:
            return _histogram(ask.columns[0], rows, params)


def _tally(ask: Ask, rows: Rows) -> Aggregate:
    hits, kept = tally_exprs(ask, rows.schema, rows.nullable)
    names = f"hits {ask.columns} {ask.expr} {ask.params}", f"rows {kept.name}"

    def read(values: Values) -> State:
        return Tally(int(values[names[0]] or 0), int(values[names[1]] or 0))

    return Aggregate(exprs={names[0]: hits, names[1]: kept.expr}, read=read)


def _errors(ask: Ask, rows: Rows) -> Aggregate:
    for column in ask.columns:
        require_number(column, rows.schema, "sums of errors")
    truth, prediction = (pl.col(name).cast(pl.Float64) for name in ask.columns)
    error = prediction - truth
    kept = truth if not rows.nullable.intersection(ask.columns) else pl.when(error.is_not_null()).then(truth)
    own = {
        "n": error.count(), "absolute": error.abs().sum(), "squared": (error * error).sum(), "error": error.sum(),
        "truth": kept.abs().sum(),
    }  # fmt: skip
    prefix = f"errors {ask.columns} "

    def read(values: Values) -> State:
        n = int(values[prefix + "n"] or 0)
        terms = {name: float(values[prefix + name] or 0.0) for name in own if name != "n"}
        return Sums.of_terms(n, **terms) if n else Sums()

    return Aggregate(exprs={prefix + name: expr for name, expr in own.items()}, read=read)


def _finite(column: str, rows: Rows) -> pl.Expr:
    """The finite values of a number column as float64; ±inf becomes null."""
    value = pl.col(column).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value) if _may_be_infinite(rows.schema[column]) else value


def _may_be_infinite(dtype: pl.DataType) -> bool:
    return dtype.is_float()


def _moments(column: str, rows: Rows) -> Aggregate:
    require_number(column, rows.schema, "moments")
    value = _finite(column, rows)
    gap = value - value.mean()
    square = gap * gap
    own = {
        "n": value.count(), "mean": value.mean(), "m2": square.sum(), "m3": (square * gap).sum(),
        "m4": (square * square).sum(),
    }  # fmt: skip
    if _may_be_infinite(rows.schema[column]):
        own["nonfinite"] = pl.col(column).is_infinite().sum()
    prefix = f"moments {column} "

    def read(values: Values) -> State:
        n, nonfinite = int(values[prefix + "n"] or 0), int(values.get(prefix + "nonfinite") or 0)
        if n == 0:
            return Moments(n_nonfinite=nonfinite)
        return Moments(n, *(float(values[prefix + name]) for name in ("mean", "m2", "m3", "m4")), nonfinite)

    return Aggregate(exprs={prefix + name: expr for name, expr in own.items()}, read=read)


def _comoments(columns: tuple[str, ...], rows: Rows) -> Aggregate:
    for column in columns:
        require_number(column, rows.schema, "comoments")
    a, b = (_finite(column, rows) for column in columns)
    both = a.is_not_null() & b.is_not_null()
    x, y = pl.when(both).then(a), pl.when(both).then(b)
    dx, dy = x - x.mean(), y - y.mean()
    own = {
        "n": x.count(), "mean_x": x.mean(), "mean_y": y.mean(), "m2x": (dx * dx).sum(), "m2y": (dy * dy).sum(),
        "cxy": (dx * dy).sum(),
    }  # fmt: skip
    if any(_may_be_infinite(rows.schema[column]) for column in columns):
        present = pl.col(columns[0]).is_not_null() & pl.col(columns[1]).is_not_null()
        own["nonfinite"] = (present & ~both).sum()
    prefix = f"comoments {columns} "

    def read(values: Values) -> State:
        n, nonfinite = int(values[prefix + "n"] or 0), int(values.get(prefix + "nonfinite") or 0)
        if n == 0:
            return Comoments(n_nonfinite=nonfinite)
        named = ("mean_x", "mean_y", "m2x", "m2y", "cxy")
        return Comoments(n, *(float(values[prefix + name]) for name in named), nonfinite)

    return Aggregate(exprs={prefix + name: expr for name, expr in own.items()}, read=read)


def _span(column: str, rows: Rows, until: Any) -> Aggregate:
    require_ordered(column, rows.schema, "a span")
    dtype = rows.schema[column]
    value, timely = spanned(column, dtype)
    if until is not None:
        if not timely:
            raise UnanswerableError(f"column {column!r} is {dtype}: a span until {until} needs dates or times")
        value = pl.when(value <= micros(str(until))).then(value)
    prefix = f"span {column} {until} "

    def read(values: Values) -> State:
        n = int(values[prefix + "n"] or 0)
        low, high = values[prefix + "low"], values[prefix + "high"]
        if n == 0:
            return Span()
        if timely:
            low, high = (EPOCH + timedelta(microseconds=moment) for moment in (low, high))
        return Span(n, low, high)

    exprs = {prefix + "n": value.count(), prefix + "low": value.min(), prefix + "high": value.max()}
    return Aggregate(exprs=exprs, read=read)


def spanned(column: str, dtype: pl.DataType) -> tuple[pl.Expr, bool]:
    """A column as what has extremes (microseconds since 1970 for times), and whether it holds times."""
    value = pl.col(column)
    match dtype:
        case pl.Date() | pl.Datetime():
            return micros_of(column, dtype), True
        case pl.Categorical() | pl.Enum():
            return value.cast(pl.String), False
        case pl.Decimal():
            return value.cast(pl.Float64), False
        case _ if dtype.is_float():
            return pl.when(value.is_finite()).then(value), False
        case _:
            return value, False


def _histogram(column: str, rows: Rows, params: Mapping[str, Any]) -> Aggregate:
    require_number(column, rows.schema, "a histogram")
    edges: tuple[float, ...] = tuple(params["edges"])
    value = pl.col(column)
    if not rows.schema[column].is_float():
        value = value.cast(pl.Float64)
    names = [f"le {column} {edge!r}" for edge in edges]
    exprs = {name: (value <= edge).sum() for name, edge in zip(names, edges, strict=True)}
    missing, present = f"missing {column}", f"rows {column}"
    exprs |= {missing: pl.col(column).null_count(), present: pl.col(column).count()}

    def read(values: Values) -> State:
        below = [0, *(int(values[name] or 0) for name in names), int(values[present] or 0)]
        counts = tuple(b - a for a, b in zip(below, below[1:], strict=False))
        return Histogram(str(params["digest"]), counts, int(values[missing] or 0))

    return Aggregate(exprs=exprs, read=read)
