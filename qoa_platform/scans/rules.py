"""Owns the support of rules between columns: what a dependency keeps, and rows in pairs that a constraint forbids.

Both are read off counts per distinct combination of values, so that repeated rows cost nothing.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, is_number, is_text, is_time
from qoa_platform.scans.times import micros_of
from qoa_platform.states import Sums

LEFT, TOTAL, TOP, KINDS, FIRST, SECOND = "␟left", "␟total", "␟top", "␟kinds", "␟x", "␟y"


def dependency(ask: Ask, table: pl.DataFrame, rows: str) -> Sums:
    """``kept`` rows if the least are removed so that left determines right, and rows in groups that ``conflict``.

    *table* counts, in column *rows*, each combination of the columns once.
    """
    params: Any = dict(ask.params)
    groups = (
        table.lazy().drop_nulls(list(ask.columns))
        .group_by(list(params["left"]))
        .agg(pl.col(rows).sum().alias(TOTAL), pl.col(rows).max().alias(TOP), pl.len().alias(KINDS))
    )  # fmt: skip
    conflict = pl.when(pl.col(KINDS) > 1).then(pl.col(TOTAL)).otherwise(0).alias(KINDS)
    n, kept, conflicting = groups.select(pl.col(TOTAL).sum(), pl.col(TOP).sum(), conflict.sum()).collect().row(0)
    return Sums.of_terms(int(n), kept=int(kept), conflict=int(conflicting)) if n else Sums()


def order(ask: Ask, table: pl.DataFrame, rows: str) -> Sums:
    """Rows that ``conflict``: with another one that is equal in ``equal``, x of the one stands before y of the other.

    A row conflicts as the first of a pair if its x stands before the greatest y of the others, and as the second if the
    least x of the others stands before its y. Raises UnanswerableError for columns that have no common order.
    """
    params: Any = dict(ask.params)
    x, operator, y = params["order"]
    if operator in {">", ">="}:
        x, y = y, x
    equal = list(params["equal"])
    first, second = _comparable(x, y, table.schema)
    known = table.drop_nulls(list(ask.columns)).select(*equal, first.alias(FIRST), second.alias(SECOND), pl.col(rows))
    known = known.with_columns(pl.lit(0).alias(LEFT))
    by = [LEFT, *equal]
    greatest, least = _others(SECOND, rows, by, least=False), _others(FIRST, rows, by, least=True)
    strict = operator in {"<", ">"}
    ahead = (pl.col(FIRST) < greatest) if strict else (pl.col(FIRST) <= greatest)
    behind = (least < pl.col(SECOND)) if strict else (least <= pl.col(SECOND))
    hit = ahead.fill_null(value=False) | behind.fill_null(value=False)
    found = known.select(pl.col(rows), hit.alias(KINDS))
    n, conflict = found.select(pl.col(rows).sum(), pl.col(rows).filter(pl.col(KINDS)).sum().alias(KINDS)).row(0)
    return Sums.of_terms(int(n), conflict=int(conflict)) if n else Sums()


def _others(column: str, rows: str, by: Sequence[str], *, least: bool) -> pl.Expr:
    """The greatest (or *least*) value of *column* among the other rows of the group; null where there is no other."""
    value = pl.col(column)
    extreme = (value.min() if least else value.max()).over(by)
    alone = pl.when(value == extreme).then(pl.col(rows)).otherwise(0).sum().over(by) == 1
    rest = pl.when(value != extreme).then(value)
    runner_up = (rest.min() if least else rest.max()).over(by)
    return pl.when((value == extreme) & alone).then(runner_up).otherwise(extreme)


def _comparable(x: str, y: str, schema: Schema) -> tuple[pl.Expr, pl.Expr]:
    one, two = schema[x], schema[y]
    if is_number(one) and is_number(two):
        kind = pl.Int128() if one.is_integer() and two.is_integer() else pl.Float64()
        return pl.col(x).cast(kind), pl.col(y).cast(kind)
    if is_text(one) and is_text(two):
        return pl.col(x).cast(pl.String), pl.col(y).cast(pl.String)
    if is_time(one) and is_time(two):
        return micros_of(x, one), micros_of(y, two)
    raise UnanswerableError(f"column {x!r} is {one} and {y!r} is {two}: an order needs numbers, texts or times of both")
