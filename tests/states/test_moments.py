"""Moments and Comoments: accurate where sums of squares lose everything."""

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from scipy import stats

from qoa_platform.states import Comoments, Moments

RNG = np.random.default_rng(7)


def moments(values: np.ndarray) -> Moments:
    """Of one array, by numpy."""
    centred = values - values.mean()
    return Moments(len(values), float(values.mean()), *(float((centred**k).sum()) for k in (2, 3, 4)))  # type: ignore[arg-type]


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_a_large_mean_does_not_hide_the_spread(offset: float) -> None:
    """A hundred merged parts with mean 1e9 and spread 1 keep their variance to 1e-6; Σx² − n·x̄² would keep nothing."""
    values = RNG.normal(0, 1, 5_000)
    state = reduce(add, (moments(part + offset) for part in np.array_split(values, 100)))
    assert state.variance == pytest.approx(np.var(values, ddof=1), rel=1e-6)
    assert state.m3 is not None
    assert state.m3 / state.n == pytest.approx(np.mean((values - values.mean()) ** 3), abs=1e-5)


def test_shape_is_that_of_scipy() -> None:
    """g₁ = √n·M3/M2^1.5 and g₂ = n·M4/M2² − 3 of merged parts equal SciPy's biased skewness and kurtosis."""
    values = RNG.gamma(2.0, 3.0, 4_000)
    state = reduce(add, (moments(part) for part in np.array_split(values, 17)))
    assert state.m3 is not None
    assert state.m4 is not None
    assert np.sqrt(state.n) * state.m3 / state.m2**1.5 == pytest.approx(stats.skew(values), rel=1e-9)
    assert state.n * state.m4 / state.m2**2 - 3 == pytest.approx(stats.kurtosis(values), rel=1e-9)


def test_states_of_either_order_merge() -> None:
    """A part that does not know M3 and M4 takes them from the sum and nothing else; the neutral element does not."""
    values = RNG.gamma(2.0, 3.0, 1_000)
    first, second = moments(values[:400]), moments(values[400:])
    plain = replace(second, m3=None, m4=None)
    for merged in (first + plain, plain + first):
        assert merged.m3 is merged.m4 is None
        assert (merged.n, merged.mean, merged.m2) == pytest.approx((1_000, values.mean(), values.var() * 1_000))
    assert plain + Moments() == Moments() + plain == plain
    assert Moments.from_bytes(plain.to_bytes()) == plain
    assert (first + second).m3 is not None


def test_correlation_is_that_of_scipy() -> None:
    """Cxy/√(M2x·M2y) of single rows, merged one by one, equals SciPy's Pearson correlation."""
    x = RNG.normal(100, 5, 500)
    y = 0.3 * x + RNG.normal(0, 1, 500)
    state = reduce(add, (Comoments(1, float(a), float(b)) for a, b in zip(x, y, strict=True)))
    assert state.cxy / np.sqrt(state.m2x * state.m2y) == pytest.approx(stats.pearsonr(x, y).statistic, rel=1e-9)
