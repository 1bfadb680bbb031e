"""Owns the groups of rows in a frame: a name for each, and one group for all beyond the cap."""

from collections.abc import Iterator, Sequence

import polars as pl

from qoa_platform.scans.columns import Schema
from qoa_platform.scans.keys import MISSING_PART, group_names, spelled, spelled_alike
from qoa_platform.states import OVERFLOW
from qoa_platform.states.grouped import CAP

GROUP = "␟group"
"""The column of group names that a pass adds; no contract can name it."""


def named(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """*rows* with the name of each row's group; groups beyond the cap of ``Grouped`` share ``__overflow__``."""
    known = rows.lazy().select(by).unique().collect()
    lookup = known.with_columns(pl.Series(GROUP, capped(group_names(known, by)), dtype=pl.String))
    return rows.lazy().join(lookup.lazy(), on=list(by), how="left", nulls_equal=True).collect()


def capped(names: Sequence[str]) -> Sequence[str]:
    """*names* of groups, of which those that come last, above the cap, are ``__overflow__``."""
    distinct = set(names)
    if len(distinct) <= CAP:
        return names
    last = sorted(distinct)[CAP - 1]
    return [OVERFLOW if name > last else name for name in names]


def parts(rows: pl.DataFrame, by: Sequence[str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The name of each group, and its rows."""
    for key, part in named(rows, by).partition_by(GROUP, as_dict=True).items():
        yield str(key[0]), part


def group_name(by: Sequence[str], schema: Schema) -> pl.Expr:
    """The name of each row's group, for tables that are small already: some types are spelled value by value."""
    return pl.concat_str([_name(column, schema[column]) for column in by], separator="|")


def _name(column: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(column)
    text = value.cast(pl.String) if spelled_alike(dtype) else value.map_batches(_spelled, return_dtype=pl.String)
    return text.fill_null(MISSING_PART)


def _spelled(column: pl.Series) -> pl.Series:
    return pl.Series(spelled(column), dtype=pl.String)
