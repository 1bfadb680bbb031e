"""Owns the metrics of timeliness: how old the newest row is, and what lies in the future (metrics.md 4.6)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from qoa_platform.metrics.declaring import numbered_columns, param
from qoa_platform.metrics.event_time import event_column
from qoa_platform.metrics.frame_metric import CLOCK, FrameMetric, ratio, undefined
from qoa_platform.metrics.gaps import GapCount, LongestGap
from qoa_platform.metrics.log_edges import DIGEST, NEGATIVE, log_quantile
from qoa_platform.metrics.protocol import Arity, MetricError, Source
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Subject, Unit, Window
from qoa_platform.states import Histogram, Span, Tally


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
class Delay(_OfDelay):
    """Quantile ``q:`` of arrival − event time, over rows with both and a delay that is not negative.

    It is within one percent. Negative delays come from clocks that differ: they are counted apart, and promised by
    ``data.future_share``. Delays are counted on logarithmic edges, so that the quantile of a month is read off the
    counts of its days.
    """

    id = "data.delay"
    unit = Unit.SECONDS

    q: float = param("number", "which quantile, 0 to 1")

    def __post_init__(self) -> None:
        if not 0 <= self.q <= 1:
            raise MetricError(f"{self.id}: q is {self.q:g}. Allowed: 0 to 1")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Delays on logarithmic edges."""
        return self._ask(Histogram, columns=(*self.columns, self.arrival), of="delay", digest=DIGEST)

    def _read(self, state: Histogram, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        negative = state.counts[NEGATIVE]
        found = log_quantile(state, self.q)
        if found is None:
            cause = f"all {negative:,} rows arrived before their event time: the clocks differ"
            return undefined(0, cause) if negative else Reading.unknown(Reason.NO_DATA)
        return Reading(value=found.value / 1e6, n=state.n - negative, bound=found.bound / 1e6)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishDelay(FrameMetric):
    """When the partition was materialized − the end of its window, whatever clocks the data hold.

    Negative where it was materialized before its window was over. An asset without partitions has no window that ends.
    """

    id = "data.publish_delay"
    unit = Unit.SECONDS
    direction = Direction.LOWER
    arity = Arity.NONE
    per_column = False
    source = Source.PUBLICATION

    moment: datetime | None = field(default=None, metadata=CLOCK)
    window: Window | None = field(default=None, metadata=CLOCK)

    def at(self, now: datetime, window: Window, rows_in: int | None = None) -> Self:  # noqa: ARG002
        """The same metric, told when its partition is materialized, and which window that is about."""
        return replace(self, moment=now, window=window)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Nothing: no row is read for it."""
        return Ask(state="nothing")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.moment is None or self.window is None:
            return Reading.unknown(Reason.ERROR, cause=f"{self.id} was not told the clock: use at(now, window)")
        if self.window.start == self.window.end:
            return undefined(0, "the asset has no partitions: there is no window that ends")
        return Reading(value=(self.moment - self.window.end).total_seconds(), n=1)


SPECS: tuple[MetricSpec, ...] = (
    spec(Timeliness),
    spec(Delay),
    spec(LateShare),
    spec(FutureShare),
    spec(GapCount),
    spec(LongestGap),
    spec(PublishDelay),
)
