"""Precision: numbers keep their digits, whatever else stands in the column."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from qoa_platform.scans import measure
from tests.metrics.making import one

RNG = np.random.default_rng(11)
SMALL = RNG.gamma(2.0, 1.0, 2_000)


@pytest.mark.parametrize("sentinel", [1e10, -1e13, 9e15])
def test_a_sentinel_costs_the_others_no_digit(sentinel: float) -> None:
    """A group, and a filter, without the sentinel are as exact as a column without it, wherever it stands."""
    frame = pl.DataFrame({"x": [sentinel, *SMALL, sentinel], "g": ["odd", *["even"] * len(SMALL), "odd"]})
    grouped = [one(f"data.{name}", "x", by="g") for name in ("mean", "std", "sum")]
    filtered = [one(f"data.{name}", "x", where="col('g') == 'even'") for name in ("mean", "std", "sum")]
    scan = measure(frame, [(metric, None) for metric in (*grouped, *filtered)], missing={})
    read = [m.reading.value for m in scan.measured if m.group == "even"]
    expected = [SMALL.mean(), SMALL.std(ddof=1), SMALL.sum()]
    assert read == pytest.approx(expected, rel=1e-9)
    assert [m.reading.value for m in scan.measured[-3:]] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9, -1e9])
@pytest.mark.parametrize("copies", [1, 10], ids=["few", "many"])
def test_a_large_mean_costs_the_spread_no_digit(offset: float, copies: int) -> None:
    """Spread, skewness and kurtosis of values about ±1e9 are those of what is really stored there, to 1e-6."""
    column = SMALL + offset
    stored = column - offset  # exact: neighbours in floating point
    frame = pl.DataFrame({"x": [*column] * copies})
    metrics = [one(f"data.{name}", "x") for name in ("std", "skewness", "kurtosis")]
    std, skewness, kurtosis = (
        m.reading.value for m in measure(frame, [(m, None) for m in metrics], missing={}).measured
    )
    assert std == pytest.approx(np.tile(stored, copies).std(ddof=1), rel=1e-9)
    assert skewness == pytest.approx(stats.skew(stored), rel=1e-6)
    assert kurtosis == pytest.approx(stats.kurtosis(stored), rel=1e-6)
