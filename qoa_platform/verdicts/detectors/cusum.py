"""Owns Cusum: the two-sided cumulative sum of standardised values."""

from dataclasses import dataclass
from math import isfinite

from qoa_platform.verdicts.detectors.protocol import Detector, positive


@dataclass(slots=True, kw_only=True)
class Cusum(Detector):
    """Small lasting shifts of a value whose mean and standard deviation are known (frozen).

    With z = (x − mean) ÷ std: S⁺ = max(0, S⁺ + z − k) and S⁻ = max(0, S⁻ − z − k), both from 0. The statistic is the
    larger one, in standard deviations, and there is an alarm above *h*. The allowance *k* is half the shift that is to
    be found soonest: ½ for one standard deviation. *since* is where the excursion began that is under way.

    In control a two-sided chart of independent normal values runs for 168 values on average before a false alarm with
    h 4, for 465 with h 5, for 9 600 with h 8; a lasting shift of one σ is found after 8, 10 and 16 values. Where mean
    and std were estimated from few values these lengths are shorter, and so they are under positive autocorrelation.

    Neither sum is let above 2·*h*: after a long shift the statistic comes back below the level within h ÷ k values
    once the mean is back.

    Raises ValueError for a *std* or *h* that is not above 0, a *k* below 0, or a *mean* that is no number.

    >>> chart = Cusum(mean=0.0, std=1.0)
    >>> [chart.update(x) for x in (0.25, 2.0, 2.0, 2.0, 2.0)], chart.alarm, chart.since
    ([0.0, 1.5, 3.0, 4.5, 6.0], True, 2)

    Source: Page (1954), Continuous inspection schemes; run lengths: Montgomery, Statistical Quality Control, ch. 9.
    """

    ID = "drift.cusum"

    mean: float
    std: float
    k: float = 0.5
    h: float = 5.0
    up: float = 0.0
    down: float = 0.0
    began_up: int = 1
    began_down: int = 1

    def __post_init__(self) -> None:
        positive(self.ID, std=self.std, h=self.h)
        if not isfinite(self.mean) or not isfinite(self.k) or self.k < 0:
            raise ValueError(f"mean {self.mean!r}, k {self.k!r} of {self.ID}. Allowed: a number, and one from 0 on")

    @property
    def level(self) -> float:
        """*h*."""
        return self.h

    def reset(self) -> None:
        """Both sums are 0."""
        self.up = self.down = 0.0
        self.began_up = self.began_down = self.n + 1
        self.statistic, self.since = None, None

    def _fold(self, x: float) -> float:
        z = (x - self.mean) / self.std
        self.up = min(max(0.0, self.up + z - self.k), 2 * self.h)
        self.down = min(max(0.0, self.down - z - self.k), 2 * self.h)
        if not self.up:
            self.began_up = self.n + 1
        if not self.down:
            self.began_down = self.n + 1
        found = max(self.up, self.down)
        self.since = None if not found else self.began_up if self.up >= self.down else self.began_down
        return found
