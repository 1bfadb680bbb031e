"""Owns paired effects: cluster jackknife t, blocks of time, bootstrap BCa, Nadeau–Bengio, McNemar, Wilcoxon, power."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from qoa_platform.verdicts.comparing.decisions import Effect

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
POWER = 0.8
"""The power at which the least detectable difference is told."""
LEAST_BLOCKS = 6
"""Never fewer blocks of time than these, as far as there are so many times (Ibragimov & Müller)."""


def student(
    estimate: float, error: float, df: float, *, confidence: float, n: int, clusters: int, method: str
) -> Effect:
    """The effect with a t interval. A standard error of 0 (both did the very same) has p = 1 if the estimate is 0."""
    reach = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    p = float(2 * stats.t.sf(abs(estimate) / error, df)) if error > 0 else float(estimate == 0)
    return Effect(
        estimate=estimate, error=error, df=df, low=estimate - reach, high=estimate + reach, p=p,
        confidence=confidence, n=n, clusters=clusters, method=method,
    )  # fmt: skip


def freedom(sizes: Floats) -> float:
    """Degrees of freedom of as many clusters of these sizes: clusters − 1 if equal, fewer where one of them dominates.

    Satterthwaite for Σ(S_g − n_g·mean)² when rows of a cluster err wholly together (var S_g ∝ n_g²): the working model
    that leaves the fewest. Source: Bell & McCaffrey (2002); Carter, Schnepel & Steigerwald (2017).
    """
    share = sizes / sizes.sum()
    # u = (I − w 1ᵀ) S with var S = diag(w²): trace² / trace of the square, of M = (I − w1ᵀ) D (I − w1ᵀ)ᵀ
    own = share**2
    total = own.sum()
    trace = float((own - 2 * share * own + share**2 * total).sum())
    # M = D − d wᵀ − w dᵀ + total w wᵀ, with d = own, D = diag(own)
    ww, dw, dd = float(share @ share), float(own @ share), float(own @ own)
    square = (
        dd + 2 * (dd * ww + dw**2) + total**2 * ww**2
        - 4 * float(own @ (own * share)) + 2 * total * float(own @ share**2) - 4 * total * dw * ww
    )  # fmt: skip
    return max(min(trace**2 / square, len(sizes) - 1), 1.0) if square > 0 else 1.0


def jackknifed(
    value: float, without: Floats, sizes: Floats, *, confidence: float, n: int, method: str = "cluster jackknife t"
) -> Effect:
    """The effect *value* of a statistic from its values *without* each cluster (CR3): t with :func:`freedom`.

    Variance ``(G−1)/G Σ (θ_(g) − θ)²``. Good at few clusters, for any smooth statistic (a mean, a balanced accuracy, an
    AUC). Source: Efron (1979); MacKinnon, Nielsen & Webb (2023), J. Econometrics 232(2).
    """
    count = len(without)
    error = sqrt((count - 1) / count * float(((without - value) ** 2).sum()))
    return student(
        value, error, freedom(sizes), confidence=confidence, n=n, clusters=count, method=method
    )  # fmt: skip


def memory(series: Floats) -> float:
    """The autocorrelation of lag 1 of a series in order, with Kendall's correction for its bias; within [0, .95]."""
    n = len(series)
    centred = series - series.mean()
    below = float(centred @ centred)
    if n < 4 or below <= 0:  # noqa: PLR2004 (three points have no autocorrelation to speak of)
        return 0.0
    found = float(centred[1:] @ centred[:-1]) / below
    return min(max(found + (1 + 3 * found) / n, 0.0), 0.95)


def blocks(series: Floats) -> Ints:
    """For each time in order the block of neighbours it belongs to: so long that they hardly depend on each other.

    Length ``3 (1 + ρ)/(1 − ρ)`` where the autocorrelation ρ is beyond chance (one standard error), else 1; at least
    six blocks. Source: Ibragimov & Müller (2010), J. Business & Economic Statistics 28(4).
    """
    n = len(series)
    rho = memory(series)
    length = ceil(3 * (1 + rho) / (1 - rho)) if rho > 1 / sqrt(n) else 1
    count = max(n // length, min(n, LEAST_BLOCKS))
    return (np.arange(n) * count // n).astype(np.int64)


def bca(
    statistic: Callable[[Floats], Floats], without: Floats, value: float, *, confidence: float,
    draw: np.random.Generator, rounds: int = 1_999,
) -> tuple[float, float]:  # fmt: skip
    """The bias-corrected and accelerated bootstrap interval of *value*, clusters drawn with replacement.

    *statistic* takes how often each cluster was drawn (rounds × clusters); *without* is its jackknife. Too narrow with
    fewer than about 15 clusters. Source: Efron (1987), JASA 82(397).
    """
    count = len(without)
    drawn = draw.multinomial(count, np.full(count, 1 / count), size=rounds).astype(np.float64)
    found = statistic(drawn)
    found = found[np.isfinite(found)]
    if len(found) == 0 or float(np.ptp(found)) == 0:
        return value, value
    below = ((found < value).sum() + (found == value).sum() / 2) / len(found)
    bias = float(stats.norm.ppf(min(max(below, 1 / len(found)), 1 - 1 / len(found))))
    centred = without.mean() - without
    spread = float((centred**2).sum()) ** 1.5
    speed = float((centred**3).sum()) / (6 * spread) if spread > 0 else 0.0
    ends = []
    for z in (stats.norm.ppf((1 - confidence) / 2), stats.norm.ppf((1 + confidence) / 2)):
        shifted = bias + z
        share = stats.norm.cdf(bias + shifted / (1 - speed * shifted))
        ends.append(float(np.quantile(found, share)))
    return ends[0], ends[1]


def nadeau_bengio(differences: Floats, test_share: float, *, confidence: float = 0.95) -> Effect:
    """The corrected resampled t of one difference per fold: ``var = (1/J + n_test/n_train) s²``, J − 1 degrees.

    Folds share training rows, so the plain t over them declares noise. *test_share* is n_test/n_train.
    Source: Nadeau & Bengio (2003), Machine Learning 52.
    """
    count = len(differences)
    error = sqrt((1 / count + test_share) * float(differences.var(ddof=1)))
    return student(
        float(differences.mean()), error, count - 1, confidence=confidence, n=count, clusters=count,
        method="Nadeau–Bengio t over folds",
    )  # fmt: skip


def mcnemar(gained: int, lost: int) -> float:
    """The mid-p of McNemar's exact test: *gained* rows only the challenger has right, *lost* only the champion.

    >>> f"{mcnemar(8, 1):.4f}"
    '0.0215'

    Source: Fagerland, Lydersen & Laake (2013), BMC Medical Research Methodology 13:91.
    """
    n = gained + lost
    if n == 0:
        return 1.0
    least = min(gained, lost)
    return min(float(2 * stats.binom.cdf(least, n, 0.5) - stats.binom.pmf(least, n, 0.5)), 1.0)


def wilcoxon(means: Floats) -> float:
    """The two-sided p of Wilcoxon's signed ranks of one mean difference per cluster (zeros left out); 1 without any."""
    moved = means[means != 0]
    return float(stats.wilcoxon(moved).pvalue) if len(moved) else 1.0


def holm(p: Floats) -> Floats:
    """Holm's adjusted p values, in the order given.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    steps = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    adjusted = np.empty_like(steps)
    adjusted[order] = steps
    return adjusted


def detectable(effect: Effect) -> float | None:
    """The least true difference that as many clusters find with 80 % power; ``None`` where nothing varies."""
    if effect.error <= 0 or not isfinite(effect.error):
        return None
    reach = stats.t.ppf((1 + effect.confidence) / 2, effect.df) + stats.t.ppf(POWER, effect.df)
    return float(reach * effect.error)


def needed(effect: Effect, bound: float = 0.0, most: int = 1_000_000) -> int | None:
    """How many clusters leave *bound* out of the interval with 80 % power, if the difference stays what it is."""
    apart = abs(effect.estimate - bound)
    one = effect.error * sqrt(effect.clusters)
    if apart <= 0 or one <= 0:
        return None
    count = max(ceil(((stats.norm.ppf((1 + effect.confidence) / 2) + stats.norm.ppf(POWER)) * one / apart) ** 2), 2)
    while count < most:
        reach = stats.t.ppf((1 + effect.confidence) / 2, count - 1) + stats.t.ppf(POWER, count - 1)
        if reach * one / sqrt(count) <= apart:
            return int(count)
        count += max(count // 50, 1)
    return None


def within(effect: Effect, margin: float) -> float | None:
    """The probability that the difference lies within ±*margin*: t around the estimate (a flat prior)."""
    if margin <= 0:
        return None
    if effect.error <= 0:
        return float(abs(effect.estimate) < margin)
    high, low = ((bound - effect.estimate) / effect.error for bound in (margin, -margin))
    return float(stats.t.cdf(high, effect.df) - stats.t.cdf(low, effect.df))


def wider(one: Effect, other: Effect) -> Effect:
    """Of two views of the same difference the one with the wider interval, about *one*'s estimate."""
    half, wide = (one.high - one.low) / 2, (other.high - other.low) / 2
    if wide <= half:
        return one
    p = float(2 * stats.t.sf(abs(one.estimate) / other.error, other.df)) if other.error > 0 else one.p
    return replace(
        one, error=other.error, df=other.df, low=one.estimate - wide, high=one.estimate + wide, p=p,
        clusters=other.clusters, method=other.method,
    )  # fmt: skip
