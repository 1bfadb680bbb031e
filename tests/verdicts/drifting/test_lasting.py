"""Tests of lasting shifts: the declared rate of false alarms, how soon small shifts are found, and odd series."""

from collections.abc import Callable

import numpy as np
import pytest

from qoa_platform.records import Reason
from qoa_platform.verdicts.drifting.lasting import lasting

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
    found = [lasting(draw(np.random.default_rng(seed), 365).tolist()) for seed in seeds]
    return sum(len(f.shifts) for f in found), sum(f.judged for f in found) / 1_000


@pytest.mark.parametrize("name", QUIET)
def test_false_alarms_are_as_rare_as_declared(name: str) -> None:
    """At most one in 1,000 quiet windows on average, whatever the series: here 13,000 windows (Poisson, 99.9 %)."""
    alarms, thousands = rate(QUIET[name], range(40))
    assert alarms <= thousands + 3.1 * thousands**0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", QUIET)
def test_false_alarms_are_as_rare_as_declared_over_many_seeds(name: str) -> None:
    """The same over 130,000 windows: at most 1.3 per 1,000."""
    alarms, thousands = rate(QUIET[name], range(1_000, 1_400))
    assert alarms <= 1.3 * thousands


@pytest.mark.parametrize(("size", "within"), [(1.0, 20), (2.0, 7)])
def test_small_lasting_shifts_are_found(size: float, within: int) -> None:
    """Of one standard deviation (no window stands out) in three weeks, of two in one; and since when, within days."""
    late, off = [], []
    for seed in range(40):
        x = np.random.default_rng(seed).normal(size=160)
        x[100:] += size
        shift = next((s for s in lasting(x.tolist()).shifts if s.at >= 100), None)
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
    assert [s.since for s in found.shifts] == pytest.approx([80, 160], abs=2)
    assert [s.size for s in found.shifts] == pytest.approx([3, -5], abs=7)
    assert found.reason is None


def test_series_that_cannot_be_judged() -> None:
    """Too few, none, constant: a reason; missing and infinite windows are passed over, and places stay theirs."""
    assert lasting([]).reason is lasting([1.0] * 28).reason is Reason.INSUFFICIENT_N
    assert lasting([4.0] * 100).reason is Reason.NOT_APPLICABLE
    x = np.random.default_rng(1).normal(size=100)
    holes: list[float | None] = [v for value in [*x, *(x + 4)] for v in (float(value), None, float("inf"))]
    (shift,) = lasting(holes).shifts
    assert shift.since // 3 == pytest.approx(100, abs=2)
    assert shift.since % 3 == 0
    with pytest.raises(ValueError, match="Allowed"):
        lasting([1.0], per=0.5)
