"""Owns the metrics of consistency: totals and columns that must agree; keys and rules beside them (metrics.md 4.4)."""

from dataclasses import dataclass
from math import sqrt

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.dependencies import ConstraintViolationShare, DependencyConflictShare, DependencyViolation
from qoa_platform.metrics.distribution import spreads
from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.keys_between import Reconciliation, ReferentialIntegrity
from qoa_platform.metrics.protocol import MetricError, MetricSpec
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Subject, Unit
from qoa_platform.states import Comoments, Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTwo(FrameMetric):
    """Reads two columns, in their order."""

    per_column = False

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:  # noqa: ARG003
        """Two columns. Raises MetricError."""
        if len(promise.columns) != len("xy"):
            found = ", ".join(promise.columns) or "no column"
            raise MetricError(f"promise {promise.id!r}: {cls.id} is given {found}. Allowed: two columns")
        return promise.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceGap(_OfTwo):
    """Gap of two totals: ``|Σa − Σb| ÷ max(|Σb|, epsilon)``; 0 where both are 0.

    Each sum is over its own present values, for in a ledger a row is either debit or credit; n are the rows
    with either. Sums hide errors that cancel: promise it per segment as well.
    """

    id = "data.balance_gap"
    direction = Direction.LOWER

    epsilon: float = param("number", "the least denominator", default=1e-9)

    def __post_init__(self) -> None:
        if self.epsilon <= 0:
            raise MetricError(f"{self.id}: epsilon is {self.epsilon:g}. Allowed: above 0")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The two totals."""
        return self._ask(Sums, terms="balance")

    def _read(self, state: Sums, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        first, second = state.get("first"), state.get("second")
        return Reading(value=abs(first - second) / max(abs(second), self.epsilon), n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation(_OfTwo):
    """Pearson correlation of two columns, over rows with both present and finite: ``Cxy/√(M2x·M2y)``.

    It sees straight lines only, and one outlier can make it. Without spread in one of the columns it is not defined.
    """

    id = "data.correlation"
    unit = Unit.ONE
    direction = Direction.TARGET

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The joint moments."""
        return self._ask(Comoments)

    def _read(self, state: Comoments, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        if not (spreads(state.m2x, state.n, state.mean_x) and spreads(state.m2y, state.n, state.mean_y)):
            return undefined(state.n, "a column without spread correlates with nothing")
        found = state.cxy / sqrt(state.m2x) / sqrt(state.m2y)
        return Reading(value=min(max(found, -1.0), 1.0) if found == found else found, n=state.n)  # noqa: PLR0124 (NaN)


SPECS: tuple[MetricSpec, ...] = (
    spec(ReferentialIntegrity),
    spec(DependencyViolation),
    spec(DependencyConflictShare),
    spec(ConstraintViolationShare),
    spec(BalanceGap),
    spec(Correlation),
    spec(Reconciliation),
)
