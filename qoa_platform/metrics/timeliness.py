"""Owns the metrics of timeliness: how old the newest row is, and what lies in the future (metrics.md 4.6)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from qoa_platform.metrics.declaring import numbered_columns, param
from qoa_platform.metrics.frame_metric import CLOCK, FrameMetric, ratio, undefined
from qoa_platform.metrics.protocol import Arity, MetricError, Source
from qoa_platform.metrics.specs import MetricSpec, declared, duration, number, spec, text
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Subject, Unit, Window
from qoa_platform.states import Span, Tally


def event_column(metric_id: str, named: tuple[str, ...], promise: Promise, subject: Subject) -> tuple[str, ...]:
    """The one column of times that is *named*, else the subject's event time. Raises MetricError."""
    found = named or ((subject.event_time,) if subject.event_time else ())
    if len(found) != 1:
        said = ", ".join(found) or f"no column, and subject {subject.id!r} has no event_time"
        raise MetricError(f"promise {promise.id!r}: {metric_id} is given {said}. Allowed: one column of times")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfEventTime(FrameMetric):
    """Reads the subject's ``event_time``, or the column that the promise names; told the clock by :meth:`at`.

    *moment* is the clock (``at``: the wall clock, or a replay's), *end* the end of the window. Neither is part of the
    series. Untold, the metric has no reading: it never looks at a clock by itself.
    """

    arity = Arity.ANY
    per_column = False

    skew: float = param("duration", "how far clocks may be apart", default=0.0)
    moment: datetime | None = field(default=None, metadata=CLOCK)
    end: datetime | None = field(default=None, metadata=CLOCK)

    def __post_init__(self) -> None:
        if self.skew < 0:
            raise MetricError(f"{self.id}: skew is {self.skew} s. Allowed: 0 s or more")

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:
        """One column: the promise's, else the subject's event time."""
        return event_column(cls.id, numbered_columns(cls.id, cls.arity, promise), promise, subject)

    def at(self, now: datetime, window: Window, rows_in: int | None = None) -> Self:  # noqa: ARG002
        """The same metric, told what time it is and which window it is about."""
        return replace(self, moment=now, end=window.end)

    def _bound(self) -> str | None:
        return None if self.end is None else (self.end + timedelta(seconds=self.skew)).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeliness(_OfEventTime):
    """Age of the newest row: now − max(event time), over rows with event time ≤ window end + skew.

    The lectures call it *currency*. Without the cut at the window's end one row with a future timestamp would hide a
    dead feed. The value depends on the clock, so its measurements carry the moment (decision 10).
    """

    id = "data.timeliness"
    unit = Unit.SECONDS
    direction = Direction.LOWER

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The span of event times up to the bound."""
        return self._ask(Span, until=self._bound())

    def _read(self, state: Span, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.moment is None:
            return Reading.unknown(Reason.ERROR, state.n, f"{self.id} was not told the clock: use at(now, window)")
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        if not isinstance(state.high, datetime):
            return undefined(state.n, f"column {self.columns[0]!r} holds no times")
        return Reading(value=(self.moment - state.high).total_seconds(), n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfDelay(FrameMetric):
    """Reads event time (the promise's column, else the subject's ``event_time``) and ``arrival:``, rows with both."""

    direction = Direction.LOWER
    arity = Arity.ANY
    per_column = False

    arrival: str = param("text", "the column of arrival times")

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:
        """One column: the promise's, else the subject's event time."""
        return event_column(cls.id, numbered_columns(cls.id, cls.arity, promise), promise, subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateShare(_OfDelay):
    """Rows whose arrival is later than event time + ``sla:`` ÷ rows with both times."""

    id = "data.late_share"

    sla: float = param("duration", "how late a row may be")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows that are late."""
        return self._ask(Tally, columns=(self.arrival, *self.columns), hits="after", skew=self.sla)

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureShare(_OfEventTime):
    """Rows with event time > arrival + skew ÷ rows; without an ``arrival:`` column the window's end stands for it."""

    id = "data.future_share"
    direction = Direction.LOWER

    arrival: str | None = param("text", "the column of arrival times", default=None)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows from the future."""
        if self.arrival is not None:
            return self._ask(Tally, columns=(*self.columns, self.arrival), hits="after", skew=self.skew)
        return self._ask("nothing") if self.end is None else self._ask(Tally, hits="after", bound=self._bound())

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.arrival is None and self.end is None:
            return Reading.unknown(Reason.ERROR, cause=f"{self.id} was not told the window: use at(now, window)")
        return ratio(state.hits, state.rows)


SPECS: tuple[MetricSpec, ...] = (
    spec(Timeliness),
    declared(
        "data.delay", Unit.SECONDS, Direction.LOWER, Arity.ONE,
        "Quantile of arrival − event time; negative delays (clock skew) are counted apart.",
        number("q", "which quantile", required=True), text("arrival", "the column of arrival times", required=True),
    ),
    spec(LateShare),
    spec(FutureShare),
    declared(
        "data.gap_count", Unit.COUNT, Direction.LOWER, Arity.ANY,
        "Expected stretches of time without a row; needs a calendar, or holidays are gaps.",
        duration("every", "length of a stretch", required=True), text("calendar", "when rows are expected"),
    ),
    declared(
        "data.longest_gap", Unit.SECONDS, Direction.LOWER, Arity.ANY,
        "Longest run of expected stretches without a row.",
        duration("every", "length of a stretch", required=True), text("calendar", "when rows are expected"),
    ),
    declared(
        "data.publish_delay", Unit.SECONDS, Direction.LOWER, Arity.NONE,
        "When the partition was materialized − the end of its window; independent of the data's own clocks.",
        source=Source.LEDGER,
    ),
)  # fmt: skip
