"""Owns what the rules of an ODCS data contract promise: library metrics and service levels as promises of ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from qoa_platform.contracts import grammar
from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.problem import show_value
from qoa_platform.metrics.expressions import ExpressionError, parse_condition
from qoa_platform.records import Fixed, Operator, Promise, Severity, Unit

MIRRORED = {
    Operator.LT: Operator.GT, Operator.LE: Operator.GE, Operator.GT: Operator.LT, Operator.GE: Operator.LE,
    Operator.EQ: Operator.EQ, Operator.NE: Operator.NE, Operator.BETWEEN: Operator.BETWEEN,
}  # fmt: skip
"""The operator on a share of good values, for one on the share of bad values."""

_CRITICAL = frozenset({"critical", "error", "blocker", "high"})
_UNITS = {
    "d": 86400.0, "day": 86400.0, "days": 86400.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "m": 60.0, "min": 60.0, "minute": 60.0, "minutes": 60.0, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "y": 365 * 86400.0, "yr": 365 * 86400.0, "year": 365 * 86400.0, "years": 365 * 86400.0,
}  # fmt: skip
_AGE = frozenset({"latency", "ly", "freshness"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A promise that a rule makes, the tokens it declares as missing, and what of the rule is not understood."""

    promise: Promise
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def quality_promise(rule: Mapping[str, Any], column: str | None) -> Terms | str:
    """The promise of one quality rule, or what about it is not understood.

    ``unit: percent`` of bad values becomes a share of good ones, with the operator mirrored: *less than 1 % null* is
    ``data.completeness > 99 %``.

    >>> quality_promise({"metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"}, "a").promise.must.bound
    0.99
    """
    kind = rule.get("type", "library" if "metric" in rule else "text")
    if kind in ("sql", "custom", "text"):
        return f"a {kind} rule (reported, never run): {_said(rule)}"
    if kind != "library":
        return f"a rule of type {show_value(kind)}"
    metric = rule.get("metric", rule.get("rule"))
    unit = rule.get("unit", "rows")
    if unit not in ("rows", "percent"):
        return f"unit {show_value(unit)} of {show_value(metric)}"
    operators = [key for key in rule if key.startswith("must")]
    if len(operators) != 1 or operators[0] not in grammar.MUST_KEYS:
        return f"{show_value(metric)} with {', '.join(map(show_value, operators)) or 'no operator'}"
    try:
        must = grammar.must_key(operators[0], rule[operators[0]])
    except GrammarError as error:
        return f"{show_value(metric)}: {error.message}"
    return _metric(metric, rule, column, must, percent=unit == "percent")


def _metric(metric: object, rule: Mapping[str, Any], column: str | None, must: Fixed, *, percent: bool) -> Terms | str:
    arguments = rule.get("arguments") or {}
    if not isinstance(arguments, dict):
        return f"arguments {show_value(arguments)} of {show_value(metric)}"
    severity = Severity.CRITICAL if str(rule.get("severity", "")).lower() in _CRITICAL else Severity.WARNING
    must = mirrored(must) if percent else must
    match metric, column:
        case "rowCount", None:
            return Terms(promise=_made("row_count", "data.row_count", (), must, severity))
        case (("nullValues" | "missingValues"), str()):
            name = "data.completeness" if percent else "data.missing_count"
            return _missing(arguments, column, _made(f"present_{column}", name, (column,), must, severity))
        case "duplicateValues", _:
            columns = (column,) if column is not None else tuple(map(str, arguments.get("properties") or ()))
            name = "data.distinctness" if percent else "data.duplicate_rows"
            return Terms(promise=_made("_".join(("unique", *columns)), name, columns, must, severity))
        case "invalidValues", str():
            return _invalid(arguments, column, must, severity, percent=percent)
        case _:
            level = "a property" if column is not None else "an object"
            return f"library metric {show_value(metric)} of {level}"


def _missing(arguments: Mapping[str, Any], column: str, promise: Promise) -> Terms:
    """A promise of present values, with the tokens that mean missing: texts only, null is missing anyway."""
    listed = arguments.get("missingValues")
    values = listed if isinstance(listed, list) else [] if listed is None else [listed]
    tokens = tuple(v for v in values if isinstance(v, str))
    odd = [show_value(v) for v in values if not isinstance(v, str | None)]
    notes = (f"missing values of {column!r} that are no text: {', '.join(odd)}",) if odd else ()
    return Terms(promise=promise, missing={column: tokens} if tokens else {}, notes=notes)


def _invalid(
    arguments: Mapping[str, Any], column: str, must: Fixed, severity: Severity, *, percent: bool
) -> Terms | str:
    values, pattern = arguments.get("validValues"), arguments.get("pattern")
    conditions = []
    if isinstance(values, list) and values and all(isinstance(v, str | int | float) for v in values):
        conditions.append(f"{_col(column)}.is_in([{', '.join(map(_literal, values))}])")
    if isinstance(pattern, str):
        conditions.append(f"{_col(column)}.str.contains({_literal(pattern)})")
    if not conditions:
        return f"invalidValues of {column!r} without validValues or pattern"
    name, expr = "data.pass_rate" if percent else "data.violation_count", " and ".join(conditions)
    try:
        parse_condition(expr)
    except ExpressionError as error:
        return f"invalidValues of {column!r}: {error}"
    promise = _made(f"valid_{column}", name, (), must, severity, expr=expr)
    return Terms(promise=promise)


def mirrored(must: Fixed) -> Fixed:
    """A bound on the percent of bad values as one on the share of good ones."""
    low, high = (100 - must.bound) / 100, None if must.upper is None else (100 - must.upper) / 100
    if high is not None:
        low, high = high, low
    operator = MIRRORED[must.operator]
    text = f"between {low:.12g} and {high:.12g}" if high is not None else f"{operator} {low:.12g}"
    return Fixed(operator=operator, bound=low, upper=high, text=text)


def sla_promise(item: Mapping[str, Any], column: str | None = None) -> Terms | str:
    """The promise of one service level on one *column* of event times: latency is the age of the newest row.

    >>> sla_promise({"property": "latency", "value": 26, "unit": "h"}).promise.must.bound
    93600.0
    """
    name = str(item.get("property", "")).strip()
    if name.lower() not in _AGE:
        return f"service level {show_value(name)}"
    factor = _UNITS.get(str(item.get("unit", "")).lower())
    value = item.get("value")
    if factor is None or not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        return f"service level {name}: {show_value(value)} {show_value(item.get('unit'))}"
    seconds = float(value) * factor
    if not seconds <= timedelta.max.total_seconds():
        return f"service level {name}: {show_value(value)} is too long"
    must = Fixed(operator=Operator.LE, bound=seconds, text=f"<= {seconds:.12g} {Unit.SECONDS.value}")
    return Terms(promise=_made("fresh", "data.timeliness", (column,) if column else (), must, Severity.WARNING))


def sla_columns(element: str | None, name: str, *, only: bool) -> tuple[str | None, ...]:
    """Which columns of object *name* an ``element`` means: ``tab1.a, tab2.b``; ``a`` where it is the *only* object.

    >>> sla_columns("tab1.a, tab2.b, tab1.c", "tab1", only=False), sla_columns("tab2.b", "tab1", only=False)
    (('a', 'c'), ())
    >>> sla_columns("a", "tab1", only=True), sla_columns(None, "tab1", only=True)
    (('a',), (None,))
    """
    if element is None:
        return (None,) if only else ()
    parts = [part.strip().rpartition(".") for part in element.split(",")]
    return tuple(column for where, _, column in parts if column and (where == name or (not where and only)))


def _made(
    wanted: str, metric: str, columns: tuple[str, ...], must: Fixed, severity: Severity, expr: str | None = None
) -> Promise:
    name = re.sub(r"[^a-z0-9_]+", "_", wanted.lower()).strip("_")[:64]
    return Promise(
        id=name if grammar.ID.fullmatch(name) else f"rule_{name}"[:64], metric=metric, columns=columns, expr=expr,
        must=must, severity=severity,
    )  # fmt: skip


def _col(column: str) -> str:
    return f"col({_literal(column)})"


def _literal(value: str | float) -> str:
    if isinstance(value, bool | int | float):
        return repr(value)
    escaped = (
        value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return f"'{escaped}'"


def _said(rule: Mapping[str, Any]) -> str:
    return show_value(rule.get("description") or rule.get("name") or rule.get("query") or rule.get("engine") or "")
