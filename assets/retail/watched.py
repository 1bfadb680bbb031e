"""Owns the watched day: the sales of a day once more, under a promise of every metric that applies to them."""

from typing import Final

import polars as pl

from assets.retail.project import DAYS, ROOT
from qoa_platform.contracts import read
from qoa_platform.orchestration import contracted

WATCHED: Final = read(ROOT / "contracts" / "watched.yaml")


@contracted(WATCHED, "retail/watched_day", partitions_def=DAYS, code_version="1")
def watched_day(sales_day: pl.DataFrame) -> pl.DataFrame:
    """The day's sales as they were published: what is looked at here is never held back there."""
    return sales_day
