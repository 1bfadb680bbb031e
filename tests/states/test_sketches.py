"""Sketches: however many parts are merged, what is read off them lies within the bound that is read beside it."""

from functools import reduce
from operator import add

import numpy as np
import pytest
from datasketches import hll_sketch, tgt_hll_type

from qoa_platform.states import DistinctSketch, QuantileSketch, StateError, decode, encode, key_hash
from qoa_platform.states.kll import K, capacity, retained
from qoa_platform.states.quantile_sketch import RANK_ERROR

LEVELS = (0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99)


@pytest.mark.parametrize("sizes", [(40_000,), (1,) * 900 + (30_000,), (3_000,) * 20, (0, 801, 0, 799, 5)])
def test_quantiles_lie_within_their_bound(sizes: tuple[int, ...]) -> None:
    """Of any parts: 99 % of all true quantiles lie between the ends that are read, and the value is near them."""
    draw = np.random.default_rng(sum(sizes))
    misses = total = 0
    for _ in range(3):
        parts = [np.round(draw.gamma(2, 3, n), 2) for n in sizes]
        state = reduce(add, map(QuantileSketch.of_values, parts), QuantileSketch())
        rows = np.concatenate(parts)
        assert (state.n, state.n_nonfinite) == (rows.size, 0)
        assert decode(encode(state)) == state
        for q in LEVELS:
            found = state.quantile(q)
            assert found is not None
            truth = float(np.quantile(rows, q))
            assert found.bound >= abs(found.value - truth) or not found.low <= truth <= found.high
            misses, total = misses + (not found.low - 1e-9 <= truth <= found.high + 1e-9), total + 1
        low, high = state.quantile(0.0), state.quantile(1.0)
        assert low is not None
        assert high is not None
        assert (low.value, high.value) == (rows.min(), rows.max())
    assert misses <= max(1, 0.05 * total)


def test_few_values_are_exact() -> None:
    """Up to k values, also of parts, every quantile is that of NumPy, without a bound."""
    draw = np.random.default_rng(4)
    values = draw.normal(size=K)
    state = QuantileSketch.of_values(values[:300]) + QuantileSketch.of_values(values[300:])
    assert state.exact
    for q in LEVELS:
        found = state.quantile(q)
        assert found is not None
        assert found.value == pytest.approx(np.quantile(values, q), rel=1e-12)
        assert found.bound == 0
    assert not (state + state).exact


def test_a_sketch_of_nothing_has_no_quantile() -> None:
    """Without a value there is none; a q outside 0 to 1 and a value that is not finite are refused."""
    assert QuantileSketch(n_nonfinite=3).quantile(0.5) is None
    with pytest.raises(ValueError, match=r"q = 1\.5. Allowed: a number from 0 to 1"):
        QuantileSketch().quantile(1.5)
    for value in (float("nan"), float("inf")):
        with pytest.raises(StateError, match="finite numbers"):
            QuantileSketch.of_values([1.0, value])


def test_building_leaves_the_values_alone() -> None:
    """An array that must not be written to is taken, and stays as it is."""
    values = np.array([3.0, 1.0, 2.0])
    values.flags.writeable = False
    assert QuantileSketch.of_values(values).n == 3
    assert values.tolist() == [3.0, 1.0, 2.0]


def test_the_error_is_the_one_of_the_library() -> None:
    """The rank error, and how much is retained on how many levels, are what the library says of k = 800."""
    from datasketches import kll_doubles_sketch

    assert pytest.approx(kll_doubles_sketch.get_normalized_rank_error(K, False), rel=1e-9) == RANK_ERROR
    for n in (1, 2, 800, 801, 2_000, 50_000, 3_000_000):
        state = QuantileSketch.of_values(np.arange(n))
        assert retained(state.content).n == n == state.n
        assert len(retained(state.content).items) == kll_doubles_sketch.deserialize(state.content).num_retained
    assert capacity(1) == K


@pytest.mark.parametrize("keys", [0, 1, 2, 30, 500, 4_000, 20_000])
def test_distinct_keys_lie_within_the_bound(keys: int) -> None:
    """However often keys repeat and however rows are cut, the estimate is within its bound, and the parts' is equal."""
    draw = np.random.default_rng(keys)
    rows = np.concatenate([np.arange(keys), draw.integers(0, max(keys, 1), keys)])
    hashes = [key_hash([int(k)]) for k in rows]
    whole = DistinctSketch.count(hashes)
    assert whole == reduce(add, (DistinctSketch.count(hashes[i::7]) for i in range(7)))
    assert abs(whole.estimate - keys) <= whole.bound
    assert whole.n == 2 * keys
    assert decode(encode(whole)) == whole


def test_the_estimate_is_as_good_as_the_library_s() -> None:
    """Over a hundred sets of keys the spread is that of the formula, the mean is true, and the library is no better."""
    draw = np.random.default_rng(9)
    ours, theirs, n = [], [], 30_000
    for _ in range(60):
        words = draw.integers(0, 2**64, n, dtype=np.uint64)
        low = words & np.uint64((1 << 52) - 1)
        ranks = 53 - np.frexp(low.astype(np.float64))[1]
        codes = (words >> np.uint64(52)).astype(np.int64) * 64 + ranks
        ours.append(DistinctSketch.of_codes(codes, 10 * n).estimate / n - 1)
    for _ in range(5):
        peer = hll_sketch(12, tgt_hll_type.HLL_8)
        for word in draw.integers(0, 2**63, n).tolist():
            peer.update(word)
        theirs.append(peer.get_estimate() / n - 1)
    assert abs(np.mean(ours)) < 0.0065
    assert 0.010 < np.std(ours) < 0.021
    assert max(map(abs, theirs)) < 0.06
