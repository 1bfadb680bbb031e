"""Owns the aggregates of a user's own metric in SQL: its bounded texts; what is written in narwhals is not pushed."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from qoa_platform.metrics.expr_metric import NATIVE, Field, aggregate_of
from qoa_platform.records import Ask
from qoa_platform.scans.fields import WHOLE, fields_of
from qoa_platform.scans.sql.columns import Layout
from qoa_platform.scans.sql.compiling import Kind, compiled
from qoa_platform.scans.sql.tallies import ALL, counted
from qoa_platform.scans.sql.text import NotPushed, Sql, Type, sql
from qoa_platform.states import Fields, State


def field_aggregates(ask: Ask, layout: Layout) -> tuple[dict[str, Sql], Callable[[Mapping[str, Any]], State]]:
    """The aggregates of all fields, and their state. Raises NotPushed."""
    found = list(fields_of(ask))
    exprs = {f"field {field.text}": _aggregate(field, layout) for field in found}

    def read(values: Mapping[str, Any]) -> State:
        named = ((field.name, field.rule, _number(field, values[f"field {field.text}"])) for field in found)
        return Fields(int(values["rows"]), tuple(sorted(named)))

    return {"rows": ALL, **exprs}, read


def _aggregate(field: Field, layout: Layout) -> Sql:
    if field.text.startswith(NATIVE):
        raise NotPushed(f"field {field.name!r} is written in narwhals")
    function, inner = aggregate_of("", field.name, field.text)
    if inner is None:
        return ALL
    value = compiled(inner, layout)
    match function, value.kind:
        case "count", _:
            return sql("count({})", value.sql)
        case "sum", Kind.TRUTH:
            return counted(value.sql)
        case "sum", Kind.WHOLE:
            return sql("sum({})", layout.dialect.cast(value.sql, Type.WIDE))
        case _, Kind.WHOLE | Kind.DOUBLE:
            return sql(f"{function}({{}})", value.sql)
        case _:
            raise NotPushed(f"{function} of {value.kind.value}")


def _number(field: Field, value: Any) -> int | float | None:
    if value is None:
        return 0 if field.rule == "sum" else None
    number = int(value) if isinstance(value, int | Decimal) else float(value)
    return number if isinstance(number, float) or abs(number) < WHOLE else float(number)
