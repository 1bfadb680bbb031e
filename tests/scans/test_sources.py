"""Sources: one table means the same wherever it is read from, and what has no form here breaks alone."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from qoa_platform.records import Ask
from qoa_platform.scans import Failure, answers
from qoa_platform.scans.opening import Opened, SourceError, SqlTable
from qoa_platform.scans.sources import opened
from qoa_platform.states import State
from tests.ledger.private_postgres import private_postgres
from tests.scans.alike import alike

NIGHT = datetime(2017, 3, 26, 1, 30)
TABLE = pl.DataFrame(
    {
        "i": [1, None, 3, 3, -(2**53) - 1],
        "f": [1.5, math.nan, None, math.inf, -0.0],
        "s": ["a", "", None, "é\U0001f600", 'x,"y"\nz'],
        "b": [True, None, False, True, True],
        "d": [date(2017, 10, 4), None, date(1969, 12, 31), date(2017, 10, 4), date(2020, 2, 29)],
        "u": [datetime(2017, 1, 1, 12, 0, 0, 123456), None, datetime(1960, 1, 1), datetime(2017, 1, 1), NIGHT],
        "t": [NIGHT, None, datetime(1960, 1, 1), datetime(2017, 1, 1), NIGHT],
        "m": [Decimal("12.50"), None, Decimal("-0.10"), Decimal("2.00"), Decimal("2.00")],
        "c": ["red", None, "blue", "red", ""],
        "l": [[1, 2], None, [], [3], [3]],
    },
    schema={
        "i": pl.Int64, "f": pl.Float64, "s": pl.String, "b": pl.Boolean, "d": pl.Date, "u": pl.Datetime("us"),
        "t": pl.Datetime("us"), "m": pl.Decimal(10, 2), "c": pl.Categorical, "l": pl.List(pl.Int64),
    },
    strict=False,
).with_columns(pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Vienna"))  # fmt: skip
NUMBERS, KEYS = ("i", "f", "m"), ("i", "f", "s", "b", "d", "u", "t", "m", "c")
ASKS = (
    *(Ask(state="tally", columns=(c,), params=(("hits", "present"),)) for c in TABLE.columns),
    *(Ask(state=kind, columns=(c,)) for kind in ("keys", "frequencies", "uniqueness") for c in KEYS),
    *(Ask(state="moments", columns=(c,)) for c in NUMBERS),
    *(Ask(state="quantile", columns=(c,), params=(("q", 0.3),)) for c in NUMBERS),
    *(Ask(state="span", columns=(c,)) for c in KEYS if c != "b"),
    Ask(state="tally", columns=("s",), params=(("hits", "in_set"), ("values", ("", "a")))),
    Ask(state="tally", columns=("t",), params=(("bound", "2017-03-26T01:29:59Z"), ("hits", "after"))),
    Ask(state="keys", columns=("i", "s", "t"), params=(("missing_keys", "value"),)),
    Ask(state="moments", columns=("i",), by=("c",)),
)


def answered(source: Opened) -> dict[Ask, State | Failure]:
    """The answers off all batches of a source."""
    names = list(source.schema)
    batches = list(source.batches(names, 2))
    assert sum(batch.frame.height for batch in batches) == TABLE.height
    broken = {name: cause for batch in batches for name, cause in batch.broken.items()}
    return answers(pl.concat([batch.frame for batch in batches]), ASKS, missing={}, broken=broken)


def of_pandas(folder: Path) -> Any:
    frame = TABLE.to_pandas()
    frame["i"] = pd.array(TABLE["i"].to_list(), dtype="Int64")
    frame["m"] = pd.Series(TABLE["m"].to_list(), dtype=object)
    frame["d"] = pd.Series(TABLE["d"].to_list(), dtype=object)
    frame["b"] = pd.Series(TABLE["b"].to_list(), dtype=object)
    frame["l"] = pd.Series(TABLE["l"].to_list(), dtype=object)
    return frame


def of_folder(folder: Path) -> Any:
    for kind in ("blue", "red", ""):
        part = TABLE.filter(pl.col("c").cast(pl.String) == kind).drop("c")
        (folder / f"c={kind or 'none'}").mkdir()
        part.write_parquet(folder / f"c={kind or 'none'}" / "part.parquet")
    return folder


def in_memory(folder: Path) -> Any:
    with fsspec.open("memory://sales/part.parquet", "wb") as content:
        TABLE.write_parquet(content)
    return "memory://sales"


def parquet(folder: Path) -> Path:
    TABLE.write_parquet(folder / "sales.parquet", row_group_size=2)
    return folder / "sales.parquet"


SOURCES: dict[str, Callable[[Path], Any]] = {
    "polars": lambda _: TABLE,
    "lazy": lambda _: TABLE.lazy(),
    "pandas": of_pandas,
    "arrow": lambda _: TABLE.to_arrow(),
    "reader": lambda _: pa.table(TABLE).to_reader(max_chunksize=2),
    "dataset": lambda _: ds.dataset(TABLE.to_arrow()),
    "narwhals": lambda _: nw.from_native(TABLE),
    "narwhals lazy": lambda _: nw.from_native(TABLE.lazy()),
    "parquet": parquet,
    "scanned": lambda folder: pl.scan_parquet(parquet(folder)),
    "parquet url": lambda folder: f"file://{parquet(folder)}",
    "memory url": in_memory,
    "duckdb": lambda folder: duckdb.read_parquet(str(parquet(folder))),
}


@pytest.mark.parametrize("name", SOURCES)
def test_one_table_means_the_same_from_every_source(name: str, tmp_path: Path) -> None:
    """Every state of every column is that of the Polars frame: missing, text, categories, times and decimals too."""
    wanted = answers(TABLE, ASKS, missing={})
    with opened(SOURCES[name](tmp_path)) as source:
        found = answered(source)
    wrong = {ask: (found[ask], wanted[ask]) for ask in ASKS if not alike(found[ask], wanted[ask])}
    assert not wrong


def test_text_tables_mean_the_same_where_types_allow(tmp_path: Path) -> None:
    """A CSV gives the same states for all but lists and decimals, whatever its delimiter and packing."""
    plain = TABLE.select("i", "f", "s", "b", "d", "u", pl.col("t").dt.convert_time_zone("UTC"), "c")
    asks = [a for a in ASKS if not {"m", "l"}.intersection(a.columns)]
    wanted = answers(TABLE, asks, missing={})
    plain.write_csv(tmp_path / "a.csv")
    plain.write_csv(tmp_path / "b.tsv", separator="\t")
    with fsspec.open(str(tmp_path / "c.csv.gz"), "wb", compression="gzip") as content:
        plain.write_csv(content)
    for file in ("a.csv", "b.tsv", "c.csv.gz"):
        with opened(tmp_path / file) as source:
            assert [str(t) for t in source.schema.values()][:5] == ["Int64", "Float64", "String", "Boolean", "Date"]
            frame = pl.concat([batch.frame for batch in source.batches(list(source.schema), 2)])
        found = answers(frame, asks, missing={})
        wrong = {ask: (found[ask], wanted[ask]) for ask in asks if not alike(found[ask], wanted[ask])}
        assert not wrong


def test_a_hive_partitioned_folder_is_one_table(tmp_path: Path) -> None:
    """Names of folders are a column; files may lack columns; the rows are those of all files."""
    with opened(of_folder(tmp_path)) as source:
        frame = pl.concat([batch.frame for batch in source.batches(["c", "i"], 100)])
    assert sorted(frame.rows(), key=str) == sorted(
        [("red", 1), ("red", 3), ("blue", 3), ("none", -(2**53) - 1)], key=str
    )
    pl.DataFrame({"i": [7], "new": ["x"]}).write_parquet(tmp_path / "c=red" / "more.parquet")
    with opened(tmp_path) as source:
        frame = pl.concat([batch.frame for batch in source.batches(["new", "i"], 100)])
    assert frame.height == 5
    assert frame.filter(pl.col("new").is_not_null()).rows() == [("x", 7)]


@contextmanager
def filled(url: str) -> Iterator[SqlTable]:
    """The table, in a PostgreSQL database, next to columns of other types."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("""
            create schema shop; create type shop.colour as enum ('red', 'blue', '');
            create table shop.sales (i bigint, f double precision, s text, b boolean, d date, u timestamp,
                t timestamptz, m numeric(10, 2), c shop.colour, l bigint[], id uuid, j jsonb, far date, w numeric)
        """)
        cells = ", ".join(["%s"] * 14)
        for row in TABLE.rows():
            connection.execute(
                f"insert into shop.sales values ({cells})",
                (*row, "7d444840-9dc0-11d1-b245-5ffdce74fad2", '{"a": 1}', "infinity", Decimal("1.5")),
            )
        connection.execute("update shop.sales set m = 'NaN' where m is null")
    yield SqlTable(url, "shop.sales")


@pytest.mark.services
def test_postgres_means_the_same() -> None:
    """A PostgreSQL table gives the same states; so does a query; what has no form here breaks alone."""
    wanted = answers(TABLE, ASKS, missing={})
    with private_postgres() as server, filled(server.database()) as table:
        for data in (table, SqlTable(table.url, query="select * from shop.sales where true;")):
            with opened(data) as source:
                found = answered(source)
                again = list(source.batches(["far", "id", "j", "w"], 2))
            wrong = {ask: (found[ask], wanted[ask]) for ask in ASKS if not alike(found[ask], wanted[ask])}
            assert not wrong
            assert again[0].broken == {"far": "column 'far' is Date: 'infinity' spells none"}
            assert again[0].frame.row(0) == (None, "7d444840-9dc0-11d1-b245-5ffdce74fad2", '{"a": 1}', 1.5)
        many = SqlTable(table.url, query="select n, repeat('x', 40) as s from generate_series(1, 400000) as n")
        with opened(many) as source:
            assert next(iter(source.batches(["s"], 2))).frame.height < 400_000  # and left in the middle
            assert sum(batch.frame.height for batch in source.batches(["n"], 2)) == 400_000
        with opened(table) as source:
            alone = [x for batch in source.batches(["i"], 2) for x in batch.frame["i"]]
        assert sorted(alone, key=str) == sorted(TABLE["i"].to_list(), key=str)
        with (
            pytest.raises(SourceError, match="does not exist"),
            opened(SqlTable(table.url, "shop.nothing")),
        ):
            pass


def test_a_duckdb_file_means_the_same(tmp_path: Path) -> None:
    """A table of a DuckDB file gives the same states."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(f"create table sales as from read_parquet('{parquet(tmp_path)}')")
    wanted = answers(TABLE, ASKS, missing={})
    with opened(SqlTable(f"duckdb:///{tmp_path / 'shop.duckdb'}", "sales")) as source:
        found = answered(source)
    assert all(alike(found[ask], wanted[ask]) for ask in ASKS)


def test_a_column_without_a_form_breaks_alone() -> None:
    """Mixed objects of pandas and intervals of Arrow are causes of their own columns; the others are read."""
    frame = pd.DataFrame({"x": [1, "a", None], "y": [1, 2, 3], "p": pd.period_range("2020-01", "2020-03", freq="M")})
    relation = duckdb.sql("select interval 1 month as x, 2 as y")
    for data, n in ((frame, 3), (relation, 1)):
        with opened(data) as source:
            (batch,) = source.batches(["x", "y"], 10)
        found = answers(batch.frame, [Ask(state="keys", columns=(c,)) for c in "xy"], missing={}, broken=batch.broken)
        bad, good = found.values()
        assert isinstance(bad, Failure)
        assert bad.cause.startswith("column 'x'")
        assert good.n == n  # type: ignore[union-attr]
    with opened(frame) as source:
        assert source.frame is not None
        assert source.frame.get_column("p").to_list() == ["2020-01", "2020-02", "2020-03"]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        ("nowhere.parquet", "is no file, nor a folder with one"),
        ("what://x", "cannot be opened"),
        (SqlTable("mysql://u:secret@h/d", "t"), "a database of 'mysql'. Allowed: postgresql"),
        (SqlTable("postgresql://u:secret@h/d"), "both a table and a query, or neither"),
        (SqlTable("postgresql://u:secret@127.0.0.1:1/d", "t"), r"SqlTable\(postgresql: t\) cannot be opened"),
        (SqlTable("duckdb:///no/such/file", "t"), "cannot be opened"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "'x'.* stand in the frame more than once"),
        (17, "builtins.int holds no rows that are known here. Allowed: a Polars, pandas"),
    ],
)
def test_what_cannot_be_read_says_why(data: Any, cause: str) -> None:
    """A SourceError says what was found and what is allowed, and never a password."""
    with pytest.raises(SourceError, match=cause) as error, opened(data):
        pass
    assert "secret" not in str(error.value)
    assert "secret" not in repr(data)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file of another kind, kinds mixed in one folder, and bytes that are no Parquet are SourceErrors."""
    (tmp_path / "a.xlsx").write_bytes(b"x")
    (tmp_path / "b.parquet").write_bytes(b"x")
    for path, cause in (
        (tmp_path / "a.xlsx", "holds xlsx"),
        (tmp_path, "holds parquet, xlsx"),
        (tmp_path / "b.parquet", "cannot be read"),
    ):
        with pytest.raises(SourceError, match=cause), opened(path):
            pass


def test_an_empty_line_of_one_column_is_a_row(tmp_path: Path) -> None:
    """A table of one column keeps its missing values; of several columns an empty line is nothing."""
    (tmp_path / "one.csv").write_text("x\n1\n\n3\n")
    (tmp_path / "two.csv").write_text("x,y\n1,2\n\n3,4\n")
    for name, found in (("one.csv", [(1,), (None,), (3,)]), ("two.csv", [(1, 2), (3, 4)])):
        with opened(tmp_path / name) as source:
            assert [row for batch in source.batches(list(source.schema), 9) for row in batch.frame.rows()] == found


def test_types_of_text_are_those_of_all_rows(tmp_path: Path) -> None:
    """A late value decides: what is a number in all rows but one is text; leading zeros are no numbers."""
    late = "\n".join(["x,y,z,e", *["1,007,2020-01-01,"] * 300_000, "n/a,01,2020-01-01T00:00:00Z,"])
    (tmp_path / "late.csv").write_text(late + "\n")
    with opened(tmp_path / "late.csv") as source:
        assert source.schema == {"x": pl.String(), "y": pl.String(), "z": pl.String(), "e": pl.String()}
