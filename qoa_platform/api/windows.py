"""Owns which window data is about: as it was said, as its event times say, or the day of the clock."""

from datetime import UTC, date, datetime

import polars as pl

from qoa_platform.records import DAY, Subject, Window

Moment = str | date | datetime | Window


def window_of(subject: Subject, frame: pl.DataFrame, said: Moment | None, now: datetime) -> Window:
    """The window of *frame*: *said*, else the whole UTC days that the subject's ``event_time`` spans, else today."""
    if said is not None:
        return moment(said)
    if subject.event_time is not None and subject.event_time in frame.columns:
        times = frame.get_column(subject.event_time)
        if times.dtype.is_temporal() and times.dtype not in {pl.Duration, pl.Time}:
            first, last = times.min(), times.max()
            if isinstance(first, date) and isinstance(last, date):
                return Window(start=moment(first).start, end=moment(last).start + DAY)
    return Window.of_day(now.astimezone(UTC).date())


def moment(said: Moment) -> Window:
    """The window that is meant: itself, or the UTC day of a date, a time or a text such as ``2017-10-04``.

    >>> moment("2017-10-04") == moment(date(2017, 10, 4))
    True
    """
    match said:
        case Window():
            return said
        case datetime():
            return Window.of_day((said.astimezone(UTC) if said.tzinfo else said).date())
        case date():
            return Window.of_day(said)
        case _:
            return Window.of_partition(said)
