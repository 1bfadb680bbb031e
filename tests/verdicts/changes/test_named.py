"""Tests of the named changes of a history: the oracle ruptures, laws, false alarms and what people marked."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import ruptures
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qoa_platform.verdicts.changes import ALARMS, Kind, named
from qoa_platform.verdicts.changes.segmenting import Cost, segment

Floats = NDArray[np.float64]


class Oracle(ruptures.base.BaseCost):  # type: ignore[misc]
    """The cost of a stretch, as ruptures asks for it."""

    model = ""
    min_size = 5

    def fit(self, signal: Floats) -> "Oracle":
        """Take the series."""
        self.signal = signal
        return self

    def error(self, start: int, end: int) -> float:
        """Length · ln of the variance of the stretch, by NumPy."""
        return (end - start) * float(np.log(max(self.signal[start:end].var(), 1e-3)))


@pytest.mark.parametrize("seed", range(4))
def test_segmentation_is_that_of_ruptures(seed: int) -> None:
    """The same cost and penalty give the segmentation that ruptures' exact dynamic programme gives."""
    rng = np.random.default_rng(seed)
    values = np.concatenate(
        [rng.normal(level, width, 30) for level, width in zip([0, 2, 2, -1], [1, 1, 3, 1], strict=True)]
    )
    values = (values - values.mean()) / values.std()
    expected = ruptures.Pelt(custom_cost=Oracle(), min_size=5, jump=1).fit(values).predict(pen=20.0)[:-1]
    assert segment(Cost.of(values, floor=1e-3, slope=np.inf), 20.0) == expected


def test_costs_are_those_of_numpy() -> None:
    """The cost around a line is that of NumPy's least squares."""
    rng = np.random.default_rng(5)
    values = rng.normal(size=60).cumsum()
    level, line, long = Cost.of(values, floor=1e-9, slope=0.0).parts(10, 45)
    left = np.polyfit(np.arange(35), values[10:45], 1, full=True)[1][0]
    assert float(level) == pytest.approx(35 * np.log(values[10:45].var()))
    assert float(line) == pytest.approx(35 * np.log(left / 35))
    assert long


def test_a_grid_finds_the_same_places() -> None:
    """On a coarser grid a clear change is found where it is found with every place tried."""
    rng = np.random.default_rng(6)
    values = rng.normal(size=1_000)
    values[412:] += 3
    cost = Cost.of(values / values.std(), floor=1e-3, slope=50.0)
    assert segment(cost, 60.0, grid=100) == segment(cost, 60.0) == [412]


@settings(max_examples=40)
@given(scale=st.floats(0.01, 1e6), shift=st.floats(-1e6, 1e6), seed=st.integers(0, 50))
def test_scale_and_shift_move_nothing(scale: float, shift: float, seed: int) -> None:
    """Places do not depend on the unit; levels are carried along."""
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(0, 1, 40), rng.normal(4, 1, 40)])
    plain, moved = named(values.tolist()), named((values * scale + shift).tolist())
    assert [c.index for c in plain] == [c.index for c in moved]
    assert moved[0].after == pytest.approx(plain[0].after * scale + shift, rel=1e-6, abs=1e-6 * scale)


@given(values=st.lists(st.one_of(st.floats(), st.integers(-3, 3).map(float)), max_size=60))
def test_any_series_has_an_answer(values: list[float]) -> None:
    """Whatever the values are: ordered places inside the series, each within its own interval."""
    found = named(values)
    assert [c.index for c in found] == sorted({c.index for c in found})
    assert all(0 < c.earliest <= c.index <= c.latest < len(values) and 0 <= c.p <= 1 for c in found)


def test_missing_values_and_outliers_are_no_change() -> None:
    """Gaps are passed over, positions are those of the series as given; two wild points are an incident."""
    rng = np.random.default_rng(7)
    values = rng.normal(10, 1, 120)
    values[60:] += 5
    values[[3, 20, 59]], values[[30, 90]] = np.nan, [300.0, -200.0]
    (found,) = named(values.tolist())
    assert (found.index, found.kind) == (60, Kind.LEVEL)
    assert found.p < 1e-6


def test_kinds_are_told_apart() -> None:
    """A wider spread around one level is a spread, growth that sets in is a trend; both are sized."""
    rng = np.random.default_rng(8)
    wide = np.concatenate([rng.normal(0, 1, 80), rng.normal(0, 5, 80)])
    ramp = np.concatenate([rng.normal(0, 1, 80), np.arange(80) * 0.5 + rng.normal(0, 1, 80)])
    (spread,), (trend,) = named(wide.tolist()), named(ramp.tolist())
    assert (spread.kind, trend.kind) == (Kind.SPREAD, Kind.TREND)
    assert spread.after / spread.before == pytest.approx(5, rel=0.4)
    assert trend.after == pytest.approx(0.5, rel=0.2)


def test_a_season_is_no_change() -> None:
    """A weekly season is taken out first: the shift under it is found, its weekends are not."""
    rng = np.random.default_rng(9)
    values = np.tile([0.0, 0, 0, 1, 3, 8, 6], 20) + rng.normal(size=140)
    assert named(values.tolist()) == ()
    values[84:] += 6
    (found,) = named(values.tolist())
    assert found.earliest <= 84 <= found.latest
    assert abs(found.index - 84) <= 3


def waves(rng: np.random.Generator, n: int, rho: float) -> Floats:
    """Autocorrelated noise."""
    values, news = np.zeros(n), rng.normal(size=n)
    for i in range(1, n):
        values[i] = rho * values[i - 1] + news[i]
    return values


QUIET: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy": lambda rng, n: rng.standard_t(3, size=n),
    "skewed": lambda rng, n: rng.lognormal(size=n),
    "counts": lambda rng, n: rng.poisson(0.2, size=n).astype(float),
    "waves": lambda rng, n: waves(rng, n, 0.5),
    "growth": lambda rng, n: np.arange(n) / n * 10 + rng.normal(size=n),
}


def alarms(kind: str, n: int, seeds: int) -> float:
    """The share of series without a change in which one is named."""
    return float(np.mean([bool(named(QUIET[kind](np.random.default_rng(seed), n).tolist())) for seed in range(seeds)]))


@pytest.mark.parametrize("kind", QUIET)
def test_quiet_series_have_no_changes(kind: str) -> None:
    """No more series without a change show one than is declared (the upper 1 % point of 30 such draws)."""
    assert alarms(kind, 120, 30) <= 5 / 30


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("kind", QUIET)
def test_quiet_series_have_no_changes_in_many_draws(kind: str, n: int) -> None:
    """The declared share of false alarms is kept over many seeds."""
    assert alarms(kind, n, 400) <= ALARMS + 0.02


@pytest.mark.skipif("QOA_DATA" not in os.environ, reason="QOA_DATA does not name the folder of the data for trials")
def test_people_agree() -> None:
    """On series that five people marked, the changes are about as near to theirs as those of one of them."""
    from bench.changes import marked, score

    series = marked(Path(os.environ["QOA_DATA"]))
    assert np.mean([score(s.marks, [c.index for c in named(s.values)]) for s in series]) >= 0.88
