"""Owns the tables that SQL is pushed down to: a relation of DuckDB, a table of PostgreSQL behind a connection."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from qoa_platform.scans.columns import Schema
from qoa_platform.scans.sql.columns import pushable
from qoa_platform.scans.sql.dialects import DUCKDB, POSTGRES, Dialect
from qoa_platform.scans.sql.text import Sql, identifier, joined

RELEASE = 140_000
"""PostgreSQL 14: from there on times are extracted exactly."""


class Table(ABC):
    """Columns with their types, and rows of an answer. *opaque* columns are those that SQL does not read as we do."""

    dialect: ClassVar[Dialect]
    schema: Schema
    opaque: Mapping[str, str]
    source: Sql

    @abstractmethod
    def rows(self, query: Sql) -> list[tuple[Any, ...]]:
        """The rows of an answer. Raises what the database raises, and can be asked again afterwards."""


class DuckTable(Table):
    """A relation of DuckDB: a table in memory, a view of Parquet files, whatever its connection reads."""

    dialect = DUCKDB

    def __init__(self, relation: Any) -> None:
        self._relation = relation
        self.schema = dict(relation.limit(0).pl().schema)
        types = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
        self.opaque = {name: types[name] for name, dtype in self.schema.items() if not pushable(dtype)}
        self.source = identifier("qoa_source")

    def rows(self, query: Sql) -> list[tuple[Any, ...]]:
        """By ``relation.query``, whose name for the relation is this query's own."""
        text, _ = self.dialect.written(query)
        found: list[tuple[Any, ...]] = self._relation.query("qoa_source", text).fetchall()
        return found


TYPES: Mapping[str, pl.DataType] = {
    "int2": pl.Int16(), "int4": pl.Int32(), "int8": pl.Int64(), "float4": pl.Float32(), "float8": pl.Float64(),
    "text": pl.String(), "varchar": pl.String(), "bool": pl.Boolean(), "date": pl.Date(),
    "timestamp": pl.Datetime("us"), "timestamptz": pl.Datetime("us", "UTC"),
}  # fmt: skip


class PostgresTable(Table):
    """A table or view (*name* may be ``schema.table``) or a query of PostgreSQL, behind an open psycopg connection."""

    dialect = POSTGRES

    def __init__(self, connection: Any, name: str | None, query: str | None = None) -> None:
        self._connection = connection
        if query is not None:
            self.source = Sql(("(" + query.rstrip().rstrip(";") + ") AS q",))
        else:
            self.source = joined(".", map(identifier, str(name).split(".", 1)))
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(self.dialect.written(Sql(("SELECT * FROM ", *self.source.parts, " LIMIT 0")))[0])
            described = list(cursor.description)
        known = connection.adapters.types
        names = {c.name: getattr(known.get(c.type_code), "name", str(c.type_code)) for c in described}
        self.schema = {c.name: _dtype(names[c.name], c) for c in described}
        exact = connection.info.server_version >= RELEASE and connection.info.encoding == "utf-8"
        self.opaque = {name: names[name] for name, dtype in self.schema.items() if not (exact and pushable(dtype))}

    def rows(self, query: Sql) -> list[tuple[Any, ...]]:
        """In a transaction or savepoint of its own: a statement that fails leaves the connection usable."""
        text, values = self.dialect.written(query)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(text, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _dtype(name: str, column: Any) -> pl.DataType:
    if name == "numeric" and column.precision is not None and 0 <= (column.scale or 0) <= column.precision:
        return pl.Decimal(column.precision, column.scale or 0) if column.precision <= 38 else pl.Object()  # noqa: PLR2004
    return TYPES.get(name, pl.Object())
