"""Owns the predicates of a tally: what a hit is, for each ``hits``, and which rows are counted."""

from collections.abc import Iterable, Mapping
from functools import reduce
from math import ceil, floor
from operator import add, and_
from typing import Any, NamedTuple

import polars as pl

from qoa_platform.metrics.expressions import columns as columns_of
from qoa_platform.records import Ask
from qoa_platform.scans.columns import (
    Schema,
    UnanswerableError,
    fits_int64,
    is_text,
    is_time,
    require,
    require_number,
    require_text,
    require_time,
)
from qoa_platform.scans.compiling import condition, parsed
from qoa_platform.scans.texts import text_hit
from qoa_platform.scans.times import micros, micros_of

LARGE = 2.0**63


class Kept(NamedTuple):
    """The rows that are counted: a name, and the expression of their number. Equal names are equal expressions."""

    name: str
    expr: pl.Expr


ALL = Kept("rows", pl.len())


def kept(columns: Iterable[str], nullable: frozenset[str]) -> Kept:
    """The rows in which all *columns* are present; *nullable* are those that have a null anywhere."""
    match sorted(nullable.intersection(columns)):
        case []:
            return ALL
        case [column]:
            return Kept(f"rows {column!r}", pl.col(column).count())
        case missing:
            return Kept(f"rows {missing}", present(missing).sum())


def tally_exprs(ask: Ask, schema: Schema, nullable: frozenset[str]) -> tuple[Kept, Kept]:
    """Hits and rows of a tally. Raises UnanswerableError, CompileError, ExpressionError."""
    match dict(ask.params).get("hits"):
        case "rows":
            return ALL, ALL
        case "present":
            return kept(ask.columns, nullable), ALL
        case "cells":
            return _cells(ask.columns)
        case "expr":
            hits = _of_condition(ask, schema, nullable)
        case _:
            hits = hit(ask, schema).sum()
    return Kept(f"hits {ask.columns} {ask.expr} {ask.params}", hits), kept(ask.columns, nullable)


def hit(ask: Ask, schema: Schema) -> pl.Expr:
    """Whether a row is a hit of *ask*, a tally: true, false, or (where something is missing) null.

    What is counted and what is flagged (``flagging``) are this one expression, so that they cannot differ.
    Raises UnanswerableError, CompileError, ExpressionError.
    """
    params = dict(ask.params)
    match params.get("hits"):
        case "rows":
            return pl.lit(value=True)
        case "present":
            return present(ask.columns)
        case "expr":
            tree = parsed(ask.expr or "")
            require(sorted(columns_of(tree)), schema)
            return condition(tree, schema)
        case hits:
            return _hit(str(hits), ask, params, schema)


def present(columns: Iterable[str]) -> pl.Expr:
    """Whether all *columns* are present in a row, of none: always."""
    masks = [pl.col(column).is_not_null() for column in columns]
    return reduce(and_, masks) if masks else pl.lit(value=True)


def _cells(columns: tuple[str, ...]) -> tuple[Kept, Kept]:
    """Present cells, and cells: what is counted are cells, not rows."""
    present = reduce(add, (pl.col(column).count() for column in columns))
    return Kept(f"cells {columns}", present), Kept(f"of {len(columns)} cells", pl.len() * len(columns))


def _of_condition(ask: Ask, schema: Schema, nullable: frozenset[str]) -> pl.Expr:
    found = hit(ask, schema)
    if not columns_of(parsed(ask.expr or "")):
        return pl.when(found).then(pl.len()).otherwise(0)
    missing = sorted(nullable.intersection(ask.columns))
    return ((present(missing) & found) if missing else found).sum()


def _hit(hits: str, ask: Ask, params: Mapping[str, Any], schema: Schema) -> pl.Expr:  # noqa: C901 (one case per hit)
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
        case "zero":
            require_number(column, schema, "a comparison with zero")
            return pl.col(column) == 0
        case "parses" | "length" | "mojibake":
            return text_hit(hits, column, schema, params)
        case "after":
            return _after(ask, params, schema)
        case "fences":
            require_number(column, schema, "fences")
            _, low, high = params["fences"]  # frozen as floats: beyond 2⁵³ an integer would leave its own fences
            return pl.col(column).cast(pl.Float64).is_between(low, high)
        case _:
            raise UnanswerableError(f"a tally of {hits!r} is not known to this scan")


def between(column: str, schema: Schema, low: Any, high: Any, closed: str) -> pl.Expr:
    """Whether a number lies in a range; integers are compared as integers, so that nothing is rounded."""
    require_number(column, schema, "a range")
    whole = fits_int64(schema[column]) and all(bound is None or abs(bound) < LARGE for bound in (low, high))
    value = pl.col(column)
    if whole or not schema[column].is_float():
        value = value.cast(pl.Int64 if whole else pl.Float64)
    tests: list[pl.Expr] = []
    if low is not None:
        bound = ceil(low) if whole else float(low)
        tests.append(value > bound if closed in {"right", "none"} and bound == low else value >= bound)
    if high is not None:
        bound = floor(high) if whole else float(high)
        tests.append(value < bound if closed in {"left", "none"} and bound == high else value <= bound)
    return reduce(and_, tests) if tests else value.is_not_null()


def _in_set(column: str, schema: Schema, values: tuple[Any, ...]) -> pl.Expr:
    """Whether a value is one of *values*: numbers by value, text exactly, times as ISO 8601 spells them."""
    dtype, value = schema[column], pl.col(column)
    flags = [v for v in values if isinstance(v, bool)]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    texts = [v for v in values if isinstance(v, str)]
    fitting: list[Any]
    if isinstance(dtype, pl.Null):
        return value.is_not_null()
    if isinstance(dtype, pl.Boolean):
        fitting, test = flags, value.is_in(flags)
    elif fits_int64(dtype) and all(abs(v) < LARGE for v in numbers):
        whole = [int(v) for v in numbers if float(v).is_integer()]
        fitting, test = numbers, value.cast(pl.Int64).is_in(pl.Series(whole, dtype=pl.Int64).implode())
    elif dtype.is_numeric():
        precision = dtype if dtype.is_float() else pl.Float64()
        floats = pl.Series([float(v) for v in numbers], dtype=precision)
        fitting, test = numbers, value.cast(precision).is_in(floats.implode())
    elif is_time(dtype):
        moments = pl.Series([micros(v) for v in texts], dtype=pl.Int64)
        fitting, test = texts, micros_of(column, dtype).is_in(moments.implode())
    elif is_text(dtype):
        fitting, test = texts, value.cast(pl.String).is_in(pl.Series(texts, dtype=pl.String).implode())
    else:
        raise UnanswerableError(f"column {column!r} is {dtype}: a set needs text, numbers, booleans, dates or times")
    if values and not fitting:
        raise UnanswerableError(f"column {column!r} is {dtype}: none of {list(values)[:5]} can stand there")
    return test


def _after(ask: Ask, params: Mapping[str, Any], schema: Schema) -> pl.Expr:
    for column in ask.columns:
        require_time(column, schema, "a comparison of times")
    first, *second = (micros_of(column, schema[column]) for column in ask.columns)
    if second:
        return first > second[0] + round(float(params.get("skew") or 0.0) * 1e6)
    return first > micros(str(params["bound"]))
