"""Tests of retail.sales: what a clean day is, and daily sales by department."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.retail.feed import RAW_SCHEMA, TIME, Transactions
from assets.retail.sales import DEPARTMENTS, department_sales, largest, sales_day
from qoa_platform.faults import Fault, apply


def test_a_clean_day_stays(feed: Transactions) -> None:
    """A day that comes as promised is passed on as it is."""
    day = feed.day("2017-02-03")
    assert_frame_equal(sales_day(day), day)


def test_what_can_be_cast_is_cast(feed: Transactions) -> None:
    """Other types of the same values, as a text file or a pandas frame would have them, become the declared ones."""
    day = feed.day("2017-02-03")
    other = day.with_columns(pl.col("quantity").cast(pl.Float64), pl.col("store_id").cast(pl.String))
    mixed = other.select(reversed(other.columns))
    assert_frame_equal(sales_day(mixed), day)


@pytest.mark.parametrize(
    ("fault", "column"),
    [
        (Fault(kind="text_in_number", columns=("quantity",)), "quantity"),
        (Fault(kind="swapped_columns", columns=("quantity", "sales_value")), "quantity"),
    ],
)
def test_what_does_not_fit_is_left_for_the_schema_promise(feed: Transactions, fault: Fault, column: str) -> None:
    """A column that would lose values by a cast keeps its type and its values."""
    damaged = apply(fault, feed.day("2017-02-03"))
    clean = sales_day(damaged)
    assert clean.schema[column] == damaged.schema[column] != RAW_SCHEMA[column]
    assert_frame_equal(clean.select(column), damaged.select(column))


def test_columns_are_neither_invented_nor_dropped(feed: Transactions) -> None:
    """A missing column stays missing, an undeclared one follows at the end, a trailing blank is not repaired."""
    day = feed.day("2017-02-03").drop("week").with_columns(pl.lit(1).alias("extra"), pl.col("department") + " ")
    clean = sales_day(day)
    assert clean.columns == [name for name in RAW_SCHEMA if name != "week"] + ["extra"]
    assert clean["department"].str.ends_with(" ").all()


def test_department_sales_are_sums(feed: Transactions, sales: pl.DataFrame) -> None:
    """Every department and day once, with the sum of its sales and its share of discounted rows; pandas agrees."""
    assert sales.select("department", "day").is_duplicated().any() is False
    assert sales.height == 4 * 150
    frame = feed.frame.to_pandas()
    expected = frame.groupby(["department", frame[TIME].dt.date])["sales_value"].sum()
    found = dict(zip(zip(sales["department"], sales["day"], strict=True), sales["sales_value"], strict=True))
    assert found == pytest.approx(expected.to_dict())
    discounted = frame["retail_disc"].gt(0).groupby([frame["department"], frame[TIME].dt.date]).mean()
    shares = dict(zip(zip(sales["department"], sales["day"], strict=True), sales["discounted"], strict=True))
    assert shares == pytest.approx(discounted.to_dict())


def test_a_missing_day_is_filled_forward_and_marked(feed: Transactions, sales: pl.DataFrame) -> None:
    """A day without any sale takes the values of the day before, and only it is marked."""
    gone = date(2017, 3, 10)
    holed = department_sales(feed.frame.filter(pl.col(TIME).dt.date() != gone))
    assert holed.filter(pl.col("filled"))["day"].unique().to_list() == [gone]
    before = sales.filter(pl.col("day") == date(2017, 3, 9))
    assert holed.filter(pl.col("day") == gone)["sales_value"].to_list() == before["sales_value"].to_list()
    rest = pl.col("day") != gone
    assert_frame_equal(holed.filter(rest), sales.filter(rest))


def test_a_department_without_sales_sold_nothing() -> None:
    """On a day of trade, a department that sold nothing has 0, not the value of the day before."""
    rows = pl.DataFrame(
        {
            TIME: [datetime(2017, 1, day, tzinfo=UTC) for day in (1, 2, 2, 3)],
            "department": ["MEAT", "MEAT", "DELI", "MEAT"],
            "sales_value": [1.0, 2.0, 3.0, 4.0],
            "retail_disc": [0.0, 0.5, 0.0, 0.0],
            "coupon_disc": [0.0] * 4,
            "coupon_match_disc": [0.0] * 4,
        },
        schema_overrides={TIME: pl.Datetime("us", "UTC")},
    )
    sold = department_sales(rows)
    assert sold.filter(department="DELI")["sales_value"].to_list() == [0.0, 3.0, 0.0]
    assert sold.filter(department="MEAT")["discounted"].to_list() == [0.0, 1.0, 0.0]


def test_no_sales_at_all(feed: Transactions) -> None:
    """No transactions give no rows, with the columns."""
    assert department_sales(feed.frame.clear()).columns == ["department", "day", "sales_value", "discounted", "filled"]
    assert department_sales(feed.frame.clear()).height == 0


def test_the_eight_largest(real: Transactions, real_sales: pl.DataFrame) -> None:
    """The departments of the example are the 8 largest of the real year, and 25 December alone is filled."""
    assert largest(real.frame) == DEPARTMENTS
    assert real_sales.filter(pl.col("filled"))["day"].unique().to_list() == [date(2017, 12, 25)]
    assert real_sales.height == 8 * 366
