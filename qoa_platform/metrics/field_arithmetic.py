"""Owns the formula by which a user's metric is read off its fields: bounded arithmetic, without division by 0."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from math import isnan
from operator import add, eq, floordiv, ge, gt, le, lt, mod, mul, ne, sub, truediv
from typing import Any

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
    IsNull,
    Literal,
    Negative,
    Not,
    Or,
    When,
    columns,
    walk,
)
from qoa_platform.metrics.expressions import ExpressionError, parse

_NAME = re.compile(r"[A-Za-z_]\w*")
_PLAIN = Column | Negative | Not | And | Or | Comparison | Arithmetic | IsBetween | IsNull | When
_SIGNS: Mapping[str, Any] = {
    Computing.ADD: add, Computing.SUBTRACT: sub, Computing.MULTIPLY: mul, Computing.DIVIDE: truediv,
    Computing.FLOOR_DIVIDE: floordiv, Computing.MODULO: mod,
    Comparing.EQ: eq, Comparing.NE: ne, Comparing.LT: lt, Comparing.LE: le, Comparing.GT: gt, Comparing.GE: ge,
}  # fmt: skip
_DIVIDES = frozenset({Computing.DIVIDE, Computing.FLOOR_DIVIDE, Computing.MODULO})


@lru_cache(maxsize=256)
def formula(text: str, fields: tuple[str, ...]) -> Expr:
    """The tree of a formula over the names of *fields*, such as ``late / n``. Raises ExpressionError.

    The grammar is that of contract expressions, in which a bare name stands for the field: numbers, ``+ - * / // %``,
    comparisons, ``and or not``, ``abs(…)``, ``when(…).then(…).otherwise(…)``.
    """

    def column(match: re.Match[str]) -> str:
        return f"col('{match.group()}')" if match.group() in fields else match.group()

    if "'" in text or '"' in text:
        raise ExpressionError("a formula reads fields, and has no text", text=text, offset=0)
    tree = parse(_NAME.sub(column, text))
    for node in walk(tree):
        number = isinstance(node, Literal) and not isinstance(node.value, str)
        absolute = isinstance(node, Apply) and node.function is Function.ABS
        if not (number or absolute or isinstance(node, _PLAIN)):
            raise ExpressionError("a formula computes with numbers alone", text=text, offset=0)
    unused_or_unknown(tree, fields, text)
    return tree


def unused_or_unknown(tree: Expr, fields: Collection[str], text: str) -> None:
    """Raises ExpressionError for a name that is no field, and for a formula that reads none."""
    read = columns(tree)
    if not read or not read <= set(fields):
        known = ", ".join(sorted(fields))
        raise ExpressionError(f"a formula reads its fields. Allowed: {known}", text=text, offset=0)


def computed(expr: Expr, values: Mapping[str, float | None]) -> Any:  # noqa: C901, PLR0911 (one case per node)
    """The value of a formula; ``None`` where a field has none, and of a division by 0.

    >>> computed(formula("late / n", ("late", "n")), {"late": 1, "n": 4})
    0.25
    >>> computed(formula("late / n", ("late", "n")), {"late": 0, "n": 0}) is None
    True
    """
    match expr:
        case Column(name=name):
            return values.get(name)
        case Literal(value=value):
            return value
        case Negative(operand=x):
            return None if (a := computed(x, values)) is None else -a
        case Apply(operand=x):
            return None if (a := computed(x, values)) is None else abs(a)
        case Not(operand=x):
            return None if (a := computed(x, values)) is None else not a
        case And(operands=xs) | Or(operands=xs):
            return _either([computed(x, values) for x in xs], decisive=isinstance(expr, Or))
        case Comparison(operator=sign, left=x, right=y) | Arithmetic(operator=sign, left=x, right=y):
            return _signed(sign, computed(x, values), computed(y, values))
        case IsBetween(operand=x, low=low, high=high):
            a, b, c = (computed(part, values) for part in (x, low, high))
            return None if None in {a, b, c} else b <= a <= c
        case IsNull(operand=x, negated=negated):
            return (computed(x, values) is None) != negated
        case When(cases=cases, otherwise=z):
            return computed(next((v for c, v in cases if computed(c, values) is True), z), values)
        case _:
            return None


def _either(found: list[Any], *, decisive: bool) -> bool | None:
    return decisive if decisive in found else None if None in found else not decisive


def _signed(sign: Computing | Comparing, a: Any, b: Any) -> Any:
    if a is None or b is None or (sign in _DIVIDES and b == 0):
        return None
    try:
        value = _SIGNS[sign](a, b)
    except OverflowError:
        return None
    quiet = isinstance(value, float) and isnan(value) and not any(isinstance(x, float) and isnan(x) for x in (a, b))
    return None if quiet else value
