"""Owns the sides of the checks benchmark: the same twenty checks by us, by bare Polars, and by peers.

11 columns without nulls but for 2 %, 4 ranges, 2 sets, 1 pattern, 1 unique key, 1 foreign key (1 million parents). All
hold, so nobody has to list failures. Peers that have no foreign keys leave that one out.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.timing import Call, tell

PRESENT = (
    "order_id", "customer_id", "store_id", "product_id", "quantity", "price", "category", "channel", "city",
    "sold_at", "returned",
)  # fmt: skip
RANGES = {"quantity": (1, 50), "price": (0, 10_000), "store_id": (1, 600), "weight": (0, 100)}
CATEGORIES = tuple(f"category {i:02d}" for i in range(40))
CHANNELS = ("store", "web", "app", "phone", "kiosk")
SETS = {"category": CATEGORIES, "channel": CHANNELS}
PATTERN = r"^city \d{4}$"
PARENTS = 1_000_000


def ours(path: str, *, foreign: bool = True) -> Call:
    """One scan; read off it, each check is a share that a promise would be held against."""
    import polars as pl

    from qoa_platform.metrics.completeness import Completeness
    from qoa_platform.metrics.keys_between import ReferentialIntegrity
    from qoa_platform.metrics.uniqueness import Uniqueness
    from qoa_platform.metrics.validity import InRange, InSet, Matches
    from qoa_platform.scans import measure

    frame = pl.read_parquet(path).rechunk()
    metrics: list[Any] = [Completeness(columns=(name,)) for name in PRESENT]
    metrics += [InRange(columns=(name,), low=low, high=high) for name, (low, high) in RANGES.items()]
    metrics += [InSet(columns=(name,), values=values) for name, values in SETS.items()]
    metrics += [Matches(columns=("city",), pattern=PATTERN), Uniqueness(columns=("order_id",))]
    metrics += [ReferentialIntegrity(columns=("customer_id",), parent="customers")] if foreign else []
    beside = {"customers": parents(pl)}
    wanted = [(metric, None) for metric in metrics]

    def run() -> object:
        found = measure(frame, wanted, missing={}, beside=beside)
        assert all(item.reading.value is not None and item.reading.value > 0.94 for item in found.measured)
        return found

    return run


def unreferring(path: str) -> Call:
    """The same without the foreign key: for those that leave it out."""
    return ours(path, foreign=False)


def parents(pl: Any) -> Any:
    """The keys that foreign keys are looked up among."""
    return pl.DataFrame({"customer_id": pl.int_range(PARENTS, eager=True)})


def nineteen(pl: Any) -> list[Any]:
    """The checks but for the foreign key as aggregates of one Polars select, written by hand."""
    exprs = [pl.col(name).null_count().alias(f"{name} missing") for name in PRESENT]
    exprs += [(~pl.col(name).is_between(low, high)).sum().alias(f"{name} out") for name, (low, high) in RANGES.items()]
    exprs += [(~pl.col(name).is_in(list(values))).sum().alias(f"{name} not in") for name, values in SETS.items()]
    exprs += [(~pl.col("city").str.contains(PATTERN)).sum().alias("pattern")]
    return [*exprs, pl.col("order_id").n_unique().alias("distinct")]


def floor(path: str) -> Call:
    """The floor: one select of nineteen aggregates and one anti-join, run one after the other, written by hand."""
    import polars as pl

    frame = pl.read_parquet(path).rechunk()
    rows, keys, exprs = frame.lazy(), parents(pl).lazy(), nineteen(pl)
    orphans = rows.select("customer_id").join(keys, on="customer_id", how="anti").select(pl.len())

    def run() -> object:
        return rows.select(exprs).collect(), orphans.collect()

    return run


def unreferenced(path: str) -> Call:
    """The floor without the foreign key: for those that leave it out."""
    import polars as pl

    frame, exprs = pl.read_parquet(path).rechunk(), nineteen(pl)
    return lambda: frame.lazy().select(exprs).collect()


def schema(pa: Any, types: Any = None) -> Any:
    """The checks as a pandera schema."""
    columns: dict[str, Any] = {}
    for name in (*PRESENT, "weight"):
        checks = [pa.Check.in_range(*RANGES[name])] if name in RANGES else []
        checks += [pa.Check.isin(SETS[name])] if name in SETS else []
        checks += [pa.Check.str_matches(PATTERN)] if name == "city" else []
        nullable = name in {"quantity", "weight"}
        columns[name] = pa.Column(types, checks=checks, nullable=nullable, unique=name == "order_id")
    return pa.DataFrameSchema(columns)


def pandera_polars(path: str) -> Call:
    """Pandera on Polars, all checks (lazy); no foreign key."""
    import pandera.polars as pa
    import polars as pl

    frame = pl.read_parquet(path).rechunk()
    made = schema(pa)
    return lambda: made.validate(frame, lazy=True)


def pandera_pandas(path: str) -> Call:
    """Pandera on pandas, all checks (lazy); no foreign key."""
    import pandas as pd
    import pandera.pandas as pa

    frame = pd.read_parquet(path)
    made = schema(pa)
    return lambda: made.validate(frame, lazy=True)


def great_expectations(path: str) -> Call:
    """Great Expectations on pandas, truth values only, which is its quickest; no foreign key."""
    import great_expectations as gx
    import pandas as pd
    from great_expectations import expectations as gxe

    frame = pd.read_parquet(path)
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("bench").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="checks")
    for name in PRESENT:
        suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=0.95))
    for name, (low, high) in RANGES.items():
        suite.add_expectation(gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high))
    for name, values in SETS.items():
        suite.add_expectation(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(values)))
    suite.add_expectation(gxe.ExpectColumnValuesToMatchRegex(column="city", regex=PATTERN))
    suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column="order_id"))

    def run() -> object:
        found = batch.validate(suite, result_format="BOOLEAN_ONLY")
        assert found.success, found
        return found

    return run


def soda(path: str) -> Call:
    """A contract of soda-core on a DuckDB table in memory; no foreign key."""
    import duckdb
    from soda_core.contracts import verify_contract_locally
    from soda_duckdb import DuckDBDataSource

    connection = duckdb.connect()
    connection.execute(f"create schema shop; create table shop.orders as from read_parquet('{path}')")
    columns: list[dict[str, Any]] = []
    for name in (*PRESENT, "weight"):
        checks: list[dict[str, Any]] = []
        if name != "weight":
            checks.append({"missing": {"threshold": {"metric": "percent", "must_be_less_than": 5}}})
        limits: dict[str, Any] = {}
        if name in RANGES:
            limits = {"valid_min": RANGES[name][0], "valid_max": RANGES[name][1]}
        if name in SETS:
            limits = {"valid_values": list(SETS[name])}
        if name == "city":
            limits = {"valid_format": {"regex": PATTERN, "name": "city"}}
        checks += [{"invalid": limits}] if limits else []
        checks += [{"duplicate": None}] if name == "order_id" else []
        columns.append({"name": name, "checks": checks})
    contract = Path(tempfile.mkdtemp()) / "orders.yml"
    contract.write_text(json.dumps({"dataset": "bench/memory/shop/orders", "columns": columns}), "utf-8")

    def run() -> object:
        source = DuckDBDataSource.from_existing_cursor(connection.cursor(), name="bench")
        found = verify_contract_locally(data_sources=[source], contract_file_path=str(contract))
        assert found.is_passed, found.get_errors_str()
        return found

    return run


ENGINES = {
    "qoa": ours, "qoa-19": unreferring, "polars": floor, "polars-19": unreferenced, "pandera-polars": pandera_polars,
    "pandera-pandas": pandera_pandas, "great-expectations": great_expectations, "soda": soda,
}  # fmt: skip
PACKAGES = {
    "qoa": "qoa-platform", "qoa-19": "qoa-platform", "polars-19": "polars",
    "pandera-polars": "pandera", "pandera-pandas": "pandera",
    "soda": "soda-core",
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(tell(ENGINES, PACKAGES))
