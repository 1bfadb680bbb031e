"""Owns equality of columns of two frames: keys in a common form, and cells that are equal in a declared one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from qoa_platform.metrics.text_forms import norm, pattern_of
from qoa_platform.scans.columns import UnanswerableError, fits_int64, is_number, is_text, is_time
from qoa_platform.scans.times import micros_of

LARGE = 2.0**63


class Closeness(NamedTuple):
    """When two cells are equal: in which *form*, and how far numbers may be apart."""

    form: str = "exact"
    rtol: float = 0.0
    atol: float = 0.0

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "Closeness":
        """What the params of an ask say."""
        return cls(str(params.get("form") or "exact"), float(params.get("rtol") or 0), float(params.get("atol") or 0))


def aligned(a: str, one: pl.DataType, b: str, two: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    """Two columns in a common form, in which equal values are equal: numbers by value, text by code points.

    A whole number is the float it equals, and no float with a fraction. Raises UnanswerableError for types that have
    nothing in common.
    """
    x, y = pl.col(a), pl.col(b)
    if isinstance(one, pl.Null) or isinstance(two, pl.Null):
        return x.cast(pl.String), y.cast(pl.String)
    if is_text(one) and is_text(two):
        return x.cast(pl.String), y.cast(pl.String)
    if isinstance(one, pl.Boolean) and isinstance(two, pl.Boolean):
        return x, y
    if is_time(one) and is_time(two):
        return micros_of(a, one), micros_of(b, two)
    if is_number(one) and is_number(two):
        return _numbers(x, one, y, two)
    raise UnanswerableError(
        f"columns {a!r} ({one}) and {b!r} ({two}) cannot be equal. Allowed: numbers, texts, times, or booleans of both"
    )


def _numbers(x: pl.Expr, one: pl.DataType, y: pl.Expr, two: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    if one.is_integer() and two.is_integer():
        kind = pl.Int64() if fits_int64(one) and fits_int64(two) else pl.Int128()
        return x.cast(kind, strict=False), y.cast(kind, strict=False)
    if one.is_integer() or two.is_integer():
        return _whole(x, one), _whole(y, two)
    return _plus_zero(x), _plus_zero(y)


def _whole(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """An integer as it is; a float or decimal that equals one, as that one; any other finds no partner."""
    if dtype.is_integer():
        return value.cast(pl.Int128)
    number = value.cast(pl.Float64)
    whole = number.is_finite() & (number.floor() == number) & (number.abs() < LARGE)
    return pl.when(whole).then(number).cast(pl.Int128, strict=False)


def _plus_zero(value: pl.Expr) -> pl.Expr:
    number = value.cast(pl.Float64)
    return pl.when(number == 0).then(0.0).otherwise(number)


def equal(a: str, one: pl.DataType, b: str, two: pl.DataType, close: Closeness) -> pl.Expr:
    """Whether two cells are equal: both missing, or equal in the declared form. Never null.

    Raises UnanswerableError for types that have nothing in common in that form.
    """
    x, y = pl.col(a), pl.col(b)
    neither = x.is_null() & y.is_null()
    if close.form == "text":
        same = _normed(x) == _normed(y)
    elif close.form == "number":
        p, q = _spelled_number(x, one), _spelled_number(y, two)
        same = pl.when(p.is_not_null() & q.is_not_null()).then(_near(p, q, close)).otherwise(
            x.cast(pl.String) == y.cast(pl.String)
        )  # fmt: skip
    elif is_number(one) and is_number(two) and (close.rtol or close.atol):
        same = _near(x.cast(pl.Float64), y.cast(pl.Float64), close)
    else:
        left, right = aligned(a, one, b, two)
        same = left == right
    return neither | same.fill_null(value=False)


def _near(x: pl.Expr, y: pl.Expr, close: Closeness) -> pl.Expr:
    return (x == y) | ((x - y).abs() <= close.atol + close.rtol * y.abs())


def _spelled_number(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The number that a cell is or spells, null where it spells none."""
    if dtype.is_numeric():
        return value.cast(pl.Float64)
    text = value.cast(pl.String).str.strip_chars()
    return pl.when(text.str.contains(pattern_of("number", ".", None))).then(text).cast(pl.Float64, strict=False)


def _normed(value: pl.Expr) -> pl.Expr:
    """One spelling of many, value by value."""
    return value.cast(pl.String).map_batches(
        lambda s: pl.Series([None if t is None else norm(t) for t in s], dtype=pl.String), return_dtype=pl.String
    )
