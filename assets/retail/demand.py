"""Owns the whole-table assets: from daily sales per department to the model, its backtest, forecasts and scorecard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import dagster as dg
import polars as pl

from assets.retail import evaluation, sales
from assets.retail import features as featuring
from assets.retail.feed import utc
from assets.retail.forecaster import Forecaster, Recipe, fit, from_parts, to_parts
from assets.retail.project import RETAIL, TRAIN_ON
from qoa_platform.faults import Fault, damage_predictions, replacement_recipe
from qoa_platform.orchestration import LoadedModel, ModelOutcome, contracted
from qoa_platform.records import Window

MANY_FITS: Final = 200
FITS: Final[evaluation.Fits] = {}
"""Fits of earlier backtests in this process, by recipe, origin and a digest of what was learnt from: eleven of twelve
origins come again a week later."""


class Training(dg.Config):
    """How the demand model is trained: the *recipe* by name, and its *seed*."""

    recipe: str = "boosting"
    seed: int = 0


@contracted(RETAIL, "retail/department_sales", code_version="1")
def department_sales(sales_day: pl.DataFrame) -> pl.DataFrame:
    """Sales per department and day, of all published days."""
    return sales.department_sales(sales_day)


@contracted(RETAIL, "retail/features", code_version="1")
def features(department_sales: pl.DataFrame, preset: str) -> pl.DataFrame:
    """What is known of a department and day seven days before, in the preset in force."""
    return featuring.build(department_sales, preset)


@contracted(RETAIL, "retail/demand_model", code_version="1", model="demand")
def demand_model(features: pl.DataFrame, config: Training, faults: Sequence[Fault]) -> ModelOutcome:
    """A candidate version, trained on the last days that are known; never a champion by itself."""
    preset = featuring.preset_of(features.columns)
    recipe = Recipe(name=config.recipe, preset=preset, seed=config.seed)
    for fault in faults:
        recipe = Recipe(name=replacement_recipe(fault), preset=preset, seed=config.seed)
    until = _day_after(featuring.last_known(features))
    forecaster = fit(recipe, features, until, TRAIN_ON)
    described = {"recipe": recipe.name, "preset": recipe.preset, "seed": recipe.seed, "until": until.isoformat()}
    frame = pl.DataFrame({name: [str(value)] for name, value in described.items()}).with_columns(
        pl.lit(len(forecaster.scales)).alias("departments"), pl.lit(TRAIN_ON).alias("days")
    )
    window = Window(start=utc(until - timedelta(days=TRAIN_ON)), end=utc(until))
    return ModelOutcome(
        estimator=to_parts(forecaster), frame=frame, window=window, recipe=dict(described), seed=recipe.seed
    )


@contracted(RETAIL, "retail/backtest", code_version="1", deps=[["retail", "demand_model"]])
def backtest(
    department_sales: pl.DataFrame, candidate: LoadedModel, champion: LoadedModel | None = None
) -> pl.DataFrame:
    """What the candidate, the champion and the weekday mean forecast over the last twelve weeks, by rolling origin."""
    if len(FITS) > MANY_FITS:
        FITS.clear()
    bench = evaluation.Bench(sales=department_sales, train_days=TRAIN_ON, fits=FITS)
    judged = _day_after(featuring.last_known(bench.features("poor")))
    standing = None
    if champion is not None and champion.version != candidate.version:
        standing = (champion.version, _forecaster(champion))
    return evaluation.backtest(bench, judged, (candidate.version, _forecaster(candidate).recipe), standing)


@contracted(RETAIL, "retail/forecast", code_version="1", deps=[["retail", "backtest"]])
def forecast(
    department_sales: pl.DataFrame, champion: LoadedModel, faults: Sequence[Fault], previous: pl.DataFrame | None
) -> pl.DataFrame:
    """The champion's forecast of the next seven days, added to all that were made before."""
    origin = _day_after(department_sales["day"].max())
    made = evaluation.stored(_forecaster(champion), champion.version, department_sales, origin)
    for fault in faults:
        made = damage_predictions(replace(fault), made)
    if previous is None:
        return made
    same = (pl.col("version") == champion.version) & (pl.col("origin") == origin)
    return pl.concat([previous.filter(~same), made])


@contracted(RETAIL, "retail/scorecard", code_version="1")
def scorecard(forecast: pl.DataFrame, department_sales: pl.DataFrame) -> pl.DataFrame:
    """The forecasts beside what was sold since, and beside the weekday mean of the same days."""
    return evaluation.scorecard(forecast, department_sales)


def _forecaster(loaded: LoadedModel) -> Forecaster:
    return from_parts(loaded.estimator)


def _day_after(day: object) -> date:
    """The first day that is not known. Raises ValueError when no day is."""
    if not isinstance(day, date):
        message = "no day with sales is published, so there is nothing to learn from or to forecast"
        raise ValueError(message)  # noqa: TRY004 (the data is at fault, not a caller)
    return day + timedelta(days=1)
