"""Owns dispersion: how much wilder the rows of quiet windows were than independent ones (metrics.md 6, rule 4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cbrt, isfinite, log, sqrt
from statistics import quantiles

from qoa_platform.verdicts.noise import UNKNOWN_DISPERSION, Shape

ENOUGH = 20
"""Quiet windows before φ is known."""
KS = (0.8276, 1.0192)
"""The median and the upper quartile of Kolmogorov's law."""
QUARTILE = 0.6745
"""That of the normal law."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One earlier window of a drift metric: its *value* and its present *rows*."""

    value: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """φ ≥ 1: the variance of a drift metric's sampling noise ÷ that of independent rows.

    *windows* quiet ones were looked at; *known* is false while they are too few, and φ is then what is assumed.
    """

    phi: float = UNKNOWN_DISPERSION
    windows: int = 0
    known: bool = False

    def evidence(self) -> dict[str, object]:
        """What a verdict stores."""
        return {"phi": self.phi, "windows": self.windows, "known": self.known}


def dispersion(
    metric: str, past: Iterable[Past], *, reference: int, bins: int, shape: Shape | None = None
) -> Dispersion:
    """φ of *metric* over quiet *past* windows, against a reference of *reference* present rows in *bins*.

    Each window's value is squared where it is a distance, and taken in units of its variance under independent rows.
    φ is the larger ratio of the observed to the theoretical median, and of the upper quartiles, at least 1: one window
    in four may be an incident without counting. Below 20 windows, and for a metric without a law, φ is 2.

    >>> quiet = [Past(value=0.004 + 0.0001 * i, rows=1_000) for i in range(20)]
    >>> found = dispersion("drift.psi", quiet, reference=10**6, bins=3)
    >>> found.known, round(found.phi, 1)
    (True, 3.6)
    """
    law = _law(metric, bins, shape)
    if law is None or reference < 1:
        return Dispersion()
    ratios = [
        _square(metric, w.value) / law[2] / _variance(metric, w.rows, reference)
        for w in past if w.rows > 0 and isfinite(w.value)
    ]  # fmt: skip
    if len(ratios) < ENOUGH:
        return Dispersion(windows=len(ratios))
    _, median, upper = quantiles(ratios, n=4, method="inclusive")
    return Dispersion(phi=max(1.0, median / law[0], upper / law[1]), windows=len(ratios), known=True)


def standard(metric: str, window: Past, reference: int) -> float | None:
    """The value of a window in a form that is nearly normal, and alike for windows of all sizes.

    Cube roots of what is like a χ² (Wilson & Hilferty 1931), in units of its variance under independent rows; a mean
    shift keeps its sign. ``None`` where that cannot be said.
    """
    if window.rows < 1 or reference < 1 or not isfinite(window.value) or not metric.startswith("drift."):
        return None
    variance = _variance(metric, window.rows, reference)
    if metric == "drift.mean_shift":
        return window.value / sqrt(variance)
    return cbrt(_square(metric, window.value) / variance)


def _variance(metric: str, rows: int, reference: int) -> float:
    return 1 / (rows + reference) if metric == "drift.cramers_v" else 1 / rows + 1 / reference


def _square(metric: str, value: float) -> float:
    match metric:
        case "drift.psi":
            return max(value, 0.0)
        case "drift.hellinger":
            return 8 * value * value
        case "drift.js":
            return 8 * log(2) * value * value
        case _:
            return value * value


def _law(metric: str, bins: int, shape: Shape | None) -> tuple[float, float, float] | None:
    """Median and upper quartile of the squared metric under independent rows, and the unit they are in."""
    match metric:
        case "drift.psi" | "drift.hellinger" | "drift.js" | "drift.cramers_v" if bins > 1:
            return (*_chi2(bins - 1), 1.0)
        case "drift.mean_shift":
            return (*_chi2(1), 1.0)
        case "drift.ks":
            return KS[0] ** 2, KS[1] ** 2, 1.0
        case "drift.tvd" | "drift.wasserstein" if shape is not None and shape.mean > 0:
            return 1.0, (1 + QUARTILE * shape.deviation / shape.mean / 2) ** 2, shape.mean**2
        case _:
            return None


def _chi2(degrees: int) -> tuple[float, float]:
    from scipy.special import chdtri  # noqa: PLC0415 (heavy import)

    return float(chdtri(degrees, 0.5)), float(chdtri(degrees, 0.25))


def quiet(values: Sequence[Past], *, low: float | None, high: float | None) -> tuple[Past, ...]:
    """Those that kept the promise's bounds: a window that broke them was an incident, and is no noise."""
    return tuple(w for w in values if (low is None or w.value >= low) and (high is None or w.value <= high))
