"""Owns Student's t on clustered differences: standard error, quantile, p, Holm, power; light, without arrays."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from math import ceil, fsum, sqrt

POWER = 0.8
"""The power at which a detectable difference and the clusters that are needed are told."""


def standard_error(differences: Sequence[float], clusters: Sequence[str], mean: float) -> float:
    """CR2 of the mean: ``√(Σ_g S_g² / (1 − n_g/n)) / n``, S_g the sum of cluster g's centred differences."""
    sums: defaultdict[str, list[float]] = defaultdict(list)
    for difference, cluster in zip(differences, clusters, strict=True):
        sums[cluster].append(difference - mean)
    n = len(differences)
    return sqrt(fsum(fsum(part) ** 2 / (1 - len(part) / n) for part in sums.values())) / n


@lru_cache(maxsize=1024)
def quantile(degrees: int, probability: float) -> float:
    """The quantile of Student's t."""
    from scipy.special import stdtrit  # noqa: PLC0415 (heavy import)

    return float(stdtrit(degrees, probability))


def two_sided(mean: float, error: float, degrees: int) -> float:
    """The p of a mean with this standard error; where nothing varies 1 for a mean of 0, else 0."""
    from scipy.special import stdtr  # noqa: PLC0415 (heavy import)

    return min(2 * float(stdtr(degrees, -abs(mean) / error)), 1.0) if error > 0 else float(mean == 0)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, least = [0.0] * len(p), 0.0
    for place, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        least = max(least, min(p[index] * (len(p) - place), 1.0))
        adjusted[index] = least
    return adjusted


def detectable(error: float, degrees: int, confidence: float) -> float | None:
    """The least true distance from the bound that as many clusters find with 80 % power."""
    return (quantile(degrees, (1 + confidence) / 2) + quantile(degrees, POWER)) * error if error > 0 else None


def needed(error: float, clusters: int, apart: float, confidence: float, most: int = 100_000) -> int | None:
    """How many clusters find a difference that is *apart* from the bound with 80 % power; ``None`` beyond *most*."""
    if apart <= 0 or error <= 0:
        return None
    one, count = error * sqrt(clusters), 2
    while count <= most:
        reach = quantile(count - 1, (1 + confidence) / 2) + quantile(count - 1, POWER)
        asked = max(ceil((reach * one / apart) ** 2), 2)
        if asked <= count:
            return count
        count = min(max(count + 1, (count + asked) // 2), asked) if asked <= most else most + 1
    return None
