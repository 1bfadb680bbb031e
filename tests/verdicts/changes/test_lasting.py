"""Tests of lasting shifts over windows: false alarms as declared, how soon small shifts are found, odd series."""

from collections.abc import Callable

import numpy as np
import pytest

from qoa_platform.verdicts.changes import lasting

Draw = Callable[[np.random.Generator, int], np.ndarray]


def correlated(rho: float) -> Draw:
    """Neighbours that resemble one another."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        noise, x = rng.normal(size=n + 50) * np.sqrt(1 - rho**2), np.zeros(n + 50)
        for i in range(1, n + 50):
            x[i] = rho * x[i - 1] + noise[i]
        return x[50:]

    return draw


QUIET: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(7, 3, n),
    "autocorrelated": correlated(0.5),
    "heavy tails": lambda rng, n: rng.standard_t(3, n),
    "skewed": lambda rng, n: rng.exponential(size=n),
    "weekly": lambda rng, n: rng.normal(size=n) + 3 * np.sin(2 * np.pi * np.arange(n) / 7),
    "roots of distances": lambda rng, n: np.cbrt(rng.chisquare(9, n)),
}


def rate(draw: Draw, seeds: range) -> tuple[int, float]:
    """False alarms, and windows judged in thousands."""
    found = [len(lasting(draw(np.random.default_rng(seed), 365).tolist())) for seed in seeds]
    return sum(found), len(seeds) * (365 - 28) / 1_000


@pytest.mark.parametrize("name", QUIET)
def test_false_alarms_are_as_rare_as_declared(name: str) -> None:
    """At most one in 1,000 quiet windows on average, whatever the series: here 13,000 windows (Poisson, 99.9 %)."""
    alarms, thousands = rate(QUIET[name], range(40))
    assert alarms <= thousands + 3.1 * thousands**0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", QUIET)
def test_false_alarms_are_as_rare_as_declared_over_many_seeds(name: str) -> None:
    """The same over 130,000 windows: at most 1.1 per 1,000."""
    alarms, thousands = rate(QUIET[name], range(1_000, 1_400))
    assert alarms <= 1.1 * thousands


@pytest.mark.parametrize(("size", "within"), [(1.0, 21), (2.0, 7)])
@pytest.mark.parametrize("season", [0.0, 3.0])
def test_small_lasting_shifts_are_found(size: float, within: int, season: float) -> None:
    """Of one standard deviation (no window stands out) in three weeks, of two in one; since when, within days."""
    late, off = [], []
    for seed in range(40):
        x = np.random.default_rng(seed).normal(size=160) + season * np.sin(2 * np.pi * np.arange(160) / 7)
        x[100:] += size
        shift = next((s for s in lasting(x.tolist()) if s.at >= 100), None)
        late.append(shift.at - 100 if shift else 60)
        off.append(abs(shift.since - 100) if shift else 60)
    assert np.median(late) <= within
    assert np.median(off) <= 3


def test_it_goes_on_after_a_shift() -> None:
    """Each new level is reported once, with its size; one incident, however large, is no lasting shift."""
    x = np.random.default_rng(3).normal(size=240)
    x[30] = 500.0
    x[80:] += 3
    x[160:] -= 5
    found = lasting(x.tolist())
    assert [s.since for s in found] == pytest.approx([80, 160], abs=3)
    assert [s.after - s.before for s in found] == pytest.approx([3, -5], abs=1)


def test_series_that_cannot_be_judged() -> None:
    """Too few, none, constant: no shift; infinite windows are passed over, and places stay theirs."""
    assert lasting([]) == lasting([1.0] * 28) == lasting([4.0] * 100) == []
    x = np.random.default_rng(1).normal(size=100)
    holes = [v for value in [*x, *(x + 4)] for v in (float(value), float("nan"), float("inf"))]
    (shift,) = lasting(holes)
    assert shift.since // 3 == pytest.approx(100, abs=3)
