"""Owns how large an integer expression can become, so that it is computed in a type that holds it: nothing wraps."""

from collections.abc import Mapping

import polars as pl

from qoa_platform.metrics.expression_nodes import (
    Apply,
    Arithmetic,
    Column,
    Computing,
    Expr,
    Function,
    Literal,
    Negative,
    When,
)

Schema = Mapping[str, pl.DataType]
BITS: Mapping[type[pl.DataType], int] = {
    pl.Int8: 7, pl.Int16: 15, pl.Int32: 31, pl.Int64: 63, pl.Int128: 127,
    pl.UInt8: 8, pl.UInt16: 16, pl.UInt32: 32, pl.UInt64: 64, pl.UInt128: 128,
}  # fmt: skip


def width(expr: Expr, schema: Schema) -> int | None:
    """Bits *b* such that the integer value of *expr* is within ``±2ᵇ``; ``None`` where it is no integer.

    >>> from qoa_platform.metrics.expressions import parse
    >>> width(parse("col('x') * 100"), {"x": pl.Int8()})
    14
    """
    match expr:
        case Column(name=name):
            return BITS.get(type(schema[name])) if name in schema else None
        case Literal(value=bool()):
            return None
        case Literal(value=int(value)):
            return value.bit_length()
        case Negative(operand=x) | Apply(function=Function.ABS, operand=x):
            return width(x, schema)
        case Apply():
            return 32
        case Arithmetic(operator=operator, left=a, right=b):
            return _computed(operator, width(a, schema), width(b, schema))
        case When(cases=cases, otherwise=z):
            found = [width(value, schema) for value in (*(value for _, value in cases), z)]
            return max(bits for bits in found if bits is not None) if None not in found else None
        case _:
            return None


def _computed(operator: Computing, a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return None
    match operator:
        case Computing.ADD | Computing.SUBTRACT:
            return max(a, b) + 1
        case Computing.MULTIPLY:
            return a + b
        case Computing.FLOOR_DIVIDE:
            return a
        case Computing.MODULO:
            return b
        case Computing.DIVIDE:
            return None


def wide(value: pl.Expr, bits: int | None) -> pl.Expr:
    """*value* in the narrowest of Int64, Int128 and Float64 that holds ``±2^bits``; as it is where it is no integer."""
    if bits is None:
        return value
    for dtype, held in ((pl.Int64, 62), (pl.Int128, 126)):
        if bits <= held:
            return value.cast(dtype)
    return value.cast(pl.Float64)


def is_decimal(expr: Expr, schema: Schema) -> bool:
    """Whether *expr* is computed from a column of decimals."""
    match expr:
        case Column(name=name):
            return isinstance(schema.get(name), pl.Decimal)
        case Negative(operand=x) | Apply(operand=x):
            return is_decimal(x, schema)
        case Arithmetic(left=a, right=b):
            return is_decimal(a, schema) or is_decimal(b, schema)
        case _:
            return False
