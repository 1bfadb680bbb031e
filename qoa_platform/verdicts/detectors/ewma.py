"""Owns Ewma: the exponentially weighted mean of standardised values, beside its limits."""

from dataclasses import dataclass
from math import isfinite, sqrt

from qoa_platform.verdicts.detectors.protocol import Detector, positive


@dataclass(slots=True, kw_only=True)
class Ewma(Detector):
    """Small lasting shifts of a value whose mean and standard deviation are known, smoothed.

    With z = (x − mean) ÷ std: E = λz + (1 − λ)E from 0. The statistic is abs(E) ÷ √(λ ÷ (2 − λ) · (1 − (1 − λ)^2t)),
    its distance from 0 in its own standard deviations after t values; there is an alarm above *width* (L). *since* is
    where E last came from the other side of one standard deviation.

    With λ 0.2 and L 3 a false alarm comes after 560 independent normal values on average; a lasting shift of one
    σ is found after 9. It forgets by itself: once the mean is back, the statistic falls below the level in a few.

    Raises ValueError for a *std* or *width* not above 0, a *weight* (λ) outside (0, 1], a *mean* that is no number.

    >>> chart = Ewma(mean=10.0, std=1.0)
    >>> [round(chart.update(x), 2) for x in (10.0, 12.0, 12.0, 12.0)], chart.alarm
    ([0.0, 1.56, 2.51, 3.21], True)

    Source: Roberts (1959), Control chart tests based on geometric moving averages; Lucas & Saccucci (1990).
    """

    ID = "drift.ewma"

    mean: float
    std: float
    weight: float = 0.2
    width: float = 3.0
    smoothed: float = 0.0
    t: int = 0
    began: int = 1

    def __post_init__(self) -> None:
        positive(self.ID, std=self.std, width=self.width, weight=self.weight)
        if not isfinite(self.mean) or self.weight > 1:
            raise ValueError(f"mean {self.mean!r}, weight {self.weight!r} of {self.ID}. Allowed: a number, one up to 1")

    @property
    def level(self) -> float:
        """*width*: L."""
        return self.width

    def reset(self) -> None:
        """E is 0."""
        self.smoothed, self.t, self.began = 0.0, 0, self.n + 1
        self.statistic, self.since = None, None

    def _fold(self, x: float) -> float:
        before = self.smoothed
        self.t += 1
        self.smoothed = self.weight * (x - self.mean) / self.std + (1 - self.weight) * before
        lasting = self.weight / (2 - self.weight)
        sigma = sqrt(lasting * -_expm1_power(1 - self.weight, 2 * self.t))
        found = abs(self.smoothed) / sigma
        if found < 1 or before * self.smoothed < 0:
            self.began = self.n if before * self.smoothed < 0 else self.n + 1
        self.since = self.began if found >= 1 else None
        return found


def _expm1_power(base: float, exponent: int) -> float:
    """base^exponent − 1."""
    return float(base**exponent) - 1.0
