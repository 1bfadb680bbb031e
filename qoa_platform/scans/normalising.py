"""Owns the missing rule of a frame: null, NaN and declared tokens become null before anything reads a column (1.1)."""

from collections.abc import Iterable, Mapping

import polars as pl

from qoa_platform.scans.times import micros, micros_of

Missing = Mapping[str, tuple[str, ...]]
"""Column → the tokens that mean missing there."""
LARGE = 2**127
"""No integer or decimal column holds a number as large as this one."""


def normal(frame: pl.DataFrame, columns: Iterable[str], missing: Missing) -> pl.DataFrame:
    """*columns* of *frame*, in which missing is null, nothing is NaN, and ±inf is present.

    ``missing(x) := x is null, or x is NaN, or x equals one of the column's declared tokens``. No token is assumed. A
    token of a number or time column is compared as the number or the ISO 8601 time it spells; one that spells none
    cannot stand there. Columns that are clean already are not copied.

    >>> frame = pl.DataFrame({"x": [1.0, float("nan"), -9.0], "y": ["", "a", None]})
    >>> normal(frame, ["x", "y"], {"x": ("-9",), "y": ("",)}).null_count().row(0)
    (2, 2)
    """
    part = frame.select(sorted(columns))
    changed = [
        expr
        for name, dtype in part.schema.items()
        if (expr := _normal(part.get_column(name), dtype, missing.get(name, ()))) is not None
    ]
    return part.with_columns(changed) if changed else part


def _normal(column: pl.Series, dtype: pl.DataType, tokens: tuple[str, ...]) -> pl.Expr | None:
    """How *column* becomes normal, or ``None`` when it is."""
    expr = pl.col(column.name)
    values = tokens_of(tokens, dtype)
    dirty = dtype.is_float() and bool(column.is_nan().any())
    if not dirty and not values:
        return None
    if dirty:
        expr = expr.fill_nan(None)
    if not values:
        return expr
    key = _key(column.name, dtype) if not dtype.is_numeric() else expr
    is_token = pl.any_horizontal(key == value for value in values)
    return pl.when(is_token.fill_null(value=False)).then(None).otherwise(expr).alias(column.name)


def _key(name: str, dtype: pl.DataType) -> pl.Expr:
    """What tokens are compared with: the text of a column, or its times as microseconds."""
    return micros_of(name, dtype) if isinstance(dtype, pl.Date | pl.Datetime) else pl.col(name).cast(pl.String)


def tokens_of(tokens: tuple[str, ...], dtype: pl.DataType) -> list[str | float]:
    """The tokens as values that can stand in a column of *dtype*."""
    if dtype.is_numeric():
        return [number for token in tokens if (number := _number(token)) is not None and _fits(number, dtype)]
    if isinstance(dtype, pl.Date | pl.Datetime):
        return [moment for token in tokens if (moment := _moment(token)) is not None]
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return list(tokens)
    return []


def _number(token: str) -> float | None:
    try:
        return int(token) if token.lstrip("+-").isdigit() else float(token)
    except ValueError:
        return None


def _fits(number: float, dtype: pl.DataType) -> bool:
    """Whether *number* can stand in a column of *dtype*: none that is too large, no fraction among integers."""
    if dtype.is_float():
        return True
    return abs(number) < LARGE and (float(number).is_integer() or not dtype.is_integer())


def _moment(token: str) -> int | None:
    try:
        return micros(token)
    except ValueError:
        return None
