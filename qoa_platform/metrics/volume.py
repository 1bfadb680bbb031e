"""Owns the metrics of volume: how much there is, and how much of it a step kept (metrics.md 4.7)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import median
from typing import Self

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.facts import Facts, Past
from qoa_platform.metrics.frame_metric import CLOCK, FrameMetric, undefined
from qoa_platform.metrics.gaps import WEEKDAYS
from qoa_platform.metrics.protocol import Arity, MetricError, Source
from qoa_platform.metrics.row_hash import content_hash
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Subject, Unit, Window
from qoa_platform.states import Grouped, State, Sums, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfRows(FrameMetric):
    arity = Arity.NONE
    per_column = False

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """All rows."""
        return self._ask(Tally, hits="rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount(_OfRows):
    """Rows: ``n``. Zero is a value."""

    id = "data.row_count"
    unit = Unit.ROWS
    direction = Direction.TARGET

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return Reading(value=state.rows, n=state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained(_OfRows):
    """Rows out ÷ rows in of one step.

    *rows_in* (the rows that the step really read) is told by :meth:`at`; without it there is nothing to compare with.
    """

    id = "data.retained"

    rows_in: int | None = field(default=None, metadata=CLOCK)

    def at(self, now: datetime, window: Window, rows_in: int | None = None) -> Self:  # noqa: ARG002
        """The same metric, told how many rows the step read."""
        return replace(self, rows_in=rows_in)

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.rows_in is None or group is not None:
            return Reading.unknown(Reason.NO_DATA, cause="it is not known how many rows the step read")
        if self.rows_in == 0:
            return Reading.unknown(Reason.NO_DATA, cause="the step read no rows")
        return Reading(value=state.rows / self.rows_in, n=self.rows_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteCount(FrameMetric):
    """Bytes of the files that were written for the partition. Compression hides growth.

    They are told by whoever wrote them; of a frame in memory nobody has.
    """

    id = "data.byte_count"
    unit = Unit.BYTES
    direction = Direction.TARGET
    arity = Arity.NONE
    per_column = False
    source = Source.PUBLICATION

    size: int | None = field(default=None, metadata=CLOCK)

    def told(self, facts: Facts) -> Self:
        """The same metric, told the size."""
        return replace(self, size=facts.size)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Nothing: no row is read for it."""
        return Ask(state="nothing")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.size is None:
            return Reading.unknown(Reason.NO_DATA, cause="no file was written, or its size is not known")
        return Reading(value=self.size, n=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRatio(_OfRows):
    """Rows ÷ median rows of the ``last:`` (4) windows of the same season that were published before.

    ``season: week`` (unless said otherwise) compares a Monday with Mondays; ``season: none`` with whatever came last.
    The first and the last day of a delivery are often partial. Without an earlier window there is nothing to compare
    with (``no_data``); *n* counts the rows.
    """

    id = "data.volume_ratio"
    unit = Unit.ONE
    direction = Direction.TARGET
    source = Source.PUBLICATION

    last: int = param("integer", "how many windows", default=4)
    season: str = param("text", "which windows are alike", default="week", choices=("week", "none"))
    start: datetime | None = field(default=None, metadata=CLOCK)
    past: tuple[Past, ...] = field(default=(), metadata=CLOCK)

    def __post_init__(self) -> None:
        if self.last < 1:
            raise MetricError(f"{self.id}: last is {self.last}. Allowed: 1 or more")

    @property
    def looks_back(self) -> int:
        """Windows that it wants to be told of: some may be missing."""
        return self.last if self.season == "none" else (self.last + 1) * len(WEEKDAYS)

    def at(self, now: datetime, window: Window, rows_in: int | None = None) -> Self:  # noqa: ARG002
        """The same metric, told its window."""
        return replace(self, start=window.start)

    def told(self, facts: Facts) -> Self:
        """The same metric, told what was published before."""
        return replace(self, past=facts.past)

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        alike = [counted(p.state, group) for p in self.past if self.season == "none" or self._same_day(p.window)]
        if not alike[-self.last :]:
            return Reading.unknown(Reason.NO_DATA, state.rows, "no window of the season was published before")
        usual = median(alike[-self.last :])
        if usual == 0:
            return undefined(state.rows, "the windows compared with have no rows")
        return Reading(value=state.rows / usual, n=state.rows)

    def _same_day(self, window: Window) -> bool:
        return self.start is not None and window.start.weekday() == self.start.weekday()


def counted(state: State, group: str | None) -> int:
    """The rows of *group* that a stored tally counted; 0 where it was not seen."""
    part = state.get(group) if isinstance(state, Grouped) else state
    return part.rows if isinstance(part, Tally) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(FrameMetric):
    """1 if the content equals that of one of the ``last:`` (7) partitions published before, else 0.

    A stale copy under a new date. Contents are compared by the sum of their rows' hashes, so the order of rows does
    not matter. The hash is over all columns but the subject's event time and those of ``exclude:`` (the day, load
    times), or over the columns that are named. Without rows, or without an earlier partition, there is nothing to say.
    """

    id = "data.repeat"
    unit = Unit.COUNT
    direction = Direction.LOWER
    arity = Arity.ANY
    per_column = False
    source = Source.PUBLICATION

    last: int = param("integer", "how many partitions", default=7)
    exclude: tuple[str, ...] = param("columns", "columns that differ in a copy as well", default=())
    past: tuple[Past, ...] = field(default=(), metadata=CLOCK)

    def __post_init__(self) -> None:
        if self.last < 1:
            raise MetricError(f"{self.id}: last is {self.last}. Allowed: 1 or more")

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*; the event time is left out, for a copy has a new one. Raises MetricError."""
        (metric,) = FrameMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined]
        if metric.columns:
            return (metric,)
        left_out = {*metric.exclude, *((subject.event_time,) if subject.event_time else ())}
        return (replace(metric, exclude=tuple(sorted(left_out))),)

    @property
    def looks_back(self) -> int:
        """Partitions that it wants to be told of."""
        return self.last

    def told(self, facts: Facts) -> Self:
        """The same metric, told what was published before."""
        return replace(self, past=facts.past)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The sum of all rows' hashes."""
        return self._ask(Sums, terms="row_hash", exclude=self.exclude or None)

    def _read(self, state: Sums, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        if not self.past:
            return Reading.unknown(Reason.NO_DATA, state.n, "no partition was published before")
        parts = [p.state.get(group) if isinstance(p.state, Grouped) else p.state for p in self.past[-self.last :]]
        seen = {(s.n, content_hash(s)) for s in parts if isinstance(s, Sums)}
        return Reading(value=int((state.n, content_hash(state)) in seen), n=state.n)


SPECS: tuple[MetricSpec, ...] = (
    spec(RowCount),
    spec(ByteCount),
    spec(VolumeRatio),
    spec(Retained),
    spec(Repeat),
)
