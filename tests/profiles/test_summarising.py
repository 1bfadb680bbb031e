"""The summary of a data set is what NumPy and pandas say of it, on every type, and never raises."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import isfinite, isnan, log2
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing.parametric import dataframes

from qoa_platform.contracts.schema import LogicalType
from qoa_platform.profiles.counted import HASH_ERROR, SAMPLE, SIGMAS
from qoa_platform.profiles.ordered import BINS, TOP
from qoa_platform.profiles.summarising import summarise
from qoa_platform.profiles.summary import QUANTILES, ColumnSummary

FLOATS = st.lists(
    st.none() | st.floats(width=32) | st.integers(-3, 3).map(float) | st.sampled_from([1e300, -1e300, 5e-324, -0.0]),
    max_size=60,
)
INTEGERS = st.lists(st.none() | st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1), max_size=60)
TEXTS = st.lists(st.none() | st.sampled_from(["a", "b", "", "Ünï", "😀"]) | st.text(max_size=3), max_size=60)
close = pytest.approx


def one(values: Sequence[Any], dtype: Any) -> ColumnSummary:
    """The summary of one column."""
    return summarise(pl.DataFrame({"x": pl.Series(values, dtype=dtype)})).columns[0]


def commonest(values: Sequence[Any]) -> list[tuple[Any, int]]:
    """The ten commonest, ties by value; those seen once only where all fit."""
    counts = Counter(values)
    kept = counts.items() if len(counts) <= TOP else ((v, c) for v, c in counts.items() if c > 1)
    return sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:TOP]


def same(found: float | None, expected: float, scale: float) -> bool:
    """Whether a float is what the oracle says, up to rounding at the scale of the values; not finite: no value."""
    if not isfinite(expected):
        return found is None or found == close(expected, rel=1e-9)
    return found is not None and abs(found - expected) <= 1e-9 * max(abs(expected), scale) + 1e-300


@given(FLOATS)
def test_floats_are_what_numpy_says(values: list[float | None]) -> None:
    """Missing are null and NaN; extremes, moments and quantiles are of the finite values, as NumPy computes them."""
    found = one(values, pl.Float64)
    present = [v for v in values if v is not None and not isnan(v)]
    finite = np.array([v for v in present if isfinite(v)])
    assert (found.n, found.missing, found.nonfinite) == (
        len(values), len(values) - len(present), len(present) - len(finite),
    )  # fmt: skip
    assert found.distinct == len(set(present))
    assert [(c.value, c.count) for c in found.top] == commonest(present)
    if not finite.size:
        assert (found.minimum, found.mean, found.std, found.quantiles, found.histogram) == (None, None, None, (), None)
        return
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    scale = float(np.abs(finite).max())
    with np.errstate(all="ignore"):
        assert same(found.mean, float(np.mean(finite)), scale) or scale > 1e299
        if len(finite) > 1 and scale < 1e150:
            assert same(found.std, float(np.std(finite, ddof=1)), scale)
        expected = np.quantile(finite, QUANTILES)
    assert all(not isfinite(e) or q == close(e, rel=1e-12) for q, e in zip(found.quantiles, expected, strict=True))


@given(INTEGERS, st.sampled_from([pl.Int64, pl.Int32, pl.Int8, pl.UInt64, pl.UInt16, pl.Int128]))
def test_integers_are_exact(values: list[int | None], dtype: Any) -> None:
    """Counts and extremes of integers are exact, also at the ends of their type; moments are those of the integers."""
    low, high = int(pl.select(dtype.min()).item()), int(pl.select(dtype.max()).item())
    fitting = [v if v is None else min(max(v, low), high) for v in values]
    found = one(fitting, dtype)
    present = [v for v in fitting if v is not None]
    assert (found.type, found.missing, found.distinct) == (
        LogicalType.INTEGER, len(values) - len(present), len(set(present)),
    )  # fmt: skip
    if dtype != pl.Int128:
        assert [(c.value, c.count) for c in found.top] == commonest(present)
        assert (found.minimum, found.maximum) == (min(present, default=None), max(present, default=None))
    if present:
        exact = sum(present) / len(present)
        spread = (sum((v - exact) ** 2 for v in present) / max(len(present) - 1, 1)) ** 0.5
        scale = float(max(map(abs, present)))
        assert same(found.mean, exact, scale)
        assert found.std is None if len(present) < 2 else same(found.std, spread, scale)


@given(TEXTS, st.sampled_from([pl.String, pl.Categorical]))
def test_texts_are_counted(values: list[str | None], dtype: Any) -> None:
    """Distinct, commonest, entropy and the ends (by code points) of text, however it is stored."""
    found = one(values, dtype)
    present = [v for v in values if v is not None]
    counts = Counter(present)
    assert (found.missing, found.distinct) == (len(values) - len(present), len(counts))
    assert [(c.value, c.count) for c in found.top] == commonest(present)
    assert (found.minimum, found.maximum) == (min(present, default=None), max(present, default=None))
    n = len(present)
    expected = -sum(c / n * log2(c / n) for c in counts.values()) if n else None
    assert found.entropy == (None if expected is None else close(expected, abs=1e-9))


@given(FLOATS | INTEGERS)
def test_bins_hold_every_finite_value(values: list[float | None]) -> None:
    """The histogram counts each finite value once, in the bin whose edges it lies between, on ascending edges."""
    found = one(values, pl.Int64 if all(v is None or isinstance(v, int) for v in values) else pl.Float64)
    finite = [v for v in values if v is not None and isfinite(v)]
    if found.histogram is None:
        assert not finite or abs(finite[0]) >= 2**51 or len(set(finite)) < 2
        return
    edges: Any = found.histogram.edges
    assert list(edges) == sorted(set(edges))
    assert len(edges) - 1 == len(found.histogram.counts) <= BINS + 1
    assert sum(found.histogram.counts) == len(finite)
    for low, high, count in zip(edges, edges[1:], found.histogram.counts, strict=False):
        assert count == sum(low < v <= high or (v == low == edges[0]) for v in finite)


def test_times_are_shown_as_times() -> None:
    """Dates, times with a zone and durations have extremes, quantiles and bins in their own kind."""
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "day": [date(2026, 1, k) for k in range(1, 10)],
            "at": [noon + timedelta(hours=k) for k in range(9)],
            "took": [timedelta(seconds=k) for k in range(9)],
        }
    )
    day, at, took = summarise(frame).columns
    assert (day.minimum, day.quantiles[2], day.type) == (date(2026, 1, 1), date(2026, 1, 5), LogicalType.DATE)
    assert (at.maximum, at.quantiles[1], at.mean) == (noon + timedelta(hours=8), noon + timedelta(hours=2), None)
    assert (took.minimum, took.quantiles[2], took.distinct) == (timedelta(0), timedelta(seconds=4), 9)
    assert all(c.histogram is not None and sum(c.histogram.counts) == 9 for c in (day, at, took))


@settings(max_examples=60)
@given(dataframes(max_cols=4, max_size=12, allow_null=True, excluded_dtypes=[pl.Categorical]))
def test_any_frame_is_summed_up(frame: pl.DataFrame) -> None:
    """Nested, binary, decimal, all null, empty: every column has a summary whose counts add up, and none raises."""
    found = summarise(frame)
    assert [c.name for c in found.columns] == frame.columns
    for column in found.columns:
        assert column.cause is None, (column, frame)
        assert column.n == frame.height
        assert column.missing >= frame.get_column(column.name).null_count()
        assert column.distinct is not None
        assert column.distinct <= column.present
        assert sum(common.count for common in column.top) <= column.present
        for value in (column.mean, column.std, column.entropy):
            assert value is None or isfinite(value)


def test_nested_values_and_decimals_are_counted() -> None:
    """Lists, structs, bytes and decimals are counted by value; decimals have moments too."""
    frame = pl.DataFrame(
        {
            "list": [[1], [1], [2], None],
            "struct": [{"a": 1}, {"a": 1}, {"a": 2}, None],
            "bytes": [b"a", b"a", b"b", None],
            "money": pl.Series(["1.10", "1.1", "2", None]).cast(pl.Decimal(12, 2)),
        }
    )
    found = summarise(frame)
    assert [(c.distinct, c.missing, c.top[0].count) for c in found.columns] == [(2, 1, 2)] * 4
    assert found.columns[3].top[0].value == "1.1"
    assert found.columns[3].mean == close(1.4)


@given(st.permutations([1.5, 1.5, 2.0, 7.0, None, float("nan")]))
def test_row_order_does_not_matter(values: list[float | None]) -> None:
    """A summary is of a set of rows."""
    assert one(values, pl.Float64) == one(sorted(values, key=str), pl.Float64)


def test_tokens_are_missing() -> None:
    """A declared token is missing, in text and in numbers, and not among the values."""
    frame = pl.DataFrame({"x": ["-", "a", "a"], "y": [-9, 1, 3]})
    x, y = summarise(frame, missing={"x": ("-",), "y": ("-9",)}).columns
    assert (x.missing, x.distinct, y.missing, y.minimum, y.mean) == (1, 1, 1, 1, 2.0)


def keys(rows: int) -> pl.DataFrame:
    """Text of which most values stand alone, and some are there two or three times."""
    numbers = np.concatenate([np.arange(rows), np.arange(rows // 4), np.arange(rows // 8)])
    return pl.DataFrame({"key": pl.Series(numbers).cast(pl.String).shuffle(seed=1)})


def test_a_column_of_keys_is_counted_exactly() -> None:
    """Where most values are different only those that share a hash are counted; it is as exact as pandas."""
    frame = keys(3 * SAMPLE)
    found, oracle = summarise(frame).columns[0], pd.Series(frame.get_column("key").to_list()).value_counts()
    assert (found.distinct, found.minimum, found.maximum) == (len(oracle), oracle.index.min(), oracle.index.max())
    assert [(c.value, c.count) for c in found.top] == commonest(frame.get_column("key").to_list())
    shares = oracle / oracle.sum()
    assert found.entropy == close(-(shares * np.log2(shares)).sum())


def test_an_estimate_says_its_bound() -> None:
    """Approximately, the distinct values of a column of keys are within the bound; what is cheap stays exact."""
    frame = keys(20 * SAMPLE).with_columns(shop=pl.lit("a"), price=pl.col("key").cast(pl.Float64))
    key, shop, price = summarise(frame, approximate=True).columns
    assert key.distinct is not None
    assert 0 < abs(key.distinct - 20 * SAMPLE) <= key.distinct_bound == SIGMAS * HASH_ERROR * key.distinct
    assert (shop.distinct, shop.distinct_bound, price.distinct_bound) == (1, 0.0, 0.0)


def large(rows: int) -> pl.DataFrame:
    """Columns of every kind that can be folded."""
    rng = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "key": rng.permutation(rows), "price": rng.lognormal(1.0, 1.0, rows),
            "holes": pl.Series(rng.normal(0, 1, rows)).set(pl.Series(rng.random(rows) < 0.1), float("nan")),
            "shop": pl.Series(["a", "b", "c"]).gather(rng.integers(0, 3, rows)), "flag": rng.random(rows) < 0.3,
            "name": pl.Series(rng.integers(0, rows, rows)).cast(pl.String),
            "at": pl.Series(rng.integers(0, 10**15, rows)).cast(pl.Datetime("us")),
            "there": pl.Series(rng.integers(0, 10**15, rows)).cast(pl.Datetime("us", "Europe/Vienna")),
            "day": pl.Series(rng.integers(0, 10**4, rows)).cast(pl.Int32).cast(pl.Date),
            "list": pl.Series([[1]] * rows), "money": pl.Series(rng.integers(0, 99, rows)).cast(pl.Decimal(9, 2)),
        }
    )  # fmt: skip


def test_rows_beyond_memory_are_folded_within_bounds() -> None:
    """Batch by batch: what is exact equals the summary in memory, and what is sketched lies within its bound."""
    frame = large(300_000)
    whole, parts = summarise(frame), summarise(frame.lazy(), memory=1 << 20)
    assert (whole.rows, [c.name for c in whole.columns]) == (parts.rows, [c.name for c in parts.columns])
    for exact, found in zip(whole.columns, parts.columns, strict=True):
        assert (found.cause, found.type, found.missing, found.nonfinite) == (None, exact.type, exact.missing, 0)
        assert (found.minimum, found.maximum) == (exact.minimum, exact.maximum)
        assert found.mean == (None if exact.mean is None else close(exact.mean, rel=1e-9))
        assert found.std == (None if exact.std is None else close(exact.std, rel=1e-9))
        if found.distinct is not None and exact.distinct is not None:
            assert abs(found.distinct - exact.distinct) <= 2 * found.distinct_bound
    assert [c.top for c in parts.columns if c.name in {"shop", "flag"}] == [
        c.top for c in whole.columns if c.name in {"shop", "flag"}
    ]
    name = parts.column("name")
    assert name is not None
    assert name.top_bound > 0


def test_folded_quantiles_and_bins_are_near() -> None:
    """Quantiles off the sketch have a rank within its error, and the bins hold every value, each about as many."""
    frame = large(300_000)
    found = summarise(frame.lazy(), memory=1 << 20).column("price")
    assert found is not None
    assert found.histogram is not None
    values = np.sort(frame.get_column("price").to_numpy())
    assert 0 < found.quantiles_bound < 0.01
    for q, value in zip(QUANTILES, found.quantiles, strict=True):
        assert isinstance(value, float)
        assert abs(np.searchsorted(values, value) / len(values) - q) <= 2 * found.quantiles_bound
    exact = np.histogram(values, np.array(found.histogram.edges))[0]
    assert sum(found.histogram.counts) == len(values)
    assert np.abs(exact - np.array(found.histogram.counts)).max() <= 4 * found.quantiles_bound * len(values)


@pytest.mark.parametrize("how", ["lazy", "pandas", "arrow"])
def test_sources_that_fit_are_summed_up_exactly(how: str) -> None:
    """A lazy frame, pandas and Arrow that fit into memory have the summary of the frame that they hold."""
    frame = large(1_000).drop("list", "money", "day")  # pandas has no dates
    data: Any = {"lazy": frame.lazy(), "pandas": frame.to_pandas(), "arrow": frame.to_arrow()}[how]
    found = summarise(data)
    assert [(c.name, c.distinct, c.mean, c.top) for c in found.columns] == [
        (c.name, c.distinct, c.mean, c.top) for c in summarise(frame).columns
    ]


def test_no_rows_at_all() -> None:
    """A lazy frame without rows has columns without values."""
    (x,) = summarise(pl.DataFrame({"x": []}, schema={"x": pl.Float64}).lazy()).columns
    assert (x.n, x.distinct, x.mean, x.cause) == (0, 0, None, None)


def test_a_column_that_cannot_be_counted_says_why() -> None:
    """A column of Python objects has a cause; the others are summed up."""
    frame = pl.DataFrame({"thing": pl.Series([object(), object()], dtype=pl.Object), "x": [1, 2]})
    thing, x = summarise(frame).columns
    assert thing.distinct is None
    assert thing.cause is not None
    assert (x.distinct, x.cause) == (2, None)
