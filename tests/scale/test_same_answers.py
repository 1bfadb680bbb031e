"""One mixed table and the same metrics: pandas, Polars, Arrow, DuckDB, PostgreSQL, Ray and Spark say the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

from qoa_platform.metrics.completeness import Completeness, MissingCount
from qoa_platform.metrics.distribution import Entropy, Kurtosis, Max, Mean, Std
from qoa_platform.metrics.expr_metric import ExprMetric
from qoa_platform.metrics.timeliness import Timeliness
from qoa_platform.metrics.uniqueness import DistinctCount, Uniqueness
from qoa_platform.metrics.validity import InRange, Matches, PassRate
from qoa_platform.records import Window
from qoa_platform.scans import measure
from qoa_platform.scans.opening import SqlTable
from tests.ledger.private_postgres import private_postgres
from tests.scale.running import local_ray, local_spark

pytestmark = pytest.mark.filterwarnings("ignore")  # of ray and pyspark
DAY = datetime(2026, 1, 1, tzinfo=UTC)
MISSING = {"shop": ("N/A",), "price": ("-1",)}
NAN, INF = float("nan"), float("inf")


def table() -> pl.DataFrame:
    """300 orders with every odd value: null, NaN, ±inf, tokens, emoji, huge keys, times in two zones."""
    n = 300
    return pl.DataFrame({
        "id": [2**53 + k % 290 for k in range(n)],
        "shop": [("a", "b", "N/A", None, "é\U0001f600", "412")[k % 6] for k in range(n)],
        "price": [(1.5, -1.0, None, NAN, INF, -2.25, 1e6 + k)[k % 7] for k in range(n)],
        "ordered": [DAY + timedelta(minutes=7 * k) if k % 11 else None for k in range(n)],
        "local": [(DAY + timedelta(minutes=7 * k)).replace(tzinfo=None) for k in range(n)],
        "paid": [(True, False, None)[k % 3] for k in range(n)],
    })  # fmt: skip


def wanted() -> list[tuple[Any, None]]:
    """Metrics of every state: counted, summed, of moments, of values, of keys, exact quantiles, own ones."""
    late = (nw.col("ordered") > nw.lit(DAY + timedelta(hours=12))).sum()
    metrics = [
        Completeness(columns=("shop",)), Completeness(columns=("price",), by=("shop",)),
        MissingCount(columns=("paid",)),
        Mean(columns=("price",)), Mean(columns=("price",), by=("paid",)), Std(columns=("price",)),
        Kurtosis(columns=("price",)), Max(columns=("price",)), Entropy(columns=("shop",)),
        Uniqueness(columns=("id",)), Uniqueness(columns=("id", "shop"), by=("paid",)),
        DistinctCount(columns=("shop",)), InRange(columns=("price",), low=0.0, high=10.0),
        Matches(columns=("shop",), pattern="^[a-b]$"), Matches(columns=("shop",), pattern=r"\d"),
        PassRate(columns=("price", "paid"), expr="col('price') >= 0 or col('paid')", where="col('shop') != 'b'"),
        PassRate(columns=("ordered",), expr="col('ordered').dt.hour() < 12"),
        Timeliness(columns=("ordered",)).at(DAY + timedelta(days=9), Window(start=DAY, end=DAY + timedelta(days=9))),
        ExprMetric(id="shop.dear", unit="ratio", direction="lower", read="dear / n",
                   fields={"dear": "sum(col('price') > 1)", "n": "count(col('price'))"}),
        ExprMetric(id="shop.late", unit="rows", direction="lower", read="late", fields={"late": late}),
    ]  # fmt: skip
    return [(metric, None) for metric in metrics]


def readings(data: Any, engine: str | None = None) -> dict[Any, tuple[Any, ...]]:
    """What is read of *data*: by metric and group."""
    scan = measure(data, wanted(), missing=MISSING, engine=engine)
    return {
        (m.metric.id, m.metric.params, m.group): (m.reading.value, m.reading.n, m.reading.reason) for m in scan.measured
    }


@pytest.fixture(scope="module")
def expected() -> dict[Any, tuple[Any, ...]]:
    """What the kernel says of the Polars frame: every metric has a value."""
    found = readings(table())
    assert not {name: reading for name, reading in found.items() if reading[2] == "error"}
    return found


def agree(found: dict[Any, tuple[Any, ...]], expected: dict[Any, tuple[Any, ...]]) -> None:
    """The same metrics and groups, n and reasons; values up to rounding."""
    assert found.keys() == expected.keys()
    for name, (value, n, reason) in expected.items():
        assert found[name] == (pytest.approx(value, rel=1e-9) if value is not None else None, n, reason), name


def test_frames_of_every_kind_agree(expected: dict[Any, Any]) -> None:
    """pandas, Arrow, a lazy Polars frame, and the same read in batches."""
    for data in (table().to_pandas(), table().to_arrow(), table().lazy(), table().to_arrow().to_reader(50)):
        agree(readings(data), expected)


def test_duckdb_agrees(expected: dict[Any, Any]) -> None:
    """Pushed down, and through the kernel."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")  # narwhals compares a time with a literal of the same zone alone
        connection.register("orders", table().to_arrow())
        for engine in (None, "kernel"):
            agree(readings(connection.table("orders"), engine), expected)


@pytest.fixture
def postgres() -> Iterator[SqlTable]:
    """The table in a private PostgreSQL."""
    with private_postgres() as server:
        import psycopg

        url = server.database()
        with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE orders (id bigint, shop text, price double precision, ordered timestamptz, "
                "local timestamp, paid boolean)"
            )
            cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s, %s, %s, %s)", table().rows())
        yield SqlTable(url, "orders")


def test_postgres_agrees(postgres: SqlTable, expected: dict[Any, Any]) -> None:
    """Pushed down, and through the kernel."""
    for engine in (None, "kernel"):
        agree(readings(postgres, engine), expected)


def test_ray_agrees(expected: dict[Any, Any]) -> None:
    """A frame by one word, and a Dataset by itself; quantiles are left to the kernel."""
    with local_ray() as ray:
        agree(readings(table(), "ray"), expected)
        agree(readings(ray.data.from_arrow(table().to_arrow()).repartition(4)), expected)


def test_spark_agrees(expected: dict[Any, Any]) -> None:
    """A DataFrame by itself."""
    with local_spark() as spark:
        agree(readings(spark.createDataFrame(table().to_arrow()).repartition(4)), expected)
