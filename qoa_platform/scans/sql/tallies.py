"""Owns the predicates of a tally in SQL: the rows that are counted, and those that hit."""

from collections.abc import Mapping
from math import ceil, floor
from typing import Any

from qoa_platform.metrics.expression_nodes import Matching
from qoa_platform.metrics.expressions import columns as columns_of
from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, fits_int64
from qoa_platform.scans.compiling import parsed
from qoa_platform.scans.sql.columns import Layout
from qoa_platform.scans.sql.compiling import Kind, Typed, among, condition, kind_of, matched
from qoa_platform.scans.sql.text import Sql, bound, double, joined, sql
from qoa_platform.scans.times import micros

ALL = Sql(("count(*)",))
HITS: Mapping[str, frozenset[str]] = {
    "rows": frozenset(),
    "present": frozenset(),
    "expr": frozenset(),
    "in_range": frozenset({"low", "high", "closed"}),
    "in_set": frozenset({"values"}),
    "matches": frozenset({"pattern"}),
    "finite": frozenset(),
    "after": frozenset({"bound", "skew"}),
    "fences": frozenset({"fences"}),
}
"""The kinds of hits that SQL counts, each with the parameters that are understood here."""


def counted(condition_: Sql) -> Sql:
    """The number of rows in which a condition is true."""
    return sql("count(*) FILTER (WHERE {})", condition_)


def tally(ask: Ask, layout: Layout) -> tuple[Sql, Sql]:
    """Hits and rows. Raises NotPushed."""
    params: dict[str, Any] = dict(ask.params)
    hits = str(params["hits"])
    if hits == "rows" or not ask.columns:
        hit = ALL if hits == "rows" else counted(_hit(hits, ask, params, layout))
        return hit, ALL
    present = layout.present(ask.columns)
    if hits == "present":
        return counted(present), ALL
    layout.require(ask.columns)
    return counted(sql("{} AND {}", present, _hit(hits, ask, params, layout))), counted(present)


def _hit(hits: str, ask: Ask, params: Mapping[str, Any], layout: Layout) -> Sql:
    if hits == "expr":
        tree = parsed(ask.expr or "")
        layout.require(sorted(columns_of(tree)))
        return condition(tree, layout)
    column = ask.columns[0]
    value = layout.value(column)
    match hits:
        case "in_range":
            return _between(column, layout, params)
        case "in_set":
            return _in_set(column, layout, params)
        case "matches":
            text = Typed(value, kind_of(layout.schema[column]))
            return matched(Matching.CONTAINS, text, str(params["pattern"]), layout).sql
        case "finite":
            infinite = layout.dialect.infinite(value)
            return sql("NOT {}", infinite) if layout.schema[column].is_float() else sql("{} IS NOT NULL", value)
        case "after":
            return _after(ask, params, layout)
        case _:
            _, low, high = params["fences"]
            return sql("{} BETWEEN {} AND {}", layout.number(column), double(low), double(high))


def _in_set(column: str, layout: Layout, params: Mapping[str, Any]) -> Sql:
    """Those of the values that can stand in the column; that some can has been checked."""
    kind = kind_of(layout.schema[column])
    wanted = {Kind.TRUTH: bool, Kind.TEXT: str, Kind.TIME: str}.get(kind, (int, float))
    values: tuple[Any, ...] = tuple(params.get("values", ()))
    fitting: list[Any] = [
        v for v in values if isinstance(v, wanted) and (kind is Kind.TRUTH or not isinstance(v, bool))
    ]
    return among(Typed(layout.value(column), kind), fitting).sql


def _between(column: str, layout: Layout, params: Mapping[str, Any]) -> Sql:
    low, high, closed = params.get("low"), params.get("high"), str(params.get("closed", "both"))
    whole = _as_whole(layout.schema, column, low, high)
    value = layout.value(column) if whole else layout.number(column)
    tests: list[Sql] = []
    if low is not None:
        end = ceil(low) if whole else float(low)
        tests.append(sql(f"{{}} {'>' if closed in {'right', 'none'} and end == low else '>='} {{}}", value, bound(end)))
    if high is not None:
        end = floor(high) if whole else float(high)
        tests.append(sql(f"{{}} {'<' if closed in {'left', 'none'} and end == high else '<='} {{}}", value, bound(end)))
    return joined(" AND ", tests) if tests else sql("{} IS NOT NULL", value)


def _as_whole(schema: Schema, column: str, *ends: float | None) -> bool:
    return fits_int64(schema[column]) and all(end is None or abs(end) < 2.0**63 for end in ends)


def _after(ask: Ask, params: Mapping[str, Any], layout: Layout) -> Sql:
    first, *second = (layout.value(column) for column in ask.columns)
    if second:
        return sql("{} > {} + {}", first, second[0], bound(round(float(params.get("skew") or 0.0) * 1e6)))
    return sql("{} > {}", first, bound(micros(str(params["bound"]))))
