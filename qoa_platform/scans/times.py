"""Owns times as numbers: microseconds since 1970, UTC, of a column and of an ISO 8601 text."""

from datetime import UTC, datetime, timedelta

import polars as pl

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros_of(column: str, dtype: pl.DataType) -> pl.Expr:
    """Dates (at 00:00 UTC) and times (naive ones are UTC) of a column as microseconds since 1970."""
    match dtype:
        case pl.Date():
            return pl.col(column).cast(pl.Int64) * 86_400_000_000
        case pl.Datetime(time_unit="us"):
            return pl.col(column).to_physical()
        case pl.Datetime(time_unit="ns"):
            return pl.col(column).to_physical() // 1_000
        case pl.Datetime():
            return pl.col(column).to_physical() * 1_000
        case _:
            return pl.col(column).cast(pl.Int64)


def micros(text: str) -> int:
    """The microseconds since 1970 of an ISO 8601 text; without a zone it is UTC.

    >>> micros("1970-01-01T00:00:01"), micros("1970-01-01T01:00:00+01:00")
    (1000000, 0)
    """
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - EPOCH) // timedelta(microseconds=1)
