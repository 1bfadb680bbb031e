"""Owns the minority of a functional dependency: the right-hand cells that a clear majority contradicts (1.6)."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

ROW = "␟row"
"""The column of row positions that flagging adds; no contract can name it."""
TOTAL, TOP, KINDS, MAJORITY = "␟total", "␟top", "␟kinds", "␟majority"
COUNT = "␟n"
LEAST = 2
"""So many rows make a majority: one row against none is no evidence."""


class Minority(NamedTuple):
    """Rows whose right-hand cell differs from the clear majority of their group, and rows of undecided groups.

    *majorities* holds, per group with a clear majority, its left-hand values and the ``MAJORITY``.
    """

    rows: pl.Series
    ambiguous: pl.Series
    majorities: pl.DataFrame


def minority(rows: pl.DataFrame, left: Sequence[str], right: str) -> Minority:
    """What the dependency *left* → *right* flags, among *rows* (normal, with their positions in ``ROW``).

    In a group of equal left-hand values with several right-hand ones the majority is *clear* if it has at least two
    rows and at least two thirds of the group: then the other right-hand cells are flagged. Otherwise nothing is
    flagged, and all rows of the group are ambiguous. Rows in which any of the columns is missing are left out;
    left-hand cells are never flagged.

    >>> shop = pl.DataFrame({ROW: [0, 1, 2, 3, 4], "zip": [1, 1, 1, 2, 2], "city": ["a", "a", "x", "b", "c"]})
    >>> found = minority(shop, ["zip"], "city")
    >>> found.rows.to_list(), found.ambiguous.sort().to_list()
    ([2], [3, 4])
    """
    left = list(dict.fromkeys(left))
    known = rows.lazy().select(ROW, *left, right).drop_nulls([*left, right])
    groups = (
        known.group_by([*left, right]).agg(pl.len().alias(COUNT))
        .group_by(left)
        .agg(
            pl.col(COUNT).sum().alias(TOTAL), pl.col(COUNT).max().alias(TOP), pl.len().alias(KINDS),
            pl.col(right).sort_by(COUNT).last().alias(MAJORITY),
        )
        .filter(pl.col(KINDS) > 1)
        .collect()
    )  # fmt: skip
    clear = (pl.col(TOP) >= LEAST) & (3 * pl.col(TOP).cast(pl.UInt64) >= 2 * pl.col(TOTAL).cast(pl.UInt64))
    decided, undecided = groups.filter(clear), groups.filter(~clear)
    majorities = decided.select(*left, MAJORITY)
    others = known.join(majorities.lazy(), on=left, how="inner").filter(pl.col(right) != pl.col(MAJORITY))
    unsure = known.join(undecided.lazy().select(left), on=left, how="semi")
    found, doubtful = pl.collect_all([others.select(pl.col(ROW).sort()), unsure.select(pl.col(ROW).sort())])
    return Minority(found.to_series(), doubtful.to_series(), majorities)
