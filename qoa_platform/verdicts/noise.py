"""Owns noise floors: the drift that sampling alone produces, below which a bound promises nothing."""

from collections.abc import Sequence
from functools import lru_cache
from math import log, log10, sqrt
from statistics import NormalDist

from qoa_platform.records import Noise

ALPHA = 0.001
"""How often a floor may be passed when nothing changed."""
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


def floor_of(
    metric: str, rows: int, reference: int, bins: int, *, looks: int = 1, noise: Sequence[Noise] = (),
    spread: float | None = None, alpha: float = ALPHA,
) -> float | None:  # fmt: skip
    """The noise floor of a drift metric in its own unit, or ``None`` where none is known for it.

    It is passed with a chance of *alpha* ÷ *looks* when nothing changed.
    PSI as in :func:`psi_floor`; Hellinger √(PSI/8), Jensen–Shannon √(PSI/(8·ln 2)) (their second-order expansions);
    Kolmogorov–Smirnov ``√(−½·ln(α/2)·φ·(1/N + 1/M))``; total variation, Wasserstein and MMD from the *noise* that was
    drawn when the reference was frozen (*spread* is the reference's standard deviation); the domain classifier
    ``½ + z·√(φ·(N + M + 1)/(12NM))``. ``None`` also where a side has no row: such a reading has no value to be judged.

    >>> floor_of("data.completeness", 100, 100, 10) is None
    True
    """
    if rows < 1 or reference < 1:
        return None
    match metric:
        case "drift.psi" | "drift.hellinger" | "drift.js":
            return _of_psi(metric, psi_floor(rows, reference, bins, alpha=alpha, looks=looks)) if bins > 1 else None
        case "drift.ks":
            return sqrt(-0.5 * log(alpha / looks / 2) * UNKNOWN_DISPERSION * (1 / rows + 1 / reference))
        case "drift.tvd" | "drift.wasserstein" | "drift.mmd":
            return drawn_floor(metric, rows, reference, noise, alpha=alpha, looks=looks, root=metric != "drift.mmd")
        case "drift.wasserstein_std":
            found = drawn_floor("drift.wasserstein", rows, reference, noise, alpha=alpha, looks=looks)
            return found / spread if found is not None and spread else None
        case "drift.domain_auc":
            z = NormalDist().inv_cdf(1 - alpha / looks)
            return 0.5 + z * sqrt(UNKNOWN_DISPERSION * (rows + reference + 1) / (12 * rows * reference))
        case _:
            return None


def _of_psi(metric: str, psi: float) -> float:
    """The floor of PSI or of its kin, off that of PSI."""
    return {"drift.psi": psi, "drift.hellinger": sqrt(psi / 8), "drift.js": sqrt(psi / (8 * log(2)))}[metric]


def drawn_floor(
    metric: str, rows: int, reference: int, noise: Sequence[Noise], *, alpha: float = ALPHA, looks: int = 1,
    dispersion: float = UNKNOWN_DISPERSION, root: bool = True,
) -> float | None:  # fmt: skip
    """The (1 − α/looks) point of *metric* off points that were drawn for windows of some sizes, or ``None`` without.

    Between the sizes it is linear in ``√(1/N + 1/M)`` (*root*: a distance) or in ``1/N + 1/M`` (a square of one), and
    proportional beyond them. Beyond 99.9 % the tail goes on as it does from 99 to 99.9 %, linear in log α: more than
    that of a normal law. *dispersion* counts as in :func:`psi_floor`, of a distance as its root.
    """
    points = sorted(
        (_scale(n.rows, reference, root=root), _tail(n, alpha / looks)) for n in noise if n.metric == metric
    )
    if not points or rows < 1 or reference < 1:
        return None
    here = _scale(rows, reference, root=root)
    below = max((p for p in points if p[0] <= here), default=points[0])
    above = min((p for p in points if p[0] >= here), default=points[-1])
    if below[0] >= above[0]:
        value = below[1] * here / below[0]
    else:
        value = below[1] + (above[1] - below[1]) * (here - below[0]) / (above[0] - below[0])
    return value * (sqrt(dispersion) if root else dispersion)


def _scale(rows: int, reference: int, *, root: bool) -> float:
    found = 1 / rows + 1 / reference
    return sqrt(found) if root else found


def _tail(noise: Noise, alpha: float) -> float:
    return noise.p999 + (noise.p999 - noise.p99) * log10(ALPHA / alpha)


@lru_cache(maxsize=256)
def _chi2(degrees: int, alpha: float) -> float:
    """The upper α point of χ²."""
    from scipy.special import chdtri  # noqa: PLC0415 (heavy import)

    return float(chdtri(degrees, alpha))
