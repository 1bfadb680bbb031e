"""Owns what is asked, read and measured: Ask, Reading, Measurement."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

from qoa_platform.records.identity import short
from qoa_platform.records.status import Reason
from qoa_platform.records.units import Direction, Unit
from qoa_platform.records.window import Window

Scalar = str | int | float | bool | None
Params = tuple[tuple[str, Scalar | tuple[Scalar, ...]], ...]
"""Parameters as sorted (name, value) pairs: hashable, printable, part of every key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Which state, of which columns, over which rows. Equal asks are answered once.

    *state* names the state's kind (``tally``, ``moments`` …); *columns* what it reads; *where* a row filter and
    *expr* a row predicate (canonical text of the bounded expression language); *by* the grouping columns
    (one state per group, and the whole); *params* what else tells two states apart (edges digest, caps, quantiles).
    """

    state: str
    columns: tuple[str, ...] = ()
    expr: str | None = None
    where: str | None = None
    by: tuple[str, ...] = ()
    params: Params = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a metric reads off a state.

    *value* in the metric's unit, or ``None`` with a *reason*; *n* the size of the denominator after filters and the
    missing rule; *bound* the error bound of the value (0 where it is exact, ``None`` where there is no value);
    *cause* the text behind ``error``.
    """

    value: float | None
    n: int
    reason: Reason | None = None
    bound: float | None = 0.0
    cause: str | None = None

    @classmethod
    def unknown(cls, reason: Reason, n: int = 0, cause: str | None = None) -> "Reading":
        """A reading without a value."""
        return cls(value=None, n=n, reason=reason, bound=None, cause=cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A Reading with its metric, parameters, subject, window and digests: a row of the ledger.

    *subject* is what was measured (``retail/sales_day``, ``model:demand``, ``run:retail/features``), so that a series
    goes on across contract versions. *moment* is set for clock-dependent metrics (timeliness) and *trial* for metrics
    of a run: both are then part of the identity (decision 10). *version* is the model version judged, if any.
    """

    KIND: ClassVar[str] = "measurement"

    metric: str
    params: Params = ()
    subject: str
    group: str | None = None
    version: str | None = None
    window: Window
    reading: Reading
    unit: Unit
    direction: Direction
    data: str | None = None
    profile: str | None = None
    trial: str | None = None
    moment: datetime | None = None
    at: datetime
    wall: datetime
    evidence: dict[str, object] = field(default_factory=dict)

    @property
    def series(self) -> str:
        """The key of the series: metric, parameters, subject, group, profile (semantics 24)."""
        return _series(self.metric, self.params, repr(self.params), self.subject, self.group, self.profile)

    @property
    def id(self) -> str:
        """The identity of decision 10: measuring the same thing again is a no-op."""
        return measurement_id(
            self.series, self.window, self.data, version=self.version, trial=self.trial, moment=self.moment
        )

    @property
    def revision(self) -> int:
        """Always 0: a measurement is never changed."""
        return 0


@lru_cache(maxsize=65_536)
def _series(metric: str, params: Params, exactly: str, subject: str, group: str | None, profile: str | None) -> str:
    """Kept, for all days of a series ask for it. *exactly* tells 1 and 1.0 apart, which are equal but not the same."""
    del exactly
    return short(metric, params, subject, group, profile)


def measurement_id(
    series: str, window: Window, data: str | None, *, version: str | None = None, trial: str | None = None,
    moment: datetime | None = None,
) -> str:  # fmt: skip
    """The id of the measurement of *series* on *data*, so that a known history is found without being rebuilt."""
    return short(series, version, window, data, trial, moment)
