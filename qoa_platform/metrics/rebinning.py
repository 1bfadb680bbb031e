"""Owns counts of a reference in bins that were not frozen: the likely ones, and between which they must lie."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qoa_platform.records import ColumnProfile

Floats = NDArray[np.float64]
Term = Callable[[Floats, Floats], Floats]
ROUNDING, TIGHT = 1e-9, 1e-13


class Between(NamedTuple):
    """A number, or many, of which only the limits are known: *least* ≤ truth ≤ *most*; *likely* is linear in bins."""

    least: Any
    likely: Any
    most: Any

    def over(self, n: float) -> "Between":
        """All three ÷ *n*."""
        return Between(self.least / n, self.likely / n, self.most / n)

    def hull(self, other: "Between") -> "Between":
        """What either allows; the likely one stays."""
        return Between(min(self.least, other.least), self.likely, max(self.most, other.most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A frozen histogram as a distribution: at *edges*, *upto* values are at most as large, of *n* in [*low*, *high*].

    Between two edges the count is known between those at the edges; with *on_edges* every value lies on an edge, and
    all is exact.
    """

    edges: Floats
    upto: Floats
    n: int
    low: float
    high: float
    mean: float
    std: float
    on_edges: bool

    @property
    def counts(self) -> Floats:
        """Of the bins that end at the edges."""
        return np.diff(self.upto, prepend=0.0)

    def below(self, points: Floats) -> Between:
        """How many values lie below each of *points*."""
        at = np.searchsorted(self.edges, points, side="left")
        inside = (points > self.low) & (points <= self.high)
        return self._limited(points, at, inside, points <= self.low)

    def at_most(self, points: Floats) -> Between:
        """How many values lie at or below each of *points*: exact at an edge."""
        at = np.searchsorted(self.edges, points, side="right")
        inside = (points >= self.low) & (points < self.high)
        found = self._limited(points, at, inside, points < self.low)
        known = (at > 0) & (self.edges[np.maximum(at - 1, 0)] == points)
        most = np.where(known, found.least, found.most)
        return Between(found.least, np.minimum(found.likely, most), most)

    def _limited(self, points: Floats, at: NDArray[np.intp], inside: Any, none: Any) -> Between:
        steps = np.concatenate(([0.0], self.upto, [float(self.n)]))
        least, most = steps[at], steps[at if self.on_edges else at + 1]
        least = np.where(inside, np.maximum(least, 1.0), np.where(none, 0.0, self.n))
        most = np.where(inside, np.minimum(most, self.n - 1.0), np.where(none, 0.0, self.n))
        likely = np.rint(np.interp(points, self.edges, self.upto))
        return Between(least, np.clip(likely, least, most), most)

    def binned(self, edges: Floats) -> Between:
        """Counts of the bins ``[e_j, e_{j+1})``, the last one closed, as NumPy's histogram counts them.

        A bin holds at least what is surely below its end and not below its start, at most the reverse: between the
        sums of the frozen bins inside it and of those that overlap it.
        """
        below, last = self.below(edges), self.at_most(edges[-1:])
        least, likely, most = (np.append(a[:-1], b) for a, b in zip(below, last, strict=True))
        return Between(
            np.maximum(least[1:] - most[:-1], 0.0),
            np.maximum(likely[1:] - likely[:-1], 0.0),
            most[1:] - least[:-1],
        )

    def doane(self) -> range:
        """How many bins Doane's rule may give: it needs the skewness, which is known between limits."""
        if self.n <= 2 or self.low == self.high or not self.std:  # noqa: PLR2004
            return range(1, 2)
        ends = np.clip(self.edges, self.low, self.high)
        starts = ends if self.on_edges else np.concatenate(([self.low], ends[:-1]))
        cubes = (((side - self.mean) / self.std) ** 3 for side in (starts, ends))
        least, most = (float((self.counts * side).sum()) / self.n for side in cubes)
        spread = np.sqrt(6.0 * (self.n - 2) / ((self.n + 1.0) * (self.n + 3)))
        skews = (0.0 if least <= 0 <= most else min(abs(least), abs(most)), max(abs(least), abs(most)))
        first, last = (1 + np.log2(self.n) + np.log2(1 + skew / spread) for skew in skews)
        return range(int(np.ceil(first - ROUNDING)), int(np.ceil(last + ROUNDING)) + 1)


def frozen(known: ColumnProfile) -> Frozen | None:
    """The distribution that is frozen of a column of finite numbers, ``None`` without fine edges that span it."""
    bins = known.bins2048
    if bins is None or known.minimum is None or known.maximum is None or known.mean is None or not sum(bins.counts):
        return None
    edges, counts = np.array(bins.edges), np.array(bins.counts, dtype=np.float64)
    if known.n_nonfinite or counts[-1] or edges[0] > known.minimum or edges[-1] < known.maximum:
        return None
    n, held = int(counts.sum()), counts[:-1]
    mean, std = known.mean, known.std or 0.0
    lower = float((held * edges).sum()) / n - mean  # no value is above its edge: 0 iff each lies on one
    on_edges = abs(lower) <= TIGHT * float((held * np.abs(edges)).sum()) / n
    return Frozen(
        edges=edges, upto=np.cumsum(held), n=n, low=known.minimum, high=known.maximum, mean=mean, std=std,
        on_edges=on_edges,
    )  # fmt: skip


def psi_term(p: Floats, q: Floats) -> Floats:
    """``(p − q)·ln(p/q)``: convex in p, least (0) at p = q."""
    found: Floats = (p - q) * np.log(p / q)
    return found


def js_term(p: Floats, q: Floats) -> Floats:
    """``½(p·ln(p/a) + q·ln(q/a))``, a = (p + q)/2: convex in p, least (0) at p = q."""
    middle = np.maximum((p + q) / 2, np.finfo(np.float64).tiny)
    logs = [side * np.log(np.maximum(side, np.finfo(np.float64).tiny) / middle) for side in (p, q)]
    found: Floats = (logs[0] + logs[1]) / 2
    return found


def summed(term: Term, p: Between, q: Floats) -> Between:
    """``Σ term(p_k, q_k)`` where p is known between limits: a convex term is largest at one of them."""
    nearest = np.clip(q, p.least, p.most)
    most = np.maximum(term(p.least, q), term(p.most, q))
    return Between(*(float(np.sum(side)) for side in (term(nearest, q), term(p.likely, q), most)))


def rooted(value: Between, scale: float) -> Between:
    """Square roots of all three ÷ *scale*, at most that of ln 2."""
    return Between(*(float(np.sqrt(min(max(side, 0.0), np.log(2)) / scale)) for side in value))


def apart(known: Between, current: Floats) -> Between:
    """``|F_ref − F_cur|`` point by point."""
    shifted = [side - current for side in known]
    most = np.maximum(np.abs(shifted[0]), np.abs(shifted[2]))
    least = np.where((shifted[0] <= 0) & (shifted[2] >= 0), 0.0, np.minimum(np.abs(shifted[0]), np.abs(shifted[2])))
    return Between(least, np.abs(shifted[1]), most)
