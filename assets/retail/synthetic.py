"""Owns the synthetic feed: seeded transactions with the schema of the real ones, for tests without the package."""

from datetime import date
from typing import Final

import numpy as np
import polars as pl

from assets.retail.feed import RAW_SCHEMA, TIME, Transactions, days_from, indexed, utc
from assets.retail.sales import DEPARTMENTS

PRODUCTS: Final = 12
"""Products per department; two make a category."""
WEEKDAYS: Final = (0.9, 0.85, 0.9, 0.95, 1.05, 1.2, 1.15)
"""The season: how busy a weekday is, Monday first; the mean is 1."""


def synthetic_feed(
    first: date = date(2017, 1, 1), days: int = 120, *, departments: int = 8, stores: int = 20,
    rows_per_day: int = 200, seed: int = 0,
) -> Transactions:  # fmt: skip
    """*days* of transactions from *first* on: a weekly season, a slow trend of 10 % and lognormal prices.

    The number of rows of a day is Poisson about ``rows_per_day * season * trend``. Equal arguments give equal frames.
    Raises ValueError unless 1 <= *departments* <= 8 and *days*, *stores* and *rows_per_day* are positive.
    """
    if not 1 <= departments <= len(DEPARTMENTS) or min(days, stores, rows_per_day) < 1:
        message = f"departments must be 1 to {len(DEPARTMENTS)}; days, stores and rows_per_day at least 1"
        raise ValueError(message)
    rng = np.random.default_rng(seed)
    calendar = days_from(first, days)
    trend = np.linspace(0.95, 1.05, days)
    counts = rng.poisson([rows_per_day * WEEKDAYS[d.weekday()] * t for d, t in zip(calendar, trend, strict=True)])
    midnights = np.repeat(np.array([utc(d).timestamp() for d in calendar], dtype=np.int64), counts)
    return indexed(_rows(rng, midnights, departments, stores, first))


def _rows(rng: np.random.Generator, midnights: np.ndarray, departments: int, stores: int, first: date) -> pl.DataFrame:
    n = len(midnights)
    share = np.array([0.5**k for k in range(departments)]) + 0.1
    department = rng.choice(departments, n, p=share / share.sum())
    product = department * PRODUCTS + rng.integers(0, PRODUCTS, n)
    price = rng.lognormal(1.0, 0.4, departments * PRODUCTS).round(2)[product]
    quantity = 1 + rng.poisson(0.4, n)
    discount = np.where(rng.random(n) < 0.3, 0.2, 0.0)  # noqa: PLR2004 (three in ten have one)
    value = price * quantity
    seconds = midnights + rng.integers(0, 86_400, n)
    nothing = np.zeros(n)
    frame = pl.DataFrame({
        "household_id": rng.integers(1, 500, n),
        "store_id": 300 + rng.integers(0, stores, n),
        "basket_id": np.arange(n) // 3 + 30_000_000_000,
        "product_id": 800_000 + np.arange(n) % 3 * 100_000 + product,
        "quantity": quantity,
        "sales_value": (value * (1 - discount)).round(2),
        "retail_disc": (value * discount).round(2),
        "coupon_disc": nothing,
        "coupon_match_disc": nothing,
        "week": (midnights - int(utc(first).timestamp())) // (7 * 86_400) + 1,
        TIME: pl.from_epoch(pl.Series(seconds), "s"),
        "department": pl.Series(DEPARTMENTS).gather(department),
        "product_category": [f"{DEPARTMENTS[p // PRODUCTS]} {p % PRODUCTS // 2}" for p in product],
        "package_size": pl.Series(["12 OZ", None, "1 LB"]).gather(product % 3),
    })  # fmt: skip
    stamped = frame.with_columns(pl.col(TIME).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    return stamped.select(pl.col(name).cast(dtype) for name, dtype in RAW_SCHEMA.items())
