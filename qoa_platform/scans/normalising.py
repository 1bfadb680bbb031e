"""Owns the missing rule of a frame: null, NaN and declared tokens become null before anything reads a column (1.1)."""

from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from math import isnan

import polars as pl

from qoa_platform.scans.keeping import KEPT, SMALL, Signature, signature
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
    tokens = tuple(sorted((name, missing[name]) for name in missing.keys() & set(columns)))
    if frame.height <= SMALL:
        return frame.select_seq(_selected(tuple(sorted(columns)), signature(frame), tokens))
    part = frame.select(sorted(columns))
    dirty = _with_nan(part)
    changed = _changes(part.schema, dirty, dict(tokens))
    return part.with_columns(changed.values()) if changed else part


@lru_cache(maxsize=KEPT)
def _selected(
    columns: tuple[str, ...], found: Signature, tokens: tuple[tuple[str, tuple[str, ...]], ...]
) -> list[pl.Expr]:
    """The normal *columns* of any frame of that signature, whether or not a NaN is there."""
    types = dict(zip(*found, strict=True))
    schema = {name: types[name] for name in columns if name in types}
    changed = _changes(schema, {name for name, dtype in schema.items() if dtype.is_float()}, dict(tokens))
    return [changed.get(name, pl.col(name)) for name in columns]


def _with_nan(frame: pl.DataFrame) -> set[str]:
    """The columns that hold a NaN. A sum is quicker than a mask, and is NaN if one of its terms is (or ∞ − ∞)."""
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    sums = frame.select(pl.col(floats).sum()).row(0) if floats else ()
    doubtful = (name for name, total in zip(floats, sums, strict=True) if isnan(total))
    return {name for name in doubtful if frame.get_column(name).is_nan().any()}


def _changes(schema: Mapping[str, pl.DataType], dirty: Container[str], missing: Missing) -> dict[str, pl.Expr]:
    """How the columns that are not normal become so."""
    found = ((name, _normal(name, dtype, missing.get(name, ()), dirty=name in dirty)) for name, dtype in schema.items())
    return {name: expr for name, expr in found if expr is not None}


def _normal(name: str, dtype: pl.DataType, tokens: tuple[str, ...], *, dirty: bool) -> pl.Expr | None:
    """How a column becomes normal, or ``None`` when it is."""
    expr = pl.col(name)
    values = tokens_of(tokens, dtype)
    if not dirty and not values:
        return None
    if dirty:
        expr = expr.fill_nan(None)
    if not values:
        return expr
    key = _key(name, dtype) if not dtype.is_numeric() else expr
    is_token = pl.any_horizontal(key == value for value in values)
    return pl.when(is_token.fill_null(value=False)).then(None).otherwise(expr).alias(name)


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
