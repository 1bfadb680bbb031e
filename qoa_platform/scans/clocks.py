"""Owns counts over time: rows per stretch of time, and delays between two columns of times on logarithmic edges."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from qoa_platform.metrics.log_edges import log_edges
from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require_time
from qoa_platform.scans.times import micros_of
from qoa_platform.states import Frequencies, Histogram, State
from qoa_platform.states.frequencies import CAP

Clocked = tuple[Mapping[str, pl.Expr], Callable[[Mapping[str, Any]], State]]
"""Named aggregates, and the state that their values make."""
START, ROWS = "␟start", "count"


def bucketed(ask: Ask, schema: Schema) -> Clocked:
    """Rows per stretch of ``every`` seconds, aligned to 1970. Raises UnanswerableError."""
    column, every = ask.columns[0], dict(ask.params).get("every")
    require_time(column, schema, "a stretch of time")
    length = round(float(every) * 1e6) if isinstance(every, int | float) else 0
    if length < 1:
        raise UnanswerableError(f"a stretch of {every!r} seconds. Allowed: one microsecond or more")
    start = (micros_of(column, schema[column]).floordiv(length) * length).alias(START)
    prefix = f"stretches {column!r} {length} "
    found = start.drop_nulls().value_counts(name=ROWS)
    exprs = {prefix + "counts": found.implode(), prefix + "missing": pl.col(column).null_count()}

    def read(values: Mapping[str, Any]) -> State:
        pairs = values[prefix + "counts"] or []
        counts = {str(pair[START]): int(pair[ROWS]) for pair in pairs}
        missing = int(values[prefix + "missing"] or 0)
        return Frequencies.exact(counts, n=sum(counts.values()), missing=missing, cap=CAP)

    return exprs, read


def delayed(ask: Ask, schema: Schema) -> Clocked:
    """Delays from the first to the second column on ``log_edges``. Raises UnanswerableError."""
    for column in ask.columns:
        require_time(column, schema, "a delay")
    first, second = (micros_of(column, schema[column]) for column in ask.columns)
    delay = (second - first).cast(pl.Float64)
    edges = pl.Series(log_edges(), dtype=pl.Float64)
    prefix = f"delays {ask.columns} "
    places = edges_of(delay, edges)
    exprs = {prefix + "counts": places.value_counts(name=ROWS).implode(), prefix + "missing": delay.null_count()}
    digest = str(dict(ask.params)["digest"])

    def read(values: Mapping[str, Any]) -> State:
        counts = [0] * (len(edges) + 1)
        for pair in values[prefix + "counts"] or []:
            counts[pair[START]] = int(pair[ROWS])
        return Histogram(digest, tuple(counts), int(values[prefix + "missing"] or 0))

    return exprs, read


def edges_of(value: pl.Expr, edges: pl.Series) -> pl.Expr:
    """The right-closed bin of each present value among ascending *edges*."""
    return pl.lit(edges).search_sorted(value.drop_nulls(), side="left").alias(START)
