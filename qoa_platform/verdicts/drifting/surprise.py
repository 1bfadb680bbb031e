"""Owns surprise: how likely so much drift, or more, would be if nothing had changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from statistics import NormalDist

from qoa_platform.records import Noise
from qoa_platform.verdicts.noise import ALPHA, UNKNOWN_DISPERSION, Shape, drawn_points, floor_of

PROBABILITIES = frozenset({"drift.ks_p", "drift.chi2_p"})
"""Metrics that are such a chance themselves, for independent rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is known of the two samples that a drift metric compares: all that its law under "nothing changed" needs.

    *rows* M of the window against N of the *reference*, in *bins*; the *noise* that was drawn, or the *shape* of the
    counts; *spread* is the reference's standard deviation, *dispersion* φ ≥ 1 how much wilder rows are than
    independent ones.
    """

    rows: int
    reference: int
    bins: int = 0
    noise: Sequence[Noise] = ()
    spread: float | None = None
    shape: Shape | None = None
    dispersion: float = UNKNOWN_DISPERSION

    @property
    def scale(self) -> float:
        """``φ·(1/N + 1/M)``."""
        return self.dispersion * (1 / self.rows + 1 / self.reference)

    def floor(self, metric: str, *, alpha: float = ALPHA, looks: int = 1) -> float | None:
        """The noise floor of *metric*: see :func:`~qoa_platform.verdicts.noise.floor_of`."""
        return floor_of(
            metric, self.rows, self.reference, self.bins, looks=looks, noise=self.noise, spread=self.spread,
            alpha=alpha, dispersion=self.dispersion, shape=self.shape,
        )  # fmt: skip


def p_of(metric: str, value: float | None, sides: Sides) -> float | None:
    """The chance of at least such a *value* if nothing changed; ``None`` where the law is not known, or no value is.

    The inverse of the noise floor: ``p_of(m, floor_of(m, α)) = α``. Beside an effect size, never instead of one.

    >>> sides = Sides(rows=1_000, reference=20_000, bins=10, dispersion=1)
    >>> round(p_of("drift.psi", sides.floor("drift.psi", alpha=0.01), sides), 4)
    0.01
    """
    if value is None or not isfinite(value) or sides.rows < 1 or sides.reference < 1:
        return None
    match metric:
        case "drift.psi" | "drift.hellinger" | "drift.js" | "drift.cramers_v" if sides.bins > 1:
            return _chi2_tail(_statistic(metric, value, sides), sides.bins - 1)
        case "drift.ks":
            return min(1.0, 2 * exp(-2 * value * value / sides.scale))
        case "drift.mean_shift":
            return 2 * NormalDist().cdf(-abs(value) / sqrt(sides.scale))
        case "drift.domain_auc":
            n, m = sides.reference, sides.rows
            return NormalDist().cdf((0.5 - value) / sqrt(sides.dispersion * (m + n + 1) / (12 * m * n)))
        case "drift.tvd" | "drift.wasserstein" | "drift.wasserstein_std" | "drift.linf" | "drift.mmd":
            return _of_draws(metric, value, sides)
        case _ if metric in PROBABILITIES:
            return min(max(value, 0.0), 1.0)
        case _:
            return None


def _statistic(metric: str, value: float, sides: Sides) -> float:
    """The value as a χ² with B − 1 degrees."""
    if metric == "drift.cramers_v":
        return value * value * (sides.rows + sides.reference) / sides.dispersion
    psi = {"drift.psi": value, "drift.hellinger": 8 * value * value, "drift.js": 8 * log(2) * value * value}[metric]
    return psi / sides.scale


def _of_draws(metric: str, value: float, sides: Sides) -> float | None:
    """Off the drawn points, linear in log p beyond and before them (more than it is); else off the shape."""
    drawn, root = ("drift.wasserstein" if metric == "drift.wasserstein_std" else metric), metric != "drift.mmd"
    if metric == "drift.wasserstein_std":
        if not sides.spread:
            return None
        value *= sides.spread
    wild = sqrt(sides.dispersion) if root else sides.dispersion
    points = drawn_points(drawn, sides.rows, sides.reference, sides.noise, root=root)
    if points is not None and points[1] > points[0]:
        decades = (value / wild - points[1]) / (points[1] - points[0])
        return ALPHA if not isfinite(decades) else min(1.0, ALPHA * 10.0 ** -max(min(decades, 300.0), -3.0))
    if sides.shape is None or not root:
        return None
    return NormalDist().cdf((sides.shape.mean - value / sqrt(sides.scale)) / sides.shape.deviation)


def _chi2_tail(value: float, degrees: int) -> float:
    from scipy.special import chdtrc  # noqa: PLC0415 (heavy import)

    return float(chdtrc(degrees, max(value, 0.0)))
