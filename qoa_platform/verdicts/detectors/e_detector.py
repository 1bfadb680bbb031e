"""Owns EDetector: evidence that a mean is no longer as low as promised, valid however often it is looked at."""

from dataclasses import dataclass, field
from math import log

from qoa_platform.verdicts.detectors.protocol import Detector, share

BETS = 12
"""So many stakes are mixed, from a hundredth of the largest to half of it, evenly on a logarithmic scale."""
CEILING = 10.0
"""How many times the level the statistic may reach: it has to come down again."""


@dataclass(slots=True, kw_only=True)
class EDetector(Detector):
    """A mean of values from 0 to 1 (errors, bounded losses) that was at most *p0* and rises above it, at any time.

    R = (R + 1) · (1 + λ(x − p₀)) from 0, mixed over 12 stakes λ in (0, 1 ÷ p₀). As long as the mean given the past is
    at most p₀, whatever the distribution and however dependent, R_t is in expectation at most t. So with an alarm at
    R ≥ 1 ÷ α (:attr:`level`), looked at after every value, the mean time to a false alarm is **at least 1 ÷ α values**;
    in truth about twice that. After a rise to p it takes about ln(1 ÷ α) ÷ KL(p, p₀) values. *since* is where the stake
    that won most was last at a loss.

    R is held at ten times the level at most, so that it comes down again once the mean is back.

    Raises ValueError for *p0* or *alpha* outside (0, 1). Values outside 0 to 1 are skipped.

    >>> found = EDetector(p0=0.1, alpha=1e-4)
    >>> calm = [found.update(float(i % 10 == 0)) for i in range(1, 2001)]
    >>> rise = [found.update(float(i % 2)) for i in range(40)]
    >>> max(calm) < 1e4 <= max(rise), found.since in range(2000, 2005)
    (True, True)

    Source: Shin, Ramdas & Rinaldo (2024), E-detectors: a nonparametric framework for sequential change detection.
    """

    ID = "drift.e_detector"
    DOMAIN = (0.0, 1.0)

    p0: float
    alpha: float = 0.001
    evidence: list[float] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    began: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        share(self.ID, p0=self.p0, alpha=self.alpha)
        if not self.evidence:
            self.evidence, self.gains, self.began = [0.0] * BETS, [0.0] * BETS, [self.n + 1] * BETS

    @property
    def level(self) -> float:
        """1 ÷ *alpha*."""
        return 1 / self.alpha

    @property
    def alarm(self) -> bool:
        """Whether the evidence has reached the level."""
        return self.statistic is not None and self.statistic >= self.level

    def reset(self) -> None:
        """No evidence."""
        self.evidence, self.gains, self.began = [0.0] * BETS, [0.0] * BETS, [self.n + 1] * BETS
        self.statistic = self.since = None

    def _fold(self, x: float) -> float:
        off = x - self.p0
        for i, stake in enumerate(stakes(self.p0)):
            factor = 1 + stake * off
            self.evidence[i] = (self.evidence[i] + 1) * factor
            self.gains[i] += log(factor)
            if self.gains[i] <= 0:
                self.gains[i], self.began[i] = 0.0, self.n + 1
        found = sum(self.evidence) / BETS
        if found > CEILING * self.level:
            shrink = CEILING * self.level / found
            self.evidence = [e * shrink for e in self.evidence]
            self.gains = [min(g, log(CEILING * BETS * self.level)) for g in self.gains]
            found = CEILING * self.level
        best = max(range(BETS), key=self.gains.__getitem__)
        self.since = self.began[best] if self.gains[best] > 0 else None
        return found


def stakes(p0: float) -> tuple[float, ...]:
    """The stakes λ, from 1 % to 50 % of the largest that cannot lose all, 1 ÷ p₀.

    >>> [round(s, 3) for s in stakes(0.1)][:2], round(stakes(0.1)[-1], 3)
    ([0.1, 0.143], 5.0)
    """
    known = _STAKES.get(p0)
    if known is None:
        known = tuple(0.01 * 50 ** (i / (BETS - 1)) / p0 for i in range(BETS))
        if len(_STAKES) < 1_000:  # noqa: PLR2004 (a bound of its memory)
            _STAKES[p0] = known
    return known


_STAKES: dict[float, tuple[float, ...]] = {}
