"""Owns the predicates of a tally: what a hit is, for each ``hits``, and which rows are counted."""

from collections.abc import Mapping
from functools import reduce
from math import ceil, floor
from operator import and_
from typing import Any, NamedTuple

import polars as pl

from qoa_platform.metrics.expressions import columns as columns_of
from qoa_platform.metrics.expressions import parse_condition
from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require, require_number, require_text, require_time
from qoa_platform.scans.compiling import compiled
from qoa_platform.scans.times import micros, micros_of

LARGE = 2.0**63
LOW, HIGH = "␟low", "␟high"
"""Columns that a grouped pass adds: the fences of the row's own group."""


class Kept(NamedTuple):
    """The rows that are counted: the name and the expression of their number."""

    name: str
    expr: pl.Expr


def tally_exprs(ask: Ask, schema: Schema, nullable: frozenset[str]) -> tuple[pl.Expr, Kept]:
    """Hits and rows of a tally. Raises UnanswerableError, CompileError, ExpressionError."""
    params = dict(ask.params)
    match params.get("hits"):
        case "rows":
            return pl.len(), ALL
        case "present":
            return kept(ask.columns, nullable).expr, ALL
        case "expr":
            return _of_condition(ask, schema, nullable)
        case hits:
            return _hit(str(hits), ask, params, schema).sum(), kept(ask.columns, nullable)


ALL = Kept("", pl.len())


def kept(columns: tuple[str, ...], nullable: frozenset[str]) -> Kept:
    """The rows in which all *columns* are present."""
    missing = sorted(nullable.intersection(columns))
    match missing:
        case []:
            return ALL
        case [column]:
            return Kept(column, pl.col(column).count())
        case _:
            return Kept(repr(missing), _present(missing).sum())


def _present(columns: list[str]) -> pl.Expr:
    return reduce(and_, (pl.col(column).is_not_null() for column in columns))


def _of_condition(ask: Ask, schema: Schema, nullable: frozenset[str]) -> tuple[pl.Expr, Kept]:
    condition = parse_condition(ask.expr or "")
    require(sorted(columns_of(condition)), schema)
    hit = compiled(condition, schema)
    if not columns_of(condition):
        return pl.when(hit).then(pl.len()).otherwise(0), ALL
    missing = sorted(nullable.intersection(ask.columns))
    return ((_present(missing) & hit) if missing else hit).sum(), kept(ask.columns, nullable)


def _hit(hits: str, ask: Ask, params: Mapping[str, Any], schema: Schema) -> pl.Expr:  # noqa: PLR0911 (one per kind)
    column = ask.columns[0]
    match hits:
        case "in_range":
            return between(column, schema, params.get("low"), params.get("high"), str(params.get("closed", "both")))
        case "in_set":
            return _in_set(column, schema, tuple(params.get("values", ())))
        case "matches":
            require_text(column, schema, "a pattern")
            return pl.col(column).cast(pl.String).str.contains(str(params["pattern"]), strict=True)
        case "finite":
            require_number(column, schema, "finiteness")
            return pl.col(column).is_finite() if schema[column].is_float() else pl.col(column).is_not_null()
        case "after":
            return _after(ask, params, schema)
        case "fences":
            _, low, high = params["fences"]
            return between(column, schema, low, high, "both")
        case _:
            raise UnanswerableError(f"a tally of {hits!r} is not known to this scan")


def between(column: str, schema: Schema, low: Any, high: Any, closed: str) -> pl.Expr:
    """Whether a number lies in a range; of integers compared as integers, so that nothing is rounded."""
    require_number(column, schema, "a range")
    dtype = schema[column]
    whole = _fits_int64(dtype) and all(bound is None or abs(bound) < LARGE for bound in (low, high))
    value = pl.col(column).cast(pl.Int64 if whole else pl.Float64)
    tests: list[pl.Expr] = []
    if low is not None:
        bound = ceil(low) if whole else float(low)
        strict = closed in {"right", "none"} and bound == low
        tests.append(value > bound if strict else value >= bound)
    if high is not None:
        bound = floor(high) if whole else float(high)
        strict = closed in {"left", "none"} and bound == high
        tests.append(value < bound if strict else value <= bound)
    return reduce(and_, tests) if tests else value.is_not_null()


def _fits_int64(dtype: pl.DataType) -> bool:
    return dtype.is_integer() and not isinstance(dtype, pl.UInt64 | pl.Int128 | pl.UInt128)


def _in_set(column: str, schema: Schema, values: tuple[Any, ...]) -> pl.Expr:
    """Whether a value is one of *values*: numbers by value, text exactly, times as ISO 8601."""
    dtype, value = schema[column], pl.col(column)
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    texts = [v for v in values if isinstance(v, str)]
    match dtype:
        case _ if _fits_int64(dtype) and all(abs(v) < LARGE for v in numbers):
            fitting = [int(v) for v in numbers if float(v).is_integer()]
            found = value.cast(pl.Int64).is_in(pl.Series(fitting, dtype=pl.Int64).implode())
        case _ if dtype.is_numeric():
            found = value.cast(pl.Float64).is_in(pl.Series(list(map(float, numbers)), dtype=pl.Float64).implode())
        case pl.Boolean():
            numbers = [v for v in values if isinstance(v, bool)]
            found = value.is_in(pl.Series(numbers, dtype=pl.Boolean).implode())
        case pl.Date() | pl.Datetime():
            moments = pl.Series(list(map(micros, texts)), dtype=pl.Int64)
            return micros_of(column, dtype).is_in(moments.implode())
        case _:
            require_text(column, schema, "a set of values")
            numbers = texts
            found = value.cast(pl.String).is_in(pl.Series(texts, dtype=pl.String).implode())
    if values and not numbers:
        kind = "text" if texts else "numbers"
        raise UnanswerableError(f"column {column!r} is {dtype}: none of the {len(values)} values ({kind}) can stand there")
    return found


def fenced(column: str, schema: Schema) -> pl.Expr:
    """Whether a number lies in the fences of its row's own group (columns LOW and HIGH)."""
    require_number(column, schema, "fences")
    return pl.col(column).cast(pl.Float64).is_between(pl.col(LOW), pl.col(HIGH))


def _after(ask: Ask, params: Mapping[str, Any], schema: Schema) -> pl.Expr:
    for column in ask.columns:
        require_time(column, schema, "a comparison of times")
    first = micros_of(ask.columns[0], schema[ask.columns[0]])
    if len(ask.columns) > 1:
        second = micros_of(ask.columns[1], schema[ask.columns[1]])
        return first > second + round(float(params.get("skew") or 0.0) * 1e6)
    return first > micros(str(params["bound"]))
