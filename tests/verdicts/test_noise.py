"""Tests of verdicts.noise: floors against scipy, the published table and simulation."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2, ks_2samp, wasserstein_distance

from qoa_platform.profiles.edges import edges
from qoa_platform.profiles.simulating import share_noise, shift_noise
from qoa_platform.records import Noise
from qoa_platform.verdicts import floor_of, psi_floor
from qoa_platform.verdicts.noise import drawn_floor

TABLE = {100: 0.280, 300: 0.094, 1_000: 0.029, 3_000: 0.011, 10_000: 0.0042, 100_000: 0.0017}


@pytest.mark.parametrize("rows", TABLE)
def test_psi_floor_is_the_published_table(rows: int) -> None:
    """Floors at α .001, 10 bins and 20 000 reference rows are those of metrics.md section 6."""
    assert psi_floor(rows, 20_000, 10, dispersion=1) == pytest.approx(TABLE[rows], rel=0.05)


def test_psi_floor_is_chi_squared() -> None:
    """The floor is the χ² point over the sample sizes, with Bonferroni for every look and the dispersion as factor."""
    expected = 2 * chi2.isf(0.001 / 6, 9) * (1 / 500 + 1 / 8_000)
    assert psi_floor(500, 8_000, 10, looks=6) == pytest.approx(expected)


def test_noise_alone_rarely_passes_the_floor() -> None:
    """Simulated false alarms at the floor stay within 1.5 α (metrics.md law 8), here at α .01 for speed."""
    rng = np.random.default_rng(7)
    shares = np.full(10, 0.1)
    reference, current = rng.multinomial(5_000, shares, 4_000), rng.multinomial(1_000, shares, 4_000)
    p, q = (reference + 0.5) / (5_000 + 5), (current + 0.5) / (1_000 + 5)
    psi = ((q - p) * np.log(q / p)).sum(axis=1)
    assert (psi > psi_floor(1_000, 5_000, 10, alpha=0.01, dispersion=1)).mean() <= 0.015


def test_floors_of_the_kin_follow_psi() -> None:
    """Hellinger, Jensen-Shannon and KS floors are those of the table, times √φ; other metrics have none."""
    scale = 2**0.5
    assert floor_of("drift.hellinger", 1_000, 20_000, 10) == pytest.approx(0.060 * scale, rel=0.02)
    assert floor_of("drift.js", 1_000, 20_000, 10) == pytest.approx(0.073 * scale, rel=0.02)
    assert floor_of("drift.ks", 1_000, 20_000, 10) == pytest.approx(0.063 * scale, rel=0.02)
    assert floor_of("drift.psi", 1_000, 20_000, 10) == psi_floor(1_000, 20_000, 10)
    assert floor_of("data.completeness", 1_000, 20_000, 10) is None
    assert floor_of("drift.psi", 0, 20_000, 10) is None


@pytest.mark.parametrize("bad", [{"rows": 0}, {"reference": 0}, {"bins": 1}, {"alpha": 0.0}, {"dispersion": 0.5}])
def test_impossible_counts_are_errors(bad: dict[str, float]) -> None:
    """A floor that cannot be computed is an error that says what is allowed."""
    arguments = {"rows": 10, "reference": 10, "bins": 10, "alpha": 0.001, "dispersion": 1.0, **bad}
    with pytest.raises(ValueError, match="Allowed: counts ≥ 1"):
        psi_floor(
            int(arguments["rows"]), int(arguments["reference"]), int(arguments["bins"]),
            alpha=arguments["alpha"], dispersion=arguments["dispersion"],
        )  # fmt: skip


def test_floors_of_drawn_noise_follow_the_sample_sizes() -> None:
    """At a drawn size the point itself, between two of them their straight line in √(1/N + 1/M), times √φ."""
    points = [Noise(metric="drift.tvd", rows=r, p99=3 / r**0.5, p999=4 / r**0.5) for r in (100, 10_000)]
    exact = drawn_floor("drift.tvd", 100, 10**9, points, dispersion=1)
    assert exact == pytest.approx(0.4, rel=1e-3)
    assert drawn_floor("drift.tvd", 1_000, 10**9, points, dispersion=1) == pytest.approx(4 / 1_000**0.5, rel=1e-3)
    assert drawn_floor("drift.tvd", 25, 10**9, points, dispersion=1) == pytest.approx(0.8, rel=1e-3)
    assert drawn_floor("drift.tvd", 100, 10**9, points, alpha=0.01, dispersion=1) == pytest.approx(0.3, rel=1e-3)
    assert drawn_floor("drift.tvd", 100, 10**9, points, looks=10, dispersion=1) == pytest.approx(0.5, rel=1e-3)
    assert floor_of("drift.tvd", 100, 10**9, 10, noise=points) == pytest.approx(0.4 * 2**0.5, rel=1e-3)
    assert floor_of("drift.tvd", 100, 10**9, 10) is None
    shifts = [replace(p, metric="drift.wasserstein") for p in points]
    in_std = floor_of("drift.wasserstein_std", 100, 10**9, 10, noise=shifts, spread=2.0)
    assert in_std == pytest.approx(0.2 * 2**0.5, rel=1e-3)


METRICS = ("drift.tvd", "drift.wasserstein", "drift.ks")


def distances(reference: NDArray[np.float64], own: NDArray[np.float64], coarse: tuple[float, ...]) -> list[float]:
    """The exact ones, of two samples."""
    p, q = (
        np.diff(np.searchsorted(np.sort(v), coarse, side="right"), prepend=0, append=v.size) / v.size
        for v in (reference, own)
    )
    ks = ks_2samp(reference, own, method="asymp").statistic
    return [float(np.abs(p - q).sum() / 2), wasserstein_distance(reference, own), float(ks)]


def false_alarms(alpha: float, seeds: int, trials: int) -> dict[str, float]:
    """Share of windows above the floor when nothing changed, by metric: ties or not, small windows and large."""
    hits: list[list[bool]] = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        known = rng.gamma(2.0, size=4_000)
        for values in (known, known.round(1)):
            fine, coarse = edges(np.sort(values), 2047, ends=True), edges(np.sort(values), 10)
            assert fine is not None
            assert coarse is not None
            noise = [*shift_noise(fine, rng), *share_noise(coarse.counts, rng)]
            for rows in (100, 2_000):
                floors = [drawn_floor(m, rows, 4_000, noise, alpha=alpha, dispersion=1) for m in METRICS[:2]]
                floors.append((-0.5 * np.log(alpha / 2) * (1 / rows + 1 / 4_000)) ** 0.5)
                for _ in range(trials):
                    seen = distances(rng.choice(values, 4_000), rng.choice(values, rows), coarse.edges)
                    hits.append([d > (f or 0.0) for d, f in zip(seen, floors, strict=True)])
    return dict(zip(METRICS, np.mean(hits, axis=0).tolist(), strict=True))


def test_drawn_noise_rarely_passes_its_floor() -> None:
    """Simulated false alarms at the floor stay near α (metrics.md law 8): α .01, 600 windows for speed."""
    assert all(share <= 0.025 for share in false_alarms(0.01, seeds=1, trials=150).values())


@pytest.mark.slow
def test_drawn_noise_rarely_passes_its_floor_of_many_windows() -> None:
    """False alarms at the floor stay within 1.5 α over 12 000 windows of 4 references, with and without ties."""
    assert all(share <= 0.015 for share in false_alarms(0.01, seeds=4, trials=750).values())
