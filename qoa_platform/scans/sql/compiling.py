"""Owns the way from the bounded expression language to SQL: the meaning of ``scans.compiling``, or not at all."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, assert_never

import polars as pl

from qoa_platform.metrics.expression_nodes import (
    And,
    Apply,
    Arithmetic,
    Column,
    Comparing,
    Comparison,
    Computing,
    Expr,
    Function,
    IsBetween,
    IsIn,
    IsNull,
    Literal,
    Match,
    Matching,
    Negative,
    Not,
    Or,
    Value,
    When,
)
from qoa_platform.scans.columns import is_text, is_time
from qoa_platform.scans.sql.columns import Layout
from qoa_platform.scans.sql.regexes import common
from qoa_platform.scans.sql.text import NotPushed, Sql, Type, bound, double, joined, sql
from qoa_platform.scans.times import micros
from qoa_platform.scans.widths import width

MOST_VALUES = 1_000
"""A set of more is no list: it is streamed."""


class Kind(Enum):
    """What a piece of SQL yields."""

    WHOLE = "a whole number"
    DOUBLE = "a double"
    DECIMAL = "a decimal"
    TEXT = "text"
    TRUTH = "true or false"
    TIME = "microseconds"


class Typed(NamedTuple):
    """A piece of SQL and what it yields."""

    sql: Sql
    kind: Kind


NUMBERS = frozenset({Kind.WHOLE, Kind.DOUBLE, Kind.DECIMAL})


def condition(expr: Expr, layout: Layout) -> Sql:
    """*expr* as a condition. Raises NotPushed for what this dialect cannot say exactly."""
    return _truth(compiled(expr, layout))


def compiled(expr: Expr, layout: Layout) -> Typed:  # noqa: C901 (one case per node)
    """*expr* over the normal columns of *layout*: NULL in, NULL out; ``AND`` and ``OR`` are Kleene's in SQL too."""
    match expr:
        case Column(name=name):
            layout.require([name])
            return Typed(layout.value(name), kind_of(layout.schema[name]))
        case Literal(value=value):
            return _literal(value)
        case Negative(operand=x):
            return _negative(x, layout)
        case Not(operand=x):
            return _condition("(NOT {})", _truth(compiled(x, layout)))
        case And(operands=xs):
            return Typed(sql("({})", joined(" AND ", (condition(x, layout) for x in xs))), Kind.TRUTH)
        case Or(operands=xs):
            return Typed(sql("({})", joined(" OR ", (condition(x, layout) for x in xs))), Kind.TRUTH)
        case Comparison(operator=operator, left=a, right=b):
            return _compared(operator, a, b, layout)
        case Arithmetic():
            return _computed(expr, layout)
        case When(cases=cases, otherwise=z):
            return _chosen(cases, z, layout)
        case _:
            return _called(expr, layout)


def kind_of(dtype: pl.DataType) -> Kind:
    """What a column of *dtype* yields."""
    if is_time(dtype):
        return Kind.TIME
    if is_text(dtype):
        return Kind.TEXT
    match dtype:
        case pl.Boolean():
            return Kind.TRUTH
        case pl.Decimal():
            return Kind.DECIMAL
        case _:
            return Kind.DOUBLE if dtype.is_float() else Kind.WHOLE


def _literal(value: Value) -> Typed:
    match value:
        case bool():
            return Typed(Sql(("TRUE" if value else "FALSE",)), Kind.TRUTH)
        case str():
            return Typed(bound(value), Kind.TEXT)
        case _:
            return Typed(bound(value), Kind.WHOLE if isinstance(value, int) else Kind.DOUBLE)


def _called(expr: Apply | Match | IsIn | IsBetween | IsNull, layout: Layout) -> Typed:
    match expr:
        case Apply(function=function, operand=x):
            return _applied(function, x, layout)
        case Match(matching=matching, operand=x, text=text):
            return matched(matching, compiled(x, layout), text, layout)
        case IsIn(operand=x, values=values):
            return among(compiled(x, layout), values)
        case IsBetween(operand=x, low=a, high=b):
            ends = ((Comparing.GE, a), (Comparing.LE, b))
            return Typed(sql("({} AND {})", *(_compared(op, x, end, layout).sql for op, end in ends)), Kind.TRUTH)
        case IsNull(operand=x, negated=negated):
            return _condition("({} IS NOT NULL)" if negated else "({} IS NULL)", compiled(x, layout).sql)
        case _:
            assert_never(expr)


def _condition(template: str, *operands: Sql) -> Typed:
    return Typed(sql(template, *operands), Kind.TRUTH)


def _truth(found: Typed) -> Sql:
    if found.kind is not Kind.TRUTH:
        raise NotPushed(f"{found.kind.value} stands where a condition is needed")
    return found.sql


def _compared(operator: Comparing, left: Expr, right: Expr, layout: Layout) -> Typed:
    a, b = _beside(left, right, layout), _beside(right, left, layout)
    sign = {Comparing.EQ: "=", Comparing.NE: "<>"}.get(operator, str(operator))
    return _condition(f"({{}} {sign} {{}})", *alike(a, b))


def alike(a: Typed, b: Typed) -> tuple[Sql, Sql]:
    """Two operands in one type, as the kernel compares them. Raises NotPushed where they have none."""
    if a.kind is b.kind:
        return a.sql, b.sql
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return as_double(a), as_double(b)
    raise NotPushed(f"{a.kind.value} beside {b.kind.value}")


def as_double(found: Typed) -> Sql:
    """A number as a double. Raises NotPushed for what is none."""
    if found.kind not in NUMBERS:
        raise NotPushed(f"{found.kind.value} stands where a number is needed")
    return found.sql if found.kind is Kind.DOUBLE else sql("CAST({} AS DOUBLE PRECISION)", found.sql)


def _beside(operand: Expr, other: Expr, layout: Layout) -> Typed:
    """*operand*, which is compared with *other*: a text beside a time column is a time."""
    match operand, other:
        case Literal(value=str(text)), Column(name=name) if is_time(layout.schema[name]):
            return Typed(bound(micros(text)), Kind.TIME)
        case _:
            return compiled(operand, layout)


def _wide(found: Typed, bits: int | None, layout: Layout) -> Sql:
    """A whole number in a type that holds ``±2^bits``: nothing wraps."""
    if found.kind is not Kind.WHOLE or bits is None or bits > 126:  # noqa: PLR2004 (as widths.wide says)
        raise NotPushed(f"{found.kind.value} of more than 126 bits")
    return layout.dialect.cast(found.sql, Type.WHOLE if bits <= 62 else Type.WIDE)  # noqa: PLR2004 (as widths.wide)


def _negative(operand: Expr, layout: Layout) -> Typed:
    found = compiled(operand, layout)
    if found.kind is Kind.WHOLE:
        return Typed(sql("(0 - {})", _wide(found, width(operand, layout.schema), layout)), Kind.WHOLE)
    return Typed(sql("(-{})", _only_double(found)), Kind.DOUBLE)


def _only_double(found: Typed) -> Sql:
    if found.kind is not Kind.DOUBLE:
        raise NotPushed(f"arithmetic with {found.kind.value}")
    return found.sql


def _computed(expr: Arithmetic, layout: Layout) -> Typed:
    a, b = compiled(expr.left, layout), compiled(expr.right, layout)
    if expr.operator is Computing.DIVIDE:
        x, y = as_double(a), as_double(b)
        return Typed(layout.dialect.number(sql("CASE WHEN {} <> 0 THEN {} / {} END", y, x, y)), Kind.DOUBLE)
    columns = isinstance(expr.left, Column) and isinstance(expr.right, Column)
    if a.kind is b.kind is Kind.TIME and expr.operator is Computing.SUBTRACT and columns:
        seconds = sql("({} / {})", layout.dialect.cast(sql("({} - {})", a.sql, b.sql), Type.DOUBLE), double(1e6))
        return Typed(seconds, Kind.DOUBLE)
    if a.kind is b.kind is Kind.WHOLE:
        bits = width(expr, layout.schema)
        return Typed(_whole(expr.operator, _wide(a, bits, layout), _wide(b, bits, layout), bits, layout), Kind.WHOLE)
    if expr.operator in {Computing.FLOOR_DIVIDE, Computing.MODULO} or Kind.DECIMAL in {a.kind, b.kind}:
        raise NotPushed(f"{expr.operator} of {a.kind.value} and {b.kind.value}")
    return Typed(layout.dialect.number(sql(f"({{}} {expr.operator} {{}})", as_double(a), as_double(b))), Kind.DOUBLE)


def _whole(operator: Computing, a: Sql, b: Sql, bits: int | None, layout: Layout) -> Sql:
    """Arithmetic of whole numbers; quotients and remainders are floored, as in Python and Polars."""
    if operator not in {Computing.FLOOR_DIVIDE, Computing.MODULO}:
        return sql(f"({{}} {operator} {{}})", a, b)
    if bits is None or bits > 62:  # noqa: PLR2004 (numeric has no whole division)
        raise NotPushed(f"{operator} of whole numbers of more than 62 bits")
    rest = sql("((({} % {}) + {}) % {})", a, b, b, b)
    if operator is Computing.MODULO:
        return sql("CASE WHEN {} <> 0 THEN {} END", b, rest)
    return sql(f"CASE WHEN {{}} <> 0 THEN ({{}} - {{}}) {layout.dialect.divide} {{}} END", b, a, rest, b)


def _chosen(cases: Sequence[tuple[Expr, Expr]], otherwise: Expr, layout: Layout) -> Typed:
    """The first case whose condition is true; all values in one type."""
    values = [compiled(value, layout) for value in (*(value for _, value in cases), otherwise)]
    kinds = {found.kind for found in values}
    if len(kinds) > 1 and not kinds <= NUMBERS:
        raise NotPushed(f"a choice of {' and '.join(sorted(kind.value for kind in kinds))}")
    kind = Kind.DOUBLE if len(kinds) > 1 else values[0].kind
    texts = [as_double(found) if len(kinds) > 1 else found.sql for found in values]
    whens = (sql("WHEN {} THEN {}", condition(c, layout), text) for (c, _), text in zip(cases, texts[:-1], strict=True))
    return Typed(sql("CASE {} ELSE {} END", joined(" ", whens), texts[-1]), kind)


def _applied(function: Function, operand: Expr, layout: Layout) -> Typed:
    found = compiled(operand, layout)
    match function, found.kind:
        case Function.ABS, Kind.WHOLE:
            return Typed(sql("abs({})", _wide(found, width(operand, layout.schema), layout)), Kind.WHOLE)
        case Function.ABS, Kind.DOUBLE:
            return Typed(sql("abs({})", found.sql), Kind.DOUBLE)
        case Function.LEN_CHARS, Kind.TEXT:
            return Typed(sql("length({})", found.sql), Kind.WHOLE)
        case Function.HOUR, _ if isinstance(operand, Column) and isinstance(layout.schema[operand.name], pl.Date):
            raise NotPushed("the hour of a date")
        case _, Kind.TIME if isinstance(operand, Column):
            return Typed(layout.dialect.part(function, layout.clock(operand.name)), Kind.WHOLE)
        case _:
            raise NotPushed(f"{function} of {found.kind.value}")


def matched(matching: Matching, found: Typed, text: str, layout: Layout) -> Typed:
    """A test of a text. Raises NotPushed for a pattern that engines read differently."""
    if found.kind is not Kind.TEXT:
        raise NotPushed(f"{matching} of {found.kind.value}")
    match matching:
        case Matching.CONTAINS:
            return Typed(layout.dialect.matches(found.sql, bound(common(text))), Kind.TRUTH)
        case Matching.STARTS_WITH:
            return _condition("starts_with({}, {})", found.sql, bound(text))
        case Matching.ENDS_WITH:
            return Typed(layout.dialect.ends_with(found.sql, bound(text)), Kind.TRUTH)
        case _:
            assert_never(matching)


def among(found: Typed, values: Sequence[Value]) -> Typed:
    """Whether a value is one of *values*: numbers by value, times as ISO 8601 spells them."""
    if len(values) > MOST_VALUES:
        raise NotPushed(f"a set of {len(values):,} values")
    flags = [v for v in values if isinstance(v, bool)]
    texts = [v for v in values if isinstance(v, str)]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    fitting: list[Sql]
    match found.kind:
        case Kind.TRUTH if len(flags) == len(values):
            fitting = [_literal(v).sql for v in flags]
        case Kind.TEXT if len(texts) == len(values):
            fitting = [bound(v) for v in texts]
        case Kind.TIME if len(texts) == len(values):
            fitting = [bound(micros(v)) for v in texts]
        case Kind.WHOLE if len(numbers) == len(values):
            fitting = [bound(int(v)) for v in numbers if float(v).is_integer()]
        case Kind.DOUBLE | Kind.DECIMAL if len(numbers) == len(values):
            found, fitting = Typed(as_double(found), Kind.DOUBLE), [double(v) for v in numbers]
        case _:
            raise NotPushed(f"a set that does not hold {found.kind.value} alone")
    if not fitting:
        return _condition("({} <> {})", found.sql, found.sql)
    return _condition("({} IN ({}))", found.sql, joined(", ", fitting))
