"""Owns what a column can answer: the checks of its name and its type, and the causes of those that fail."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import polars as pl

Schema = Mapping[str, pl.DataType]
SHOWN = 12
"""So many columns are listed when one is not found."""


class UnanswerableError(ValueError):
    """An ask that this frame cannot answer: says which column, its type, what is needed, and the nearest column."""


def require(names: Iterable[str], schema: Schema) -> None:
    """Raises UnanswerableError unless all *names* are columns of *schema*."""
    for name in names:
        if name not in schema:
            near = get_close_matches(name, schema, 1)
            hint = f" Did you mean {near[0]!r} ({schema[near[0]]})?" if near else ""
            more = f" and {len(schema) - SHOWN} more" if len(schema) > SHOWN else ""
            listed = ", ".join(list(schema)[:SHOWN]) or "none"
            raise UnanswerableError(f"column {name!r} is not in the frame.{hint} Columns: {listed}{more}")


def require_number(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of numbers (or of nothing but nulls)."""
    _require(name, schema, what, "numbers", fits=is_number(schema[name]))


def require_text(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of text (or of nothing but nulls)."""
    _require(name, schema, what, "text", fits=is_text(schema[name]))


def require_time(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of dates or times (or of nothing but nulls)."""
    _require(name, schema, what, "dates or times", fits=is_time(schema[name]))


def require_ordered(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of numbers, text, dates or times."""
    dtype = schema[name]
    fits = is_number(dtype) or is_text(dtype) or is_time(dtype)
    _require(name, schema, what, "numbers, text, dates or times", fits=fits)


def described(names: Iterable[str], schema: Schema) -> str:
    """Columns with their types, for a cause."""
    return ", ".join(f"{name!r} ({schema.get(name, 'not in the frame')})" for name in dict.fromkeys(names))


def is_number(dtype: pl.DataType) -> bool:
    """Integers, floats, decimals; and a column of nulls, which may be anything."""
    return dtype.is_numeric() or isinstance(dtype, pl.Null)


def is_text(dtype: pl.DataType) -> bool:
    """Text, however it is stored."""
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Null)


def is_time(dtype: pl.DataType) -> bool:
    """Points in time, not spans of it nor times of day."""
    return isinstance(dtype, pl.Date | pl.Datetime | pl.Null)


def fits_int64(dtype: pl.DataType) -> bool:
    """Integers that Int64 holds exactly."""
    return dtype.is_integer() and not isinstance(dtype, pl.UInt64 | pl.Int128 | pl.UInt128)


def _require(name: str, schema: Schema, what: str, needed: str, *, fits: bool) -> None:
    if not fits:
        raise UnanswerableError(f"column {name!r} is {schema[name]}: {what} needs {needed}")
