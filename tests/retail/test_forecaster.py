"""Tests of retail.forecaster: fitting, forecasting, and storing a model without a pickle."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.retail.features import build
from assets.retail.forecaster import METHODS, Forecaster, Recipe, fit, from_parts, predict, to_parts
from qoa_platform.artifacts.models import TRUSTED, dumps, loads

ORIGIN = date(2017, 5, 1)


@pytest.fixture(scope="module")
def high(sales: pl.DataFrame) -> pl.DataFrame:
    """The features of preset high."""
    return build(sales, "high")


@pytest.mark.parametrize("name", METHODS)
def test_seven_days_of_every_department(high: pl.DataFrame, name: str) -> None:
    """A forecast has each department and day of the horizon once, finite and positive."""
    found = predict(fit(Recipe(name=name), high, ORIGIN), high, ORIGIN)
    assert found.height == 4 * 7
    assert found["day"].unique().sort().to_list() == [ORIGIN + timedelta(days=k) for k in range(7)]
    assert found["predicted"].is_finite().all()
    assert (found["predicted"] > 0).all()


@pytest.mark.parametrize("name", METHODS)
def test_a_forecaster_does_not_see_the_future(high: pl.DataFrame, name: str) -> None:
    """Neither fitting nor forecasting reads a target from the origin on."""
    changed = high.with_columns(
        pl.when(pl.col("day") >= ORIGIN).then(-1e9).otherwise(pl.col("sales_value")).alias("sales_value")
    )
    one, other = (predict(fit(Recipe(name=name), frame, ORIGIN), frame, ORIGIN) for frame in (high, changed))
    assert_frame_equal(one, other)


def test_fitting_is_deterministic(high: pl.DataFrame) -> None:
    """Two fits of equal arguments forecast equal numbers; other params forecast others."""
    one, same = (predict(fit(Recipe(), high, ORIGIN), high, ORIGIN) for _ in range(2))
    assert_frame_equal(one, same)
    other = predict(fit(Recipe(params=(("max_iter", 5),)), high, ORIGIN), high, ORIGIN)
    assert not one.equals(other)


def test_the_train_window_is_all_that_counts(high: pl.DataFrame) -> None:
    """Days before the window, and days that were filled forward, do not change the model."""
    old = pl.col("day") < ORIGIN - timedelta(days=56)
    noisy = high.with_columns(pl.when(old).then(1e6).otherwise(pl.col("sales_value")).alias("sales_value"))
    hole = pl.col("day") == ORIGIN - timedelta(days=10)
    holed = high.with_columns(filled=hole)
    wild = holed.with_columns(pl.when(hole).then(1e6).otherwise(pl.col("sales_value")).alias("sales_value"))
    for one, other in ((high, noisy), (holed, wild)):
        assert_frame_equal(*(predict(fit(Recipe(), frame, ORIGIN), frame, ORIGIN) for frame in (one, other)))


def test_the_means_are_means(high: pl.DataFrame) -> None:
    """mean_56 is the plain mean of the days trained on, weekday_mean that of the last four same weekdays."""
    window = high.filter(pl.col("day").is_between(ORIGIN - timedelta(days=56), ORIGIN, closed="left"))
    expected = window.group_by("department").agg(pl.col("sales_value").mean()).sort("department")
    plain = predict(fit(Recipe(name="mean_56"), high, ORIGIN), high, ORIGIN)
    assert plain.group_by("department").agg(pl.col("predicted").n_unique())["predicted"].to_list() == [1] * 4
    assert plain.group_by("department").agg(pl.col("predicted").first()).sort("department")[
        "predicted"
    ].to_list() == pytest.approx(expected["sales_value"].to_list())
    usual = predict(fit(Recipe(name="weekday_mean"), high, ORIGIN), high, ORIGIN)
    same = high.filter(pl.col("day").is_between(ORIGIN, ORIGIN + timedelta(days=6)))
    assert usual["predicted"].to_list() == same["weekday_mean"].to_list()


def test_the_blend_is_between(high: pl.DataFrame) -> None:
    """A boosting forecast is its weight of the trees plus the rest of the weekday mean; weight 0 is that mean."""
    trees, half, none = (
        predict(fit(Recipe(params=(("blend", weight),)), high, ORIGIN), high, ORIGIN)["predicted"]
        for weight in (1.0, 0.5, 0.0)
    )
    usual = predict(fit(Recipe(name="weekday_mean"), high, ORIGIN), high, ORIGIN)["predicted"]
    assert none.to_list() == pytest.approx(usual.to_list())
    assert half.to_list() == pytest.approx(((trees + usual) / 2).to_list())
    unknown = high.with_columns(pl.lit(None, dtype=pl.Float64).alias("weekday_mean"))
    assert predict(fit(Recipe(), high, ORIGIN), unknown, ORIGIN)["predicted"].to_list() == trees.to_list()


def test_an_unknown_department_has_no_forecast(high: pl.DataFrame) -> None:
    """A department that was not trained on gets no row rather than a guess."""
    model = fit(Recipe(), high.filter(pl.col("department") != "FUEL"), ORIGIN)
    assert "FUEL" not in predict(model, high, ORIGIN)["department"].to_list()
    assert predict(model, high.filter(pl.col("department") == "FUEL"), ORIGIN).height == 0


@pytest.mark.parametrize("name", METHODS)
def test_storing_needs_no_pickle(high: pl.DataFrame, name: str) -> None:
    """The parts go through skops, with reviewed types only, and forecast the same afterwards."""
    model = fit(Recipe(name=name, seed=3), high, ORIGIN)
    again = from_parts(loads(dumps(to_parts(model)), trusted=TRUSTED))
    assert replace(again, model=None) == replace(model, model=None)
    assert_frame_equal(predict(again, high, ORIGIN), predict(model, high, ORIGIN))


def test_untrusted_types_are_exactly_these(high: pl.DataFrame) -> None:
    """The types that must be trusted to load a boosting model: a new one must be reviewed, not waved through."""
    from skops.io import dumps as raw
    from skops.io import get_untrusted_types

    assert get_untrusted_types(data=raw(to_parts(fit(Recipe(), high, ORIGIN)))) == UNTRUSTED
    assert get_untrusted_types(data=raw(to_parts(fit(Recipe(name="mean_56"), high, ORIGIN)))) == []


UNTRUSTED = [
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
]


@pytest.mark.parametrize("parts", [{}, {"recipe": {}}, {"recipe": 1, "until": "x", "scales": {}, "model": None}])
def test_other_parts_are_refused(parts: dict[str, Any]) -> None:
    """What is no forecaster says what is needed."""
    with pytest.raises(ValueError, match="Needed: recipe, until, scales, model, blend"):
        from_parts(parts)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "bosting"}, "unknown recipe 'bosting'. Did you mean 'boosting'?"),
        ({"preset": "hihg"}, "unknown preset 'hihg'. Did you mean 'high'?"),
        ({"params": (("blend", 1.5),)}, "recipe 'boosting': blend must be from 0 to 1, found 1.5"),
        ({"name": "mean_56", "params": (("max_iter", 5),)}, "recipe 'mean_56' takes no params, found max_iter"),
    ],
)
def test_wrong_recipes_are_refused(wrong: dict[str, Any], message: str) -> None:
    """A recipe that cannot be made is an error when it is written, with the nearest guess."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the message is compared)
        Recipe(**wrong)
    assert message in str(caught.value)


def test_cheap_features_do_not_serve_a_dear_model(sales: pl.DataFrame, high: pl.DataFrame) -> None:
    """A model of preset high refuses the features of medium, and says which are missing; a dearer frame serves."""
    medium = build(sales, "medium")
    with pytest.raises(ValueError, match="features lack discounted_7, discounted_28"):
        predict(fit(Recipe(), high, ORIGIN), medium, ORIGIN)
    model = fit(Recipe(preset="medium"), medium, ORIGIN)
    assert_frame_equal(predict(model, high, ORIGIN), predict(model, medium, ORIGIN))


def test_nothing_to_learn_from_is_an_error(high: pl.DataFrame) -> None:
    """A window without a known day is said, with its ends."""
    with pytest.raises(ValueError, match=r"nothing to learn from: no day with sales in \[2015-11-06, 2016-01-01\)"):
        fit(Recipe(), high, date(2016, 1, 1))


def test_a_lasting_change_makes_it_stale(sales: pl.DataFrame) -> None:
    """Trees cap at what they were trained on: after a change of level the old model errs more than a new one."""
    shifted = sales.with_columns(
        pl.when(pl.col("day") >= date(2017, 4, 3)).then(pl.col("sales_value") * 1.5).otherwise(pl.col("sales_value"))
    )
    frame = build(shifted, "medium")

    def error(model: Forecaster) -> float:
        joined = predict(model, frame, date(2017, 5, 22)).join(frame, on=["department", "day"])
        missed, sold = (joined["predicted"] - joined["sales_value"]).abs().sum(), joined["sales_value"].sum()
        return float(missed) / float(sold)

    recipe = Recipe(preset="medium")
    assert error(fit(recipe, frame, date(2017, 4, 3))) > 1.5 * error(fit(recipe, frame, date(2017, 5, 22)))
