"""Owns the metrics of gaps: expected stretches of time without a row (metrics.md 4.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self

from qoa_platform.metrics.declaring import numbered_columns, param
from qoa_platform.metrics.event_time import event_column
from qoa_platform.metrics.frame_metric import CLOCK, FrameMetric, undefined
from qoa_platform.metrics.protocol import Arity, MetricError
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Scalar, Subject, Unit, Window
from qoa_platform.states import Frequencies

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 1_000_000
"""More stretches than this are not looked at one by one."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfStretches(FrameMetric):
    """Stretches of ``every:``, aligned to 1970 UTC, that lie within the window, which :meth:`at` tells.

    Of an asset without partitions the window has no length: then they are those from its first row to its last one.
    Days that ``calendar:`` names (``sunday``, ``2017-12-25``; UTC) are left out: nothing is expected on them.
    """

    direction = Direction.LOWER
    arity = Arity.ANY
    per_column = False

    every: float = param("duration", "length of a stretch")
    calendar: tuple[Scalar, ...] = param("values", "weekdays and dates on which nothing is expected", default=())
    start: datetime | None = field(default=None, metadata=CLOCK)
    end: datetime | None = field(default=None, metadata=CLOCK)

    def __post_init__(self) -> None:
        if self.every * 1e6 < 1:
            raise MetricError(f"{self.id}: every is {self.every:g} s. Allowed: one microsecond or more")
        for day in self.calendar:
            if str(day) not in WEEKDAYS and not _is_date(day):
                allowed = f"{', '.join(WEEKDAYS)}, or a date such as 2017-12-25"
                raise MetricError(f"{self.id}: calendar names {day!r}. Allowed: {allowed}")

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:
        """One column: the promise's, else the subject's event time."""
        return event_column(cls.id, numbered_columns(cls.id, cls.arity, promise), promise, subject)

    def at(self, now: datetime, window: Window, rows_in: int | None = None) -> Self:  # noqa: ARG002
        """The same metric, told its window."""
        return replace(self, start=window.start, end=window.end)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows per stretch."""
        return self._ask(Frequencies, of="bucket", every=self.every)

    def _read(self, state: Frequencies, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.start is None or self.end is None:
            return Reading.unknown(Reason.ERROR, cause=f"{self.id} was not told the window: use at(now, window)")
        if state.error:
            return undefined(state.n, f"rows in more than {state.cap:,} stretches: choose longer ones")
        length = timedelta(microseconds=round(self.every * 1e6))
        seen = {int(text) // (length // timedelta(microseconds=1)) for text, _ in state.counts}
        first, last = -((EPOCH - self.start) // length), (self.end - EPOCH) // length
        if self.start == self.end:
            first, last = (min(seen), max(seen) + 1) if seen else (0, 0)
        if last - first > MOST:
            return undefined(state.n, f"{last - first:,} stretches are expected. Allowed: {MOST:,}")
        empty = [number not in seen for number in self._expected(first, last, length)]
        return self._of(empty) if empty else Reading.unknown(Reason.NO_DATA, cause="no stretch is expected")

    def _expected(self, first: int, last: int, length: timedelta) -> Iterator[int]:
        for number in range(first, last):
            if not self.calendar:
                yield number
                continue
            day = (EPOCH + number * length).date()
            if WEEKDAYS[day.weekday()] not in self.calendar and day.isoformat() not in self.calendar:
                yield number

    def _of(self, empty: list[bool]) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class GapCount(_OfStretches):
    """Expected stretches of ``every:`` without a row.

    It needs a calendar: without one, 25 December (shops shut) is a gap. *n* are the stretches expected.
    """

    id = "data.gap_count"
    unit = Unit.COUNT

    def _of(self, empty: list[bool]) -> Reading:
        return Reading(value=sum(empty), n=len(empty))


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestGap(_OfStretches):
    """Longest run of expected stretches without a row: their number × ``every:``.

    Days that the calendar leaves out neither end a run nor lengthen it.
    """

    id = "data.longest_gap"
    unit = Unit.SECONDS

    def _of(self, empty: list[bool]) -> Reading:
        longest = run = 0
        for gap in empty:
            run = run + 1 if gap else 0
            longest = max(longest, run)
        return Reading(value=longest * self.every, n=len(empty))


def _is_date(day: Scalar) -> bool:
    try:
        return isinstance(day, str) and date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False
