"""Owns the features of the demand model in three presets, all known seven days before the day that they describe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

import polars as pl

HORIZON: Final = 7
"""Days ahead of a forecast. A feature of day t reads nothing later than day t - 7, so it serves the whole horizon."""

KEYS: Final = ("department", "day", "sales_value", "filled", "weekday_mean")
"""What every preset carries and no model learns from: keys, target, mark, and the reference forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A trade-off of quality, time and cost: which *columns* a model learns from, and what is expected of it.

    *seconds* is the expected time of features and training on one core, *wape* the expected error (ratio) of the
    boosting recipe in steady weeks (26 before October 2017); the trial of a run records the real ones.
    """

    name: str
    columns: tuple[str, ...]
    seconds: float
    wape: float


_CALENDAR = ("weekday", "month_third")
_HISTORY = ("lag_7", "lag_14", "mean_7", "mean_28")
_DISCOUNTS = ("discounted_7", "discounted_28")

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType({
    "poor": Preset(name="poor", columns=_CALENDAR, seconds=0.04, wape=0.116),
    "medium": Preset(name="medium", columns=(*_CALENDAR, *_HISTORY), seconds=0.05, wape=0.120),
    "high": Preset(name="high", columns=(*_CALENDAR, *_HISTORY, *_DISCOUNTS), seconds=0.06, wape=0.120),
})  # fmt: skip
"""Cheapest first. In steady weeks the calendar is enough; what history pays for is a change of level: over the five
weeks after sales were multiplied by 1.5, poor errs .271, medium .202 and high .206 (the weekday mean .201)."""


def preset(name: str) -> Preset:
    """The preset called *name*. Raises ValueError, with the nearest guess, when there is none."""
    if name in PRESETS:
        return PRESETS[name]
    near = get_close_matches(name, PRESETS, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    message = f"unknown preset {name!r}.{hint} Known: {', '.join(PRESETS)}"
    raise ValueError(message)


def build(sales: pl.DataFrame, preset_name: str, *, ahead: int = HORIZON) -> pl.DataFrame:
    """The features of every department and day in *sales* (a frame of department_sales), and of *ahead* days more.

    A row of day t is what is known at the end of day t - 7:

    * ``weekday`` (1 = Monday), ``month_third`` (0, 1, 2: days 1-10, 11-20 and later; the exact day of the month occurs
      twice in a training window and would be learnt by heart); the calendar is always known;
    * ``lag_7``, ``lag_14``: sales of that day; ``mean_7``, ``mean_28``: mean of the 7 (28) days up to t - 7;
    * ``discounted_7``, ``discounted_28``: mean share of rows sold at a discount, over the 7 (28) days up to t - 7.

    ``weekday_mean`` is the reference forecast, the mean of days t - 7, t - 14, t - 21 and t - 28. The target
    ``sales_value`` of days ahead is null; so is a feature whose days lie before the first day of *sales*.
    Raises ValueError for an unknown preset, or when *ahead* is not within 0 .. 7.
    """
    chosen = preset(preset_name)
    if not 0 <= ahead <= HORIZON:
        message = f"ahead={ahead}. Allowed: 0 to {HORIZON}, for features read sales of {HORIZON} days before"
        raise ValueError(message)
    rows = _extended(sales, ahead)
    named = {**_calendar(), **_history(), "weekday_mean": _weekday_mean()}
    wanted = (*chosen.columns, "weekday_mean")
    return rows.with_columns(named[name].alias(name) for name in wanted).select(*KEYS, *chosen.columns)


def last_known(features: pl.DataFrame) -> date | None:
    """The last day with a target in *features*; None when there is none."""
    found = features.filter(pl.col("sales_value").is_not_null())["day"].max()
    return found if isinstance(found, date) else None


def _extended(sales: pl.DataFrame, ahead: int) -> pl.DataFrame:
    last = sales["day"].max()
    if not isinstance(last, date):
        return sales
    later = pl.select(pl.date_range(pl.lit(last), pl.lit(last).dt.offset_by(f"{ahead}d"), closed="right").alias("day"))
    future = sales.select("department").unique().join(later, how="cross")
    marked = future.with_columns(pl.lit(value=False).alias("filled"))
    return pl.concat([sales, marked], how="diagonal").sort("department", "day")


def _calendar() -> dict[str, pl.Expr]:
    third = ((pl.col("day").dt.day() - 1) // 10).clip(0, 2)
    return {"weekday": pl.col("day").dt.weekday(), "month_third": third}


def _history() -> dict[str, pl.Expr]:
    value, discounted = (pl.col(name).shift(HORIZON) for name in ("sales_value", "discounted"))
    return {
        "lag_7": value.over("department"),
        "lag_14": value.shift(HORIZON).over("department"),
        "mean_7": value.rolling_mean(7).over("department"),
        "mean_28": value.rolling_mean(28).over("department"),
        "discounted_7": discounted.rolling_mean(7).over("department"),
        "discounted_28": discounted.rolling_mean(28).over("department"),
    }


def _weekday_mean() -> pl.Expr:
    value = pl.col("sales_value")
    lags = [value.shift(7 * k).over("department") for k in range(1, 5)]
    return (lags[0] + lags[1] + lags[2] + lags[3]) / 4


def preset_of(columns: Sequence[str]) -> str:
    """The preset that a frame of features with *columns* was built with. Raises ValueError when it is none's."""
    wanted = set(columns) - set(KEYS)
    found = next((p.name for p in PRESETS.values() if set(p.columns) == wanted), None)
    if found is None:
        message = f"features {', '.join(sorted(wanted))} are those of no preset. Known: {', '.join(PRESETS)}"
        raise ValueError(message)
    return found
