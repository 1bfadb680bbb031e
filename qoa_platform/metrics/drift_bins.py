"""Owns the bins of drift: the frozen counts of a column beside the current ones, and distances of them (4.10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log2, sqrt

from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Category, ColumnProfile, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import Frequencies, Histogram, Tally

TOP = 50
"""So many of the reference's most frequent categories have a bin each; all others share one."""

Shares = Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfBins(FrameMetric):
    """Compares the current counts in B bins with the reference's, which were frozen with the edges.

    Numbers: the profile's 10-bin edges. Categories: the 50 most frequent reference values and ``other``. Missing is no
    bin. Edges are never taken from current data: bins that move with the data hide the drift or invent it.
    """

    direction = Direction.LOWER
    needs_reference = True

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """Counts on the frozen edges, or of the values; ``None`` where no value of the column is frozen."""
        known = profile.column(self.columns[0]) if profile else None
        if known is None:
            return None
        if known.bins10 is not None:
            return self._ask(Histogram, digest=known.bins10.digest, edges=known.bins10.edges)
        if known.overflow:
            return Ask(state="nothing")
        return self._ask(Frequencies) if known.dictionary else None

    def _read(self, state: Histogram | Frequencies | Tally, profile: Profile | None, group: str | None) -> Reading:
        known = profile.column(self.columns[0], group) if profile else None
        if known is None:
            return Reading.unknown(
                Reason.NO_REFERENCE, cause=f"nothing is frozen of {self.columns[0]!r}, group {group!r}"
            )
        counts = _counts(known, state)
        if isinstance(counts, Reading):
            return counts
        reference, current = counts
        if sum(reference) == 0:
            return Reading.unknown(Reason.NO_REFERENCE, sum(current), "the reference holds no value")
        if sum(current) == 0:
            return Reading.unknown(Reason.NO_DATA)
        return self._compared(reference, current, ordered=isinstance(state, Histogram))

    def _compared(self, reference: Sequence[int], current: Sequence[int], *, ordered: bool) -> Reading:  # noqa: ARG002
        return Reading(value=self._distance(reference, current), n=sum(current))

    def _distance(self, reference: Sequence[int], current: Sequence[int]) -> float:
        return self._of(shares(reference), shares(current))

    def _of(self, p: Shares, q: Shares) -> float:
        raise NotImplementedError


def _counts(
    known: ColumnProfile, state: Histogram | Frequencies | Tally
) -> tuple[Sequence[int], Sequence[int]] | Reading:
    """Reference and current counts, bin by bin, or why there are none."""
    match state:
        case Histogram():
            if known.bins10 is None or known.bins10.digest != state.digest:
                cause = "the values were counted on other edges than the profile's"
                return Reading.unknown(Reason.NO_REFERENCE, state.n, cause)
            return known.bins10.counts, state.counts
        case Frequencies():
            if not known.dictionary:
                return Reading.unknown(Reason.NO_REFERENCE, state.n, "no dictionary is frozen")
            if state.error:
                return undefined(state.n, f"more than {state.cap:,} distinct values: their counts are not exact")
            return _categories(known, state)
        case Tally():
            return undefined(0, "the column has too many categories for a dictionary, and no numbers for edges")


def counts_of(known: ColumnProfile) -> tuple[int, ...]:
    """The reference's counts in the bins of drift: between the 10-bin edges, or of the 50 commonest values and others.

    Empty where nothing is frozen.
    """
    if known.bins10 is not None:
        return known.bins10.counts
    ordered = _ordered(known)
    return (*(c.count for c in ordered[:TOP]), sum(c.count for c in ordered[TOP:])) if ordered else ()


def _ordered(known: ColumnProfile) -> list[Category]:
    return sorted(known.dictionary or (), key=lambda c: (-c.count, c.value))


def _categories(known: ColumnProfile, state: Frequencies) -> tuple[Sequence[int], Sequence[int]]:
    found = dict(state.counts)
    current = [found.get(c.value, 0) for c in _ordered(known)[:TOP]]
    return counts_of(known), [*current, state.n - sum(current)]


def shares(counts: Sequence[int]) -> list[float]:
    """Raw shares ``c/N``."""
    total = sum(counts)
    return [count / total for count in counts]


def smoothed(counts: Sequence[int]) -> list[float]:
    """Jeffreys-smoothed shares ``(c + ½)/(N + B/2)``: positive, finite, and no magic ε.

    >>> smoothed([3, 0])
    [0.875, 0.125]
    """
    total = sum(counts) + len(counts) / 2
    return [(count + 0.5) / total for count in counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Psi(OfBins):
    """Population stability index ``Σ (q − p)·ln(q/p)`` of smoothed shares: 0 iff equal.

    Smoothing is Jeffreys': an empty bin would make the raw index infinite, and every ε that peers put there is another
    index. The folklore 0.1 and 0.25 say nothing on small partitions: see the noise floor of the judge.

    References: Kullback & Leibler (1951), the divergence J; Siddiqi (2006), Credit Risk Scorecards.
    """

    id = "drift.psi"
    unit = Unit.NAT

    def _distance(self, reference: Sequence[int], current: Sequence[int]) -> float:
        return self._of(smoothed(reference), smoothed(current))

    def _of(self, p: Shares, q: Shares) -> float:
        return sum((b - a) * log(b / a) for a, b in zip(p, q, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class JensenShannon(OfBins):
    """Jensen–Shannon distance, base 2: ``√(½KL(P‖A) + ½KL(Q‖A))`` with ``A = (P + Q)/2``, from 0 to 1.

    The distance, not the divergence; peers differ in both and in the base. Reference: Endres & Schindelin (2003).
    """

    id = "drift.js"
    unit = Unit.ONE

    def _of(self, p: Shares, q: Shares) -> float:
        middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
        return sqrt(max(_kl2(p, middle) / 2 + _kl2(q, middle) / 2, 0.0))


def _kl2(p: Shares, q: Shares) -> float:
    return sum(a * log2(a / b) for a, b in zip(p, q, strict=True) if a > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hellinger(OfBins):
    """Hellinger distance ``√(½·Σ(√P − √Q)²)``, from 0 to 1."""

    id = "drift.hellinger"
    unit = Unit.ONE

    def _of(self, p: Shares, q: Shares) -> float:
        return sqrt(sum((sqrt(a) - sqrt(b)) ** 2 for a, b in zip(p, q, strict=True)) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalVariation(OfBins):
    """Total variation distance ``½·Σ|P − Q|``: the share of rows that moved to another bin."""

    id = "drift.tvd"

    def _of(self, p: Shares, q: Shares) -> float:
        return sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestShift(OfBins):
    """Largest change of any bin's share: ``max|P − Q|``."""

    id = "drift.linf"

    def _of(self, p: Shares, q: Shares) -> float:
        return max(abs(a - b) for a, b in zip(p, q, strict=True))


SPECS: tuple[MetricSpec, ...] = (
    spec(Psi), spec(JensenShannon), spec(Hellinger), spec(TotalVariation), spec(LargestShift),
)  # fmt: skip
