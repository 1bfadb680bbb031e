"""Tests of the limit: what the largest deviations of a long history say of the tail."""

from math import isfinite

import numpy as np
import pytest
from scipy import stats

from qoa_platform.verdicts.usual import Stream
from qoa_platform.verdicts.usual.tails import Peaks, Tail


def peaks(sizes: np.ndarray, share: float = 0.02) -> Peaks:
    """The peaks of a history: what lies above the quantile that a share exceeds."""
    found, least = Peaks(8_000, 3), float(np.quantile(sizes, 1 - share))
    for n, size in enumerate(sizes.tolist(), start=1):
        if size > least:
            found.push(n, size, (size, 0.0))
    return found


@pytest.mark.parametrize(("freedom", "p"), [(3, 1e-4), (3, 2e-5), (2, 1e-4)])
def test_a_power_law_is_drawn_on_as_it_is(freedom: int, p: float) -> None:
    """The limit of Student's t is its quantile (SciPy), within a fifth in the median of 25 histories."""
    told = [peaks(np.abs(np.random.default_rng(seed).standard_t(freedom, 8_000))).limit(8_000, p) for seed in range(25)]
    assert np.median(told) == pytest.approx(stats.t.isf(p / 2, freedom), rel=0.2)


def test_light_tails_are_not_widened() -> None:
    """Normal and Laplace deviations keep the limit of their quantiles."""
    for draw in (np.random.default_rng(1).normal(size=9_000), np.random.default_rng(2).laplace(size=9_000)):
        tail = Tail(400, 2.8, 3)
        for size in np.abs(draw).tolist():
            tail.push(size, (size, 0.0))
        assert 0 < tail.peaks.limit(tail.n, 2e-5) < tail.limit(2e-5)


def test_peaks_are_counted_once_and_go() -> None:
    """A stretch of large deviations is one peak; what is older than the span is gone; a new unit changes the sizes."""
    found = Peaks(100, 3)
    for n in (1, 2, 3, 10, 60, 130):
        found.push(n, float(n), (float(n), 0.0))
    assert found.ordered == [60.0, 130.0]
    found.measure(lambda value, _: value / 10)
    assert found.ordered == [6.0, 13.0]
    found.forget(130)
    assert found.ordered == []
    assert found.limit(3_000, 1e-5) == 0.0


def test_the_wildest_series_has_a_finite_band() -> None:
    """Neither values of any size nor a change of sign make the power law more than a number can hold."""
    assert isfinite(peaks(10.0 ** np.random.default_rng(3).uniform(-150, 150, 8_000)).limit(8_000, 1e-9))
    found = Peaks(8_000, 3)
    for k in range(40):
        found.push(50 * k, 10.0 ** (7 * k), (1.0, 0.0))
    assert isfinite(found.limit(4_000, 1e-9))
    rng = np.random.default_rng(3)
    for values in (
        rng.standard_cauchy(6_000),
        10.0 ** rng.uniform(-150, 150, 6_000),
        1e300 * rng.choice([-1, 1], 3_000),
    ):
        stream = Stream(60.0)
        for i, value in enumerate(values.tolist()):
            flag = stream.update(i * 60.0, value)
            assert flag.low is None or not np.isnan(flag.low)
        assert isfinite(stream.tail.peaks.limit(stream.tail.n, 2e-5))
