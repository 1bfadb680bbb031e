"""Owns what becomes of raw days: the clean sales of a day, and the daily sales of a department."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from assets.retail.feed import RAW_SCHEMA, TIME

DEPARTMENTS: Final = ("GROCERY", "DRUG GM", "FUEL", "PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "MISCELLANEOUS")
"""The departments that are forecast: the 8 largest by sales of 2017, and of every window of it that we looked at."""

PRICE_WINDOW: Final = 28
"""A category's price is compared with its mean over so many of its own earlier days of sale."""

PRICE_BOUNDS: Final = (0.25, 4.0)
"""A ratio beyond is no price: the feed counts some categories (fuel, coupons) now in one unit, now in another."""


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

    Columns: ``department``, ``day``, ``sales_value`` and ``discount`` (USD), ``price`` (ratio, see below), ``filled``.

    *price* is how dear the department is: over its product categories, the unit price of the day over the mean unit
    price of the category's 28 days of sale before, weighted by sales; null without such a history. A day on which
    nothing at all was sold (25 December, or a day that is not published) is filled forward and marked ``filled``:
    history for lags, never an actual to be scored. A department without sales on a day of trade sold 0.
    Departments that never occur in *sales* are left out.
    """
    daily = _categories(sales, departments)
    if daily.is_empty():
        return _grid(daily, sales).join(_sums(daily), on=["department", "day"], how="left").select(*_COLUMNS)
    joined = _grid(daily, sales).join(_sums(daily), on=["department", "day"], how="left", maintain_order="left")
    traded = pl.col("filled").not_()
    zero = joined.with_columns(
        pl.when(traded).then(pl.col(name).fill_null(0.0)).otherwise(pl.col(name)) for name in ("sales_value", "discount")
    )
    carried = pl.col("sales_value", "discount", "price").forward_fill().over("department")
    return zero.with_columns(carried).select(*_COLUMNS)


def largest(sales: pl.DataFrame, count: int = 8) -> tuple[str, ...]:
    """The *count* departments with the largest total ``sales_value`` in *sales*, largest first; unknown ones left out."""
    totals = sales.drop_nulls("department").group_by("department").agg(pl.col("sales_value").sum())
    return tuple(totals.sort("sales_value", "department", descending=[True, False])["department"].head(count))


_COLUMNS = ("department", "day", "sales_value", "discount", "price", "filled")


def _cast(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    try:
        cast = column.cast(dtype, strict=True)
        same = column.dtype == pl.String or cast.cast(column.dtype, strict=True).eq_missing(column).all()
    except pl.exceptions.PolarsError:  # it does not fit: the schema promise shall see it as it came
        return column
    return cast if same else column


def _categories(sales: pl.DataFrame, departments: Sequence[str]) -> pl.DataFrame:
    """Sales, discount and price per department, category and day; *ratio* is the price over the category's usual one."""
    daily = (
        sales.lazy()
        .filter(pl.col("department").is_in(list(departments)))
        .group_by("department", "product_category", pl.col(TIME).dt.date().alias("day"))
        .agg(
            pl.col("sales_value").sum(),
            pl.col("quantity").sum(),
            pl.sum_horizontal(pl.col("retail_disc", "coupon_disc", "coupon_match_disc").sum()).alias("discount"),
        )
        .sort("department", "product_category", "day")
    )
    unit = pl.when(pl.col("quantity") > 0).then(pl.col("sales_value") / pl.col("quantity"))
    usual = unit.rolling_mean(PRICE_WINDOW, min_samples=7).shift(1).over("department", "product_category")
    ratio = pl.when(usual > 0).then((unit / usual).clip(*PRICE_BOUNDS))
    return daily.with_columns(ratio.alias("ratio")).collect()


def _sums(daily: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("ratio").is_not_null() & (pl.col("sales_value") > 0)
    weight = pl.col("sales_value").filter(known)
    weighted = (pl.col("ratio") * pl.col("sales_value")).filter(known).sum()
    return daily.group_by("department", "day").agg(
        pl.col("sales_value", "discount").sum(),
        pl.when(weight.sum() > 0).then(weighted / weight.sum()).alias("price"),
    )


def _grid(daily: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Every department of *daily* on every day from the first to the last of *sales*, marked where nobody sold."""
    traded = sales.select(pl.col(TIME).dt.date().alias("day")).unique().with_columns(pl.lit(value=False).alias("filled"))
    span = traded.select(pl.date_range(pl.col("day").min(), pl.col("day").max(), interval="1d").alias("day"))
    days = span.join(traded, on="day", how="left").with_columns(pl.col("filled").fill_null(value=True))
    return daily.select("department").unique().join(days, how="cross").sort("department", "day")
