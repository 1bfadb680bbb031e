"""Owns times as numbers: microseconds since 1970, UTC, of a column and of an ISO 8601 text."""

from datetime import UTC, datetime, timedelta

import polars as pl

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
"""Microseconds of a day."""


def micros_of(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column of dates (00:00 UTC) or times (naive ones are UTC) as microseconds since 1970."""
    value = pl.col(column).to_physical()
    match dtype:
        case pl.Date():
            return value.cast(pl.Int64) * DAY
        case pl.Datetime(time_unit="us"):
            return value
        case pl.Datetime(time_unit="ns"):
            return value // 1_000
        case pl.Datetime():
            return value * 1_000
        case _:
            return value.cast(pl.Int64)


def micros(text: str) -> int:
    """The microseconds since 1970 of an ISO 8601 text; without a zone it is UTC. Raises ValueError.

    >>> micros("1970-01-01T00:00:01"), micros("1970-01-01T01:00:00+01:00")
    (1000000, 0)
    """
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(micros_: int) -> datetime:
    """The inverse of :func:`micros`. Raises OverflowError beyond the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=micros_)
