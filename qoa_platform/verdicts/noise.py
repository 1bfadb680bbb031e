"""Owns noise floors: the drift that sampling alone produces, below which a bound promises nothing."""

from functools import lru_cache
from math import log, sqrt

UNKNOWN_DISPERSION = 2.0
"""Rows are rarely independent: the factor assumed until 20 quiet windows are known (metrics.md section 6, rule 4)."""


def psi_floor(
    rows: int,
    reference: int,
    bins: int,
    *,
    alpha: float = 0.001,
    looks: int = 1,
    dispersion: float = UNKNOWN_DISPERSION,
) -> float:
    """The (1 − α/looks) point of ``drift.psi`` when nothing changed: ``φ · χ²_{B−1} · (1/N + 1/M)``, in nats, > 0.

    *rows* M of the window against N of the *reference* in *bins* B; *looks* is columns × windows looked at
    (Bonferroni); *dispersion* φ ≥ 1 is how much wilder real rows are than independent ones.

    >>> round(psi_floor(1_000, 20_000, 10, dispersion=1), 3)
    0.029

    Raises ValueError for counts that give no floor. Source: Yurdakul (2018), Statistical properties of the PSI.
    """
    if rows < 1 or reference < 1 or bins < 2 or looks < 1 or not 0 < alpha < 1 or dispersion < 1:  # noqa: PLR2004
        message = (
            f"no PSI floor for rows={rows}, reference={reference}, bins={bins}, looks={looks}, alpha={alpha}, "
            f"dispersion={dispersion}. Allowed: counts ≥ 1, bins ≥ 2, 0 < alpha < 1, dispersion ≥ 1"
        )
        raise ValueError(message)
    return dispersion * _chi2(bins - 1, alpha / looks) * (1 / rows + 1 / reference)


def floor_of(metric: str, rows: int, reference: int, bins: int, *, looks: int = 1) -> float | None:
    """The noise floor of a drift metric in its own unit, or ``None`` where none is known for it.

    PSI as in :func:`psi_floor`; Hellinger √(PSI/8), Jensen–Shannon √(PSI/(8·ln 2)) (their second-order expansions);
    Kolmogorov–Smirnov ``√(−½·ln(α/2)·φ·(1/N + 1/M))``. ``None`` also where a side has no row: such a reading has no
    value to be judged.

    >>> floor_of("data.completeness", 100, 100, 10) is None
    True
    """
    if rows < 1 or reference < 1 or bins < 2:  # noqa: PLR2004
        return None
    match metric:
        case "drift.psi":
            return psi_floor(rows, reference, bins, looks=looks)
        case "drift.hellinger":
            return sqrt(psi_floor(rows, reference, bins, looks=looks) / 8)
        case "drift.js":
            return sqrt(psi_floor(rows, reference, bins, looks=looks) / (8 * log(2)))
        case "drift.ks":
            return sqrt(-0.5 * log(0.001 / looks / 2) * UNKNOWN_DISPERSION * (1 / rows + 1 / reference))
        case _:
            return None


@lru_cache(maxsize=256)
def _chi2(degrees: int, alpha: float) -> float:
    """The upper α point of χ²."""
    from scipy.special import chdtri  # noqa: PLC0415 (heavy import)

    return float(chdtri(degrees, alpha))
