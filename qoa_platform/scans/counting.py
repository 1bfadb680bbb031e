"""Owns answers that count values: frequencies and confusion, from one group_by whose result is small."""

from collections.abc import Iterator, Sequence

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError
from qoa_platform.scans.keys import group_text, value_text
from qoa_platform.states import Confusion, Frequencies, State
from qoa_platform.states.frequencies import CAP

ROWS = "␟rows"
"""The column of counts that a pass adds."""
CELLS = 250_000
"""No confusion holds more cells: so many different pairs are no classes."""


def counted(rows: pl.LazyFrame, by: Sequence[str], columns: Sequence[str], schema: Schema) -> pl.LazyFrame:
    """Rows per distinct combination of *by* and *columns*."""
    names = list(dict.fromkeys([*by, *columns]))
    finer = [pl.col(n).dt.cast_time_unit("us") for n in names if schema[n] == pl.Datetime and _nano(schema[n])]
    return (rows.with_columns(finer) if finer else rows).group_by(names).agg(pl.len().alias(ROWS))


def _nano(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"


def state_of_counts(ask: Ask, table: pl.DataFrame) -> State:
    """The state that *ask* wants of a table of counts (of the whole, or of one group)."""
    total = int(table.get_column(ROWS).sum() or 0)
    present = table.drop_nulls(list(ask.columns))
    if ask.state == "confusion":
        return _confusion(ask, present)
    n = int(present.get_column(ROWS).sum() or 0)
    return _frequencies(ask, present, n, total - n)


def _frequencies(ask: Ask, present: pl.DataFrame, n: int, missing: int) -> State:
    cap = int(dict(ask.params).get("cap") or CAP)  # type: ignore[arg-type]
    cut = 0
    if present.height > cap:
        cut = int(present.get_column(ROWS).sort(descending=True)[cap])
        present = present.filter(pl.col(ROWS) > cut)
    found: dict[str, int] = {}
    for text, count in _texts(ask.columns, present):
        found[text] = found.get(text, 0) + count - cut
    return Frequencies.exact(found, n=n, missing=missing, error=cut, cap=cap)


def _texts(columns: Sequence[str], table: pl.DataFrame) -> Iterator[tuple[str, int]]:
    for *values, count in table.select(*columns, ROWS).iter_rows():
        yield (value_text(values[0]) if len(values) == 1 else group_text(values)), count


def _confusion(ask: Ask, present: pl.DataFrame) -> State:
    if present.height > CELLS:
        names = " and ".join(map(repr, ask.columns))
        raise UnanswerableError(f"columns {names} hold {present.height:,} different pairs. Allowed: {CELLS:,} (classes)")
    found: dict[tuple[str, str], int] = {}
    truth, prediction = ask.columns
    for t, p, count in present.select(pl.col(truth).alias("t"), pl.col(prediction).alias("p"), ROWS).iter_rows():
        key = value_text(t), value_text(p)
        found[key] = found.get(key, 0) + count
    return Confusion(tuple(sorted((t, p, count) for (t, p), count in found.items())))
