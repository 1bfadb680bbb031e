"""Owns what a column can answer: the checks of a name and a type, and the causes of those that fail."""

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
            more = f", and {len(schema) - SHOWN} more" if len(schema) > SHOWN else ""
            listed = ", ".join(list(schema)[:SHOWN]) or "none"
            raise UnanswerableError(f"column {name!r} is not in the frame.{hint} Columns: {listed}{more}")


def require_number(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of numbers (or of nothing but nulls)."""
    _require(name, schema, what, "numbers", fits=_is_number(schema[name]))


def require_text(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of text."""
    _require(name, schema, what, "text", fits=isinstance(schema[name], pl.String | pl.Categorical | pl.Enum | pl.Null))


def require_time(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of dates or times."""
    _require(name, schema, what, "dates or times", fits=isinstance(schema[name], pl.Date | pl.Datetime | pl.Null))


def require_ordered(name: str, schema: Schema, what: str) -> None:
    """Raises UnanswerableError unless *name* is a column of numbers, text, dates or times."""
    dtype = schema[name]
    fits = _is_number(dtype) or isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Date | pl.Datetime)
    _require(name, schema, what, "numbers, text, dates or times", fits=fits)


def described(names: Iterable[str], schema: Schema) -> str:
    """Columns with their types, for a cause."""
    return ", ".join(f"{name!r} ({schema[name]})" if name in schema else f"{name!r}" for name in names)


def _require(name: str, schema: Schema, what: str, needed: str, *, fits: bool) -> None:
    if not fits:
        raise UnanswerableError(f"column {name!r} is {schema[name]}: {what} needs {needed}")


def _is_number(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or isinstance(dtype, pl.Null)
