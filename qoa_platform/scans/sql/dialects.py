"""Owns the dialects: what DuckDB and PostgreSQL spell differently, and nothing else."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import isfinite
from typing import ClassVar

from qoa_platform.metrics.expression_nodes import Function
from qoa_platform.scans.sql.text import Bound, NotPushed, Sql, Type, sql

DAY_MICROS = "86400000000"
PARTS: Mapping[Function, str] = {
    Function.YEAR: "year",
    Function.MONTH: "month",
    Function.DAY: "day",
    Function.HOUR: "hour",
    Function.WEEKDAY: "isodow",
}


class Dialect(ABC):
    """How one database spells what all of them mean."""

    name: ClassVar[str]
    types: ClassVar[Mapping[Type, str]]
    divide: ClassVar[str]
    """Whole division, cut toward zero or floored: it is used where nothing remains."""

    @abstractmethod
    def written(self, query: Sql) -> tuple[str, list[int | float | str]]:
        """The text of a query, and the values that are bound to it."""

    @abstractmethod
    def text(self, value: Sql) -> Sql:
        """A column of text or of an enumeration as text that is compared by code points."""

    @abstractmethod
    def micros(self, value: Sql) -> Sql:
        """A timestamp (with a zone or without: UTC) as microseconds since 1970."""

    @abstractmethod
    def utc(self, value: Sql) -> Sql:
        """A timestamp with a zone as what a clock in UTC shows."""

    @abstractmethod
    def matches(self, value: Sql, pattern: Sql) -> Sql:
        """Whether a regular expression is found."""

    @abstractmethod
    def ends_with(self, value: Sql, text: Sql) -> Sql:
        """Whether a text ends so."""

    def cast(self, value: Sql, to: Type) -> Sql:
        """*value* in another type."""
        return sql(f"CAST({{}} AS {self.types[to]})", value)

    def days(self, value: Sql) -> Sql:
        """A date as microseconds since 1970."""
        return sql("(CAST({} - DATE '1970-01-01' AS BIGINT) * " + DAY_MICROS + ")", value)

    def infinite(self, value: Sql) -> Sql:
        """Whether a double is ±inf."""
        infinity = f"CAST('Infinity' AS {self.types[Type.DOUBLE]})"
        return sql(f"({{}} = {infinity} OR {{}} = -{infinity})", value, value)

    def number(self, value: Sql) -> Sql:
        """A double that is null where it is not a number; in both databases NaN equals itself."""
        return sql(f"NULLIF({{}}, CAST('NaN' AS {self.types[Type.DOUBLE]}))", value)

    def part(self, function: Function, clock: Sql) -> Sql:
        """A part of a date or timestamp without a zone, as a whole number."""
        return self.cast(sql(f"extract({PARTS[function]} FROM {{}})", clock), Type.WHOLE)


class DuckDb(Dialect):
    """DuckDB. A relation binds no parameters, so values are written as quoted literals of their type."""

    name = "DuckDB"
    types: ClassVar[Mapping[Type, str]] = {
        Type.WHOLE: "BIGINT", Type.WIDE: "HUGEINT", Type.DOUBLE: "DOUBLE", Type.TEXT: "VARCHAR",
    }  # fmt: skip
    divide = "//"

    def written(self, query: Sql) -> tuple[str, list[int | float | str]]:
        """The text with its literals; no values are left."""
        return "".join(self._literal(p) if isinstance(p, Bound) else str(p) for p in query.parts), []

    def _literal(self, value: Bound) -> str:
        text = value.value if isinstance(value.value, str) else repr(value.value)
        if "\0" in text:
            raise NotPushed("a text with a NUL character")
        quoted = "'" + text.replace("'", "''") + "'"
        return quoted if value.type is Type.TEXT else f"CAST({quoted} AS {self.types[value.type]})"

    def text(self, value: Sql) -> Sql:
        """An enumeration as its text."""
        return sql("CAST({} AS VARCHAR)", value)

    def micros(self, value: Sql) -> Sql:
        """``epoch_us``."""
        return sql("epoch_us({})", value)

    def utc(self, value: Sql) -> Sql:
        """Built anew from its microseconds, which needs no table of zones."""
        return sql("make_timestamp(epoch_us({}))", value)

    def matches(self, value: Sql, pattern: Sql) -> Sql:
        """``regexp_matches``: RE2."""
        return sql("regexp_matches({}, {})", value, pattern)

    def ends_with(self, value: Sql, text: Sql) -> Sql:
        """``suffix``."""
        return sql("suffix({}, {})", value, text)


class Postgres(Dialect):
    """PostgreSQL 14 or later, through psycopg: every value is bound."""

    name = "PostgreSQL"
    types: ClassVar[Mapping[Type, str]] = {
        Type.WHOLE: "bigint", Type.WIDE: "numeric", Type.DOUBLE: "double precision", Type.TEXT: "text",
    }  # fmt: skip
    divide = "/"

    def written(self, query: Sql) -> tuple[str, list[int | float | str]]:
        """The text with a placeholder for each value."""
        values = [p.value for p in query.parts if isinstance(p, Bound)]
        if any(isinstance(value, str) and "\0" in value for value in values):
            raise NotPushed("a text with a NUL character")
        texts = (
            f"CAST(%s AS {self.types[p.type]})" if isinstance(p, Bound) else str(p).replace("%", "%%")
            for p in query.parts
        )
        return "".join(texts), [v if isinstance(v, str) or isfinite(v) else str(v) for v in values]

    def text(self, value: Sql) -> Sql:
        """Text in the collation of code points."""
        return sql('(CAST({} AS text) COLLATE "C")', value)

    def micros(self, value: Sql) -> Sql:
        """``extract`` is exact (numeric) from release 14 on."""
        return sql("CAST(extract(epoch FROM {}) * 1000000 AS bigint)", value)

    def utc(self, value: Sql) -> Sql:
        """``AT TIME ZONE``."""
        return sql("({} AT TIME ZONE 'UTC')", value)

    def matches(self, value: Sql, pattern: Sql) -> Sql:
        """``~``: advanced regular expressions."""
        return sql("({} ~ {})", value, pattern)

    def ends_with(self, value: Sql, text: Sql) -> Sql:
        """The last characters, as many as the text has."""
        return sql("(right({}, char_length({})) = {})", value, text, text)


DUCKDB = DuckDb()
POSTGRES = Postgres()
