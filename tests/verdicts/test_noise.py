"""Tests of verdicts.noise: floors against scipy, the published table and simulation."""

import numpy as np
import pytest
from scipy.stats import chi2

from qoa_platform.verdicts import floor_of, psi_floor

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
