"""Owns the tables that the benchmarks of the measuring engine read: generated, with a seed.

``retail(rows)`` is like the rows of a grocery chain: 7 numeric columns (one a key, two with missing cells), 3 of text,
a time, a flag. ``drifting(rows, moved=…)`` has 10 numeric and 4 categorical columns; moved, half of them drift.
"""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

ROWS = 5_000_000
SEED = 20_261_125
CUSTOMERS, STORES, PRODUCTS, CITIES = 300_000, 600, 40_000, 2_000
CATEGORIES = tuple(f"category {i:02d}" for i in range(40))
CHANNELS = ("store", "web", "app", "phone", "kiosk")
START = np.datetime64("2017-01-01T00:00:00", "us")
YEAR = 365 * 86_400


def retail(rows: int, seed: int = SEED) -> pl.DataFrame:
    """A table of 12 columns with *rows* rows; every row count is a draw of its own."""
    rng = np.random.default_rng(seed)
    price = np.round(rng.lognormal(1.2, 0.8, rows), 2)
    quantity, weight = rng.poisson(1.4, rows).astype(np.int32) + 1, rng.gamma(2.0, 0.4, rows)
    holes = {name: pl.Series(rng.random(rows) < share) for name, share in (("quantity", 0.01), ("weight", 0.05))}
    cities = pl.Series([f"city {i:04d}" for i in range(CITIES)])
    return pl.DataFrame(
        {
            "order_id": rng.permutation(rows).astype(np.int64) + 10_000_000,
            "customer_id": rng.integers(1, CUSTOMERS, rows, dtype=np.int64),
            "store_id": rng.integers(1, STORES, rows, dtype=np.int32),
            "product_id": (rng.random(rows) ** 2 * PRODUCTS).astype(np.int64),
            "quantity": quantity,
            "price": price,
            "weight": weight,
            "category": pl.Series(CATEGORIES).gather((rng.random(rows) ** 2 * len(CATEGORIES)).astype(np.uint32)),
            "channel": pl.Series(CHANNELS).gather(rng.integers(0, len(CHANNELS), rows, dtype=np.uint32)),
            "city": cities.gather((rng.random(rows) ** 3 * CITIES).astype(np.uint32)),
            "sold_at": START + np.sort(rng.integers(0, YEAR, rows)).astype("timedelta64[s]"),
            "returned": rng.random(rows) < 0.03,
        }
    ).with_columns(pl.when(~hole).then(pl.col(name)).alias(name) for name, hole in holes.items())


def drifting(rows: int, *, moved: bool, seed: int = SEED) -> pl.DataFrame:
    """10 numeric and 4 categorical columns: *moved*, every other one has drifted by some."""
    rng = np.random.default_rng(seed + moved)
    shift = [0.1 * (moved and i % 2) for i in range(14)]
    numbers = {f"x{i}": rng.normal(shift[i], 1.0 + shift[i], rows) for i in range(10)}
    texts = {
        f"c{i}": pl.Series([f"value {k:02d}" for k in range(12)]).gather(
            (rng.random(rows) ** (1.5 + shift[10 + i]) * 12).astype(np.uint32)
        )
        for i in range(4)
    }
    return pl.DataFrame({**numbers, **texts})


def kept(name: str, rows: int) -> Path:
    """The Parquet file of a table, written once: ``retail``, ``reference`` or ``current``."""
    folder = Path(tempfile.gettempdir()) / "qoa-bench"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{rows}-{SEED}.parquet"
    if not path.exists():
        frame = retail(rows) if name == "retail" else drifting(rows, moved=name == "current")
        frame.write_parquet(path.with_suffix(".part"), row_group_size=500_000)
        path.with_suffix(".part").replace(path)
    return path
