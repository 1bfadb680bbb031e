"""Owns tables of databases as sources: PostgreSQL by COPY, DuckDB files by Arrow; one transaction, typed batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl

from qoa_platform.scans.delimited import BLOCK, MOMENT, TIME, parsed, typed
from qoa_platform.scans.opening import Opened, SourceError, SqlTable, of_relation

PLAIN: Mapping[int, pl.DataType] = {
    16: pl.Boolean(), 21: pl.Int16(), 23: pl.Int32(), 20: pl.Int64(), 26: pl.Int64(), 700: pl.Float32(),
    701: pl.Float64(), 1082: pl.Date(), 1083: pl.Time(), 1114: TIME, 1184: MOMENT,
}  # fmt: skip
"""PostgreSQL's type (its oid in ``pg_type``) → ours; others are read as their text."""
LISTS: Mapping[int, pl.DataType] = {
    1000: pl.Boolean(), 1005: pl.Int16(), 1007: pl.Int32(), 1016: pl.Int64(), 1021: pl.Float32(), 1022: pl.Float64(),
    1009: pl.String(), 1015: pl.String(),
}  # fmt: skip
NUMERIC = 1700
DIGITS = 38
"""A decimal holds so many."""
SETTINGS = "SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD'"


@contextmanager
def opened_table(table: SqlTable) -> Iterator[Opened]:
    """A table or query, within one read-only transaction. Raises SourceError; no cause holds the URL's password."""
    if (table.table is None) == (table.query is None):
        raise SourceError("a SqlTable of both a table and a query, or neither. Allowed: one of them")
    scheme = table.url.split(":", 1)[0].split("+", 1)[0]
    match scheme:
        case "postgresql" | "postgres":
            with _postgres(table) as found:
                yield found
        case "duckdb":
            with _duckdb(table) as found:
                yield found
        case _:
            raise SourceError(f"a database of {scheme!r}. Allowed: postgresql://…, duckdb:///path/to/file")


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _rows(table: SqlTable) -> str:
    """What is selected from."""
    if table.query is not None:
        return f"({table.query.rstrip().rstrip(';')}) AS q"
    return ".".join(quoted(part) for part in str(table.table).split("."))


@contextmanager
def _duckdb(table: SqlTable) -> Iterator[Opened]:
    import duckdb  # noqa: PLC0415 (only where there is such a file)

    path = table.url.split("://", 1)[-1].removeprefix("/") if table.url.startswith("duckdb:////") else None
    path = path or table.url.removeprefix("duckdb:///")
    try:
        connection = duckdb.connect(path, read_only=True)
    except duckdb.Error as error:
        raise SourceError(f"{table!r} cannot be opened: {error}") from error
    with connection:
        try:
            relation = connection.sql(f"SELECT * FROM {_rows(table)}")  # noqa: S608 (names are quoted)
        except duckdb.Error as error:
            raise SourceError(f"{table!r} cannot be read: {error}") from error
        yield of_relation(relation)


@contextmanager
def _postgres(table: SqlTable) -> Iterator[Opened]:
    try:
        import psycopg  # noqa: PLC0415 (the extra `postgres`)
    except ImportError as error:
        raise SourceError("PostgreSQL needs psycopg: pip install 'qoa-platform[postgres]'") from error
    url = "postgresql://" + table.url.split("://", 1)[-1]
    try:
        connection = psycopg.connect(url, autocommit=False)
    except psycopg.Error as error:
        raise SourceError(f"{table!r} cannot be opened: {type(error).__name__}") from error
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(SETTINGS)
        rows = _rows(table)
        try:
            found = connection.execute(f"SELECT * FROM {rows} LIMIT 0".encode()).description or []  # noqa: S608
        except psycopg.Error as error:
            raise SourceError(f"{table!r} cannot be read: {error}") from error
        types = {column.name: _type(column) for column in found}
        lists = {column.name for column in found if column.type_code in LISTS}

        def read(columns: Sequence[str], rows_: int) -> Iterator[Any]:  # noqa: ARG001 (blocks of bytes)
            chosen = ", ".join(f"to_json({quoted(n)})::text" if n in lists else quoted(n) for n in columns)
            copy = f"COPY (SELECT {chosen} FROM {rows}) TO STDOUT (FORMAT csv)"  # noqa: S608 (names are quoted)
            with connection.transaction(), connection.cursor() as cursor, cursor.copy(copy.encode()) as stream:
                for content in _blocks(stream):
                    yield typed(parsed(content, columns), types)

        yield Opened(data=table, schema=types, read=read, heeds=False)


def _type(column: Any) -> pl.DataType:
    """The type of a column here; a numeric without a scale is a float, as no one scale holds it."""
    code = column.type_code
    if code == NUMERIC:
        precision, scale = column.precision, column.scale
        return pl.Float64() if precision is None or precision > DIGITS else pl.Decimal(precision, scale)
    return pl.List(LISTS[code]) if code in LISTS else PLAIN.get(code, pl.String())


def _blocks(copy: Iterable[Any]) -> Iterator[bytes]:
    """The messages of a COPY, each a whole row, some megabytes at a time."""
    held = bytearray()
    for row in copy:
        held += row
        if len(held) >= BLOCK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
