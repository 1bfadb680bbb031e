"""Owns the drift of numbers as distributions: KS and Wasserstein distance off 2 048 frozen edges (metrics.md 4.10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import isfinite

from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, ColumnProfile, Direction, Edges, Profile, Reading, Reason, Unit
from qoa_platform.states import Histogram, Moments

AGAIN = "its fine edges do not span the reference: freeze it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfFineBins(FrameMetric):
    """Compares cumulated shares at the frozen fine edges, which begin and end with the reference's extremes."""

    unit = Unit.ONE
    direction = Direction.LOWER
    needs_reference = True

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """Counts and sums on the fine edges; ``None`` where none are frozen."""
        known = profile.column(self.columns[0]) if profile else None
        if known is None or known.bins2048 is None:
            return None
        return self._ask(Histogram, digest=known.bins2048.digest, edges=known.bins2048.edges, sums=("x",))

    def _read(self, state: Histogram, profile: Profile | None, group: str | None) -> Reading:
        whole, known = (profile.column(self.columns[0], g) if profile else None for g in (None, group))
        if whole is None or known is None or known.bins2048 is None:
            cause = f"nothing is frozen of {self.columns[0]!r}, group {group!r}"
            return Reading.unknown(Reason.NO_REFERENCE, state.n, cause)
        if known.bins2048.digest != state.digest:
            cause = "the values were counted on other edges than the profile's"
            return Reading.unknown(Reason.NO_REFERENCE, state.n, cause)
        if not sum(known.bins2048.counts):
            return Reading.unknown(Reason.NO_REFERENCE, state.n, "the reference holds no value")
        if not state.n:
            return Reading.unknown(Reason.NO_DATA)
        return self._against(known, known.bins2048, state, _has_ends(whole))

    def _against(self, known: ColumnProfile, bins: Edges, state: Histogram, ends: bool) -> Reading:  # noqa: FBT001
        """*ends*: whether the edges span the reference."""
        raise NotImplementedError


def _has_ends(whole: ColumnProfile) -> bool:
    edges = whole.bins2048.edges if whole.bins2048 else ()
    return bool(edges) and (edges[0], edges[-1]) == (whole.minimum, whole.maximum)


CONSTANT = 1e-12
"""A spread below this share of the mean is that of a constant, up to rounding."""


def spread(known: ColumnProfile) -> float | None:
    """The reference's standard deviation, ``None`` where it is constant (or has none)."""
    if not known.std or (known.minimum is not None and known.minimum == known.maximum):
        return None
    return known.std if known.std > CONSTANT * abs(known.mean or 0.0) else None


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]


def gaps(reference: Sequence[int], current: Sequence[int]) -> list[float]:
    """``F_cur − F_ref`` at each edge, off the counts of the bins that end there (the open last bin ends nowhere)."""
    n, m = sum(reference), sum(current)
    cumulated = zip(accumulate(reference), accumulate(current), strict=True)
    return [c / m - r / n for r, c in cumulated][:-1]


def ks_distance(reference: Sequence[int], current: Sequence[int]) -> tuple[float, float]:
    """D at the edges, and how much larger the D of all values may be: within a bin by no more than the lesser share."""
    shares = zip(_shares(reference), _shares(current), strict=True)
    return max((abs(gap) for gap in gaps(reference, current)), default=0.0), max(min(p, q) for p, q in shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ks(_OfFineBins):
    """Kolmogorov–Smirnov distance: largest gap of the two cumulative distributions on the frozen fine edges.

    The D of all values lies between the value and value + bound, ``max_k min(P_k, Q_k)``; a bound of 0 is exact.
    Reference: Kolmogorov (1933), Smirnov (1939).
    """

    id = "drift.ks"

    def _against(self, known: ColumnProfile, bins: Edges, state: Histogram, ends: bool) -> Reading:  # noqa: ARG002, FBT001
        distance, more = ks_distance(bins.counts, state.counts)
        return Reading(value=distance, n=state.n, bound=min(more, 1 - distance))


@dataclass(frozen=True, slots=True, kw_only=True)
class KsP(_OfFineBins):
    """Probability of a KS distance at least as large if nothing changed (asymptotic, of continuous values).

    With many rows everything is significant: promise the distance. The bound is how much lower the p of all values may
    be. Reference: Simard & L'Ecuyer (2011); SciPy ``kstwo`` at ``round(NM/(N + M))``.
    """

    id = "drift.ks_p"
    direction = Direction.HIGHER

    def _against(self, known: ColumnProfile, bins: Edges, state: Histogram, ends: bool) -> Reading:  # noqa: ARG002, FBT001
        n, m = sum(bins.counts), state.n
        size = round(n * m / (n + m))
        if not size:
            return undefined(m, "one value on either side has no distribution")
        distance, more = ks_distance(bins.counts, state.counts)
        value, least = _kstwo(distance, size), _kstwo(min(distance + more, 1.0), size)
        return Reading(value=value, n=m, bound=max(value - least, 0.0))


def _kstwo(distance: float, size: int) -> float:
    from scipy.stats import kstwo  # noqa: PLC0415 (heavy import)

    return float(min(max(kstwo.sf(distance, size), 0.0), 1.0))


def area(edges: Sequence[float], differences: Sequence[float]) -> float:
    """``∫|F_cur − F_ref|`` between the first and the last edge, the difference linear between edges.

    >>> area((0.0, 1.0, 2.0), (0.0, 0.5, -0.5))
    0.5
    """
    total = 0.0
    for (low, high), (a, b) in zip(pairwise(edges), pairwise(differences), strict=True):
        size = abs(a) + abs(b)
        mean = size / 2 if a * b >= 0 else (a * a + b * b) / (2 * size)
        total += (high - low) * mean
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Wasserstein(_OfFineBins):
    """Area between both cumulative distributions ``∫|F_ref − F_cur|``, in the unit of the column (earth mover's).

    Linear between the frozen edges, exact beyond the reference's extremes (from the sums of the outer bins); off by no
    more than its bound ``½·Σ w_k·(P_k + Q_k)`` over the bins of width w. Where both sides lie beyond the edges (a
    moving reference), their mean excesses are compared, and the bound is larger by twice the lesser one. Heavy tails
    make wide bins. ±inf on either
    side makes it undefined. Reference: Vallender (1974).
    """

    id = "drift.wasserstein"
    unit = Unit.COLUMN

    def _against(self, known: ColumnProfile, bins: Edges, state: Histogram, ends: bool) -> Reading:  # noqa: FBT001
        if not ends:
            return Reading.unknown(Reason.NO_REFERENCE, state.n, AGAIN)
        if known.n_nonfinite:
            return undefined(state.n, f"the reference holds ±inf in {known.n_nonfinite} rows")
        sums = dict(state.sums)["x"]
        low, high, m = bins.edges[0], bins.edges[-1], state.n
        below, above = low * state.counts[0] - sums[0], sums[-1] - high * state.counts[-1]
        if not isfinite(below) or not isfinite(above):
            return Reading.unknown(Reason.ERROR, m, "some values are ±inf, which no mass can be moved to")
        before, after = known.beyond or (0.0, 0.0), (max(below, 0.0) / m, max(above, 0.0) / m)
        if not all(map(isfinite, before)):
            return undefined(m, "the reference holds ±inf")
        beyond = zip(before, after, strict=True)
        value = area(bins.edges, gaps(bins.counts, state.counts)) + sum(abs(a - b) for a, b in beyond)
        shares = zip(_shares(bins.counts)[1:-1], _shares(state.counts)[1:-1], pairwise(bins.edges), strict=True)
        bound = sum((right - left) * (p + q) for p, q, (left, right) in shares) / 2
        bound += 2 * sum(map(min, before, after))
        return self._scaled(known, Reading(value=value, n=m, bound=bound))

    def _scaled(self, known: ColumnProfile, reading: Reading) -> Reading:  # noqa: ARG002
        return reading


@dataclass(frozen=True, slots=True, kw_only=True)
class WassersteinStd(Wasserstein):
    """Wasserstein distance ÷ standard deviation of the reference (ddof 0): comparable across columns.

    Undefined where the reference is constant.
    """

    id = "drift.wasserstein_std"
    unit = Unit.ONE

    def _scaled(self, known: ColumnProfile, reading: Reading) -> Reading:
        std = spread(known)
        if reading.value is None:
            return reading
        if std is None:
            return undefined(reading.n, "the reference is constant, or its spread is not known")
        value, bound = reading.value / std, (reading.bound or 0.0) / std
        return Reading(value=value, n=reading.n, bound=bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanShift(FrameMetric):
    """``(mean − reference mean) ÷ reference standard deviation``, signed: the cheap first look.

    Over finite values. Undefined where the reference is constant. Reference: Cohen's d with the reference's spread
    (Glass's Δ, 1976).
    """

    id = "drift.mean_shift"
    unit = Unit.ONE
    direction = Direction.TARGET
    needs_reference = True

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The moments of the column."""
        return self._ask(Moments)

    def _read(self, state: Moments, profile: Profile | None, group: str | None) -> Reading:
        known = profile.column(self.columns[0], group) if profile else None
        if known is None or known.mean is None or known.std is None:
            cause = f"no mean is frozen of {self.columns[0]!r}, group {group!r}"
            return Reading.unknown(Reason.NO_REFERENCE, state.n, cause)
        if not state.n:
            return Reading.unknown(Reason.NO_DATA)
        if (std := spread(known)) is None:
            return undefined(state.n, "the reference is constant, or its spread is not known")
        return Reading(value=(state.mean - known.mean) / std, n=state.n)


SPECS: tuple[MetricSpec, ...] = (spec(Ks), spec(KsP), spec(Wasserstein), spec(WassersteinStd), spec(MeanShift))
