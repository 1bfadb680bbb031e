"""Owns when the story happens: the stretches of the year that are imported, replayed, and imported again."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

FIRST: Final = date(2017, 1, 1)
REPLAY: Final = date(2017, 9, 25)
"""Day 1 of the replay."""
LAST: Final = date(2018, 1, 1)
"""The last day of the feed, which is partial."""
WATCHED: Final = date(2017, 11, 6)
"""From here on the days are measured by every metric that applies to them."""


def day(number: int) -> date:
    """Day *number* of the replay, counted from 1.

    >>> day(3).isoformat()
    '2017-09-27'
    """
    return REPLAY + timedelta(days=number - 1)


def number(when: date) -> int:
    """Which day of the replay *when* is.

    >>> number(date(2017, 9, 27))
    3
    """
    return (when - REPLAY).days + 1


def morning(when: date) -> datetime:
    """When the day *when* is processed: one o'clock of the next, UTC."""
    return datetime(when.year, when.month, when.day, 1, tzinfo=UTC) + timedelta(days=1)


def days(first: date, last: date) -> Iterator[date]:
    """Every day from *first* to *last*."""
    while first <= last:
        yield first
        first += timedelta(days=1)
