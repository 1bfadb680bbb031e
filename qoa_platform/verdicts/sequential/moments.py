"""Owns Moments: the signed sums off which the difference of two arms and its variance are read."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.sequential.batch import Floats
from qoa_platform.verdicts.sequential.blocks import Blocks
from qoa_platform.verdicts.sequential.units import Rows, grown

N, SUM, SQUARE, CROSS, SIZE = range(5)


@dataclass(slots=True, kw_only=True)
class Moments:
    """Sums of what every row lies above the pooled mean of the rows *before* it, per stage and arm.

    With the share π of the treatment in the stage, row i counts ``φ = (y − m)·(A/π − (1 − A)/(1 − π))``: its mean is
    the effect, whatever the split, also when that changes meanwhile. m is arm-blind and known beforehand, so that with
    one row per unit and no effect S = Σφ is a martingale whose steps are known but for their sign (equal shares) or
    their arm.

    ``total(τ)`` and ``variance(τ)`` are of the effect τ: the variance is that of units (sums of their rows, whatever
    the rows of one have in common), at least that of independent rows, the larger of what the arms show and of what
    a draw of the arms would do to the pooled units (Delyon's bound lies between these two), and what neighbouring rows
    have in common on top.

    Sources: Waudby-Smith et al. (2024), Time-uniform central limit theory, Annals of Statistics; Delyon (2009),
    Exponential inequalities for sums of weakly dependent variables; Liang & Zeger (1986), Biometrika 73(1).
    """

    clustered: bool
    shares: list[float]
    rows: list[Floats] = field(default_factory=list)
    units: list[Floats] = field(default_factory=list)
    plain: Floats = field(default_factory=lambda: np.zeros((2, 2)))
    blocks: Blocks = field(default_factory=Blocks)
    own: Floats = field(default_factory=lambda: np.zeros(0))
    own_n: Floats = field(default_factory=lambda: np.zeros(0))
    seen: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fourth: float = 0.0

    def add(self, rows: Rows) -> Floats:
        """After more rows, in their order: their φ."""
        if not len(rows):
            return np.zeros(0)
        while len(self.rows) < len(self.shares):
            self.rows.append(np.zeros((2, 5)))
            self.units.append(np.zeros((2, 5)))
        above = self._above(rows.value)
        weight = np.array(self.shares)[rows.stage]
        signed: Floats = np.where(rows.arm == 1, above / weight, -above / (1 - weight))
        self.blocks.add(signed)
        self.fourth += float((above**4).sum())
        for arm in (0, 1):
            mine = rows.arm == arm
            self.plain[arm] += (int(mine.sum()), float(rows.value[mine].sum()))
        self._tell(self.rows, rows.stage, rows.arm, (above, np.ones(len(rows))), None)
        if self.clustered:
            self._cluster(rows, above)
        return signed

    def _above(self, values: Floats) -> Floats:
        """What lies above the mean of the rows before; nothing for the very first."""
        n, total, origin = self.seen
        if not n:
            origin = float(values[0])
        shifted = values - origin
        before = total + np.cumsum(shifted) - shifted
        counts = n + np.arange(len(values))
        centre = before / np.maximum(counts, 1)
        if not n:
            centre[0] = shifted[0]
        self.seen = (n + len(values), total + float(shifted.sum()), origin)
        above: Floats = shifted - centre
        return above

    def _cluster(self, rows: Rows, above: Floats) -> None:
        units, where = np.unique(rows.unit, return_inverse=True)
        size = int(units[-1]) + 1
        self.own, self.own_n = grown(self.own, size), grown(self.own_n, size)  # type: ignore[assignment]
        first = np.zeros(len(units), dtype=np.int64)
        first[where[::-1]] = np.arange(len(where))[::-1]
        old = self.own[units], self.own_n[units]
        new = old[0] + np.bincount(where, above), old[1] + np.bincount(where)
        self.own[units], self.own_n[units] = new
        self._tell(self.units, rows.stage[first], rows.arm[first], new, old)

    @staticmethod
    def _tell(
        into: list[Floats], stage: NDArray[np.int64], arm: NDArray[np.int8], new: tuple[Floats, Floats],
        old: tuple[Floats, Floats] | None,
    ) -> None:  # fmt: skip
        """Add the sums of (value, size) pairs, less those of what they were before."""
        for number in np.unique(stage):
            for side in (0, 1):
                mine = (stage == number) & (arm == side)
                for pair, sign in ((new, 1.0), (old, -1.0)):
                    if pair is not None and mine.any():
                        c, n = pair[0][mine], pair[1][mine]
                        into[number][side] += sign * np.array([n.sum(), c.sum(), c @ c, c @ n, n @ n])

    def total(self) -> tuple[float, float]:
        """S at no effect, and how much of it an effect of 1 takes away."""
        found, slope = 0.0, 0.0
        for share, (control, treatment) in zip(self.shares, self.rows, strict=False):
            found += treatment[SUM] / share - control[SUM] / (1 - share)
            slope += (1 - share) / share * treatment[N] + share / (1 - share) * control[N]
        return float(found), float(slope)

    def variance(self, effect: float) -> float:
        """The variance of S when the effect is *effect*."""
        independent = self._spread(self.rows, effect)
        units = self._spread(self.units, effect) if self.clustered else independent
        return max(units, independent) + self.blocks.excess()

    def _spread(self, parts: list[Floats], effect: float) -> float:
        own, pooled = 0.0, 0.0
        for share, (control, treatment) in zip(self.shares, parts, strict=False):
            one, other = _square(treatment, effect * (1 - share)), _square(control, -effect * share)
            own += one / share**2 + other / (1 - share) ** 2
            pooled += (one + other) / (share * (1 - share))
        return max(own, pooled)

    @property
    def n(self) -> int:
        """How many rows."""
        return int(self.seen[0])

    @property
    def telling(self) -> float:
        """How many rows tell something: ``(Σx²)²/Σx⁴``; the number of hits where hits are rare."""
        squares = sum(float(part[:, SQUARE].sum()) for part in self.rows)
        return squares**2 / self.fourth if self.fourth > 0 else 0.0

    def means(self) -> tuple[float | None, float | None]:
        """The plain means of the arms."""
        control, treatment = (float(s / n) if n else None for n, s in self.plain)
        return control, treatment


def _square(part: Floats, shift: float) -> float:
    """Σ (c − shift·n)²."""
    return float(max(part[SQUARE] - 2 * shift * part[CROSS] + shift * shift * part[SIZE], 0.0))
