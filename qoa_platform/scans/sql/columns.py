"""Owns the normal columns of a table in SQL: missing is NULL, NaN too, times are microseconds, text is code points."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from qoa_platform.scans.columns import Schema, is_text, is_time
from qoa_platform.scans.normalising import tokens_of
from qoa_platform.scans.sql.dialects import Dialect
from qoa_platform.scans.sql.text import NotPushed, Sql, bound, double, identifier, joined, sql
from qoa_platform.scans.times import DAY

EXACT_DIGITS = 15
"""A decimal of so many digits is a double without loss of order."""


def too_long(dtype: pl.DataType) -> bool:
    """Whether a column of this type may hold decimals that no double tells apart: its values have to be looked at."""
    return isinstance(dtype, pl.Decimal) and dtype.precision > EXACT_DIGITS


def pushable(dtype: pl.DataType) -> bool:
    """Whether SQL says of a column of this type exactly what the Polars kernel says.

    Single precision is left out (literals are rounded to it in one engine and not in the other), and 128-bit and
    unsigned 64-bit integers, times but of microseconds, times of day, spans, lists, structs.
    """
    match dtype:
        case pl.Datetime():
            return dtype.time_unit == "us"
        case pl.Decimal() | pl.Float64() | pl.Boolean() | pl.String() | pl.Categorical() | pl.Enum() | pl.Date():
            return True
        case _:
            return dtype.is_integer() and not isinstance(dtype, pl.UInt64 | pl.Int128 | pl.UInt128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of a table as a pass sees them: their Polars types, and their aliases in SQL.

    *opaque* columns are known by name and presence only, with the type that the database gives.
    """

    schema: Schema
    opaque: Mapping[str, str]
    missing: Mapping[str, tuple[str, ...]]
    dialect: Dialect

    def require(self, columns: Iterable[str]) -> None:
        """Raises NotPushed unless SQL reads all *columns* as the kernel does."""
        for name in columns:
            if name in self.opaque:
                raise NotPushed(f"column {name!r} is {self.opaque[name]}")

    def value(self, column: str) -> Sql:
        """The alias of a normal column."""
        return Sql((f"c{list(self.schema).index(column)}",))

    def clock(self, column: str) -> Sql:
        """The alias of a time column as what a clock in UTC shows. Raises NotPushed for another zone."""
        dtype = self.schema[column]
        if isinstance(dtype, pl.Datetime) and dtype.time_zone not in {None, "UTC", "Etc/UTC"}:
            raise NotPushed(f"column {column!r} shows the clock of {dtype.time_zone}")
        return Sql((f"w{list(self.schema).index(column)}",))

    def number(self, column: str) -> Sql:
        """A number column as a double."""
        value = self.value(column)
        return value if self.schema[column].is_float() else sql("CAST({} AS DOUBLE PRECISION)", value)

    def finite(self, column: str) -> Sql:
        """A number column as a double, ±inf as NULL."""
        value = self.value(column)
        if not self.schema[column].is_float():
            return self.number(column)
        return sql("CASE WHEN NOT {} THEN {} END", self.dialect.infinite(value), value)

    def present(self, columns: Iterable[str]) -> Sql:
        """The condition that all *columns* are present."""
        return joined(" AND ", (sql("{} IS NOT NULL", self.value(name)) for name in columns))

    def rows(self, source: Sql, columns: Iterable[str], where: Sql | None) -> Sql:
        """The normal rows of *columns* of *source* in which *where* is true."""
        forms: list[Sql] = []
        for name in sorted(columns):
            raw = identifier(name)
            forms.append(sql("{} AS {}", self._normal(name, raw), self.value(name)))
            if name not in self.opaque and is_time(self.schema[name]):
                forms.append(sql("{} AS " + f"w{list(self.schema).index(name)}", self._clock(name, raw)))
        inner = sql("SELECT {} FROM {}", joined(", ", forms) if forms else Sql(("1 AS nothing",)), source)
        return sql("(SELECT * FROM ({}) AS n WHERE {})", inner, where) if where is not None else sql("({})", inner)

    def _clock(self, name: str, raw: Sql) -> Sql:
        dtype = self.schema[name]
        clock = self.dialect.utc(raw) if isinstance(dtype, pl.Datetime) and dtype.time_zone else raw
        if not tokens_of(self.missing.get(name, ()), dtype):
            return clock
        return sql("CASE WHEN {} IS NOT NULL THEN {} END", self._normal(name, raw), clock)

    def _normal(self, name: str, raw: Sql) -> Sql:
        if name in self.opaque:
            return sql("CASE WHEN {} IS NOT NULL THEN 1 END", raw)
        dtype, value = self.schema[name], raw
        if is_text(dtype):
            value = self.dialect.text(raw)
        elif is_time(dtype):
            value = self.dialect.days(raw) if isinstance(dtype, pl.Date) else self.dialect.micros(raw)
        elif dtype.is_float():
            zero = double(0.0)  # -0.0 equals it, but is not spelled so where groups are joined
            value = self.dialect.number(sql("CASE WHEN {} = {} THEN {} ELSE {} END", raw, zero, zero, raw))
        tokens = [_token(token, dtype) for token in tokens_of(self.missing.get(name, ()), dtype)]
        if not tokens:
            return value
        key = self.dialect.number(sql("CAST({} AS DOUBLE PRECISION)", raw)) if isinstance(dtype, pl.Decimal) else value
        return sql("CASE WHEN {} IN ({}) THEN NULL ELSE {} END", key, joined(", ", tokens), value)


def _token(token: float | str, dtype: pl.DataType) -> Sql:
    return bound(int(token)) if dtype.is_integer() else double(float(token)) if dtype.is_numeric() else bound(token)


def frame_of(rows: list[tuple[object, ...]], names: Iterable[str], schema: Schema) -> pl.DataFrame:
    """Normal values of *names*, as they were fetched, as the frame that the kernel would see."""
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    found = {name: _series(name, column, schema[name]) for name, column in zip(names, columns, strict=False)}
    return pl.DataFrame(found)


def _series(name: str, values: Iterable[object], dtype: pl.DataType) -> pl.Series:
    match dtype:
        case pl.Date():
            micros = pl.Series(name, values, dtype=pl.Int64)
            return (micros // DAY).cast(pl.Int32).cast(pl.Date)
        case pl.Datetime():
            return pl.Series(name, values, dtype=pl.Int64).cast(pl.Datetime("us", dtype.time_zone))
        case pl.Categorical() | pl.Enum():
            return pl.Series(name, values, dtype=pl.String)
        case _:
            return pl.Series(name, values, dtype=dtype)
