"""Owns the text of values and groups: how a value of a column is spelled in dictionaries, counts and group keys."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl

MISSING_PART = "␀"
"""The part of a group key whose value is missing."""
_EXACT = 2.0**53


def value_text(value: Any) -> str:
    """The one text of a value: text as it is, numbers in plain decimal, ``true``/``false``, times in ISO 8601.

    A float or decimal without a fraction is spelled as the integer it equals, because a column of ids becomes one of
    floats as soon as one id is missing: ``412.0`` and ``412`` are one store. Zero has no sign. A time is spelled as
    the moment it is, in UTC, whatever zone its column shows.

    >>> [value_text(v) for v in (412, 412.0, Decimal("412.00"), -0.0, 0.1, True, "x", None)]
    ['412', '412', '412', '0', '0.1', 'true', 'x', '␀']
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
        case Decimal():
            return _decimal_text(value)
        case datetime() | date() | time():
            return _time_text(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)


def _decimal_text(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def _time_text(value: date | time) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return value.isoformat()


def group_text(parts: Iterable[Any]) -> str:
    """The key of a group: the texts of its parts, joined by ``|``.

    >>> group_text(["GROCERY", None, 4])
    'GROCERY|␀|4'
    """
    return "|".join(map(value_text, parts))


def joined(texts: Sequence[str]) -> str:
    r"""The one text of several values: joined by ``|``, which is escaped in them by ``\``, as that is by itself.

    >>> joined(["a|b", "c"]), joined(["a|b"])
    ('a\\|b|c', 'a|b')
    """
    if len(texts) == 1:
        return texts[0]
    return "|".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)


def spelled(column: pl.Series) -> list[str | None]:
    """:func:`value_text` of every value of *column*; missing stays ``None``. Quick where Polars spells alike.

    >>> spelled(pl.Series([412, None])), spelled(pl.Series([0.5, 2.0]))
    (['412', None], ['0.5', '2'])
    """
    if spelled_alike(column.dtype):
        return column.cast(pl.String).to_list()
    return [None if value is None else value_text(value) for value in column]


def spelled_alike(dtype: pl.DataType) -> bool:
    """Whether a cast to text spells values of *dtype* as :func:`value_text` does."""
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Boolean | pl.Null) or dtype.is_integer()


def group_names(table: pl.DataFrame, by: Sequence[str]) -> list[str]:
    """:func:`group_text` of every row of *table*.

    >>> group_names(pl.DataFrame({"a": ["x", None], "b": [1, 2]}), ["a", "b"])
    ['x|1', '␀|2']
    """
    columns = [spelled(table.get_column(name)) for name in by]
    return ["|".join(MISSING_PART if part is None else part for part in parts) for parts in zip(*columns, strict=True)]
