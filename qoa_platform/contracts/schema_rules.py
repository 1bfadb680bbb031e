"""Owns the rules of a schema: what it declares of values, as metrics that share the pass of the promises."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from qoa_platform.contracts.schema import CheckKind, ColumnCheck, ColumnSchema, FrameSchema, frame_schema
from qoa_platform.metrics import Metric
from qoa_platform.metrics.completeness import MissingCount
from qoa_platform.metrics.expression_nodes import (
    Apply,
    Arithmetic,
    Column,
    Comparing,
    Comparison,
    Computing,
    Expr,
    Function,
    IsIn,
    Literal,
    Match,
    Matching,
    Not,
    Value,
)
from qoa_platform.metrics.expression_patterns import objection
from qoa_platform.metrics.expressions import canonical, parse_condition
from qoa_platform.metrics.uniqueness import KeyViolations
from qoa_platform.metrics.validity import InSet, Matches, ViolationCount
from qoa_platform.records import Direction, Reading, Scalar, SchemaRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something declared of the values of *column* (of several: the key), and the metric that counts who breaks it."""

    column: str
    said: str
    metric: Metric

    def broken(self, reading: Reading) -> int:
        """The rows that break it, of what was read: none where nothing was there to be read."""
        value = reading.value or 0.0
        return round(value if self.metric.direction is Direction.LOWER else (1 - value) * reading.n if reading.n else 0)


@lru_cache(maxsize=64)
def rules_of(ref: SchemaRef) -> tuple[Rule, ...]:
    """The rules of a contract's resolved ``schema:``. Raises ValueError when it cannot be read."""
    return tuple(rules(frame_schema(ref)))


def rules(schema: FrameSchema) -> Iterator[Rule]:
    """The rules of *schema*: nulls, uniqueness, checks of values, and the key.

    Missing is no value, so two missing values repeat nothing: whether a value may be missing is said by ``nullable``.
    So has it SQL, and pandera of pandas frames (of Polars frames it calls them duplicates).
    """
    for column in schema.columns:
        if not column.nullable:
            yield Rule(
                column=column.name, said=f"column {column.name!r} is missing values",
                metric=MissingCount(columns=(column.name,)),
            )  # fmt: skip
        if column.unique:
            yield Rule(
                column=column.name, said=f"column {column.name!r} repeats values",
                metric=KeyViolations(columns=(column.name,)),
            )  # fmt: skip
        for check in column.checks:
            yield _rule(column, check)
    if schema.key:
        named = ", ".join(schema.key)
        metric = KeyViolations(columns=schema.key)
        yield Rule(column=named, said=f"key ({named}) repeats", metric=metric)


def _rule(column: ColumnSchema, check: ColumnCheck) -> Rule:
    said = f"column {column.name!r} fails {check.kind}({_listed(check.value)})"
    return Rule(column=column.name, said=said, metric=metric_of(column.name, check))


LISTED = 5


def _listed(value: Scalar | tuple[Scalar, ...]) -> str:
    if not isinstance(value, tuple):
        return str(value)
    more = f", … {len(value) - LISTED} more" if len(value) > LISTED else ""
    return ", ".join(str(v) for v in value[:LISTED]) + more


def metric_of(column: str, check: ColumnCheck) -> Metric:
    """The metric that counts the values of *column* which fail *check*.

    Raises ExpressionError or MetricError where the language of conditions has no words for it (a list that is too
    long, a pattern with look-around).

    >>> print(metric_of("n", ColumnCheck(kind=CheckKind.MULTIPLE_OF, value=3)).expr)
    col('n') % 3 == 0
    """
    match check.kind, check.value:
        case CheckKind.PATTERN, pattern:
            return Matches(columns=(column,), pattern=str(pattern))
        case CheckKind.VALUES, tuple(values):
            return InSet(columns=(column,), values=values)
        case _:
            text = canonical(_condition(Column(name=column), check))
            parse_condition(text)
            return ViolationCount(columns=(column,), expr=text)


_COMPARING = {
    CheckKind.MINIMUM: Comparing.GE, CheckKind.MAXIMUM: Comparing.LE, CheckKind.EXCLUSIVE_MINIMUM: Comparing.GT,
    CheckKind.EXCLUSIVE_MAXIMUM: Comparing.LT, CheckKind.EQUAL: Comparing.EQ, CheckKind.NOT_EQUAL: Comparing.NE,
}  # fmt: skip


def _condition(column: Column, check: ColumnCheck) -> Expr:  # noqa: C901 (one case per kind)
    value = _value(check.value)
    match check.kind:
        case (
            CheckKind.MINIMUM | CheckKind.MAXIMUM | CheckKind.EXCLUSIVE_MINIMUM | CheckKind.EXCLUSIVE_MAXIMUM
            | CheckKind.EQUAL | CheckKind.NOT_EQUAL
        ):  # fmt: skip
            return Comparison(operator=_COMPARING[check.kind], left=column, right=Literal(value=value))
        case CheckKind.MULTIPLE_OF:
            rest = Arithmetic(operator=Computing.MODULO, left=column, right=Literal(value=value))
            return Comparison(operator=Comparing.EQ, left=rest, right=Literal(value=0))
        case CheckKind.MIN_LENGTH | CheckKind.MAX_LENGTH:
            length = Apply(function=Function.LEN_CHARS, operand=column)
            operator = Comparing.GE if check.kind is CheckKind.MIN_LENGTH else Comparing.LE
            return Comparison(operator=operator, left=length, right=Literal(value=value))
        case CheckKind.STARTS_WITH:
            return Match(matching=Matching.STARTS_WITH, operand=column, text=str(value))
        case CheckKind.ENDS_WITH:
            return Match(matching=Matching.ENDS_WITH, operand=column, text=str(value))
        case CheckKind.PATTERN:
            return Match(matching=Matching.CONTAINS, operand=column, text=str(value))
        case CheckKind.VALUES:
            return IsIn(operand=column, values=_values(check.value))
        case CheckKind.NOT_VALUES:
            return Not(operand=IsIn(operand=column, values=_values(check.value)))
        case _:
            assert_never(check.kind)


def _value(value: Scalar | tuple[Scalar, ...]) -> Value:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _values(value: Scalar | tuple[Scalar, ...]) -> tuple[Value, ...]:
    return tuple(_value(v) for v in value) if isinstance(value, tuple) else (_value(value),)


def can_ask(column: str, check: ColumnCheck) -> bool:
    """Whether *check* can be asked in our own pass."""
    if check.kind is CheckKind.PATTERN and objection(str(check.value)) is not None:
        return False
    try:
        metric_of(column, check)
    except ValueError:
        return False
    return True
