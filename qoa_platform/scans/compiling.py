"""Owns the way from the bounded expression language to Polars: the same meaning, missing rule included."""

from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import and_, or_
from typing import assert_never

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
    walk,
)
from qoa_platform.metrics.expressions import parse_condition
from qoa_platform.scans.columns import Schema, is_time
from qoa_platform.scans.times import micros, micros_of
from qoa_platform.scans.widths import is_decimal, wide, width


@lru_cache(maxsize=1024)
def parsed(text: str) -> Expr:
    """The tree of a condition; kept, because a contract asks the same of every partition. Raises ExpressionError."""
    return parse_condition(text)


class CompileError(ValueError):
    """An expression that the frame's schema cannot answer: says which column, its type, and what is allowed."""


def compiled(expr: Expr, schema: Schema) -> pl.Expr:  # noqa: C901 (one case per node)
    """*expr* over a normal frame (see ``normalising``), in which missing is null and nothing is NaN.

    A null in, a null out, as in SQL: a comparison with a missing value is neither true nor false, ``and`` and ``or``
    are Kleene's. What is computed stays so: division by zero and every other NaN of arithmetic is null. A text that is
    compared with a time is read as ISO 8601, UTC where the column has a zone; the difference of two time columns is in
    seconds. Raises CompileError.
    """
    match expr:
        case Column(name=name):
            return pl.col(name)
        case Literal(value=value):
            return pl.lit(value)
        case Negative(operand=x):
            return _negative(compiled(x, schema), width(x, schema))
        case Not(operand=x):
            return ~compiled(x, schema)
        case And(operands=xs):
            return reduce(and_, (compiled(x, schema) for x in xs))
        case Or(operands=xs):
            return reduce(or_, (compiled(x, schema) for x in xs))
        case Comparison(operator=operator, left=a, right=b):
            ordered = operator not in {Comparing.EQ, Comparing.NE}
            return _compared(operator, _beside(a, b, schema, ordered=ordered), _beside(b, a, schema, ordered=ordered))
        case Arithmetic():
            return _arithmetic(expr, schema)
        case When(cases=cases, otherwise=z):
            return _chosen(cases, z, schema)
        case _:
            return _called(expr, schema)


def _arithmetic(expr: Arithmetic, schema: Schema) -> pl.Expr:
    """What two numbers make; the difference of two time columns in seconds."""
    match expr:
        case Arithmetic(operator=Computing.SUBTRACT, left=Column(name=a), right=Column(name=b)) if _times(a, b, schema):
            return (micros_of(a, schema[a]) - micros_of(b, schema[b])) / 1e6
        case _:
            a_, b_ = compiled(expr.left, schema), compiled(expr.right, schema)
            return _computed(expr.operator, *_operands(expr, a_, b_, schema))


def _times(a: str, b: str, schema: Schema) -> bool:
    return all(isinstance(schema.get(name), TIMES) for name in (a, b))


def condition(expr: Expr, schema: Schema) -> pl.Expr:
    """:func:`compiled`, for an expression that has to be true or false: a bare column in it must be boolean."""
    for name in _bare(expr):
        if not isinstance(schema[name], pl.Boolean | pl.Null):
            raise CompileError(
                f"column {name!r} is {schema[name]}: a condition needs true or false, such as col({name!r}) > 0"
            )
    return compiled(expr, schema)


def _bare(expr: Expr) -> Iterator[str]:
    """The columns that stand where a condition is needed."""
    match expr:
        case Column(name=name):
            yield name
        case Not(operand=x):
            yield from _bare(x)
        case And(operands=xs) | Or(operands=xs):
            for x in xs:
                yield from _bare(x)
        case _:
            for node in walk(expr):
                if isinstance(node, When):
                    yield from (name for case, _ in node.cases for name in _bare(case))
                elif node is not expr and isinstance(node, And | Or | Not):
                    yield from _bare(node)


def _called(expr: Apply | Match | IsIn | IsBetween | IsNull, schema: Schema) -> pl.Expr:
    match expr:
        case Apply(function=function, operand=x):
            return _applied(function, x, schema)
        case Match(matching=matching, operand=x, text=text):
            return _matched(matching, _words(x, schema), text)
        case IsIn(operand=x, values=values):
            return _among(x, values, schema)
        case IsBetween(operand=x, low=a, high=b):
            low, high = (_beside(end, x, schema, ordered=True) for end in (a, b))
            return _beside(x, a, schema, ordered=True).is_between(low, high)
        case IsNull(operand=x, negated=negated):
            value = compiled(x, schema)
            return value.is_not_null() if negated else value.is_null()
        case _:
            assert_never(expr)


def _compared(operator: Comparing, a: pl.Expr, b: pl.Expr) -> pl.Expr:
    match operator:
        case Comparing.EQ:
            return a == b
        case Comparing.NE:
            return a != b
        case Comparing.LT:
            return a < b
        case Comparing.LE:
            return a <= b
        case Comparing.GT:
            return a > b
        case Comparing.GE:
            return a >= b
        case _:
            assert_never(operator)


def _negative(value: pl.Expr, bits: int | None) -> pl.Expr:
    return -value if bits is None else pl.lit(0, dtype=pl.Int64) - wide(value, bits)


def _operands(expr: Arithmetic, a: pl.Expr, b: pl.Expr, schema: Schema) -> tuple[pl.Expr, pl.Expr]:
    """Both operands in a type that holds the result: no integer wraps, no quotient is cut to a decimal's scale."""
    if expr.operator is Computing.DIVIDE or (is_decimal(expr, schema) and expr.operator in REMAINDERS):
        return a.cast(pl.Float64), b.cast(pl.Float64)
    bits = width(expr, schema)
    return wide(a, bits), wide(b, bits)


REMAINDERS = frozenset({Computing.FLOOR_DIVIDE, Computing.MODULO})


def _computed(operator: Computing, a: pl.Expr, b: pl.Expr) -> pl.Expr:
    match operator:
        case Computing.ADD:
            result = a + b
        case Computing.SUBTRACT:
            result = a - b
        case Computing.MULTIPLY:
            result = a * b
        case Computing.DIVIDE:
            result = pl.when(b != 0).then(a / b)
        case Computing.FLOOR_DIVIDE:
            result = pl.when(b != 0).then(a // b)
        case Computing.MODULO:
            result = pl.when(b != 0).then(a % b)
        case _:
            assert_never(operator)
    return result.fill_nan(None)


def _chosen(cases: tuple[tuple[Expr, Expr], ...], otherwise: Expr, schema: Schema) -> pl.Expr:
    """The first case whose condition is true, written from the last to the first."""
    result = compiled(otherwise, schema)
    for condition, value in reversed(cases):
        result = pl.when(compiled(condition, schema)).then(compiled(value, schema)).otherwise(result)
    return result


def _applied(function: Function, operand: Expr, schema: Schema) -> pl.Expr:  # noqa: C901 (one case per function)
    value = compiled(operand, schema)
    if function is not Function.ABS and isinstance(_type(operand, schema), pl.Null):
        value = value.cast(pl.Datetime("us"))
    match function:
        case Function.ABS:
            bits = width(operand, schema)
            if bits is None:
                return value.abs()
            return pl.when(value < 0).then(_negative(value, bits)).otherwise(wide(value, bits))
        case Function.LEN_CHARS:
            return _words(operand, schema).str.len_chars()
        case Function.YEAR:
            return value.dt.year()
        case Function.MONTH:
            return value.dt.month()
        case Function.DAY:
            return value.dt.day()
        case Function.HOUR:
            return value.dt.hour()
        case Function.WEEKDAY:
            return value.dt.weekday()
        case _:
            assert_never(function)


def _matched(matching: Matching, value: pl.Expr, text: str) -> pl.Expr:
    match matching:
        case Matching.CONTAINS:
            return value.str.contains(text, strict=True)
        case Matching.STARTS_WITH:
            return value.str.starts_with(text)
        case Matching.ENDS_WITH:
            return value.str.ends_with(text)
        case _:
            assert_never(matching)


def _text(operand: Expr, schema: Schema) -> pl.Expr:
    """*operand*, of categories as the text that they hold."""
    value = compiled(operand, schema)
    return value.cast(pl.String) if isinstance(_type(operand, schema), pl.Categorical | pl.Enum) else value


def _words(operand: Expr, schema: Schema) -> pl.Expr:
    """*operand* as text; of a column of nothing text that is missing."""
    value = _text(operand, schema)
    return value.cast(pl.String) if isinstance(_type(operand, schema), pl.Null) else value


def _type(operand: Expr, schema: Schema) -> pl.DataType | None:
    return schema.get(operand.name) if isinstance(operand, Column) else None


def _beside(operand: Expr, other: Expr, schema: Schema, *, ordered: bool) -> pl.Expr:
    """*operand*, which is compared with *other*: times as microseconds, also those that a text spells; text as text.

    Where two columns meet, or an order is asked for, categories are written out: their own order is none of text.
    """
    match operand, _type(other, schema):
        case Literal(value=str(text)), pl.Date() | pl.Datetime():
            return pl.lit(_micros(text), dtype=pl.Int64)
        case Column(name=name), beside if is_time(schema[name]) and (_spells(other) or isinstance(beside, TIMES)):
            return micros_of(name, schema[name])
        case Column(), _ if ordered or isinstance(other, Column):
            return _text(operand, schema)
        case _:
            return compiled(operand, schema)


TIMES = pl.Date | pl.Datetime


def _spells(operand: Expr) -> bool:
    return isinstance(operand, Literal) and isinstance(operand.value, str)


def _among(operand: Expr, values: tuple[Value, ...], schema: Schema) -> pl.Expr:
    """``is_in``: Polars wants the list in the column's own kind, ours compares numbers by value."""
    value = compiled(operand, schema)
    match _type(operand, schema):
        case pl.Date() | pl.Datetime() as dtype if isinstance(operand, Column):
            moments = pl.Series([_micros(str(v)) for v in values], dtype=pl.Int64)
            return micros_of(operand.name, dtype).is_in(moments.implode())
        case pl.Decimal() if _numeric(values):
            return value.cast(pl.Float64).is_in([float(v) for v in values])
        case pl.DataType() as dtype if dtype.is_integer():
            return value.is_in(_whole(values) if _numeric(values) else list(values))
        case pl.DataType() as dtype if dtype.is_float() and _numeric(values):
            return value.is_in(pl.Series([float(v) for v in values], dtype=dtype).implode())
        case pl.DataType():
            return value.is_in(list(values))
        case _:
            return reduce(or_, (value == v for v in values))


def _whole(values: tuple[Value, ...]) -> pl.Series:
    """The whole numbers among *values*: no other equals an integer."""
    return pl.Series([int(v) for v in values if float(v).is_integer()], dtype=pl.Int128).implode()


def _numeric(values: tuple[Value, ...]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _micros(text: str) -> int:
    try:
        return micros(text)
    except ValueError as error:
        message = f"{text!r} is compared with a time but is none. Allowed: ISO 8601, such as '2017-10-04T12:00:00'"
        raise CompileError(message) from error
