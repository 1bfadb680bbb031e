"""Tests of verdicts.comparing: every interval and p against SciPy or a brute-force form of it."""

import numpy as np
import pytest
from scipy import stats

from qoa_platform.verdicts.comparing.challengers import largest
from qoa_platform.verdicts.comparing.decisions import Outcome
from qoa_platform.verdicts.comparing.effects import (
    bca,
    blocks,
    detectable,
    freedom,
    jackknifed,
    mcnemar,
    memory,
    nadeau_bengio,
    needed,
    student,
    wilcoxon,
    within,
)
from qoa_platform.verdicts.comparing.judging import judged
from qoa_platform.verdicts.comparing.pairing import Rows
from qoa_platform.verdicts.comparing.ranking import auc


def test_the_jackknife_of_single_rows_is_the_paired_t() -> None:
    """With a mean and rows that stand alone, estimate, p and interval are those of scipy.stats.ttest_rel."""
    gains = np.random.default_rng(0).normal(0.2, 1, 40)
    without = (gains.sum() - gains) / 39
    found = jackknifed(float(gains.mean()), without, np.ones(40), confidence=0.95, n=40)
    asked = stats.ttest_rel(gains, np.zeros(40))
    interval = asked.confidence_interval(0.95)
    assert (found.p, found.low, found.high) == pytest.approx((asked.pvalue, interval.low, interval.high))


def test_equal_clusters_have_all_degrees_and_a_giant_takes_them() -> None:
    """G equal clusters leave G − 1 degrees; one that holds most of the rows leaves hardly more than one."""
    assert freedom(np.full(9, 7.0)) == pytest.approx(8)
    assert 1 <= freedom(np.array([900.0, *[10.0] * 10])) < 3


def test_freedom_is_satterthwaite_of_the_brute_force_matrix() -> None:
    """trace² / trace of the square of M D Mᵀ, written out."""
    sizes = np.array([3.0, 8.0, 1.0, 20.0, 5.0])
    share = sizes / sizes.sum()
    m = np.eye(5) - np.outer(share, np.ones(5))
    full = m @ np.diag(share**2) @ m.T
    assert freedom(sizes) == pytest.approx(min(np.trace(full) ** 2 / np.trace(full @ full), 4))


def test_mcnemar_is_the_exact_test_less_half_of_what_was_seen() -> None:
    """The mid-p is binomtest's p minus the probability of the outcome itself."""
    for gained, lost in ((0, 3), (8, 1), (5, 5), (30, 14)):
        n = gained + lost
        exact = stats.binomtest(gained, n).pvalue
        expected = exact - stats.binom.pmf(gained, n, 0.5) if gained != lost else 1 - stats.binom.pmf(gained, n, 0.5)
        assert mcnemar(gained, lost) == pytest.approx(min(expected, 1.0), abs=1e-12) or gained == lost
    assert mcnemar(0, 0) == 1.0


def test_wilcoxon_is_scipys_without_zeros() -> None:
    """Signed ranks as scipy has them; nothing that moved is no evidence."""
    means = np.array([0.0, 0.3, -0.1, 0.5, 0.2, 0.7, 0.4])
    assert wilcoxon(means) == pytest.approx(stats.wilcoxon(means[1:]).pvalue)
    assert wilcoxon(np.zeros(5)) == 1.0


def test_auc_and_its_variance_are_those_of_the_u_statistic() -> None:
    """AUC over all pairs, ties by half, and DeLong's S10/m + S01/n, by brute force."""
    draw = np.random.default_rng(1)
    positive = draw.random(60) < 0.3
    scores = np.round(draw.normal(size=60) + positive, 1)
    wins = (scores[positive][:, None] > scores[~positive]) + 0.5 * (scores[positive][:, None] == scores[~positive])
    value, parts = auc(positive, scores)
    variance = wins.mean(1).var(ddof=1) / positive.sum() + wins.mean(0).var(ddof=1) / (~positive).sum()
    assert value == pytest.approx(wins.mean())
    assert float(parts @ parts) == pytest.approx(variance)


def test_bca_is_scipys() -> None:
    """The bootstrap interval of a skewed mean is scipy.stats.bootstrap's, within its noise."""
    gains = np.random.default_rng(2).exponential(1, 60)
    without = (gains.sum() - gains) / 59
    draw = np.random.default_rng(3)
    low, high = bca(lambda d: d @ gains / 60, without, float(gains.mean()), confidence=0.95, draw=draw, rounds=9_999)
    asked = stats.bootstrap((gains,), np.mean, n_resamples=9_999, rng=np.random.default_rng(4)).confidence_interval
    assert (low, high) == pytest.approx((asked.low, asked.high), abs=0.02)


def test_dunnett_is_the_max_t_of_equal_independent_arms() -> None:
    """With correlation ½ the p of the largest |t| is scipy.stats.dunnett's."""
    draw = np.random.default_rng(5)
    arms = [draw.normal(shift, 1, 12) for shift in (0.6, 0.9, 0.0)]
    control = draw.normal(0, 1, 12)
    asked = stats.dunnett(*arms, control=control, rng=np.random.default_rng(6))
    correlation = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    tops = largest(correlation, 44, np.random.default_rng(7))
    ours = [1 - np.searchsorted(tops, abs(t)) / len(tops) for t in asked.statistic]
    assert ours == pytest.approx(asked.pvalue.tolist(), abs=0.01)


def test_folds_that_share_training_rows_are_no_independent_evidence() -> None:
    """Nadeau–Bengio's standard error is √(1 + J · test/train) times that of the plain t."""
    folds = np.array([0.1, 0.05, 0.2, 0.12, 0.02])
    plain = folds.std(ddof=1) / np.sqrt(5)
    assert nadeau_bengio(folds, 0.25).error == pytest.approx(plain * np.sqrt(1 + 5 * 0.25))


def test_blocks_grow_with_memory() -> None:
    """White noise keeps its times apart; a long memory joins neighbours, never below six blocks."""
    draw = np.random.default_rng(8)
    noise = draw.normal(size=300)
    slow = np.convolve(noise, np.ones(20) / 20, mode="same")
    assert memory(slow) > 0.8
    assert int(blocks(noise).max()) + 1 > 10 * (int(blocks(slow).max()) + 1) / 3
    assert int(blocks(slow).max()) + 1 >= 6


def test_power_is_what_is_told() -> None:
    """With as many clusters as needed the difference is found about four times in five; the region's odds are t's."""
    found = student(0.1, 0.1, 9, confidence=0.95, n=10, clusters=10, method="t")
    count = needed(found)
    assert count is not None
    draw = np.random.default_rng(9)
    samples = draw.normal(0.1, 0.1 * np.sqrt(10), (4_000, count))
    assert 0.77 < float((stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05).mean()) < 0.84
    least = detectable(found)
    assert least is not None
    assert least == pytest.approx(0.1 * (stats.t.ppf(0.975, 9) + stats.t.ppf(0.8, 9)))
    assert within(found, 0.2) == pytest.approx(float(stats.t.cdf(1, 9) - stats.t.cdf(-3, 9)))


def rate(metric: str, groups: int, memory_of: float = 0.0, heavy: bool = False, runs: int = 150) -> float:
    """How often two models of equal worth are told apart, with group effects or memory in time."""
    named = 0
    for seed in range(runs):
        draw = np.random.default_rng(seed)
        codes = np.repeat(np.arange(groups), 1 if memory_of else 20)
        n = len(codes)
        own = draw.standard_t(3, (2, groups)) if heavy else draw.normal(size=(2, groups))
        if memory_of:
            for t in range(1, groups):
                own[:, t] = memory_of * own[:, t - 1] + own[:, t]
        noise = own[:, codes] + (0 if memory_of else draw.normal(size=(2, n)))
        truth = (draw.random(n) < 0.1).astype(np.int64) if metric == "balanced_accuracy" else np.zeros(n)
        said = np.where(np.abs(noise) < 2.5, truth, 1 - truth) if metric == "balanced_accuracy" else noise + 9
        rows = Rows(
            truth=truth, champion=said[0], challenger=said[1], metric=metric, labels=np.arange(2),
            clusters=None if memory_of else codes, times=codes if memory_of else None,
        )  # fmt: skip
        found = judged({"b": rows}, champion="a", metric=metric, margin=0, confidence=0.95, segments={}, draw=draw)[0]
        named += found.outcome in (Outcome.SUPERIOR, Outcome.INFERIOR)
    return named / runs


@pytest.mark.parametrize(
    ("metric", "groups", "memory_of", "heavy"),
    [("mae", 5, 0.0, False), ("mae", 8, 0.0, True), ("balanced_accuracy", 8, 0.0, False), ("mae", 120, 0.6, False)],
)
def test_equal_models_are_rarely_told_apart(metric: str, groups: int, memory_of: float, heavy: bool) -> None:
    """Five clusters, heavy tails, rare classes, memory in time: false preferences stay at the declared 5 % (3 σ)."""
    assert rate(metric, groups, memory_of, heavy) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_an_auc_of_few_groups_is_not_surer_than_they_are() -> None:
    """Eight groups in each of which the scores tell more or less: false preferences stay at the declared 5 % (3 σ)."""
    named, runs = 0, 120
    for seed in range(runs):
        draw = np.random.default_rng(seed)
        codes = np.repeat(np.arange(8), 25)
        truth = (draw.random(200) < 0.3).astype(np.int64)
        said = truth * (1 + draw.normal(size=(2, 8)))[:, codes] + draw.normal(size=(2, 200))
        rows = Rows(
            truth=truth, champion=said[0], challenger=said[1], metric="roc_auc", labels=np.arange(2), clusters=codes
        )
        found = judged({"b": rows}, champion="a", metric="roc_auc", margin=0, confidence=0.95, segments={}, draw=draw)
        named += found[0].outcome in (Outcome.SUPERIOR, Outcome.INFERIOR)
    assert named / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
