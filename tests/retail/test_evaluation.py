"""Tests of retail.evaluation: the backtest by rolling origin, the scorecard, and the bars on the real year."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.retail.evaluation import (
    PREDICTION_SCHEMA,
    REFERENCE,
    Bench,
    backtest,
    origins,
    paired,
    scorecard,
    stored,
    wape,
)
from assets.retail.features import build
from assets.retail.forecaster import Forecaster, Recipe, fit, predict

JUDGED = date(2017, 5, 22)


@pytest.fixture(scope="module")
def bench(sales: pl.DataFrame) -> Bench:
    """A bench over the synthetic sales."""
    return Bench(sales=sales)


def test_origins_go_back_weekly() -> None:
    """Twelve origins, a week apart, the last a week before the day of judging."""
    found = origins(JUDGED)
    assert len(found) == 12
    assert found[-1] == JUDGED - timedelta(days=7)
    assert {(b - a).days for a, b in pairwise(found)} == {7}


def test_the_frame_is_long(bench: Bench) -> None:
    """One row per version, origin, department and day, of the declared schema, none from the day of judging on."""
    frame = backtest(bench, JUDGED, ("v2", Recipe()), ("v1", bench.fitted(Recipe(), date(2017, 5, 1))))
    assert dict(frame.schema) == dict(PREDICTION_SCHEMA)
    assert frame.group_by("version").len().sort("version").rows() == [(v, 12 * 4 * 7) for v in ("v1", "v2", REFERENCE)]
    assert not frame.select("version", "origin", "department", "time").is_duplicated().any()
    ahead = (frame["time"].dt.date() - frame["origin"]).dt.total_days()
    assert (ahead.min(), ahead.max()) == (0, 6)
    assert frame["time"].max() == datetime(2017, 5, 21, tzinfo=UTC)
    assert (frame["week"] == frame["origin"]).all()


def test_only_the_past_is_judged(sales: pl.DataFrame) -> None:
    """Sales from the day of judging on change nothing, and each week is forecast without its own sales."""
    known = Bench(sales=sales.filter(pl.col("day") < JUDGED))
    assert_frame_equal(
        backtest(Bench(sales=sales), JUDGED, ("v2", Recipe())), backtest(known, JUDGED, ("v2", Recipe()))
    )
    last = origins(JUDGED)[-1]
    grown = pl.when(pl.col("day") >= last).then(9 * pl.col("sales_value")).otherwise(pl.col("sales_value"))
    changed = Bench(sales=sales.with_columns(grown))
    ours, theirs = (backtest(b, JUDGED, ("v2", Recipe())).drop("actual") for b in (known, changed))
    assert_frame_equal(ours, theirs)


def test_the_champion_counts_as_it_stands(bench: Bench) -> None:
    """Before its training date the champion's recipe is fitted again, from then on its stored model forecasts."""
    trained, recipe = date(2017, 5, 1), Recipe(name="mean_56")
    fitted = bench.fitted(recipe, trained)
    standing = replace(fitted, scales={name: 3 * scale for name, scale in fitted.scales.items()})
    frame = backtest(bench, JUDGED, ("v2", recipe), ("v1", standing))
    ours, theirs = (frame.filter(pl.col("version") == version) for version in ("v2", "v1"))
    both = theirs.join(ours, on=["origin", "department", "time"], suffix="_refitted")
    stands = pl.col("origin") >= trained
    before = both.filter(~stands)
    assert before["predicted"].to_list() == before["predicted_refitted"].to_list()
    expected = [3 * fitted.scales[name] for name in both.filter(stands)["department"]]
    assert both.filter(stands)["predicted"].to_list() == pytest.approx(expected)
    assert trained in both["origin"].to_list()


def test_equal_fits_are_made_once(sales: pl.DataFrame) -> None:
    """A second backtest reuses the fits, unless the days learnt from have changed."""
    fits: dict[tuple[Recipe, date, int, int], Forecaster] = {}
    backtest(Bench(sales=sales, fits=fits), JUDGED, ("v2", Recipe()))
    made = len(fits)
    assert made == 24
    backtest(Bench(sales=sales, fits=fits), JUDGED, ("v3", Recipe()))
    assert len(fits) == made
    repaired = pl.when(pl.col("day") == date(2017, 5, 10)).then(1.0).otherwise(pl.col("sales_value"))
    backtest(Bench(sales=sales.with_columns(repaired.alias("sales_value")), fits=fits), JUDGED, ("v3", Recipe()))
    assert made < len(fits) < 2 * made


def test_filled_days_are_not_scored(sales: pl.DataFrame) -> None:
    """A day that was filled forward is in no row; the others of its week are."""
    gone = pl.col("day") == date(2017, 5, 17)
    frame = backtest(Bench(sales=sales.with_columns(filled=gone)), JUDGED, ("v2", Recipe(name="mean_56")))
    assert datetime(2017, 5, 17, tzinfo=UTC) not in frame["time"].to_list()
    assert frame.filter(pl.col("version") == "v2").height == 12 * 28 - 4


def test_wape_is_pooled() -> None:
    """WAPE adds errors and actuals before it divides; pairs are compared group by group."""
    frame = pl.DataFrame({
        "version": ["a", "a", "b", "b"], "week": [1, 1, 1, 1], "department": ["x", "y", "x", "y"],
        "actual": [10.0, 90.0, 10.0, 90.0], "predicted": [20.0, 90.0, 10.0, 81.0],
    })  # fmt: skip
    assert wape(frame).rows() == [("a", 0.1), ("b", 0.09)]
    assert paired(frame, "b", "a").rows() == [(1, "x", 1.0), (1, "y", -0.1)]


def test_the_scorecard_joins_what_was_said_with_what_was_sold(sales: pl.DataFrame) -> None:
    """Of each version and day the latest forecast counts; days not sold yet have no row; the reference stands by."""
    first, second = date(2017, 5, 8), date(2017, 5, 10)
    model = fit(Recipe(preset="medium"), build(sales, "medium"), first)
    forecasts = pl.concat(
        [
            stored(model, "v1", sales, first),
            stored(model, "v1", sales, second),
            stored(model, "v2", sales, second),
        ]
    )
    known = sales.filter(pl.col("day") < date(2017, 5, 13))
    card = scorecard(forecasts, known)
    assert dict(card.schema) == dict(PREDICTION_SCHEMA)
    days = card.group_by("version").agg(pl.col("time").n_unique()).sort("version").rows()
    assert days == [("v1", 5), ("v2", 3), (REFERENCE, 5)]
    assert not card.select("version", "department", "time").is_duplicated().any()
    ours = card.filter(pl.col("version") == "v1")
    assert set(ours.filter(pl.col("time") >= datetime(2017, 5, 10, tzinfo=UTC))["origin"]) == {second}
    assert set(card["week"]) == {date(2017, 5, 8)}
    usual = card.filter(pl.col("version") == REFERENCE, pl.col("department") == "FUEL")["predicted"].to_list()
    features = build(sales, "poor").filter(
        pl.col("department") == "FUEL", pl.col("day").is_between(first, date(2017, 5, 12))
    )
    assert usual == pytest.approx(features["weekday_mean"].to_list())


def test_a_forecast_is_made_from_its_own_preset(sales: pl.DataFrame) -> None:
    """What is stored equals what predict says, and reads no sale from the origin on."""
    origin = date(2017, 5, 8)
    model = fit(Recipe(), build(sales, "high"), origin)
    said = stored(model, "v1", sales, origin)
    assert said["predicted"].to_list() == predict(model, build(sales, "high"), origin)["predicted"].to_list()
    assert_frame_equal(said, stored(model, "v1", sales.filter(pl.col("day") < origin), origin))


def test_the_bar_of_the_real_year(real_sales: pl.DataFrame) -> None:
    """The weekday mean errs .1639 over the last 12 weeks of 2017 and .125 over those before October, as is known."""
    whole = Bench(sales=real_sales.filter(pl.col("day").is_between(date(2017, 1, 2), date(2017, 12, 31))))
    for judged, expected in ((date(2018, 1, 1), 0.1639), (date(2017, 10, 2), 0.1251)):
        rates = dict(wape(backtest(whole, judged, ("v1", Recipe(name="mean_56", preset="poor")))).rows())
        assert rates[REFERENCE] == pytest.approx(expected, abs=1e-4)
        assert rates["v1"] > 1.2 * rates[REFERENCE]


@pytest.mark.parametrize("preset", ["medium", "high"])
def test_the_first_model_is_useful_on_real_data(real_sales: pl.DataFrame, preset: str) -> None:
    """At the beginning of October boosting errs less than the weekday mean over the twelve weeks before."""
    frame = backtest(Bench(sales=real_sales), date(2017, 10, 2), ("v1", Recipe(preset=preset)))
    rates = dict(wape(frame).rows())
    assert rates["v1"] < rates[REFERENCE]
