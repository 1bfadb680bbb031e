"""Owns the features of the demand model in three presets, all known seven days before the day that they describe."""

from collections.abc import Mapping
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
    boosting recipe on the clean year; the trial of a run records the real ones.
    """

    name: str
    columns: tuple[str, ...]
    seconds: float
    wape: float


_CALENDAR = ("weekday", "day_of_month")
_HISTORY = ("lag_7", "lag_14", "mean_7", "mean_28")
_MARKET = ("price_7", "discount_7", "discount_28")

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType({
    "poor": Preset(name="poor", columns=_CALENDAR, seconds=0.3, wape=0.17),
    "medium": Preset(name="medium", columns=(*_CALENDAR, *_HISTORY), seconds=0.3, wape=0.16),
    "high": Preset(name="high", columns=(*_CALENDAR, *_HISTORY, *_MARKET), seconds=0.4, wape=0.16),
})  # fmt: skip
"""Cheapest first."""


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

    * ``weekday`` (1 = Monday), ``day_of_month``; the calendar is always known;
    * ``lag_7``, ``lag_14``: sales of that day; ``mean_7``, ``mean_28``: mean of the 7 (28) days up to t - 7;
    * ``price_7``, ``discount_7``, ``discount_28``: mean price ratio, and share of the list price that was given away,
      over the 7 (28) days up to t - 7.

    ``weekday_mean`` is the reference forecast, the mean of days t - 7, t - 14, t - 21 and t - 28. The target
    ``sales_value`` of days ahead is null; so is a feature whose days lie before the first day of *sales*.
    Raises ValueError for an unknown preset, or when *ahead* is not within 0 .. 7.
    """
    chosen = preset(preset_name)
    if not 0 <= ahead <= HORIZON:
        message = f"ahead={ahead}. Allowed: 0 to {HORIZON}, for features read sales of {HORIZON} days before"
        raise ValueError(message)
    rows = _extended(sales, ahead)
    named = {**_calendar(), **_history(), **_market(), "weekday_mean": _weekday_mean()}
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
    future = sales.select("department").unique().join(later, how="cross").with_columns(pl.lit(value=False).alias("filled"))
    return pl.concat([sales, future], how="diagonal").sort("department", "day")


def _calendar() -> dict[str, pl.Expr]:
    return {"weekday": pl.col("day").dt.weekday(), "day_of_month": pl.col("day").dt.day()}


def _history() -> dict[str, pl.Expr]:
    value = pl.col("sales_value")
    return {
        "lag_7": value.shift(HORIZON).over("department"),
        "lag_14": value.shift(2 * HORIZON).over("department"),
        "mean_7": value.shift(HORIZON).rolling_mean(7).over("department"),
        "mean_28": value.shift(HORIZON).rolling_mean(28).over("department"),
    }


def _market() -> dict[str, pl.Expr]:
    """The share given away is Σ discount ÷ Σ (sales + discount): of sums, never a mean of ratios."""

    def given_away(days: int) -> pl.Expr:
        discount = pl.col("discount").shift(HORIZON).rolling_sum(days)
        listed = (pl.col("discount") + pl.col("sales_value")).shift(HORIZON).rolling_sum(days)
        return pl.when(listed > 0).then(discount / listed).over("department")

    return {
        "price_7": pl.col("price").shift(HORIZON).rolling_mean(7).over("department"),
        "discount_7": given_away(7),
        "discount_28": given_away(28),
    }


def _weekday_mean() -> pl.Expr:
    value = pl.col("sales_value")
    lags = [value.shift(7 * k).over("department") for k in range(1, 5)]
    return (lags[0] + lags[1] + lags[2] + lags[3]) / 4
