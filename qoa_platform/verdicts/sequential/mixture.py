"""Owns the normal mixture: the e-value and the boundary of a sum whose variance is known or estimated."""

from functools import lru_cache
from math import exp, inf, log, sqrt

from scipy.optimize import minimize_scalar


def log_mixture(total: float, variance: float, rho: float) -> float:
    """Log of ``√(ρ/(V + ρ))·exp(S²/(2(V + ρ)))``: the mixture SPRT of a sum S with variance V, mean 0 under the null.

    For a known variance σ² per value and effects ~ N(0, τ²) it is the mSPRT with ``ρ = σ⁴/τ²``… per unit of S; 0 where
    nothing varied yet. It is a supermartingale for any values that are symmetric given the past (V = Σ x²), for normal
    ones (V = n·σ²), and in the limit for all with a finite variance.

    >>> log_mixture(0.0, 0.0, 1.0)
    0.0

    Sources: Robbins (1970); de la Peña (1999), Annals of Probability 27(1); Johari et al. (2022), Operations Research.
    """
    if rho <= 0:
        return 0.0
    return 0.5 * log(rho / (variance + rho)) + total * total / (2 * (variance + rho))


def boundary(variance: float, rho: float, alpha: float) -> float:
    """The |S| at which :func:`log_mixture` reaches log(1/α): ``√((V + ρ)·log((V + ρ)/(ρα²)))``; infinite for ρ = 0.

    >>> round(boundary(500.0, best_rho(500.0, 0.05), 0.05), 1)
    67.9
    """
    return sqrt((variance + rho) * log((variance + rho) / (rho * alpha * alpha))) if rho > 0 else inf


def best_rho(variance: float, alpha: float) -> float:
    """The ρ that makes the boundary narrowest when the sum has this *variance*.

    >>> round(best_rho(500.0, 0.05), 1)
    60.9
    """
    return variance * _unit_rho(alpha)


@lru_cache(maxsize=64)
def _unit_rho(alpha: float) -> float:
    found = minimize_scalar(
        lambda x: boundary(1.0, exp(x), alpha), bounds=(-15.0, 15.0), method="bounded", options={"xatol": 1e-10}
    )
    return exp(float(found.x))
