"""Owns answers about keys: how many are distinct and how many stand alone, and their mergeable hashes."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError
from qoa_platform.scans.counting import ROWS
from qoa_platform.states import Keys, Sums
from qoa_platform.states.key_hash import MISSING, factor

WORD = 1 << 64
SPARSE = 0.5
"""Up to this share of rows with a repeated hash, only those rows are counted exactly."""


def key_columns(ask: Ask, schema: Schema) -> list[str]:
    """The columns of the key, in declared order; none declared means all."""
    return list(dict.fromkeys(ask.columns or schema))


def complete(rows: pl.DataFrame, ask: Ask, columns: Sequence[str]) -> pl.DataFrame:
    """The rows that have a key: all of them where a missing part is a value."""
    if dict(ask.params).get("missing_keys") == "value" or not any(rows.get_column(c).null_count() for c in columns):
        return rows
    return rows.drop_nulls(list(columns))


def uniqueness(rows: pl.DataFrame, columns: Sequence[str]) -> Sums:
    """Rows, distinct keys and keys seen once: exact, at the cost of one 64-bit hash and one sort of it.

    Equal keys have equal hashes, so a hash that is seen once is a key that is seen once. Only rows that share their
    hash with others are compared key by key.
    """
    n = rows.height
    if not columns or n == 0:
        return Sums.of_terms(n, distinct=min(n, 1), once=int(n == 1))
    hashes = rows.select(_hash(columns, rows.schema)).to_series().to_numpy()
    ordered = np.sort(hashes)
    repeats = ordered[1:][ordered[1:] == ordered[:-1]]
    if repeats.size == 0:
        return Sums.of_terms(n, distinct=n, once=n)
    suspects = rows
    if repeats.size < SPARSE * n:
        wanted = pl.Series(np.unique(repeats))
        suspects = rows.filter(pl.Series(hashes).is_in(wanted.implode()))
    seen = suspects.lazy().group_by(list(columns)).agg(pl.len().alias(ROWS)).select(ROWS).collect().to_series()
    alone = n - suspects.height
    return Sums.of_terms(n, distinct=alone + len(seen), once=alone + int((seen == 1).sum()))


def _hash(columns: Sequence[str], schema: Schema) -> pl.Expr:
    """A 64-bit hash that holds within this process only: a random linear combination, wrapping."""
    parts = [_word(column, schema[column]) * pl.lit(factor(j) % WORD, dtype=pl.UInt64) for j, column in enumerate(columns, 1)]
    return sum(parts[1:], parts[0]).alias("hash")


def _word(column: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(column)
    plain = dtype.is_integer() and not isinstance(dtype, pl.Int128 | pl.UInt128)
    if plain or isinstance(dtype, pl.Date | pl.Datetime | pl.Duration | pl.Time):
        number = value.to_physical().cast(pl.UInt64, wrap_numerical=True)
        return number.fill_null(pl.lit(factor(0) % WORD, dtype=pl.UInt64))
    return value.hash()


def keys(rows: pl.DataFrame, columns: Sequence[str]) -> Keys:
    """The hashes of all keys, of the semantics of ``states.key_hash``. Raises UnanswerableError, StateError."""
    if not columns:
        return Keys()
    seen = (
        rows.lazy().select(key_hashes(columns, rows.schema).alias("key")).group_by("key").agg(pl.len().alias(ROWS)).collect()
    )  # fmt: skip
    once = seen.get_column(ROWS) == 1
    singles, repeated = (
        frozenset(value.to_bytes(16, "big") for value in seen.get_column("key").filter(mask)) for mask in (once, ~once)
    )
    return Keys(singles, repeated, 0) + Keys(n=rows.height)


def key_hashes(columns: Sequence[str], schema: Schema) -> pl.Expr:
    """``states.key_hash`` of each row as a column of UInt128."""
    from polars_hash import concat_str  # noqa: F401, PLC0415 (registers the plugin; only where keys are hashed)

    parts = [_part(column, schema[column]) for column in columns]
    if len(parts) == 1:
        return parts[0]
    total = sum((part * _wide(factor(j)) for j, part in enumerate(parts, 1)), _wide(0))
    total = (total ^ (total // _wide(WORD))) * _wide(factor(0))
    return total ^ (total // _wide(WORD))


def _wide(number: int) -> pl.Expr:
    return pl.lit(number, dtype=pl.UInt128)


def _part(column: str, dtype: pl.DataType) -> pl.Expr:
    from xxhash import xxh3_128_intdigest  # noqa: PLC0415

    hashed = _text(column, dtype).nchash.xxh3_128()  # type: ignore[attr-defined]
    return hashed.fill_null(_wide(xxh3_128_intdigest(MISSING)))


def _text(column: str, dtype: pl.DataType) -> pl.Expr:  # noqa: PLR0911 (one per logical type)
    """The text whose UTF-8 bytes are hashed (``states.key_hash.value_bytes``)."""
    value = pl.col(column)
    match dtype:
        case pl.String():
            return value
        case pl.Categorical() | pl.Enum() | pl.Boolean() | pl.Null():
            return value.cast(pl.String)
        case pl.Decimal():
            text = value.cast(pl.String)
            return text.str.strip_chars_end("0").str.strip_chars_end(".") if dtype.scale else text
        case pl.Date():
            return value.dt.to_string("%Y-%m-%d")
        case pl.Datetime():
            utc = value if dtype.time_zone is None else value.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            return utc.dt.cast_time_unit("us").dt.to_string("%Y-%m-%dT%H:%M:%S%.6f")
        case _ if dtype.is_integer():
            return value.cast(pl.String)
        case _ if dtype.is_float():
            return (value.cast(pl.Float64) + 0.0).reinterpret(signed=True).cast(pl.String)
        case _:
            raise UnanswerableError(f"column {column!r} is {dtype}: a key needs text, numbers, booleans, dates or times")
