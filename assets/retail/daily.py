"""Owns the daily assets: the raw day as fetched, and the clean sales that are judged before they are published."""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from assets.retail import sales
from assets.retail.project import DAYS, RETAIL
from assets.retail.resources import RetailFeed
from qoa_platform.faults import Fault
from qoa_platform.orchestration import contracted


@contracted(RETAIL, "retail/raw_day", partitions_def=DAYS, code_version="1", kinds={"polars", "parquet"})
def raw_day(feed: dg.ResourceParam[RetailFeed], partition: str, faults: Sequence[Fault]) -> pl.DataFrame:
    """The transactions of one day as the feed sent them: fetched again at every rerun."""
    return feed.fetch(partition, faults)


@contracted(RETAIL, "retail/sales_day", partitions_def=DAYS, code_version="1")
def sales_day(raw_day: pl.DataFrame) -> pl.DataFrame:
    """The day's sales with declared types. Nothing is repaired: what is wrong must be seen by the promises."""
    return sales.sales_day(raw_day)
