"""Owns the search for parents: which columns name rows of another table that is given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from qoa_platform.profiles.suggesting.facts import NUMERIC, TEXT, Facts, kind_of, of_kind

FOUND = 0.9
"""So many of the rows must be found in the parent, or the names agree by chance."""
LEAST = 3
"""A column of fewer different values is found anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The values of *column* are keys of table *parent*, but for *orphans* of *n* rows."""

    column: str
    parent: str
    n: int
    orphans: int


def parents(rows: pl.DataFrame, facts: Mapping[str, Facts], beside: Mapping[str, pl.DataFrame]) -> Iterator[Parent]:
    """The foreign keys of *rows* (missing is null) into the tables *beside*, by their names.

    A column is one when a table has a column of the same name and kind that names its rows (no value twice, none
    missing), and nine tenths of the rows are found there.
    """
    for held in of_kind(facts, TEXT, NUMERIC):
        for name, table in sorted(beside.items()):
            if held.name not in table.columns or held.distinct < LEAST or kind_of(table.schema[held.name]) != held.kind:
                continue
            key = table.get_column(held.name)
            if key.null_count() or key.n_unique() != len(key) or rows.schema[held.name].is_float():
                continue
            child = rows.select(held.name).drop_nulls()
            orphans = child.join(key.cast(child.schema[held.name], strict=False).to_frame(), on=held.name, how="anti")
            if orphans.height <= (1 - FOUND) * child.height:
                yield Parent(column=held.name, parent=name, n=child.height, orphans=orphans.height)
