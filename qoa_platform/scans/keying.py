"""Owns answers about keys: how many are distinct, how many stand alone, and their mergeable hashes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from operator import add

import numpy as np
import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema
from qoa_platform.scans.grouping import parts
from qoa_platform.scans.hashing import WORD, stable_hash
from qoa_platform.scans.keeping import KEPT
from qoa_platform.states import Keys, Sums
from qoa_platform.states.key_hash import factor

HASH = "␟hash"
"""The column of hashes that a pass adds."""
SPARSE = 0.5
"""While fewer rows than this share repeat a hash, only those are compared key by key."""


def key_columns(ask: Ask, schema: Schema) -> list[str]:
    """The columns of the key, in declared order; none declared means all."""
    return list(dict.fromkeys(ask.columns or schema))


def hashed(rows: pl.LazyFrame, ask: Ask, schema: Schema) -> pl.LazyFrame:
    """The columns of the key (and of the groups) with the hash of every row. Raises UnanswerableError."""
    columns = key_columns(ask, schema)
    if not columns:
        return rows.select(pl.repeat(0, pl.len(), dtype=pl.UInt64).alias(HASH))
    hashing = stable_hash if ask.state == "keys" else quick_hash
    return rows.select(*dict.fromkeys([*ask.by, *columns]), hashing(columns, schema).alias(HASH))


def answer_of_keys(ask: Ask, table: pl.DataFrame) -> Sums | Keys | Mapping[str, Sums | Keys]:
    """What *ask* wants of the hashed rows: its state, or one per group. Raises StateError above the cap of keys."""
    columns = [name for name in table.columns if name != HASH and (name in ask.columns or not ask.columns)]
    count = _keys if ask.state == "keys" else _uniqueness
    if not ask.by:
        return count(_complete(table, ask, columns), columns)
    return {name: count(_complete(part, ask, columns), columns) for name, part in parts(table, ask.by)}


def _complete(rows: pl.DataFrame, ask: Ask, columns: Sequence[str]) -> pl.DataFrame:
    if dict(ask.params).get("missing_keys") == "value" or not any(rows.get_column(c).null_count() for c in columns):
        return rows
    return rows.drop_nulls(list(columns))


def _uniqueness(rows: pl.DataFrame, columns: Sequence[str]) -> Sums:
    """Rows, distinct keys and keys seen once: exact, at the price of a 64-bit hash and one sort of it.

    Equal keys have equal hashes, so a hash that is seen once is a key that is seen once. Only the rows that share
    their hash with others are compared key by key.
    """
    n = rows.height
    hashes = rows.get_column(HASH).to_numpy()
    ordered = np.sort(hashes)
    repeats = ordered[1:][ordered[1:] == ordered[:-1]]
    if repeats.size == 0:
        return Sums.of_terms(n, distinct=n, once=n)
    if not columns:
        return Sums.of_terms(n, distinct=1, once=0)
    suspects = rows
    if repeats.size < SPARSE * n:
        suspects = rows.filter(pl.col(HASH).is_in(pl.Series(np.unique(repeats)).implode()))
    seen = suspects.lazy().group_by(list(columns)).agg(pl.len().alias(HASH)).select(HASH).collect().to_series()
    alone = n - suspects.height
    return Sums.of_terms(n, distinct=alone + len(seen), once=alone + int((seen == 1).sum()))


def quick_hash(columns: Sequence[str], schema: Schema) -> pl.Expr:
    """A 64-bit hash of each row that holds within this process only: a linear combination of the parts, wrapping."""
    return _quick_hash(tuple(columns), tuple(schema[name] for name in columns))


@lru_cache(maxsize=KEPT)
def _quick_hash(columns: tuple[str, ...], types: tuple[pl.DataType, ...]) -> pl.Expr:
    words = (_word(name, dtype) for name, dtype in zip(columns, types, strict=True))
    return reduce(add, (word * pl.lit(factor(j) % WORD, dtype=pl.UInt64) for j, word in enumerate(words, 1)))


def _word(column: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(column)
    integer = dtype.is_integer() and not isinstance(dtype, pl.Int128 | pl.UInt128)
    if not (integer or isinstance(dtype, pl.Date | pl.Datetime | pl.Duration | pl.Time)):
        return value.hash()
    return value.to_physical().cast(pl.UInt64, wrap_numerical=True).fill_null(pl.lit(factor(0) % WORD, dtype=pl.UInt64))


def _keys(rows: pl.DataFrame, columns: Sequence[str]) -> Keys:
    """The stable hashes of all keys."""
    if not columns:
        return Keys()
    seen = rows.lazy().group_by(HASH).agg(pl.len().alias("n")).collect()
    once = seen.get_column("n") == 1
    singles, repeated = (
        frozenset(value.to_bytes(16, "big") for value in seen.get_column(HASH).filter(mask)) for mask in (once, ~once)
    )
    return Keys(singles, repeated, rows.height) + Keys()
