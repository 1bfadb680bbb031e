"""Owns the sides of the profile benchmark: ours, the best hand-written Polars, and peers in their environments."""

import sys

from bench.timing import Call, tell

NUMBERS = ("order_id", "customer_id", "store_id", "product_id", "quantity", "price", "weight")
TEXTS = ("category", "channel", "city", "returned")
QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def ours(path: str) -> Call:
    """``profiles.summarise``: everything exact, of all 12 columns."""
    import polars as pl

    from qoa_platform.profiles import summarise

    frame = pl.read_parquet(path).rechunk()
    return lambda: summarise(frame)


def floor(path: str) -> Call:
    """The floor, written by hand, all collected together.

    Null counts, extremes, mean, std; one ``quantile([…])`` and one ``n_unique`` per number; one group_by and its ten
    commonest per text. The distinct values of the time are left out, and the histograms, which we give.
    """
    import polars as pl

    frame = pl.read_parquet(path).rechunk()
    rows = frame.lazy()
    basics = [pl.col(c).null_count().alias(f"{c} missing") for c in frame.columns]
    for c in NUMBERS:
        basics += [pl.col(c).min().alias(f"{c} min"), pl.col(c).max().alias(f"{c} max")]
        basics += [pl.col(c).mean().alias(f"{c} mean"), pl.col(c).std().alias(f"{c} std")]
    basics += [pl.col("sold_at").min().alias("first"), pl.col("sold_at").max().alias("last")]
    queries = [
        rows.select(basics),
        rows.select(pl.col(c).quantile(QUANTILES, "linear").alias(c) for c in NUMBERS),
        rows.select(pl.col(c).n_unique().alias(c) for c in NUMBERS),
        *(rows.group_by(c).len() for c in TEXTS),
    ]

    def run() -> object:
        tables = pl.collect_all(queries)
        return [table.sort("len", descending=True).head(10) for table in tables[3:]]

    return run


def duckdb(path: str) -> Call:
    """``SUMMARIZE``: counts, approximate distinct, extremes, mean, std and quartiles; no commonest values."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"create table t as from read_parquet('{path}')")
    return lambda: connection.execute("summarize t").fetchall()


def whylogs(path: str) -> Call:
    """``why.log``: sketches of every column."""
    import pandas as pd
    import whylogs as why

    frame = pd.read_parquet(path)
    return lambda: why.log(frame).view()


def evidently(path: str) -> Call:
    """The preset that sums up a data set."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataSummaryPreset

    dataset = Dataset.from_pandas(pd.read_parquet(path), data_definition=DataDefinition())
    return lambda: Report([DataSummaryPreset()]).run(dataset, None)


def ydata(path: str) -> Call:
    """ydata-profiling, minimal and without HTML: the description alone."""
    import pandas as pd
    from ydata_profiling import ProfileReport

    frame = pd.read_parquet(path)
    return lambda: ProfileReport(frame, minimal=True, progress_bar=False).get_description()


ENGINES = {"qoa": ours, "polars": floor, "duckdb": duckdb, "whylogs": whylogs, "evidently": evidently, "ydata": ydata}
PACKAGES = {"qoa": "qoa-platform", "ydata": "ydata-profiling"}

if __name__ == "__main__":
    sys.exit(tell(ENGINES, PACKAGES))
