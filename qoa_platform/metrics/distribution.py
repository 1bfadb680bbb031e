"""Owns the metrics of distribution: moments, extremes and shape of one column (metrics.md 4.8)."""

from dataclasses import dataclass
from math import sqrt

from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.protocol import Arity
from qoa_platform.metrics.specs import MetricSpec, declared, number, spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import Moments, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfMoments(FrameMetric):
    """Over present finite values; in the unit of the column; neither side is better."""

    unit = Unit.COLUMN
    direction = Direction.TARGET

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The moments of the column."""
        return self._ask(Moments)

    def _read(self, state: Moments, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return self._of(state) if state.n else Reading.unknown(Reason.NO_DATA)

    def _of(self, state: Moments) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean(_OfMoments):
    """Arithmetic mean of the finite values. One outlier moves it."""

    id = "data.mean"

    def _of(self, state: Moments) -> Reading:
        return Reading(value=state.mean, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum(_OfMoments):
    """Sum of the finite values: ``n · mean``."""

    id = "data.sum"

    def _of(self, state: Moments) -> Reading:
        return Reading(value=state.n * state.mean, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Std(_OfMoments):
    """Standard deviation of the finite values: ``√(M2/(n − 1))``, so it needs two of them."""

    id = "data.std"

    def _of(self, state: Moments) -> Reading:
        if state.variance is None:
            return undefined(state.n, "the spread of one value is not defined")
        return Reading(value=sqrt(max(state.variance, 0.0)), n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfSpan(FrameMetric):
    """Over present finite numbers. Of text and times there is no number to promise."""

    unit = Unit.COLUMN
    direction = Direction.TARGET

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The least and the greatest value."""
        return self._ask(Span)

    def _read(self, state: Span, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        found = self._of(state)
        if not isinstance(found, int | float):
            return undefined(state.n, f"column {self.columns[0]!r} holds no numbers")
        return Reading(value=float(found), n=state.n)

    def _of(self, state: Span) -> object:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Min(_OfSpan):
    """Least finite value."""

    id = "data.min"

    def _of(self, state: Span) -> object:
        return state.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Max(_OfSpan):
    """Greatest finite value."""

    id = "data.max"

    def _of(self, state: Span) -> object:
        return state.high


SPECS: tuple[MetricSpec, ...] = (
    spec(Mean),
    spec(Sum),
    spec(Std),
    declared("data.skewness", Unit.ONE, Direction.TARGET, Arity.ONE, "Lopsidedness g₁ = √n·M3/M2^1.5 (biased)."),
    declared("data.kurtosis", Unit.ONE, Direction.TARGET, Arity.ONE, "Weight of the tails g₂ = n·M4/M2² − 3 (biased)."),
    spec(Min),
    spec(Max),
    declared(
        "data.quantile", Unit.COLUMN, Direction.TARGET, Arity.ONE, "Quantile q by linear interpolation (type 7).",
        number("q", "which quantile, 0 to 1", required=True),
    ),
    declared("data.zero_share", Unit.RATIO, Direction.TARGET, Arity.ONE, "Values equal to 0 ÷ present values."),
    declared("data.entropy", Unit.BIT, Direction.TARGET, Arity.ONE, "Entropy −Σ p·log₂ p of the present values."),
    declared("data.mode_share", Unit.RATIO, Direction.TARGET, Arity.ONE, "Rows of the commonest value ÷ present ones."),
    declared(
        "data.histogram", Unit.COUNT, Direction.TARGET, Arity.ONE,
        "Counts on frozen edges: a vector for reports, nothing to promise.", needs_reference=True,
    ),
)  # fmt: skip
