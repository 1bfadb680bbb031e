"""Owns Opened: a source that a scan can read, whole or batch by batch, and what every kind of rows is opened as."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from qoa_platform.scans.arrows import BROKEN, Batch, framed, schema_of
from qoa_platform.scans.columns import Schema
from qoa_platform.scans.paging import pages


class SourceError(ValueError):
    """Data that cannot be read: says what it is and what is allowed."""


class SqlTable(NamedTuple):
    """A table (``shop.sales``) or a query of a database, read in one transaction, streamed.

    *url*: ``postgresql://user@host/database`` (extra ``postgres``), or ``duckdb:///path/to/file.duckdb``. A password in
    it is never printed.
    """

    url: str
    table: str | None = None
    query: str | None = None

    def __repr__(self) -> str:
        return f"SqlTable({self.url.split(':', 1)[0]}: {self.table or 'a query'})"


Read = Callable[[Sequence[str], int], Iterator[Any]]
"""Columns and rows per batch → frames or Arrow batches, of about so many rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A source that can be read: its *schema*, and its rows.

    *frame* where they are held in memory already; else :meth:`batches`, which may be called again where *again* is
    true. *broken* are columns that have no form here, with causes. *data* is what was opened.
    """

    data: Any
    schema: Schema
    read: Read
    frame: pl.DataFrame | None = None
    broken: Mapping[str, str] = field(default_factory=dict)
    again: bool = True
    heeds: bool = True
    """Whether batches are of as many rows as are wanted; else they are as they come."""

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[Batch]:
        """The *columns* of all rows, in their order, some *rows* at a time. Raises SourceError."""
        for part in self._parts(columns, rows):
            match part:
                case Batch():
                    batch = part
                case pl.DataFrame():
                    batch = Batch(part)
                case _:
                    batch = framed(part)
            broken = {**self.broken, **batch.broken}
            nulls = [pl.lit(None, dtype=self.schema[n]).alias(n) for n in broken if n in batch.frame.columns]
            yield Batch(batch.frame.with_columns(nulls) if nulls else batch.frame, broken)

    def _parts(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """What is read. Raises SourceError for whatever keeps it from being read."""
        try:
            yield from self.read(columns, rows)
        except BROKEN as error:
            text = str(error).split("\n", 1)[0]
            raise SourceError(f"the source could not be read: {type(error).__name__}: {text}") from error


def of_frame(frame: pl.DataFrame, data: Any = None, broken: Mapping[str, str] | None = None) -> Opened:
    """A frame that is held in memory."""

    def read(columns: Sequence[str], rows: int) -> Iterator[pl.DataFrame]:
        return frame.select(columns).iter_slices(rows)

    origin = frame if data is None else data
    return Opened(data=origin, schema=dict(frame.schema), read=read, frame=frame, broken=broken or {})


def of_dataset(data: Any) -> Opened:
    """An Arrow dataset: a file, a folder, or several of them. Parquet is decoded as it is read, page by page."""
    import pyarrow.dataset as ds  # noqa: PLC0415 (only where there is one)

    schema, broken = schema_of(data.schema)
    paged = isinstance(data, ds.FileSystemDataset) and isinstance(data.format, ds.ParquetFileFormat)

    def read(columns: Sequence[str], rows: int) -> Iterator[Any]:
        if paged:
            return pages(data, columns, rows)
        return iter(data.scanner(columns=list(columns), batch_size=rows, batch_readahead=1).to_batches())

    return Opened(data=data, schema=schema, broken=broken, read=read)


def of_relation(relation: Any) -> Opened:
    """A DuckDB relation: it is run again whenever it is read."""
    schema, broken = schema_of(relation.limit(0).to_arrow_table().schema)

    def read(columns: Sequence[str], rows: int) -> Iterator[Any]:
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
        return iter(relation.project(names).to_arrow_reader(rows))

    return Opened(data=relation, schema=schema, broken=broken, read=read)
