"""Owns what becomes of raw days: the clean sales of a day, and the daily sales of a department."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from assets.retail.feed import RAW_SCHEMA, TIME

DEPARTMENTS: Final = ("GROCERY", "DRUG GM", "FUEL", "PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "MISCELLANEOUS")
"""The departments that are forecast: the 8 largest by sales of 2017, and of every window of it that we looked at."""

DISCOUNTS: Final = ("retail_disc", "coupon_disc", "coupon_match_disc")
COLUMNS: Final = ("department", "day", "sales_value", "discounted", "filled")


def sales_day(raw: pl.DataFrame) -> pl.DataFrame:
    """A raw day with the types and the order of columns of RAW_SCHEMA, nothing else changed.

    Values are never repaired here, for what is wrong must be seen by the promises: a column that is missing stays
    missing, one that cannot be cast without a loss (text in a number, 2.5 in a count) keeps its type, and columns that
    nobody declared follow at the end. The schema promise judges all three.
    """
    declared = [_cast(raw[name], dtype) for name, dtype in RAW_SCHEMA.items() if name in raw.columns]
    return pl.DataFrame([*declared, *(raw[name] for name in raw.columns if name not in RAW_SCHEMA)])


def department_sales(sales: pl.DataFrame, departments: Sequence[str] = DEPARTMENTS) -> pl.DataFrame:
    """The sales per department and day, of all days from the first to the last in *sales*, by department and day.

    Columns: ``department``, ``day``, ``sales_value`` (USD), ``discounted`` (ratio), ``filled``.

    *discounted* is the share of the department's rows that were sold below the list price: how broad the promotions of
    the day are, whatever the unit of money. A day on which nothing at all was sold (25 December, or a day that is not
    published) is filled forward and marked ``filled``: history for lags, never an actual to be scored. A department
    without sales on a day of trade sold 0. Departments that never occur in *sales* are left out.
    """
    daily = (
        sales.lazy()
        .filter(pl.col("department").is_in(list(departments)))
        .group_by("department", pl.col(TIME).dt.date().alias("day"))
        .agg(pl.col("sales_value").sum(), (pl.sum_horizontal(DISCOUNTS) > 0).mean().alias("discounted"))
        .collect()
    )
    rows = _grid(daily, sales).join(daily, on=["department", "day"], how="left", maintain_order="left")
    sold = pl.when(~pl.col("filled")).then(pl.col("sales_value").fill_null(0.0))
    carried = pl.col("sales_value", "discounted").forward_fill().over("department")
    return rows.with_columns(sold.alias("sales_value")).with_columns(carried).select(*COLUMNS)


def largest(sales: pl.DataFrame, count: int = 8) -> tuple[str, ...]:
    """The *count* departments with the largest total ``sales_value``, largest first; a null one is left out."""
    totals = sales.drop_nulls("department").group_by("department").agg(pl.col("sales_value").sum())
    return tuple(totals.sort("sales_value", "department", descending=[True, False])["department"].head(count))


def _cast(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    try:
        cast = column.cast(dtype, strict=True)
        same = column.dtype == pl.String or cast.cast(column.dtype, strict=True).eq_missing(column).all()
    except pl.exceptions.PolarsError:  # it does not fit: the schema promise shall see it as it came
        return column
    return cast if same else column


def _grid(daily: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Every department of *daily* on every day from the first to the last of *sales*, marked where nobody sold."""
    days_of_trade = sales.select(pl.col(TIME).dt.date().alias("day")).unique()
    traded = days_of_trade.with_columns(pl.lit(value=False).alias("filled"))
    if traded.is_empty():
        return daily.select("department").join(traded, how="cross")
    span = traded.select(pl.date_range(pl.col("day").min(), pl.col("day").max(), interval="1d").alias("day"))
    days = span.join(traded, on="day", how="left").with_columns(pl.col("filled").fill_null(value=True))
    return daily.select("department").unique().join(days, how="cross").sort("department", "day")
