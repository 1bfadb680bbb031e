"""Owns the text of values and groups: how a value of a column is spelled in dictionaries, counts and group keys."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import polars as pl

MISSING_PART = "␀"
"""The part of a group key whose value is missing."""
_EXACT = 2.0**53


def value_text(value: Any) -> str:
    """The one text of a value: text as it is, numbers in plain decimal, ``true``/``false``, times in ISO 8601.

    A float without a fraction is spelled as the integer it equals, because a column of ids becomes one of floats as
    soon as one id is missing: ``412.0`` and ``412`` are one store. Zero has no sign.

    >>> [value_text(v) for v in (412, 412.0, -0.0, 0.1, True, "x", None)]
    ['412', '412', '0', '0.1', 'true', 'x', '␀']
    """
    match value:
        case None:
            return MISSING_PART
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return str(value)


def group_text(parts: Iterable[Any]) -> str:
    """The key of a group: the texts of its parts, joined by ``|``.

    >>> group_text(["GROCERY", None, 4])
    'GROCERY|␀|4'
    """
    return "|".join(map(value_text, parts))


def texts(table: pl.DataFrame) -> pl.Series:
    """:func:`group_text` of every row of *table*; of one column :func:`value_text`. Fast where Polars spells alike.

    >>> texts(pl.DataFrame({"a": ["x", None], "b": [1, 2]})).to_list()
    ['x|1', '␀|2']
    """
    spelled = [_spelled(column) for column in table.iter_columns()]
    return spelled[0] if len(spelled) == 1 else pl.select(pl.concat_str(spelled, separator="|")).to_series()


def _spelled(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Boolean) or dtype.is_integer():
        return column.cast(pl.String).fill_null(MISSING_PART)
    return pl.Series([value_text(value) for value in column], dtype=pl.String)
