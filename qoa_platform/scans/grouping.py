"""Owns the names of groups in a frame: one text per row of a grouping, and the group of those beyond the cap."""

from collections.abc import Mapping, Sequence

import polars as pl

from qoa_platform.scans.keys import texts
from qoa_platform.states import OVERFLOW
from qoa_platform.states.grouped import CAP

GROUP = "␟group"
"""The column of group names that a pass adds; no contract can name it."""


def named(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """*rows* with the name of each row's group; groups beyond the cap of ``Grouped`` share ``__overflow__``."""
    known = rows.lazy().select(by).unique().collect()
    lookup = known.with_columns(capped(texts(known)).alias(GROUP))
    return rows.lazy().join(lookup.lazy(), on=list(by), how="left", nulls_equal=True).collect()


def capped(names: pl.Series) -> pl.Series:
    """*names* of groups, of which those that come last, above the cap, are ``__overflow__``."""
    distinct = names.unique().sort()
    if len(distinct) <= CAP:
        return names
    beyond = names > distinct[CAP - 1]
    return names.to_frame("n").select(pl.when(beyond).then(pl.lit(OVERFLOW)).otherwise("n")).to_series()


def parts(rows: pl.DataFrame, by: Sequence[str]) -> Mapping[str, pl.DataFrame]:
    """The rows of each group, by its name."""
    return {str(key[0]): part for key, part in named(rows, by).partition_by(GROUP, as_dict=True).items()}
