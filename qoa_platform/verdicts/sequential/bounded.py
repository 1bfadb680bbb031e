"""Owns BoundedTest: the difference of means of values that cannot leave known bounds, without any asymptotics."""

from dataclasses import dataclass, field
from math import log

import numpy as np

from qoa_platform.verdicts.sequential.batch import Floats
from qoa_platform.verdicts.sequential.decision import Effect
from qoa_platform.verdicts.sequential.moments import Moments
from qoa_platform.verdicts.sequential.units import Rows

LARGEST = 0.5
"""No bet is larger than this."""


@dataclass(slots=True, kw_only=True)
class BoundedTest:
    """The predictable plug-in empirical-Bernstein confidence sequence of the difference of two means.

    The signed rows φ of :class:`Moments` lie within ±*reach* = (high − low)/min(π, 1 − π). Scaled to [0, 1], with bets
    ``λ_i = min(√(2·log(2/α)/(σ̂²_{i−1}·i·log(1 + i))), ½)``, the mean is within ``(log(2/α) + Σ v_i ψ(λ_i))/Σ λ_i`` of
    ``Σ λ_i z_i/Σ λ_i``, ``v_i = 4(z_i − μ̂_{i−1})²``, ``ψ(λ) = (−log(1 − λ) − λ)/4``: exactly, at any n, for one row
    per unit. Wider than the normal mixture until n is large.

    Source: Waudby-Smith & Ramdas (2024), Estimating means of bounded random variables by betting, JRSS B 86(1), Thm 2.
    """

    moments: Moments
    bounds: tuple[float, float]
    alpha: float = 0.05
    reach: float = 0.0
    sums: Floats = field(default_factory=lambda: np.zeros(4))
    """Σλ, Σλz, Σvψ, Σφ."""
    plug: tuple[int, float, float] = (0, 0.0, 0.0)

    def __post_init__(self) -> None:
        share = self.moments.shares[0]
        self.reach = (self.bounds[1] - self.bounds[0]) / min(share, 1 - share)

    def add(self, rows: Rows) -> None:
        """After more rows."""
        signed = self.moments.add(rows)
        if not len(signed):
            return
        z = 0.5 + signed / (2 * self.reach)
        n, total, apart = self.plug
        i = n + np.arange(1, len(z) + 1)
        mean = (0.5 + total + np.cumsum(z)) / (i + 1)
        moved = np.cumsum((z - mean) ** 2)
        variance = (0.25 + apart + moved) / (i + 1)
        first = (0.5 + total) / (n + 1), (0.25 + apart) / (n + 1)
        mean_before = np.concatenate(([first[0]], mean[:-1]))
        variance_before = np.concatenate(([first[1]], variance[:-1]))
        bet = np.minimum(np.sqrt(2 * log(2 / self.alpha) / (variance_before * i * np.log1p(i))), LARGEST)
        penalty = (z - mean_before) ** 2 * (-np.log1p(-bet) - bet)
        self.sums = self.sums + np.array([bet.sum(), bet @ z, penalty.sum(), signed.sum()])
        self.plug = n + len(z), total + float(z.sum()), apart + float(moved[-1])

    def ready(self, units: int) -> bool:  # noqa: ARG002 (exact from the first row on)
        """Always, once there is a row."""
        return self.plug[0] > 0

    def effect(self) -> Effect:
        """What is known of the difference."""
        bets, won, penalty, signed = self.sums.tolist()
        if not bets:
            return Effect(values=self.moments.means())
        centre, wide = won / bets, (log(2 / self.alpha) + penalty) / bets
        low, high = max(centre - wide, 0.0), min(centre + wide, 1.0)
        up, down = won - bets / 2 - penalty, bets / 2 - won - penalty
        return Effect(
            estimate=signed / self.plug[0], low=2 * self.reach * (low - 0.5), high=2 * self.reach * (high - 0.5),
            log_e=float(np.logaddexp(up, down)) - log(2), values=self.moments.means(),
        )  # fmt: skip
