"""Owns what may be handed in as data: whatever a scan can open, or columns by name, as one Polars frame."""

from typing import Any

import polars as pl

from qoa_platform.scans.opening import SourceError
from qoa_platform.scans.sources import opened

ROWS = 1 << 18
"""So many rows of a file are read at a time."""


def framed(data: Any) -> pl.DataFrame:
    """*data* as a Polars frame: what ``scans.sources.opened`` opens (frames, Arrow, DuckDB, paths, URLs), or columns.

    A column of a type that has no form here is left out: whatever is asked of it says that it is not there.

    >>> framed({"a": [1, 2]}).shape
    (2, 1)

    Raises SourceError for anything else.
    """
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, dict):
        try:
            return pl.DataFrame(data)
        except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
            raise SourceError(f"the columns {', '.join(map(str, data))[:200]} are no table: {error}") from error
    with opened(data) as source:
        if source.frame is not None:
            return source.frame.drop(source.broken)
        good = [name for name in source.schema if name not in source.broken]
        batches = [batch.frame for batch in source.batches(good, ROWS)]
        return pl.concat(batches, how="vertical_relaxed") if batches else pl.DataFrame(schema=source.schema)
