"""Owns summarise: the summary of a data set; exact, by one sort per column of numbers, one group_by per text."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from qoa_platform.contracts.schema import LogicalType
from qoa_platform.profiles.counted import Counted, counted
from qoa_platform.profiles.folding import folded
from qoa_platform.profiles.ordered import ordered
from qoa_platform.profiles.summary import QUANTILES, Bins, Cell, ColumnSummary, Common, Summary, logical
from qoa_platform.scans.keys import value_text
from qoa_platform.scans.normalising import Missing, normal
from qoa_platform.scans.opening import Opened
from qoa_platform.scans.queries import BROKEN
from qoa_platform.scans.sources import opened

SORTED = (LogicalType.INTEGER, LogicalType.NUMBER, LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIME)
MEMORY = 1 << 30
BATCH = 1 << 18
"""Rows of a batch."""
WIDE = (pl.Decimal, pl.Int128, pl.UInt128)
"""Numbers that NumPy has no type for: counted as they are, sorted as floats."""


def summarise(data: Any, *, missing: Missing | None = None, approximate: bool = False, memory: int = MEMORY) -> Summary:
    """What *data* looks like: per column type, missing, distinct, extremes, moments, quantiles, commonest values, bins.

    *data* is whatever ``scans.opened`` opens. *missing* are declared tokens by column; null and NaN are always missing.
    Everything is exact, except that with *approximate* the distinct values of texts that are mostly different are
    estimated, within ``distinct_bound`` (three standard errors), in a tenth of the time and without memory.

    Rows that are not held in memory yet are read in batches. Where they take more than half of *memory* (bytes), the
    states of the batches are merged: distinct values and quantiles are then within the bounds that are given. Never
    raises for what a column holds: one that cannot be summed up has a *cause*. Raises SourceError for what cannot be
    opened.

    >>> found = summarise(pl.DataFrame({"shop": ["a", "b", "a"], "sales": [1.0, None, 3.0]}))
    >>> found.columns[0].top[0], found.columns[1].mean, found.columns[1].missing
    (Common(value='a', count=2), 2.0, 1)
    """
    tokens = missing or {}
    with opened(data) as source:
        if source.frame is not None:
            return _without(_exact(source.frame, tokens, approximate=approximate), source.broken)
        broken: dict[str, str] = dict(source.broken)
        batches = _frames(source, broken)
        held = _held(batches, memory // 2, source)
        if isinstance(held, pl.DataFrame):
            return _without(_exact(held, tokens, approximate=approximate), broken)
        return _without(folded(chain(held, batches), source.schema, tokens), broken)


def _frames(source: Opened, broken: dict[str, str]) -> Iterator[pl.DataFrame]:
    """The batches, with the same types each; *broken* learns of columns that have no form in one of them."""
    for batch in source.batches(list(source.schema), BATCH):
        broken.update(batch.broken)
        yield batch.frame.select(pl.col(name).cast(dtype) for name, dtype in source.schema.items())


def _held(batches: Iterator[pl.DataFrame], room: int, source: Opened) -> pl.DataFrame | list[pl.DataFrame]:
    """All rows, where they take no more than *room*; else the first batches."""
    found: list[pl.DataFrame] = []
    used = 0.0
    for batch in batches:
        found.append(batch)
        used += batch.estimated_size()
        if used > room:
            return found
    return pl.concat(found) if found else pl.DataFrame(schema=dict(source.schema))


def _without(summary: Summary, broken: Mapping[str, str]) -> Summary:
    """The summary, in which *broken* columns have nothing but their cause."""
    columns = (
        ColumnSummary(name=c.name, type=c.type, dtype=c.dtype, n=c.n, cause=broken[c.name]) if c.name in broken else c
        for c in summary.columns
    )
    return Summary(rows=summary.rows, columns=tuple(columns))


def _exact(data: pl.DataFrame, tokens: Missing, *, approximate: bool) -> Summary:
    """Of rows in memory: each column of numbers or times is sorted once, of each other one the values are counted."""
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:  # NumPy sorts without the interpreter's lock
        sorts = [c for c, dtype in data.schema.items() if logical(dtype) in SORTED]
        facts = dict(zip(sorts, pool.map(lambda name: _guarded(data, name, tokens, _sorted), sorts), strict=True))
        for name in data.columns:
            if name not in facts:
                facts[name] = _guarded(data, name, tokens, lambda c: _counted(c, approximate=approximate))
    return Summary(rows=data.height, columns=tuple(facts[name] for name in data.columns))


def _guarded(data: pl.DataFrame, name: str, missing: Missing, facts: Any) -> ColumnSummary:
    """The facts of one column; what it raises is the cause why there are none."""
    dtype = data.get_column(name).dtype
    said: dict[str, Any] = {"name": name, "type": logical(dtype), "dtype": str(dtype), "n": data.height}
    try:
        column = data.get_column(name)
        column = normal(data, [name], missing).get_column(name) if missing.get(name) else column
        return ColumnSummary(**said, **facts(column))
    except BROKEN as error:
        return ColumnSummary(**said, cause=f"{type(error).__name__}: {str(error).strip().split(chr(10), 1)[0]}")


def _sorted(column: pl.Series) -> Mapping[str, Any]:
    """The facts of numbers and times: one sort, and what it says; of wide numbers, their counts too."""
    dtype = column.dtype
    wide = isinstance(dtype, WIDE)
    values = (column.cast(pl.Float64) if wide else column.to_physical()).drop_nulls()
    found = ordered(np.sort(values.to_numpy()), QUANTILES)
    exact = counted(column, approximate=False) if wide else None
    number = dtype.is_numeric()
    shown = _plain if number else _times(dtype)
    top = _common(exact) if exact else tuple(map(_pair, shown([v for v, _ in found.top]), [c for _, c in found.top]))
    ends = shown([end for end in (found.low, found.high) if end is not None])
    return {
        "missing": column.null_count() + found.nan,
        "nonfinite": found.nonfinite,
        "distinct": exact.distinct if exact else found.distinct,
        "minimum": ends[0] if ends else None,
        "maximum": ends[-1] if ends else None,
        "mean": found.mean if number else None,
        "std": found.std if number else None,
        "quantiles": tuple(shown(found.quantiles)),
        "top": top,
        "histogram": Bins(edges=tuple(shown(found.edges)), counts=found.counts) if found.counts else None,
    }


def _plain(values: Sequence[float]) -> Sequence[Cell]:
    return values


def _times(dtype: pl.DataType) -> Any:
    """How the numbers that a time column is stored as are shown: as the times that they are."""
    stored = pl.Int32 if isinstance(dtype, pl.Date) else pl.Int64

    def shown(values: Sequence[float]) -> Sequence[Cell]:
        return pl.Series([int(v // 1) for v in values], dtype=stored).cast(dtype).to_list()

    return shown


def _counted(column: pl.Series, *, approximate: bool) -> Mapping[str, Any]:
    """The facts of text, truth values and everything nested: how often each value is there."""
    found = counted(column, approximate=approximate)
    return {
        "missing": column.null_count(),
        "distinct": found.distinct,
        "distinct_bound": found.bound,
        "minimum": found.low,
        "maximum": found.high,
        "top": _common(found),
        "entropy": found.entropy,
    }


def _common(found: Counted) -> tuple[Common, ...]:
    return tuple(_pair(_cell(value), count) for value, count in found.top)


def _pair(value: Cell, count: int) -> Common:
    return Common(value=value, count=count)


def _cell(value: Any) -> Cell:
    return value if isinstance(value, str | bool) else value_text(value)
