"""Owns how forecasters are compared: the backtest by rolling origin and the scorecard, as long prediction frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import polars as pl

from assets.retail import features
from assets.retail.features import HORIZON
from assets.retail.forecaster import TRAIN_DAYS, Forecaster, Recipe, fit, predict

WEEKS: Final = 12
REFERENCE: Final = "weekday_mean"
"""The name under which the reference forecast stands in the column ``version``."""

PREDICTION_SCHEMA: Final = MappingProxyType({
    "version": pl.String(),
    "origin": pl.Date(),
    "week": pl.Date(),
    "department": pl.String(),
    "time": pl.Datetime("us", "UTC"),
    "actual": pl.Float64(),
    "predicted": pl.Float64(),
})  # fmt: skip
"""A prediction frame: one row per version (or reference), origin, department and day.

*origin* is the first day forecast: nothing from it on was known. *week* groups the days of one origin of a backtest (it
is that origin), and the days from Monday to Sunday of a scorecard (it is the Monday).
"""


Fits = dict[tuple[Recipe, date, int, int], Forecaster]
"""Fits by recipe, origin, days trained on, and a digest of the rows that were learnt from."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """Features by preset and fits by (recipe, origin, training window) over one frame of department_sales, made once.

    *fits* may be shared between benches: a key holds a digest of what was learnt from, so a day that was repaired in
    between is fitted again.
    """

    sales: pl.DataFrame
    train_days: int = TRAIN_DAYS
    fits: Fits = field(default_factory=dict)
    _features: dict[str, pl.DataFrame] = field(default_factory=dict)

    def features(self, preset: str) -> pl.DataFrame:
        """The features of *preset* over the bench's sales."""
        if preset not in self._features:
            self._features[preset] = features.build(self.sales, preset)
        return self._features[preset]

    def fitted(self, recipe: Recipe, until: date) -> Forecaster:
        """*recipe* fitted on the days before *until*."""
        frame = self.features(recipe.preset)
        since = until - timedelta(days=self.train_days)
        window = frame.filter(pl.col("day").is_between(since, until, closed="left"))
        key = (recipe, until, self.train_days, hash(tuple(window.hash_rows())))
        if key not in self.fits:
            self.fits[key] = fit(recipe, window, until, self.train_days)
        return self.fits[key]


def origins(judged: date, weeks: int = WEEKS) -> list[date]:
    """The *weeks* origins of a backtest, oldest first and a week apart: the last forecast ends the day before *judged*.

    >>> [day.isoformat() for day in origins(date(2017, 10, 2), weeks=2)]
    ['2017-09-18', '2017-09-25']
    """
    return [judged - timedelta(days=HORIZON * k) for k in range(weeks, 0, -1)]


def backtest(
    bench: Bench, judged: date, candidate: tuple[str, Recipe], champion: tuple[str, Forecaster] | None = None,
    *, weeks: int = WEEKS,
) -> pl.DataFrame:  # fmt: skip
    """The prediction frame of *candidate*, of *champion* and of the weekday mean over the last *weeks* weeks.

    Both are (version, what it is). The candidate's recipe is fitted again at each origin on its own training window, so
    is the champion's at origins before its own ``until`` (it would have seen the answers otherwise); from then on the
    champion counts as it stands. Days that were filled forward are left out, and so are rows without a reference, so
    that all three are compared on the same days. Raises ValueError when an origin has nothing to learn from.
    """
    version, recipe = candidate
    days = origins(judged, weeks)
    made = [_rolled(bench, version, days, recipe.preset, lambda origin: bench.fitted(recipe, origin))]
    if champion is not None:
        name, standing = champion
        preset = standing.recipe.preset
        made.append(_rolled(bench, name, days, preset, lambda origin: _standing(bench, standing, origin)))
    usual = Recipe(name=REFERENCE, preset="poor")
    made.append(_rolled(bench, REFERENCE, days, "poor", lambda origin: bench.fitted(usual, origin)))
    known = bench.features("poor").filter(pl.col("weekday_mean").is_not_null())
    return _joined(pl.concat(made), known, week=pl.col("origin"))


def scorecard(forecasts: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Stored *forecasts* joined with what was sold, and the weekday mean of the same days, as one prediction frame.

    *forecasts* has ``version``, ``origin``, ``department``, ``time`` and ``predicted``, of any number of origins. For
    each version, department and day the forecast from the latest origin counts. Days without sales yet, and days that
    were filled forward, have no row; the reference has one row per department and day that some version forecast.
    """
    last = forecasts.sort("origin").unique(["version", "department", "time"], keep="last", maintain_order=True)
    days = last.with_columns(pl.col("time").dt.date().alias("day"))
    known = features.build(sales, "poor").filter(pl.col("weekday_mean").is_not_null())
    asked = days.sort("origin").unique(["department", "day"], keep="last", maintain_order=True)
    reference = asked.join(known.select("department", "day", "weekday_mean"), on=["department", "day"]).select(
        pl.lit(REFERENCE).alias("version"), "origin", "department", "day", pl.col("weekday_mean").alias("predicted")
    )
    made = days.select("version", "origin", "department", "day", "predicted")
    return _joined(pl.concat([made, reference]), known, week=pl.col("day").dt.truncate("1w"))


def stored(forecaster: Forecaster, version: str, sales: pl.DataFrame, origin: date) -> pl.DataFrame:
    """The forecast of *version* for the seven days from *origin* on, in the columns that ``scorecard`` reads.

    Features are built with the preset that the model was trained with, whatever preset is in force now.
    """
    known = sales.filter(pl.col("day") < origin)
    frame = predict(forecaster, features.build(known, forecaster.recipe.preset), origin)
    named = (pl.lit(version).alias("version"), pl.lit(origin).alias("origin"))
    return frame.select(*named, "department", _time().alias("time"), "predicted")


def wape(frame: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """WAPE = Σ|predicted - actual| ÷ Σ actual (ratio, 0 is best) per version, and per group of *by*."""
    error = (pl.col("predicted") - pl.col("actual")).abs().sum()
    return frame.group_by("version", *by).agg((error / pl.col("actual").sum()).alias("wape")).sort("version", *by)


def paired(
    frame: pl.DataFrame, candidate: str, champion: str, pair_by: Sequence[str] = ("week", "department")
) -> pl.DataFrame:
    """``gain``, per pair of *pair_by*: the WAPE of *champion* less that of *candidate*, positive if that is better."""
    rates = wape(frame, pair_by)
    ours = rates.filter(pl.col("version") == candidate).drop("version")
    theirs = rates.filter(pl.col("version") == champion).drop("version")
    both = ours.join(theirs, on=list(pair_by), suffix="_champion", maintain_order="left")
    return both.select(*pair_by, (pl.col("wape_champion") - pl.col("wape")).alias("gain"))


def _standing(bench: Bench, champion: Forecaster, origin: date) -> Forecaster:
    return bench.fitted(champion.recipe, origin) if origin < champion.until else champion


def _rolled(
    bench: Bench, version: str, days: Sequence[date], preset: str, at: Callable[[date], Forecaster]
) -> pl.DataFrame:
    frame = bench.features(preset)
    made = [predict(at(day), frame, day).with_columns(pl.lit(day).alias("origin")) for day in days]
    return pl.concat(made).select(pl.lit(version).alias("version"), "origin", "department", "day", "predicted")


def _joined(made: pl.DataFrame, known: pl.DataFrame, *, week: pl.Expr) -> pl.DataFrame:
    """*made* with the actuals of *known*; a day without one, or filled forward, is no row."""
    actuals = known.filter(pl.col("sales_value").is_not_null(), ~pl.col("filled"))
    actual = actuals.select("department", "day", pl.col("sales_value").alias("actual"))
    rows = made.join(actual, on=["department", "day"]).with_columns(week.alias("week"), _time().alias("time"))
    columns = [pl.col(name).cast(dtype) for name, dtype in PREDICTION_SCHEMA.items()]
    return rows.select(columns).sort("version", "origin", "department", "time")


def _time() -> pl.Expr:
    return pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
