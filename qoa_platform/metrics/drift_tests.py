"""Owns χ² and its kin: whether the counts of two samples differ by more than chance, and by how much (4.10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from qoa_platform.metrics.drift_bins import OfBins
from qoa_platform.metrics.frame_metric import undefined
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Direction, Reading, Unit

EXPECTED = 5.0
"""A bin in which fewer values are expected on either side is pooled with another (Cochran)."""
Pair = tuple[int, int]


def pooled(reference: Sequence[int], current: Sequence[int], *, ordered: bool) -> list[Pair]:
    """Bins in which at least five values are expected on both sides.

    Of numbers (*ordered*) a bin that is too small joins the next one, the last the one before it. Of categories all
    that are too small join ``other``, which is the last bin, and which takes the smallest others until it is large.

    >>> pooled([10, 1, 9], [10, 1, 9], ordered=True), pooled([10, 1, 9], [10, 1, 9], ordered=False)
    ([(10, 10), (10, 10)], [(10, 10), (10, 10)])

    Reference: Cochran (1954), Some methods for strengthening the common χ² tests.
    """
    n, m = sum(reference), sum(current)
    least = EXPECTED * (n + m) / min(n, m) if n and m else EXPECTED
    pairs = [(r, c) for r, c in zip(reference, current, strict=True)]
    return _joined(pairs, least) if ordered else _with_other(pairs, least)


def _joined(pairs: Sequence[Pair], least: float) -> list[Pair]:
    found: list[Pair] = []
    waiting = (0, 0)
    for r, c in pairs:
        waiting = (waiting[0] + r, waiting[1] + c)
        if sum(waiting) >= least:
            found.append(waiting)
            waiting = (0, 0)
    if sum(waiting):
        last = found.pop() if found else (0, 0)
        found.append((last[0] + waiting[0], last[1] + waiting[1]))
    return found


def _with_other(pairs: Sequence[Pair], least: float) -> list[Pair]:
    *named, other = pairs
    large = sorted((p for p in named if sum(p) >= least), key=sum, reverse=True)
    small = [p for p in named if sum(p) < least]
    other = (other[0] + sum(r for r, _ in small), other[1] + sum(c for _, c in small))
    while 0 < sum(other) < least and large:
        r, c = large.pop()
        other = (other[0] + r, other[1] + c)
    return [*large, other] if sum(other) else large


def chi_squared(pairs: Sequence[Pair]) -> float:
    """``Σ (observed − expected)²/expected`` over both rows of the table, uncorrected."""
    n, m = sum(r for r, _ in pairs), sum(c for _, c in pairs)
    total = 0.0
    for r, c in pairs:
        share = (r + c) / (n + m)
        total += (r - n * share) ** 2 / (n * share) + (c - m * share) ** 2 / (m * share)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTable(OfBins):
    """Read off the 2 × B table of reference and current counts, bins in which less than five are expected pooled."""

    unit = Unit.ONE

    def _compared(self, reference: Sequence[int], current: Sequence[int], *, ordered: bool) -> Reading:
        n = sum(current)
        seen = sum(1 for r, c in zip(reference, current, strict=True) if r + c)
        pairs = pooled(reference, current, ordered=ordered)
        if len(pairs) == 1 and seen > 1:
            return undefined(n, "too few values: less than five are expected in all bins but one")
        return Reading(value=self._of_table(chi_squared(pairs), len(pairs) - 1, sum(reference) + n), n=n)

    def _of_table(self, chi2: float, degrees: int, total: int) -> float:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquared(_OfTable):
    """χ² of the 2 × B table of reference and current counts, uncorrected. It grows with n: promise ``drift.cramers_v``.

    Reference: Pearson (1900); bins pooled as Cochran (1954) asks.
    """

    id = "drift.chi2"

    def _of_table(self, chi2: float, degrees: int, total: int) -> float:  # noqa: ARG002
        return chi2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquaredP(_OfTable):
    """Probability of a χ² at least as large if nothing changed. With many rows everything is significant.

    Promise an effect size beside it, or instead. Constant columns have p = 1.
    """

    id = "drift.chi2_p"
    direction = Direction.HIGHER

    def _of_table(self, chi2: float, degrees: int, total: int) -> float:  # noqa: ARG002
        from scipy.special import chdtrc  # noqa: PLC0415 (heavy import)

        return float(chdtrc(degrees, chi2)) if degrees else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CramersV(_OfTable):
    """Effect size of χ²: ``√(χ²/(N + M))``, from 0 to 1, whatever the number of rows. Reference: Cramér (1946)."""

    id = "drift.cramers_v"

    def _of_table(self, chi2: float, degrees: int, total: int) -> float:  # noqa: ARG002
        return sqrt(chi2 / total)


SPECS: tuple[MetricSpec, ...] = (spec(ChiSquared), spec(ChiSquaredP), spec(CramersV))
