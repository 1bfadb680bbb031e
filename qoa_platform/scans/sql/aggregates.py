"""Owns row-local answers in SQL: an ask as aggregates that share one statement, and the state read off their values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.aggregates import MANY_EDGES, SHAPE
from qoa_platform.scans.columns import is_time, require_number
from qoa_platform.scans.quantiles import level
from qoa_platform.scans.sql.columns import Layout
from qoa_platform.scans.sql.fields import field_aggregates
from qoa_platform.scans.sql.tallies import ALL, HITS, counted, tally
from qoa_platform.scans.sql.text import NotPushed, Place, Sql, bound, double, sql
from qoa_platform.scans.times import micros, moment
from qoa_platform.states import Comoments, Histogram, Moments, Span, State, Sums, Tally

Values = Mapping[str, Any]
STATES: Mapping[str, frozenset[str]] = {
    "sums": frozenset({"terms"}),
    "moments": frozenset({"order"}),
    "comoments": frozenset(),
    "span": frozenset({"until"}),
    "histogram": frozenset({"digest", "edges"}),
    "quantile": frozenset({"q"}),
    "fields": frozenset({"fields"}),
}
"""The states that are aggregates in SQL (beside tallies), each with the parameters that are understood here."""
COUNTS: Mapping[str, frozenset[str]] = {
    "frequencies": frozenset({"cap"}),
    "confusion": frozenset(),
    "uniqueness": frozenset({"missing_keys"}),
}
"""The states that are read off rows per value or key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Named aggregates (equal names are equal SQL), the means that they need beforehand, and the state they make.

    Central sums are taken about the mean of the same rows, which a first pass of the same statement computes; what the
    mean lacks in its last digits, the sum of the differences gives back.
    """

    exprs: Mapping[str, Sql]
    means: Mapping[str, Sql] = field(default_factory=dict)
    read: Callable[[Values], State]


def understand(ask: Ask) -> None:
    """Raises NotPushed for an ask with a state, a kind of hit or a parameter that is not counted in SQL."""
    given = {name for name, _ in ask.params}
    if ask.state == "tally":
        hits = str(dict(ask.params).get("hits"))
        known, given = HITS.get(hits), given - {"hits"}
    else:
        hits, known = "", {**STATES, **COUNTS}.get(ask.state)
    terms = dict(ask.params).get("terms", "errors")
    if known is None or not known >= given or terms != "errors":
        raise NotPushed(f"{ask.state} {hits} with {', '.join(sorted(given)) or 'no parameters'}")


def mean(name: str) -> Sql:
    """The place of a mean in an aggregate."""
    return Sql((Place(name),))


def aggregate(ask: Ask, layout: Layout) -> Aggregate:
    """The aggregates that answer *ask*; ``where`` and ``by`` belong to the pass. Raises NotPushed."""
    params: dict[str, Any] = dict(ask.params)
    match ask.state:
        case "tally":
            return _tally(ask, layout)
        case "sums":
            return _errors(ask, layout)
        case "moments":
            return _moments(ask.columns[0], layout, shape=params.get("order") == SHAPE)
        case "comoments":
            return _comoments(ask.columns, layout)
        case "fields":
            exprs, read = field_aggregates(ask, layout)
            return Aggregate(exprs=exprs, read=read)
        case "quantile":
            return _quantile(ask, layout)
        case "span":
            return _span(ask.columns[0], layout, params.get("until"))
        case _:
            return _histogram(ask.columns[0], layout, params)


def _tally(ask: Ask, layout: Layout) -> Aggregate:
    hits, rows = tally(ask, layout)
    names = f"hits {ask.columns} {ask.expr} {ask.params}", f"rows {sorted(ask.columns)}" if rows != ALL else "rows"
    if hits == ALL:
        names = names[1], names[1]

    def read(values: Values) -> State:
        return Tally(int(values[names[0]] or 0), int(values[names[1]] or 0))

    return Aggregate(exprs=dict(zip(names, (hits, rows), strict=True)), read=read)


def _errors(ask: Ask, layout: Layout) -> Aggregate:
    truth, prediction = (layout.number(name) for name in ask.columns)
    error = sql("({} - {})", prediction, truth)
    present = layout.present(ask.columns)
    terms = {"absolute": sql("abs({})", error), "squared": sql("{} * {}", error, error), "error": error}
    terms["truth"] = sql("abs({})", truth)
    prefix = f"errors {ask.columns} "
    exprs = {prefix + name: sql("sum({}) FILTER (WHERE {})", term, present) for name, term in terms.items()}

    def read(values: Values) -> State:
        n = int(values[prefix + "n"] or 0)
        return Sums.of_terms(n, **{name: float(values[prefix + name] or 0.0) for name in terms}) if n else Sums()

    return Aggregate(exprs={prefix + "n": counted(present), **exprs}, read=read)


def _moments(column: str, layout: Layout, *, shape: bool) -> Aggregate:
    """Central sums about the mean; the third and the fourth where they are asked for."""
    value, prefix = layout.finite(column), f"moments {column!r} "
    gap = sql("({} - {})", value, mean(prefix))
    exprs = {"n": sql("count({})", value), "low": sql("min({})", value), "high": sql("max({})", value)}
    powers = [gap]
    for _ in range(3 if shape else 1):
        powers.append(sql("{} * {}", powers[-1], gap))
    exprs |= {f"s{k}": sql("sum({})", power) for k, power in enumerate(powers, 1)}
    exprs["mean"] = sql("min({})", mean(prefix))
    if layout.schema[column].is_float():
        exprs["nonfinite"] = counted(layout.dialect.infinite(layout.value(column)))

    def read(values: Values) -> State:
        found: dict[str, Any] = {name: values.get(prefix + name) for name in (*exprs, "nonfinite")}
        nonfinite, n = int(found["nonfinite"] or 0), int(found["n"] or 0)
        if n == 0:
            return Moments(n_nonfinite=nonfinite)
        if found["low"] == found["high"]:
            none = 0.0 if shape else None
            return Moments(n, float(found["low"]), 0.0, none, none, nonfinite)
        s1, s2, *more = (float(found[f"s{k}"]) for k in range(1, len(powers) + 1))
        d = s1 / n
        m2 = max(s2 - d * s1, 0.0)
        if not more:
            return Moments(n, float(found["mean"]) + d, m2, None, None, nonfinite)
        s3, s4 = more
        m3 = s3 - 3 * d * s2 + 2 * d * d * s1
        m4 = s4 - 4 * d * s3 + 6 * d * d * s2 - 3 * d**3 * s1
        return Moments(n, float(found["mean"]) + d, m2, m3, max(m4, 0.0), nonfinite)

    named = {prefix + name: expr for name, expr in exprs.items()}
    return Aggregate(exprs=named, means={prefix: sql("avg({})", value)}, read=read)


def _comoments(columns: tuple[str, ...], layout: Layout) -> Aggregate:
    first, second = (layout.finite(column) for column in columns)
    both = sql("({} IS NOT NULL AND {} IS NOT NULL)", first, second)
    prefix = f"comoments {columns} "
    xs, ys = (sql("CASE WHEN {} THEN {} END", both, value) for value in (first, second))
    dx, dy = sql("({} - {})", xs, mean(prefix + "x")), sql("({} - {})", ys, mean(prefix + "y"))
    pairs = {"sx": dx, "sy": dy, "sxx": sql("{} * {}", dx, dx), "syy": sql("{} * {}", dy, dy)}
    pairs["sxy"] = sql("{} * {}", dx, dy)
    exprs = {name: sql("sum({})", term) for name, term in pairs.items()}
    for name, value in {"x": xs, "y": ys}.items():
        exprs |= {f"low_{name}": sql("min({})", value), f"high_{name}": sql("max({})", value)}
        exprs[f"mean_{name}"] = sql("min({})", mean(prefix + name))
    exprs |= {"n": counted(both), "nonfinite": counted(sql("{} AND NOT {}", layout.present(columns), both))}

    def read(values: Values) -> State:
        found = {name: values[prefix + name] for name in exprs}
        n, nonfinite = int(found["n"] or 0), int(found["nonfinite"] or 0)
        if n == 0:
            return Comoments(n_nonfinite=nonfinite)
        sx, sy, sxx, syy, sxy = (float(found[name]) for name in pairs)
        dx, dy = sx / n, sy / n
        flat_x, flat_y = (found[f"low_{c}"] == found[f"high_{c}"] for c in "xy")
        mean_x = float(found["low_x"]) if flat_x else float(found["mean_x"]) + dx
        mean_y = float(found["low_y"]) if flat_y else float(found["mean_y"]) + dy
        m2x, m2y = (0.0 if flat else max(s2 - d * s1, 0.0) for flat, s2, d, s1 in
                    ((flat_x, sxx, dx, sx), (flat_y, syy, dy, sy)))  # fmt: skip
        return Comoments(n, mean_x, mean_y, m2x, m2y, 0.0 if flat_x or flat_y else sxy - dx * sy, nonfinite)

    means = {prefix + "x": sql("avg({})", xs), prefix + "y": sql("avg({})", ys)}
    return Aggregate(exprs={prefix + name: expr for name, expr in exprs.items()}, means=means, read=read)


def _quantile(ask: Ask, layout: Layout) -> Aggregate:
    """Type 7, over present finite values. Raises NotPushed where its neighbours are too far apart to be subtracted."""
    require_number(ask.columns[0], layout.schema, "a quantile")
    value, q = layout.finite(ask.columns[0]), level(ask)
    prefix = f"quantile {ask.columns[0]!r} "
    counted_, wanted = prefix + "n", prefix + repr(q)

    def read(values: Values) -> State:
        n, found = int(values[counted_] or 0), values[wanted]
        if n and not isfinite(found):
            raise NotPushed(f"a quantile of {ask.columns[0]!r} that is {found}")
        return Sums.of_terms(n, value=float(found)) if n else Sums()

    order = sql("percentile_cont({}) WITHIN GROUP (ORDER BY {})", double(q), value)
    return Aggregate(exprs={counted_: sql("count({})", value), wanted: order}, read=read)


def _span(column: str, layout: Layout, until: Any) -> Aggregate:
    dtype = layout.schema[column]
    value, timely = layout.value(column), is_time(dtype)
    if dtype.is_float() or isinstance(dtype, pl.Decimal):
        value = layout.finite(column)
    if until is not None:
        value = sql("CASE WHEN {} <= {} THEN {} END", value, bound(micros(str(until))), value)
    prefix = f"span {column!r} {until} "

    def read(values: Values) -> State:
        n, low, high = (values[prefix + name] for name in ("n", "low", "high"))
        if not n:
            return Span()
        return Span(int(n), moment(low), moment(high)) if timely else Span(int(n), low, high)

    exprs = {"n": sql("count({})", value), "low": sql("min({})", value), "high": sql("max({})", value)}
    return Aggregate(exprs={prefix + name: expr for name, expr in exprs.items()}, read=read)


def _histogram(column: str, layout: Layout, params: Mapping[str, Any]) -> Aggregate:
    """Cumulative counts ``x ≤ e`` at the edges. Raises NotPushed for so many that sorting once is cheaper."""
    edges: tuple[float, ...] = tuple(params["edges"])
    if len(edges) > MANY_EDGES:
        raise NotPushed(f"a histogram on {len(edges):,} edges")
    value, prefix = layout.number(column), f"below {column!r} "
    present = f"rows {[column]}"
    names = [f"{prefix}{edge!r}" for edge in edges]
    exprs = {"rows": ALL, present: counted(layout.present([column]))}
    exprs |= {name: counted(sql("{} <= {}", value, double(edge))) for name, edge in zip(names, edges, strict=True)}

    def read(values: Values) -> State:
        n = int(values[present] or 0)
        steps = [0, *(int(values[name] or 0) for name in names), n]
        counts = tuple(b - a for a, b in pairwise(steps))
        return Histogram(str(params["digest"]), counts, int(values["rows"]) - n)

    return Aggregate(exprs=exprs, read=read)
