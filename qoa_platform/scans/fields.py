"""Owns the aggregates of a user's own metric: bounded texts and narwhals expressions, in the pass of all others."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from qoa_platform.metrics.expr_metric import NATIVE, Field, aggregate_of, native
from qoa_platform.metrics.expression_nodes import Expr, Kind, columns, kind
from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require
from qoa_platform.scans.compiling import compiled, condition
from qoa_platform.scans.widths import wide, width
from qoa_platform.states import Fields, State

WHOLE = 2**63
"""A sum beyond it is a float: no state holds more bits."""


def fields_of(ask: Ask) -> Iterator[Field]:
    """The fields that an ask names."""
    flat: Any = dict(ask.params).get("fields", ())
    for name, rule, text in zip(flat[0::3], flat[1::3], flat[2::3], strict=True):
        yield Field(name, rule, text)


def field_exprs(ask: Ask, schema: Schema) -> tuple[dict[str, pl.Expr], Callable[[Mapping[str, Any]], State]]:
    """The aggregates of all fields, and their state. Raises UnanswerableError, CompileError, MetricError."""
    found = list(fields_of(ask))
    exprs = {f"field {field.text}": _expr(field, schema) for field in found}

    def read(values: Mapping[str, Any]) -> State:
        named = ((field.name, field.rule, _number(field, values[f"field {field.text}"])) for field in found)
        return Fields(int(values["rows"]), tuple(sorted(named)))

    return {"rows": pl.len(), **exprs}, read


def _expr(field: Field, schema: Schema) -> pl.Expr:
    if field.text.startswith(NATIVE):
        return _one(field, native(field.text), schema)
    function, inner = aggregate_of("", field.name, field.text)
    if inner is None:
        return pl.len()
    require(sorted(columns(inner)), schema)
    value = _value(inner, schema)
    match function:
        case "count":
            return value.count()
        case "sum":
            return value.sum()
        case "min":
            return value.min()
        case _:
            return value.max()


def _one(field: Field, expr: pl.Expr, schema: Schema) -> pl.Expr:
    """*expr*, if it makes one value of two rows. Raises UnanswerableError: a value per row would be taken for one."""
    names = expr.meta.root_names()
    require(names, schema)
    rows = pl.DataFrame({name: pl.Series(name, [None, None], dtype=schema[name]) for name in names} or {"": [0, 0]})
    if rows.select(expr).height != 1:
        raise UnanswerableError(f"field {field.name!r} has a value per row. Allowed: one aggregate, such as .sum()")
    return expr


def _value(inner: Expr, schema: Schema) -> pl.Expr:
    """What is aggregated: whole numbers in a type that holds their sum, conditions as true and false."""
    if kind(inner) is Kind.CONDITION:
        return condition(inner, schema)
    bits = width(inner, schema)
    return compiled(inner, schema) if bits is None else wide(compiled(inner, schema), max(bits + 40, 63))


def _number(field: Field, value: Any) -> int | float | None:
    """The value as a number. Raises UnanswerableError for text, times and lists."""
    match value:
        case None:
            return 0 if field.rule == "sum" else None
        case bool():
            return int(value)
        case int():
            return value if abs(value) < WHOLE else float(value)
        case float():
            return value
        case Decimal():
            return float(value)
        case _:
            raise UnanswerableError(f"field {field.name!r} is {value!r}. Allowed: an aggregate that is one number")
