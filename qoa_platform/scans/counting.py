"""Owns answers read off counts of values: frequencies, confusion, and hits within the fences of each row's group."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require_number, require_text
from qoa_platform.scans.grouping import GROUP, group_name, named
from qoa_platform.scans.keys import joined, spelled
from qoa_platform.scans.rules import dependency, order
from qoa_platform.scans.texts import mask
from qoa_platform.states import Confusion, Frequencies, State, Tally
from qoa_platform.states.frequencies import CAP

ROWS = "␟rows"
"""The column of counts that a pass adds."""
LOW, HIGH = "␟low", "␟high"
CELLS = 250_000
"""No confusion holds more cells: so many different pairs are no classes."""


def counts(rows: pl.LazyFrame, names: Sequence[str], schema: Schema) -> pl.LazyFrame:
    """Rows per distinct combination of the columns *names*; times count to the microsecond, as their text does."""
    finer = [pl.col(n).dt.cast_time_unit("us") for n in names if _nanoseconds(schema[n])]
    return (rows.with_columns(finer) if finer else rows).group_by(names).agg(pl.len().alias(ROWS))


def _nanoseconds(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"


def coarser(table: pl.LazyFrame, names: Sequence[str]) -> pl.LazyFrame:
    """The counts of fewer columns, off those of more: no row is read again."""
    return table.group_by(names).agg(pl.col(ROWS).sum())


def answer_of_counts(ask: Ask, table: pl.DataFrame) -> State | Mapping[str, State]:
    """What *ask* wants of a table of counts: a state, or one per group. Raises UnanswerableError."""
    if not ask.by:
        return _state(ask, table)
    merged = coarser(named(table, ask.by).lazy(), [GROUP, *dict.fromkeys(ask.columns)]).collect()
    return {str(key[0]): _state(ask, part) for key, part in merged.partition_by(GROUP, as_dict=True).items()}


def _state(ask: Ask, table: pl.DataFrame) -> State:
    match ask.state:
        case "confusion":
            return _confusion(ask.columns, table)
        case "dependency":
            return dependency(ask, table, ROWS)
        case "order":
            return order(ask, table, ROWS)
        case _:
            return _frequencies(ask, table)


def _frequencies(ask: Ask, table: pl.DataFrame) -> State:
    given: Any = dict(ask.params).get("cap")
    cap = int(given) if given else CAP
    if dict(ask.params).get("of") == "mask":
        table = _masked(table, ask.columns)
    total, n, cut = int(table.get_column(ROWS).sum()), 0, 0
    if table.height > cap:
        table = table.drop_nulls(ask.columns)
        n = int(table.get_column(ROWS).sum())
    if table.height > cap:
        cut = int(table.get_column(ROWS).sort(descending=True)[cap])
        table = table.filter(pl.col(ROWS) > cut)
    found: dict[str, int] = {}
    for values, count in _spelled(table, ask.columns):
        text = joined(values)
        found[text] = found.get(text, 0) + count - cut
    n = n or sum(found.values())
    return Frequencies.exact(found, n=n, missing=total - n, error=cut, cap=cap)


def _masked(table: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The counts of the masks of text. Raises UnanswerableError for a column that holds none."""
    for name in columns:
        require_text(name, table.schema, "a mask")
    return coarser(table.lazy().with_columns(mask(pl.col(name)) for name in columns), list(columns)).collect()


def _spelled(table: pl.DataFrame, columns: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The texts of the values of *columns* and their count, where all are present."""
    values = zip(*(spelled(table.get_column(name)) for name in columns), strict=True)
    for texts, count in zip(values, table.get_column(ROWS).to_list(), strict=True):
        if None not in texts:
            yield texts, count


def _confusion(columns: Sequence[str], table: pl.DataFrame) -> State:
    if table.height > CELLS:
        names = " and ".join(map(repr, columns))
        raise UnanswerableError(f"columns {names} hold {table.height:,} different pairs. Allowed: {CELLS:,} classes")
    found: dict[tuple[str, ...], int] = {}
    for pair, count in _spelled(table, columns):
        found[pair] = found.get(pair, 0) + count
    return Confusion(tuple(sorted((truth, prediction, count) for (truth, prediction), count in found.items())))


def within_fences(ask: Ask, table: pl.LazyFrame, schema: Schema) -> pl.LazyFrame:
    """Hits and rows per group, off counts by group and value; a group without fences has neither.

    Raises UnanswerableError for a column that holds no numbers.
    """
    column = ask.columns[0]
    require_number(column, schema, "a fence")
    value = pl.col(column).cast(pl.Float64)
    inside, counted = value.is_between(pl.col(LOW), pl.col(HIGH)), value.is_not_null() & pl.col(LOW).is_not_null()
    name = group_name(ask.by, schema)
    return (
        table.with_columns(name.alias(GROUP)).join(_fences(ask), on=GROUP, how="left")
        .group_by(GROUP)
        .agg(pl.col(ROWS).filter(inside).sum().alias(LOW), pl.col(ROWS).filter(counted).sum().alias(HIGH))
    )  # fmt: skip


def _fences(ask: Ask) -> pl.LazyFrame:
    flat: Any = dict(ask.params)["fences"]
    schema = {GROUP: pl.String, LOW: pl.Float64, HIGH: pl.Float64}
    return pl.LazyFrame([flat[0::3], flat[1::3], flat[2::3]], schema=schema, orient="col")


def answer_of_fences(ask: Ask, table: pl.DataFrame) -> Mapping[str, State]:  # noqa: ARG001 (as all answers are called)
    """The tally of each group."""
    return {name: Tally(hits, rows) for name, hits, rows in table.select(GROUP, LOW, HIGH).iter_rows()}
