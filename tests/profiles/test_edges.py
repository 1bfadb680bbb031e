"""Bins and fences: the rules of metrics.md 4.10, with NumPy as oracle."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.profiles.edges import counted, edges, fences

floats = st.lists(st.one_of(st.integers(-40, 40).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=300)


@given(floats, st.sampled_from([2, 10, 40]))
def test_edges_are_observed_values_and_bins_add_up(found: list[float], bins: int) -> None:
    """Edges rise strictly, are values of the reference, and the bins hold all its rows, right-closed."""
    values = np.sort(np.array(found))
    frozen = edges(values, bins)
    assert frozen is not None
    assert set(frozen.edges) <= set(found)
    assert all(a < b for a, b in pairwise(frozen.edges))
    borders = [-np.inf, *frozen.edges, np.inf]
    by_hand = [sum(a < v <= b for v in found) for a, b in pairwise(borders)]
    assert list(frozen.counts) == by_hand
    assert sum(frozen.counts) == len(found)


@given(st.sets(st.floats(-1e6, 1e6), min_size=21, max_size=60), floats)
def test_quantiles_are_edges_by_inverted_cdf(distinct: set[float], more: list[float]) -> None:
    """Above 20 distinct values the deciles by inverted CDF (NumPy's) are among the edges."""
    found = [*distinct, *more]
    frozen = edges(np.sort(np.array(found)), 10)
    assert frozen is not None
    deciles = np.quantile(np.array(found), np.arange(1, 10) / 10, method="inverted_cdf")
    assert set(deciles.tolist()) <= set(frozen.edges)


@given(floats, st.integers(30, 200), st.integers(-40, 40))
def test_a_frequent_value_has_a_bin_of_its_own(found: list[float], times: int, value: int) -> None:
    """A value with a reference share of at least 1/B is alone in its bin."""
    values = np.sort(np.array([*found, *[float(value)] * times]))
    share = np.mean(values == value)
    frozen = edges(values, 10)
    assert frozen is not None
    if share >= 0.1:
        borders = [-np.inf, *frozen.edges, np.inf]
        own = next((a, b) for a, b in pairwise(borders) if a < value <= b)
        assert set(values[(values > own[0]) & (values <= own[1])]) == {float(value)}


def test_few_values_have_a_bin_each() -> None:
    """Up to 20 distinct values: one bin per value, and an open last one for what is larger."""
    frozen = edges(np.array([1.0, 1.0, 2.0, 7.0]), 10)
    assert frozen is not None
    assert (frozen.edges, frozen.counts) == ((1.0, 2.0, 7.0), (2, 1, 1, 0))


def test_infinite_values_are_counted_and_never_edges() -> None:
    """±inf falls in an outer bin; without a finite value there are no edges and no fences."""
    frozen = edges(np.array([-np.inf, 1.0, 2.0, np.inf, np.inf]), 10)
    assert frozen is not None
    assert (frozen.edges, frozen.counts) == ((1.0, 2.0), (2, 1, 2))
    assert edges(np.array([np.inf]), 10) is None
    assert fences(np.array([np.inf])) is None
    assert edges(np.array([]), 10) is None


def test_fences_are_tukeys_far_out() -> None:
    """``Q1 − 3·IQR`` and ``Q3 + 3·IQR`` by linear quantiles; order and ±inf do not matter."""
    values = np.array([5.0, 1.0, 2.0, 10.0, 4.0, 3.0])
    q1, q3 = np.quantile(values, [0.25, 0.75])
    found = fences(np.append(values, np.inf))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)))


def test_fences_of_a_zero_inflated_column_have_width() -> None:
    """With IQR = 0 the fences are the 0.5 % and 99.5 % quantiles."""
    values = np.array([0.0] * 900 + list(range(1, 101)))
    found = fences(values)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values, [0.005, 0.995])))
    assert found.high > 0


def test_counts_of_other_values_on_frozen_edges() -> None:
    """The same edges count any sorted sample."""
    assert counted((1.0, 2.0), np.array([0.0, 1.0, 1.5, 9.0])).counts == (2, 1, 1)
