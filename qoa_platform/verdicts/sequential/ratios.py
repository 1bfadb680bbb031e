"""Owns Ratios: what events of two arms say of the ratio of their rates, at any time."""

from dataclasses import dataclass, field
from math import log

import numpy as np

from qoa_platform.metrics.error_evidence import chance
from qoa_platform.verdicts.sequential.batch import Floats

WIDEST, POINTS, SPREAD = 1e4, 1601, 1.0
"""Ratios from 1/10⁴ to 10⁴; log r ~ N(0, 1) is what is thought of them beforehand."""
GRID: Floats = np.exp(np.linspace(-log(WIDEST), log(WIDEST), POINTS))
_WEIGHTS: Floats = np.exp(-0.5 * (np.log(GRID) / SPREAD) ** 2)
PRIOR: Floats = np.log(_WEIGHTS / _WEIGHTS.sum())


@dataclass(slots=True, kw_only=True)
class Ratios:
    """The likelihood of every ratio r on a grid: given an event, it is the treatment's with chance w·r/(w·r + 1 − w).

    Against r₀, ``E = Σ π_j L(r_j) ÷ L(r₀)``; the ratios with E < 1/α are a confidence sequence. For one share w it is
    the beta-binomial one with another prior. Each event counts with the share in force.

    >>> found = Ratios()
    >>> found.add(20, 20, 0.5)
    >>> [round(x, 1) for x in found.interval(0.05)]
    [0.4, 2.5]
    """

    likelihood: Floats = field(default_factory=lambda: np.zeros(POINTS))
    prior: Floats = field(default_factory=lambda: PRIOR)
    events: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, control: int, treatment: int, share: float) -> None:
        """After more events of either arm, at the treatment's *share*."""
        q = chance(GRID, share)
        self.likelihood = self.likelihood + treatment * np.log(q) + control * np.log1p(-q)
        self.events[0] += control
        self.events[1] += treatment

    def log_e(self, ratio: float = 1.0) -> float:
        """Log E against *ratio* (its nearest point of the grid)."""
        return self._mixed() - float(self.likelihood[int(np.argmin(np.abs(np.log(GRID / ratio))))])

    def interval(self, alpha: float) -> tuple[float, float]:
        """The ratios not excluded; 0 and infinity stand for beyond the grid."""
        kept = np.flatnonzero(self.likelihood > self._mixed() - log(1 / alpha))
        low, high = max(int(kept[0]) - 1, 0), min(int(kept[-1]) + 1, POINTS - 1)
        return (float(GRID[low]) if low else 0.0), (float(GRID[high]) if high < POINTS - 1 else float("inf"))

    def estimate(self) -> float | None:
        """The likeliest ratio; ``None`` while an arm has no event."""
        return float(GRID[int(np.argmax(self.likelihood))]) if min(self.events) else None

    def _mixed(self) -> float:
        logs = self.likelihood + self.prior
        peak = float(logs.max())
        return peak + log(float(np.exp(logs - peak).sum()))
