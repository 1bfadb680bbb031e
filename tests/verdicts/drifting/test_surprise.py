"""Tests of verdicts.drifting.surprise: the inverse of the floors, and the declared rates by simulation."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, wasserstein_distance

from qoa_platform.profiles.simulating import share_noise
from qoa_platform.records import Edges
from qoa_platform.verdicts.drifting import Past, Sides, adjusted_p, dispersion, p_of
from qoa_platform.verdicts.noise import area_shape, largest_shape, share_shape

COUNTS = (800, 700, 900, 1_600, 1_000, 2_000, 500, 500, 1_000, 1_000)
EDGES = (0.0, 1.0, 2.0, 4.0, 5.0, 6.5, 7.0, 8.0, 10.0)
SHAPES = {
    "drift.tvd": share_shape(COUNTS), "drift.linf": largest_shape(COUNTS),
    "drift.wasserstein": area_shape(EDGES, COUNTS), "drift.wasserstein_std": area_shape(EDGES, COUNTS),
}  # fmt: skip
METRICS = (
    "drift.psi", "drift.hellinger", "drift.js", "drift.cramers_v", "drift.ks", "drift.mean_shift", "drift.domain_auc",
    *SHAPES,
)  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
@given(rows=st.integers(2, 10**6), alpha=st.floats(1e-5, 0.3), phi=st.floats(1, 50))
def test_surprise_is_the_inverse_of_the_floor(metric: str, rows: int, alpha: float, phi: float) -> None:
    """What lies on the floor of a level has exactly that chance, of every metric."""
    sides = Sides(rows=rows, reference=10_000, bins=10, spread=2.0, shape=SHAPES.get(metric), dispersion=phi)
    floor = sides.floor(metric, alpha=alpha)
    assert floor is not None
    assert p_of(metric, floor, sides) == pytest.approx(alpha, rel=1e-6)


def test_surprise_of_drawn_noise() -> None:
    """Off points that were drawn when the reference was frozen, too, beyond and before them."""
    noise = tuple(share_noise(COUNTS, np.random.default_rng(1)))
    sides = Sides(rows=700, reference=10_000, bins=10, noise=noise)
    for alpha in (0.05, 0.01, 0.001, 1e-6):
        assert p_of("drift.tvd", sides.floor("drift.tvd", alpha=alpha), sides) == pytest.approx(alpha)


def samples(rows: int, draws: int, basket: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Shares of a reference and of windows, rows in baskets of equal values."""
    rng, shares = np.random.default_rng(7), np.array(COUNTS) / sum(COUNTS)
    reference = rng.multinomial(10_000, shares, draws) / 10_000
    return reference, rng.multinomial(rows // basket, shares, draws) * basket / rows


def measured(p: np.ndarray, q: np.ndarray) -> dict[str, np.ndarray]:
    """The distances of many pairs of shares."""
    gap = np.cumsum(q - p, axis=1)[:, :-1]
    width = np.diff(EDGES)
    size = np.abs(gap[:, :-1]) + np.abs(gap[:, 1:])
    return {
        "drift.tvd": np.abs(q - p).sum(axis=1) / 2, "drift.linf": np.abs(q - p).max(axis=1),
        "drift.wasserstein": (size / 2 * width).sum(axis=1), "drift.ks": np.abs(gap).max(axis=1),
    }  # fmt: skip


def test_false_alarms_stay_at_the_level() -> None:
    """Without drift, the floors off shapes are passed no more often than said, and not ten times more rarely."""
    found = measured(*samples(500, 20_000))
    for metric, values in found.items():
        floor = Sides(rows=500, reference=10_000, bins=10, shape=SHAPES.get(metric), dispersion=1).floor(
            metric, alpha=0.01
        )
        assert floor is not None
        assert (values > floor).mean() <= 0.0115, metric
    tight = Sides(rows=500, reference=10_000, bins=10, shape=SHAPES["drift.tvd"], dispersion=1)
    floor = tight.floor("drift.tvd", alpha=0.01)
    assert floor is not None
    assert np.quantile(found["drift.tvd"], 0.99) > 0.6 * floor


@pytest.mark.parametrize("basket", [1, 4, 10])
def test_baskets_are_seen_as_dispersion(basket: int) -> None:
    """Rows that come in baskets of equal values have φ = the size of a basket, and then the declared alarms again."""
    p, q = samples(2_000, 4_000, basket)
    psi = ((q - p) * np.log((q + 1e-4) / (p + 1e-4))).sum(axis=1)
    known = dispersion("drift.psi", [Past(value=v, rows=2_000) for v in psi[:100]], reference=10**9, bins=10)
    assert known.known
    assert known.phi == pytest.approx(basket, rel=0.35)
    floor = Sides(rows=2_000, reference=10_000, bins=10, dispersion=known.phi).floor("drift.psi", alpha=0.01)
    assert (psi[100:] > floor).mean() <= 0.02


def test_incidents_hardly_count_as_dispersion() -> None:
    """A tenth of the windows in an incident moves φ by less than a third; below 20 windows it is what is assumed."""
    rng = np.random.default_rng(3)
    calm = rng.chisquare(9, 60) / 1_000
    calm[::10] = 3.0
    found = dispersion("drift.psi", [Past(value=v, rows=1_000) for v in calm], reference=10**9, bins=10)
    assert 1.0 <= found.phi <= 1.33
    few = dispersion("drift.psi", [Past(value=0.5, rows=1_000)] * 19, reference=10**9, bins=10)
    assert (few.phi, few.known, few.windows) == (2.0, False, 19)
    odd = [Past(value=float("nan"), rows=10), Past(value=0.1, rows=0)] * 20
    assert not dispersion("drift.psi", odd, reference=10**9, bins=10).known
    assert not dispersion("data.mean", [Past(value=0.1, rows=9)] * 30, reference=10, bins=3).known


def test_fifty_columns_over_fifty_windows() -> None:
    """Of windows without any drift, at most 5 % report a column at a false discovery rate of 5 %."""
    rng, shares = np.random.default_rng(5), np.array(COUNTS) / sum(COUNTS)
    alarms = 0
    for _ in range(50):
        p, q = rng.multinomial(10_000, shares, 50) / 10_000, rng.multinomial(1_000, shares, 50) / 1_000
        psi = ((q - p) * np.log((q + 5e-4) / (p + 5e-5))).sum(axis=1)
        sides = Sides(rows=1_000, reference=10_000, bins=10, dispersion=1)
        alarms += min(adjusted_p([p_of("drift.psi", float(v), sides) or 0.0 for v in psi])) <= 0.05
    assert alarms <= 6


def test_ends_of_shapes() -> None:
    """No values, one bin, one edge: there is no shape, and no floor off it."""
    assert share_shape((0, 0)) is None
    assert area_shape((1.0,), (3, 4)) is None
    assert area_shape((1.0, 1.0), (3, 0, 0)) is None
    assert Edges(edges=EDGES, counts=COUNTS).counts == COUNTS


def power(size: float, rows: int, draws: int) -> dict[str, float]:
    """How often each judge finds a shift of *size* standard deviations at the level .01: ours off frozen bins."""
    rng = np.random.default_rng(int(size * 100))
    before = rng.normal(size=20_000)
    edges = np.quantile(before, np.arange(1, 10) / 10)
    p = np.bincount(np.searchsorted(edges, before), minlength=10)
    sides = Sides(rows=rows, reference=before.size, bins=10, dispersion=1)
    hits = {"drift.psi": 0, "drift.mean_shift": 0, "ks_2samp": 0}
    for _ in range(draws):
        after = rng.normal(size, 1, rows)
        q = np.bincount(np.searchsorted(edges, after), minlength=10)
        a, b = (p + 0.5) / (p.sum() + 5), (q + 0.5) / (q.sum() + 5)
        psi, shift = float(((b - a) * np.log(b / a)).sum()), float(after.mean() - before.mean()) / float(before.std())
        hits["drift.psi"] += (p_of("drift.psi", psi, sides) or 0.0) <= 0.01
        hits["drift.mean_shift"] += (p_of("drift.mean_shift", shift, sides) or 0.0) <= 0.01
        hits["ks_2samp"] += ks_2samp(before, after, method="asymp").pvalue <= 0.01
    return {name: count / draws for name, count in hits.items()}


def test_power_beside_the_textbook_test() -> None:
    """At one level: none alarms without drift; of a shift of the mean, ours off moments finds more than KS does."""
    calm, small, large = (power(size, 500, 120) for size in (0.0, 0.15, 0.3))
    assert max(calm.values()) <= 0.05
    assert small["drift.mean_shift"] >= small["ks_2samp"]
    assert small["drift.psi"] >= 0.4 * small["ks_2samp"]
    assert min(large.values()) >= 0.95


def test_heavy_tails_and_ties_keep_the_level() -> None:
    """Of values with heavy tails, or few distinct ones, the floor off the shape is passed no more often than said."""
    rng = np.random.default_rng(9)
    draws: tuple[Callable[[int], Any], ...] = (lambda n: rng.standard_t(2, n), lambda n: rng.poisson(1.2, n) * 1.0)
    for draw in draws:
        before = draw(20_000)
        edges = np.unique(np.quantile(before, np.linspace(0, 1, 201), method="inverted_cdf"))
        p = np.bincount(np.searchsorted(edges, before), minlength=edges.size + 1)
        shape = area_shape(edges.tolist(), p.tolist())
        floor = Sides(rows=400, reference=20_000, shape=shape, dispersion=1).floor("drift.wasserstein", alpha=0.01)
        assert floor is not None
        alarms = sum(wasserstein_distance(before, draw(400).clip(edges[0], edges[-1])) > floor for _ in range(200))
        assert alarms <= 7
