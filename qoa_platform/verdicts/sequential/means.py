"""Owns MeanTest: the difference of means (and of shares) of two arms, looked at any number of times."""

from dataclasses import dataclass, field
from math import inf, log, sqrt
from statistics import NormalDist

from qoa_platform.verdicts.sequential.decision import Effect
from qoa_platform.verdicts.sequential.mixture import best_rho, boundary, log_mixture
from qoa_platform.verdicts.sequential.moments import Moments
from qoa_platform.verdicts.sequential.units import Rows

TELLING = 20.0
"""So many rows must tell something before anything is decided (see ``Moments.telling``)."""


@dataclass(slots=True, kw_only=True)
class MeanTest:
    """The normal-mixture confidence sequence of the difference of means, and the e-value against none.

    With S and V of :class:`Moments` the effects τ with ``|S(τ)| < √((V(τ) + ρ)·log((V(τ) + ρ)/(ρα²)))`` are those not
    excluded. ρ is frozen when 2·*burn_in* units were seen and 20 rows told something, from the pooled variance alone:
    narrowest at *planned* rows, or where *minimum* would be decided. Before, nothing is said (``inf``).

    Exact at any n for one row per unit and no effect (the steps are symmetric given their size: de la Peña 1999; for
    unequal shares: Delyon 2009), whatever the tails; for other effects, and for units that return, in the limit. Rows
    of one unit that have something in common make a path that crosses more seldom than that of independent ones.

    Source: Howard et al. (2021), Time-uniform, nonparametric, nonasymptotic confidence sequences; Waudby-Smith et al.
    """

    moments: Moments
    alpha: float = 0.05
    burn_in: int = 50
    planned: int = 5_000
    minimum: float | None = None
    rho: float | None = field(default=None)

    def add(self, rows: Rows) -> None:
        """After more rows."""
        self.moments.add(rows)

    def ready(self, units: int) -> bool:
        """Whether enough was seen; freezes ρ when that comes true."""
        if self.rho is None and units >= 2 * self.burn_in and self.moments.telling >= TELLING:
            per_row = self.moments.variance(0.0) / self.moments.n
            rows = float(self.planned)
            if self.minimum:
                reach = boundary(1.0, best_rho(1.0, self.alpha), self.alpha)
                rows = min(max(per_row * (reach / self.minimum) ** 2, 2.0 * self.burn_in), 1e9)
            self.rho = best_rho(per_row * rows, self.alpha)
        return self.rho is not None

    def effect(self) -> Effect:
        """What is known of the difference."""
        moments, rho = self.moments, self.rho
        total, slope = moments.total()
        if rho is None or slope <= 0:
            return Effect(values=moments.means())
        estimate = total / slope
        spread = moments.variance(estimate)
        low = self._end(total, slope, estimate, -1.0, rho)
        high = self._end(total, slope, estimate, 1.0, rho)
        independent = moments._spread(moments.rows, estimate)  # noqa: SLF001 (of one package)
        return Effect(
            estimate=estimate, low=low, high=high, log_e=log_mixture(total, moments.variance(0.0), rho),
            values=moments.means(), dispersion=spread / independent if independent > 0 else 1.0,
            needed=self._needed(total, rho),
        )  # fmt: skip

    def _end(self, total: float, slope: float, estimate: float, side: float, rho: float) -> float:
        """The end of the interval: where the boundary is reached, by doubling and bisection."""
        step = boundary(self.moments.variance(estimate), rho, self.alpha) / slope
        if step == 0:
            return estimate

        def inside(reach: float) -> bool:
            effect = estimate + side * reach
            return abs(total - effect * slope) < boundary(self.moments.variance(effect), rho, self.alpha)

        low, high = 0.0, step
        for _ in range(60):
            if not inside(high):
                break
            low, high = high, 2 * high
        else:
            return side * inf
        for _ in range(30):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if inside(middle) else (low, middle)
        return estimate + side * high

    def _needed(self, total: float, rho: float) -> int | None:
        """How many more rows until "no effect" is excluded, if estimate and variance stay; ``None``: none, or never."""
        variance = self.moments.variance(0.0)
        if total == 0 or abs(total) >= boundary(variance, rho, self.alpha):
            return None
        low, high = 1.0, 2.0
        while abs(total) * high < boundary(variance * high, rho, self.alpha):
            low, high = high, 2 * high
            if high > 1e6:  # noqa: PLR2004 (a million times the rows is never)
                return None
        for _ in range(30):
            middle = 0.5 * (low + high)
            enough = abs(total) * middle >= boundary(variance * middle, rho, self.alpha)
            low, high = (low, middle) if enough else (middle, high)
        return round(self.moments.n * (high - 1))

    def power(self, effect: float, rows: int) -> float | None:
        """The chance that *rows* in all would exclude "no effect" if the rest comes with *effect*; ``None``: unknown.

        Conditional power: S at the end is normal around S + effect·(rest), with the variance of the rest.
        """
        if self.rho is None or rows <= self.moments.n:
            return None
        total, slope = self.moments.total()
        rest = (rows - self.moments.n) / self.moments.n
        variance = self.moments.variance(0.0)
        edge = boundary(variance * (1 + rest), self.rho, self.alpha)
        mean, spread = total + effect * slope * rest, sqrt(variance * rest)
        if spread == 0:
            return float(abs(mean) >= edge)
        sign = 1.0 if effect >= 0 else -1.0
        return 1 - NormalDist().cdf((edge - sign * mean) / spread)


def log_level(alpha: float) -> float:
    """log(1/α), which a log e-value must reach."""
    return log(1 / alpha)
