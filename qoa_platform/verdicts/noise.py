"""Owns noise floors: the drift that sampling alone produces, below which a bound promises nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from math import log, log10, pi, sqrt
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What sampling makes of a distance of given counts: its *mean*, and the *deviation* of a normal law above it.

    Both for ``√(1/N + 1/M) = 1``, with which they grow. A distance is a norm of nearly normal gaps: above its mean it
    is no wilder than a normal law of the largest deviation that any weighing of the gaps has (Borell 1975;
    Tsirelson, Ibragimov & Sudakov 1976), so the floor ``(mean + z·deviation)·√s`` is never passed more often than said.
    """

    mean: float
    deviation: float


def share_shape(counts: Sequence[int]) -> Shape | None:
    """Of ``drift.tvd``: mean ``Σ√(p(1 − p))/√(2π)``, deviation ≤ ½; ``None`` without values.

    >>> round(share_shape([10] * 10).mean, 3)
    1.197
    """
    total = sum(counts)
    if not total:
        return None
    return Shape(mean=sum(sqrt(c * (total - c)) for c in counts) / total / sqrt(2 * pi), deviation=0.5)


def largest_shape(counts: Sequence[int]) -> Shape | None:
    """Of ``drift.linf``: mean ≤ ``σ·√(2·ln 2B)`` with σ the largest ``√(p(1 − p))`` of B bins; ``None`` without."""
    total = sum(counts)
    if not total:
        return None
    sigma = max(sqrt(c * (total - c)) for c in counts) / total
    return Shape(mean=sigma * sqrt(2 * log(2 * len(counts))), deviation=sigma)


def area_shape(edges: Sequence[float], counts: Sequence[int]) -> Shape | None:
    """Of ``drift.wasserstein``: mean ``√(2/π)·∫√(F(1 − F))``, deviation the standard deviation of the values.

    Values are even within bins, those of the outer ones at the ends. ``None`` without values or a width. The bridge
    ``F_cur − F_ref`` has covariances ≥ 0, so no weighing of it by ±1 varies more than its integral, the mean.
    """
    total = sum(counts)
    if not total or len(edges) < 2:  # noqa: PLR2004 (a width needs two ends)
        return None
    heights = [sqrt(f * (total - f)) / total for f in accumulate(counts[:-1])]
    steps = zip(pairwise(edges), pairwise(heights), strict=True)
    mean = sqrt(2 / pi) * sum((high - low) * (a + b) / 2 for (low, high), (a, b) in steps)
    places = [(edges[0], 0.0), *(((a + b) / 2, b - a) for a, b in pairwise(edges)), (edges[-1], 0.0)]
    centre = sum(c * at for c, (at, _) in zip(counts, places, strict=True)) / total
    spread = sum(c * ((at - centre) ** 2 + w * w / 12) for c, (at, w) in zip(counts, places, strict=True)) / total
    return Shape(mean=mean, deviation=sqrt(spread)) if spread else None


def floor_of(
    metric: str, rows: int, reference: int, bins: int, *, looks: int = 1, noise: Sequence[Noise] = (),
    spread: float | None = None, alpha: float = ALPHA, dispersion: float = UNKNOWN_DISPERSION,
    shape: Shape | None = None,
) -> float | None:  # fmt: skip
    """The noise floor of a drift metric in its own unit, or ``None`` where none is known for it.

    What it shows at most with probability 1 − *alpha*/*looks* if nothing changed, rows as wild as *dispersion* φ says.
    PSI as in :func:`psi_floor`; Hellinger √(PSI/8), Jensen–Shannon √(PSI/(8·ln 2)) (their second-order expansions);
    Cramér's V ``√(φ·χ²_{B−1}/(N + M))``; Kolmogorov–Smirnov ``√(−½·ln(α/2)·φ·(1/N + 1/M))``; mean shift (either
    side) ``z·√(φ·(1/N + 1/M))``; total variation, Wasserstein and MMD from the *noise* that was drawn when the
    reference was frozen, the first two without it from the *shape* of its counts, as the largest shift of a share
    always is (*spread* is the reference's standard deviation); the domain classifier
    ``½ + z·√(φ·(N + M + 1)/(12NM))``. ``None`` also where a side has no row: such a reading has no value to be judged.

    >>> floor_of("data.completeness", 100, 100, 10) is None
    True
    """
    if rows < 1 or reference < 1:
        return None
    level, scale = alpha / looks, dispersion * (1 / rows + 1 / reference)
    match metric:
        case "drift.psi" | "drift.hellinger" | "drift.js" | "drift.cramers_v":
            return _of_chi2(metric, rows, reference, bins, level, dispersion) if bins > 1 else None
        case "drift.ks":
            return sqrt(-0.5 * log(level / 2) * scale)
        case "drift.mean_shift":
            return NormalDist().inv_cdf(1 - level / 2) * sqrt(scale)
        case "drift.tvd" | "drift.wasserstein" | "drift.wasserstein_std" | "drift.linf" | "drift.mmd":
            drawn = drawn_floor(
                metric.removesuffix("_std"), rows, reference, noise, alpha=level, dispersion=dispersion,
                root=metric != "drift.mmd",
            )  # fmt: skip
            if drawn is None and shape is not None and metric != "drift.mmd":
                drawn = (shape.mean + NormalDist().inv_cdf(1 - level) * shape.deviation) * sqrt(scale)
            unit = (spread or None) if metric == "drift.wasserstein_std" else 1.0
            return drawn / unit if drawn is not None and unit is not None else None
        case "drift.domain_auc":
            z = NormalDist().inv_cdf(1 - level)
            return 0.5 + z * sqrt(dispersion * (rows + reference + 1) / (12 * rows * reference))
        case _:
            return None


def _of_chi2(metric: str, rows: int, reference: int, bins: int, level: float, dispersion: float) -> float:
    """The floor of PSI or of its kin, off that of PSI; of Cramér's V off χ² itself."""
    psi = psi_floor(rows, reference, bins, alpha=level, dispersion=dispersion)
    return {
        "drift.psi": psi, "drift.hellinger": sqrt(psi / 8), "drift.js": sqrt(psi / (8 * log(2))),
        "drift.cramers_v": sqrt(dispersion * _chi2(bins - 1, level) / (rows + reference)),
    }[metric]  # fmt: skip


def drawn_floor(
    metric: str, rows: int, reference: int, noise: Sequence[Noise], *, alpha: float = ALPHA, looks: int = 1,
    dispersion: float = UNKNOWN_DISPERSION, root: bool = True,
) -> float | None:  # fmt: skip
    """The (1 − α/looks) point of *metric* off points that were drawn for windows of some sizes, or ``None`` without.

    Between the sizes it is linear in ``√(1/N + 1/M)`` (*root*: a distance) or in ``1/N + 1/M`` (a square of one), and
    proportional beyond them. Beyond 99.9 % the tail goes on as it does from 99 to 99.9 %, linear in log α: more than
    that of a normal law. *dispersion* counts as in :func:`psi_floor`, of a distance as its root.
    """
    found = drawn_points(metric, rows, reference, noise, root=root)
    if found is None:
        return None
    return _tail(*found, alpha / looks) * (sqrt(dispersion) if root else dispersion)


def drawn_points(
    metric: str, rows: int, reference: int, noise: Sequence[Noise], *, root: bool = True
) -> tuple[float, float] | None:
    """The 99 and 99.9 % points of *metric* at these sizes, off points drawn for others (as :func:`drawn_floor`)."""
    points = sorted((_scale(n.rows, reference, root=root), n.p99, n.p999) for n in noise if n.metric == metric)
    if not points or rows < 1 or reference < 1:
        return None
    here = _scale(rows, reference, root=root)
    below = max((p for p in points if p[0] <= here), default=points[0])
    above = min((p for p in points if p[0] >= here), default=points[-1])
    if below[0] >= above[0]:
        return below[1] * here / below[0], below[2] * here / below[0]
    part = (here - below[0]) / (above[0] - below[0])
    return below[1] + (above[1] - below[1]) * part, below[2] + (above[2] - below[2]) * part


def _scale(rows: int, reference: int, *, root: bool) -> float:
    found = 1 / rows + 1 / reference
    return sqrt(found) if root else found


def _tail(p99: float, p999: float, alpha: float) -> float:
    return p999 + (p999 - p99) * log10(ALPHA / alpha)


@lru_cache(maxsize=256)
def _chi2(degrees: int, alpha: float) -> float:
    """The upper α point of χ²."""
    from scipy.special import chdtri  # noqa: PLC0415 (heavy import)

    return float(chdtri(degrees, alpha))
