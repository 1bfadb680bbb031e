"""Owns Arrow as Polars: record batches column by column, so that one without a form here breaks alone."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from qoa_platform.scans.columns import Schema

BROKEN = (Exception, pl.exceptions.PanicException)
"""What a column of a type that is not known can raise: a panic of the engine is no Exception."""
NO_FORM = "has no form in a scan. Allowed: numbers, text, booleans, dates, times, and lists of them"


class Batch(NamedTuple):
    """Some rows, and the columns that are *broken* in them (which stand there as nulls), each with its cause."""

    frame: pl.DataFrame
    broken: Mapping[str, str] = {}


def framed(data: Any) -> Batch:
    """An Arrow Table or RecordBatch as a frame."""
    try:
        found = pl.from_arrow(data)
    except BROKEN:
        return _by_column(data)
    assert isinstance(found, pl.DataFrame)  # noqa: S101 (tables become frames)
    return _by_column(data) if any(isinstance(dtype, pl.Extension) for dtype in found.dtypes) else Batch(found)


def _by_column(data: Any) -> Batch:
    found: list[pl.Series] = []
    broken: dict[str, str] = {}
    for name in data.schema.names:
        column = data.column(name)
        try:
            series = pl.Series(name, column)
            if isinstance(series.dtype, pl.Extension):
                series = series.ext.storage()
        except BROKEN as error:
            text = str(error).split("\n", 1)[0]
            broken[name] = f"column {name!r} is {column.type}, which {NO_FORM}: {text}"
            series = pl.Series(name, [None] * len(column), dtype=pl.Null)
        found.append(series)
    return Batch(pl.DataFrame(found), broken)


def schema_of(schema: Any) -> tuple[Schema, Mapping[str, str]]:
    """The types of an Arrow schema here, and the columns that have none, with causes."""
    batch = framed(schema.empty_table())
    return dict(batch.frame.schema), batch.broken
