"""Owns Part: one day of the history that a contract is suggested from, and how data becomes such days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from qoa_platform.records import Window

FIRST = date(2000, 1, 1)
"""Where partitions without a time of their own begin."""
_DAY = "␟day"
PARTIAL = 0.5
"""A first or last day with fewer rows than this share of the median is cut off by the extract, and left out."""


class HistoryError(ValueError):
    """A history that cannot be cut into days: says what was found and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The rows of one *window*; *dated*: its day is the data's own, not a number that stands for one."""

    window: Window
    frame: pl.DataFrame
    dated: bool = True


def parts_of(data: pl.DataFrame | Sequence[pl.DataFrame], time: str | None) -> tuple[Part, ...]:
    """The days of *data*, oldest first; ``()`` for one frame without *time*: it is no history.

    With *time* (a column of dates or times; naive ones are UTC) all rows are cut into UTC days, and a first or last day
    that holds less than half of the median's rows is left out. Without it, several frames are one partition each, in
    the order given. Raises HistoryError for a column that is no time.
    """
    if time is None:
        if isinstance(data, pl.DataFrame):
            return ()
        days = (Window.of_day(FIRST + timedelta(days=k)) for k in range(len(data)))
        return tuple(Part(window=w, frame=f, dated=False) for w, f in zip(days, data, strict=True))
    frame = data if isinstance(data, pl.DataFrame) else pl.concat(data, how="diagonal_relaxed")
    if not isinstance(frame.schema.get(time), pl.Date | pl.Datetime):
        found = frame.schema.get(time, "no column of the data")
        raise HistoryError(f"time {time!r} is {found}. Allowed: a column of dates or times")
    moments = frame.get_column(time)
    if isinstance(moments.dtype, pl.Datetime) and moments.dtype.time_zone is not None:
        moments = moments.dt.convert_time_zone("UTC")
    cut = frame.with_columns(moments.dt.date().alias(_DAY)).drop_nulls(_DAY)
    cuts = sorted(cut.partition_by(_DAY, as_dict=True).items(), key=lambda pair: pair[0][0])
    return tuple(_whole([Part(window=Window.of_day(key[0]), frame=rows.drop(_DAY)) for key, rows in cuts]))


def _whole(parts: list[Part]) -> list[Part]:
    if len(parts) < 3:  # noqa: PLR2004 (no middle to compare with)
        return parts
    middle = sorted(p.frame.height for p in parts)[len(parts) // 2]
    start = int(parts[0].frame.height < PARTIAL * middle)
    end = len(parts) - int(parts[-1].frame.height < PARTIAL * middle)
    return parts[start:end]


def span(parts: Sequence[Part]) -> Window:
    """The window from the first to the last part; without any, an empty one."""
    if not parts:
        start = datetime.combine(FIRST, datetime.min.time(), UTC)
        return Window(start=start, end=start)
    return Window(start=parts[0].window.start, end=parts[-1].window.end)
