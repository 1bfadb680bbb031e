"""Owns the metrics of distribution: moments, extremes and shape of one column (metrics.md 4.8)."""

from dataclasses import dataclass
from math import log2, sqrt

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import FrameMetric, ratio, undefined
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import Frequencies, Histogram, Moments, QuantileSketch, Span, Sums, Tally

EPSILON = 2.0**-50
"""Four units in the last place of a float: what the mean of equal values may be off."""


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
class _OfShape(_OfMoments):
    unit = Unit.ONE

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The moments of the column up to the fourth."""
        return self._ask(Moments, order=4)

    def _of(self, state: Moments) -> Reading:
        if state.m3 is None or state.m4 is None:
            return undefined(state.n, "M3 and M4 were not asked for")
        if not spreads(state.m2, state.n, state.mean):
            return undefined(state.n, "all values are equal: they have no shape")
        return Reading(value=self._shape(state.n, state.m2, state.m3, state.m4), n=state.n)

    def _shape(self, n: int, m2: float, m3: float, m4: float) -> float:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Skewness(_OfShape):
    """Lopsidedness of the finite values: ``g₁ = √n·M3/M2^1.5``, the biased one.

    Above 0 the long tail is on the right. pandas and DuckDB print the corrected one, which is a little larger. Without
    spread it is not defined.
    """

    id = "data.skewness"

    def _shape(self, n: int, m2: float, m3: float, m4: float) -> float:  # noqa: ARG002
        return sqrt(n) * (m3 / m2) / sqrt(m2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kurtosis(_OfShape):
    """Weight of the tails of the finite values: ``g₂ = n·M4/M2² − 3``, the biased one; 0 for a normal distribution."""

    id = "data.kurtosis"

    def _shape(self, n: int, m2: float, m3: float, m4: float) -> float:  # noqa: ARG002
        return n * (m4 / m2) / m2 - 3


def spreads(m2: float, n: int, mean: float) -> bool:
    """Whether a central sum of squares is more than what rounding leaves of equal values."""
    return m2 > n * (EPSILON * abs(mean)) ** 2


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShare(FrameMetric):
    """Values equal to 0 ÷ present values. ``-0.0`` is 0."""

    id = "data.zero_share"
    direction = Direction.TARGET

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Values that are 0."""
        return self._ask(Tally, hits="zero")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfFrequencies(FrameMetric):
    """Over present values. Above the cap of the state (10 000 values) it is given with a bound."""

    direction = Direction.TARGET

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """All values with their counts."""
        return self._ask(Frequencies)

    def _read(self, state: Frequencies, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return self._of(state) if state.n else Reading.unknown(Reason.NO_DATA)

    def _of(self, state: Frequencies) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entropy(_OfFrequencies):
    """Entropy of the present values: ``−Σ p·log₂ p``, in bits; 0 for a constant, log₂ d for d values alike.

    Above the cap only the commonest values are counted. With their share 1 − λ and entropy H, the true one lies
    from ``(1 − λ)·H + λ·log₂(L/e)`` to ``(1 − λ)·H + λ·log₂ L + h(λ)``, L = λ·n the rows that were lost, at most e of
    one value: the middle of the two is given, with half their distance as bound.
    """

    id = "data.entropy"
    unit = Unit.BIT

    def _of(self, state: Frequencies) -> Reading:
        known = sum(count for _, count in state.counts)
        own = sum(count * (log2(known) - log2(count)) for _, count in state.counts) / state.n
        lost = state.n - known
        if not lost:
            return Reading(value=own, n=state.n)
        share = lost / state.n
        mixed = -share * log2(share) - ((1 - share) * log2(1 - share) if known else 0.0)
        low, high = own + share * log2(max(lost / state.error, 1)), own + share * log2(lost) + mixed
        return Reading(value=(low + high) / 2, n=state.n, bound=(high - low) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeShare(_OfFrequencies):
    """Rows of the commonest value ÷ present values. Above the cap the true share lies within *bound* above."""

    id = "data.mode_share"

    def _of(self, state: Frequencies) -> Reading:
        most = max((count for _, count in state.counts), default=0)
        return Reading(value=most / state.n, n=state.n, bound=state.error / state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile(FrameMetric):
    """Quantile ``q:`` of the finite values, linear between its neighbours (type 7, as NumPy and R have it by default).

    Exact for one frame. With ``merge: true`` a sketch (KLL) is kept instead, so that quantiles of months are merged
    from those of days: off by at most 0.35 % of the rows with 99 % confidence; *bound* says so in the column's unit.
    """

    id = "data.quantile"
    unit = Unit.COLUMN
    direction = Direction.TARGET

    q: float = param("number", "which quantile, 0 to 1")
    merge: bool = param("flag", "keep a mergeable sketch, which is a little off", default=False)

    def __post_init__(self) -> None:
        if not 0 <= self.q <= 1:
            raise MetricError(f"{self.id}: q is {self.q:g}. Allowed: 0 to 1")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The quantile of this frame; or, to be merged with others, a sketch of all of them."""
        return self._ask(QuantileSketch) if self.merge else self._ask("quantile", q=self.q)

    def _read(self, state: Sums | QuantileSketch, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        if isinstance(state, Sums):
            return Reading(value=state.get("value"), n=state.n)
        found = state.quantile(self.q)
        assert found is not None  # noqa: S101 (there are values)
        return Reading(value=found.value, n=state.n, bound=found.bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramCount(FrameMetric):
    """Values in the frozen bin ``bin:`` (the first is 1), or in all of them: a vector for reports.

    Bins are right-closed, the outer ones open, so ±inf falls in one. Missing values are in none.
    """

    id = "data.histogram"
    unit = Unit.COUNT
    direction = Direction.TARGET
    needs_reference = True

    bin: int | None = param("integer", "which bin, from 1 on; all where it is not said", default=None)

    def __post_init__(self) -> None:
        if self.bin is not None and self.bin < 1:
            raise MetricError(f"{self.id}: bin is {self.bin}. Allowed: 1 or more")

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """Counts on the frozen edges; ``None`` where none are frozen."""
        known = profile.column(self.columns[0]) if profile else None
        if known is None or known.bins10 is None:
            return None
        return self._ask(Histogram, digest=known.bins10.digest, edges=known.bins10.edges)

    def _read(self, state: Histogram, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.bin is None:
            return Reading(value=state.n, n=state.n)
        if self.bin > len(state.counts):
            return undefined(state.n, f"there is no bin {self.bin}. Frozen are {len(state.counts)}")
        return Reading(value=state.counts[self.bin - 1], n=state.n)


SPECS: tuple[MetricSpec, ...] = (
    spec(Mean),
    spec(Sum),
    spec(Std),
    spec(Skewness),
    spec(Kurtosis),
    spec(Min),
    spec(Max),
    spec(Quantile),
    spec(ZeroShare),
    spec(Entropy),
    spec(ModeShare),
    spec(HistogramCount),
)  # fmt: skip
