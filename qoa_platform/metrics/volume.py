"""Owns the metrics of volume: how much there is, and how much of it a step kept (metrics.md 4.7)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from qoa_platform.metrics.frame_metric import CLOCK, FrameMetric
from qoa_platform.metrics.protocol import Arity, Source
from qoa_platform.metrics.specs import MetricSpec, declared, number, spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Unit, Window
from qoa_platform.states import Tally


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


SPECS: tuple[MetricSpec, ...] = (
    spec(RowCount),
    declared(
        "data.byte_count", Unit.BYTES, Direction.TARGET, Arity.NONE,
        "Bytes of the files that were written; compression hides growth.", source=Source.LEDGER,
    ),
    declared(
        "data.volume_ratio", Unit.ONE, Direction.TARGET, Arity.NONE,
        "Rows ÷ median rows of the last windows of the same season.",
        number("last", "how many windows"), source=Source.LEDGER,
    ),
    spec(Retained),
    declared(
        "data.repeat", Unit.COUNT, Direction.LOWER, Arity.ANY,
        "1 if the content equals that of one of the last partitions, else 0: a stale copy under a new date.",
        number("last", "how many partitions"),
    ),
)  # fmt: skip
