"""Tests of retail.features: what the presets hold, and that nothing of the future is in them."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.retail.features import HORIZON, KEYS, PRESETS, build, last_known, preset
from assets.retail.sales import department_sales
from assets.retail.synthetic import synthetic_feed

SALES = department_sales(synthetic_feed(days=70, departments=2, rows_per_day=60).frame)
FIRST = date(2017, 1, 1)


@pytest.mark.parametrize("name", PRESETS)
@settings(deadline=None, max_examples=25)
@given(cut=st.integers(0, 69), factor=st.floats(0.1, 10))
def test_the_future_is_not_in_the_past(name: str, cut: int, factor: float) -> None:
    """Changing sales from a day on changes no feature before that day plus the horizon, and no target before it."""
    changed_from = FIRST + timedelta(days=cut)
    hit = pl.col("day") >= changed_from
    shifted = SALES.with_columns(
        pl.when(hit).then(pl.col("sales_value") * factor + 1).otherwise(pl.col("sales_value")).alias("sales_value"),
        pl.when(hit).then(1 - pl.col("discounted")).otherwise(pl.col("discounted")).alias("discounted"),
    )
    before, after = build(SALES, name), build(shifted, name)
    early = pl.col("day") < changed_from + timedelta(days=HORIZON)
    known = [column for column in before.columns if column != "sales_value"]
    assert_frame_equal(before.filter(early).select(known), after.filter(early).select(known))
    assert_frame_equal(before.filter(~hit), after.filter(~hit))


@pytest.mark.parametrize("name", PRESETS)
def test_truncating_changes_nothing(name: str) -> None:
    """Features of the seven days ahead are the very ones that are found later, when their sales are known."""
    for days in (40, 55, 63):
        known = SALES.filter(pl.col("day") < FIRST + timedelta(days=days))
        ahead = build(known, name).filter(pl.col("day") >= FIRST + timedelta(days=days))
        later = build(SALES, name).filter(pl.col("day").is_in(ahead["day"].unique().implode()))
        assert ahead.height == 2 * HORIZON
        assert ahead["sales_value"].null_count() == ahead.height
        assert_frame_equal(ahead.drop("sales_value"), later.drop("sales_value"))


def test_features_are_what_they_say() -> None:
    """Lags, means and shares of one day equal those that plain Python finds."""
    row = (
        build(SALES, "high")
        .filter(pl.col("day") == date(2017, 2, 20), pl.col("department") == "GROCERY")
        .row(0, named=True)
    )
    own = SALES.filter(pl.col("department") == "GROCERY").sort("day")
    value = dict(zip(own["day"], own["sales_value"], strict=True))
    share = dict(zip(own["day"], own["discounted"], strict=True))

    def ago(days: int) -> date:
        return date(2017, 2, 20) - timedelta(days=days)

    assert (row["weekday"], row["month_third"]) == (1, 1)
    assert (row["lag_7"], row["lag_14"]) == (value[ago(7)], value[ago(14)])
    assert row["mean_7"] == pytest.approx(sum(value[ago(k)] for k in range(7, 14)) / 7)
    assert row["mean_28"] == pytest.approx(sum(value[ago(k)] for k in range(7, 35)) / 28)
    assert row["weekday_mean"] == pytest.approx(sum(value[ago(7 * k)] for k in range(1, 5)) / 4)
    assert row["discounted_7"] == pytest.approx(sum(share[ago(k)] for k in range(7, 14)) / 7)
    assert row["discounted_28"] == pytest.approx(sum(share[ago(k)] for k in range(7, 35)) / 28)


def test_presets_grow() -> None:
    """Each preset has all columns of the cheaper one, so that a dearer frame serves a cheaper model."""
    poor, medium, high = (PRESETS[name] for name in ("poor", "medium", "high"))
    assert set(poor.columns) < set(medium.columns) < set(high.columns)
    assert poor.seconds <= medium.seconds <= high.seconds
    for name, found in PRESETS.items():
        assert build(SALES, name).columns == [*KEYS, *found.columns]


def test_month_thirds() -> None:
    """Days 1 to 10, 11 to 20, and the rest, whichever the month's length."""
    thirds = build(SALES, "poor").filter(pl.col("department") == "GROCERY", pl.col("day") < date(2017, 2, 1))
    assert thirds["month_third"].to_list() == [0] * 10 + [1] * 10 + [2] * 11


def test_wrong_names_and_horizons_are_refused() -> None:
    """An unknown preset is an error with the nearest guess; more days ahead than are known too."""
    with pytest.raises(ValueError, match=r"unknown preset 'hihg'\. Did you mean 'high'"):
        preset("hihg")
    with pytest.raises(ValueError, match=r"ahead=8\. Allowed: 0 to 7"):
        build(SALES, "poor", ahead=8)


def test_last_known_day() -> None:
    """The last day with a target; None where there is none."""
    assert last_known(build(SALES, "poor")) == date(2017, 3, 11)
    assert last_known(build(SALES.clear(), "poor")) is None
