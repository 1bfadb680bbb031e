"""Owns answers read off counts of values: frequencies, confusion, and hits within the fences of each row's group."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require_number
from qoa_platform.scans.grouping import GROUP, named
from qoa_platform.scans.keys import texts
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
    if ask.state == "tally":
        return _within_fences(ask, table)
    if not ask.by:
        return _state(ask, table)
    grouped = coarser(named(table, ask.by).lazy(), [GROUP, *dict.fromkeys(ask.columns)]).collect()
    return {str(key[0]): _state(ask, part) for key, part in grouped.partition_by(GROUP, as_dict=True).items()}


def _state(ask: Ask, table: pl.DataFrame) -> State:
    columns = list(ask.columns)
    total = int(table.get_column(ROWS).sum() or 0)
    present = table.drop_nulls(columns)
    if ask.state == "confusion":
        return _confusion(columns, present)
    n = int(present.get_column(ROWS).sum() or 0)
    return _frequencies(ask, present, n, total - n)


def _frequencies(ask: Ask, present: pl.DataFrame, n: int, missing: int) -> State:
    cap = _cap(dict(ask.params).get("cap"))
    cut = 0
    if present.height > cap:
        cut = int(present.get_column(ROWS).sort(descending=True)[cap])
        present = present.filter(pl.col(ROWS) > cut)
    found: dict[str, int] = {}
    spelled = texts(present.select(ask.columns)).to_list()
    for text, count in zip(spelled, present.get_column(ROWS).to_list(), strict=True):
        found[text] = found.get(text, 0) + count - cut
    return Frequencies.exact(found, n=n, missing=missing, error=cut, cap=cap)


def _cap(found: Any) -> int:
    return int(found) if found else CAP


def _confusion(columns: Sequence[str], present: pl.DataFrame) -> State:
    if present.height > CELLS:
        names = " and ".join(map(repr, columns))
        raise UnanswerableError(f"columns {names} hold {present.height:,} different pairs. Allowed: {CELLS:,} classes")
    found: dict[tuple[str, str], int] = {}
    truths, predictions = (texts(present.select(column)).to_list() for column in columns)
    for truth, prediction, count in zip(truths, predictions, present.get_column(ROWS).to_list(), strict=True):
        found[truth, prediction] = found.get((truth, prediction), 0) + count
    return Confusion(tuple(sorted((t, p, count) for (t, p), count in found.items())))


def _within_fences(ask: Ask, table: pl.DataFrame) -> Mapping[str, State]:
    """Hits and rows per group; a group without fences has neither."""
    column = ask.columns[0]
    require_number(column, table.schema, "a fence")
    value = pl.col(column).cast(pl.Float64)
    inside, counted = value.is_between(pl.col(LOW), pl.col(HIGH)), value.is_not_null() & pl.col(LOW).is_not_null()
    found = (
        named(table, ask.by).lazy()
        .join(_fences(ask).lazy(), on=GROUP, how="left")
        .group_by(GROUP)
        .agg(*(pl.col(ROWS).filter(mask).sum().alias(end) for end, mask in ((LOW, inside), (HIGH, counted))))
        .collect()
    )  # fmt: skip
    return {name: Tally(hits, rows) for name, hits, rows in found.select(GROUP, LOW, HIGH).iter_rows()}


def _fences(ask: Ask) -> pl.DataFrame:
    flat: Any = dict(ask.params)["fences"]
    schema = {GROUP: pl.String, LOW: pl.Float64, HIGH: pl.Float64}
    return pl.DataFrame([flat[0::3], flat[1::3], flat[2::3]], schema=schema, orient="col", strict=False)
