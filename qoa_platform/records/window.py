"""Owns Window, the half-open stretch of event time that everything is measured over."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Window:
    """``[start, end)`` in event time, aware UTC. A partition is a window.

    >>> Window.of_partition("2017-10-04").end.isoformat()
    '2017-10-05T00:00:00+00:00'

    Raises ValueError when a bound is naive or the end lies before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name, bound in (("start", self.start), ("end", self.end)):
            if bound.tzinfo is None or bound.utcoffset() != timedelta(0):
                message = f"window {name} {bound!r} is not UTC. Allowed: aware datetimes in UTC"
                raise ValueError(message)
        if self.end < self.start:
            message = f"window ends {self.end} before it starts {self.start}"
            raise ValueError(message)

    @classmethod
    def of_day(cls, day: date) -> "Window":
        """The UTC day ``[day 00:00, day + 1 00:00)``."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return cls(start=start, end=start + DAY)

    @classmethod
    def of_partition(cls, partition: str) -> "Window":
        """The window that a daily partition key such as ``2017-10-04`` names."""
        try:
            return cls.of_day(date.fromisoformat(partition))
        except ValueError as error:
            message = f"partition {partition!r} is no day. Allowed: YYYY-MM-DD"
            raise ValueError(message) from error

    @property
    def partition(self) -> str:
        """The daily partition key of the window's start."""
        return self.start.date().isoformat()

    @property
    def is_day(self) -> bool:
        """Whether the window is exactly one UTC day."""
        return self.end - self.start == DAY and self.start.time() == datetime.min.time()

    def __str__(self) -> str:
        return self.partition if self.is_day else f"{self.start:%Y-%m-%d %H:%M:%S} – {self.end:%Y-%m-%d %H:%M:%S}"
