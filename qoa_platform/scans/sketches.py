"""Owns sketches over a frame: the quantile sketch of a column, the distinct sketch of a key."""

from collections.abc import Mapping
from functools import reduce
from operator import and_

import numpy as np
import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require_number
from qoa_platform.scans.grouping import parts
from qoa_platform.scans.hashing import stable_hash
from qoa_platform.scans.keying import key_columns
from qoa_platform.states import DistinctSketch, QuantileSketch
from qoa_platform.states.distinct_sketch import RANKS, REST

VALUE = "␟value"
CODE = "␟code"
KEPT = "␟kept"


def values_of(rows: pl.LazyFrame, ask: Ask, schema: Schema) -> pl.LazyFrame:
    """The values of a number column as float64, beside the groups. Raises UnanswerableError for another column."""
    require_number(ask.columns[0], schema, "a quantile sketch")
    return rows.select(*ask.by, pl.col(ask.columns[0]).cast(pl.Float64).alias(VALUE))


def answer_of_values(ask: Ask, table: pl.DataFrame) -> QuantileSketch | Mapping[str, QuantileSketch]:
    """The quantile sketch of the finite values, or one per group."""
    if not ask.by:
        return _values(table)
    return {name: _values(part) for name, part in parts(table, ask.by)}


def _values(table: pl.DataFrame) -> QuantileSketch:
    found = table.get_column(VALUE).drop_nulls().to_numpy()
    finite = found[np.isfinite(found)]
    return QuantileSketch.of_values(finite, found.size - finite.size)


def codes_of(rows: pl.LazyFrame, ask: Ask, schema: Schema) -> pl.LazyFrame:
    """Register and rank of each row's key, and whether all of the key is present. Raises UnanswerableError."""
    columns = key_columns(ask, schema)
    if not columns:
        raise UnanswerableError("a frame without columns has no keys. Allowed: at least one column")
    word = pl.col(CODE).cast(pl.UInt64, wrap_numerical=True)
    register, rest = word // (1 << REST), word % (1 << REST)
    rank = rest.bitwise_leading_zeros().cast(pl.UInt64) - (64 - REST) + 1
    present = reduce(and_, (pl.col(column).is_not_null() for column in columns))
    hashed = rows.select(*ask.by, stable_hash(columns, schema).alias(CODE), present.alias(KEPT))
    return hashed.with_columns((register * RANKS + rank).cast(pl.UInt32).alias(CODE))


def answer_of_codes(ask: Ask, table: pl.DataFrame) -> DistinctSketch | Mapping[str, DistinctSketch]:
    """The distinct sketch of the keys, or one per group; those with a missing part only where they count as values."""
    keep_all = dict(ask.params).get("missing_keys") == "value"
    if not ask.by:
        return _codes(table, keep_all=keep_all)
    return {name: _codes(part, keep_all=keep_all) for name, part in parts(table, ask.by)}


def _codes(table: pl.DataFrame, *, keep_all: bool) -> DistinctSketch:
    table = table if keep_all else table.filter(KEPT)
    return DistinctSketch.of_codes(table.get_column(CODE).to_numpy(), table.height)
