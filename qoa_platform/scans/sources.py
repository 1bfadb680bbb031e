"""Owns sources: what kind of thing holds rows, and how it is opened."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any

import polars as pl

from qoa_platform.scans.arrows import BROKEN, Batch, framed, schema_of
from qoa_platform.scans.opening import Opened, SourceError, SqlTable, of_dataset, of_frame, of_relation


@contextmanager
def opened(data: Any) -> Iterator[Opened]:
    """*data* as rows that a scan can read; what was opened for it is closed at the end.

    A Polars DataFrame or LazyFrame, a pandas DataFrame, an Arrow Table, RecordBatch, RecordBatchReader or Dataset, a
    narwhals frame, a DuckDB relation, a Ray Dataset, a Spark DataFrame, a path or URL of a Parquet or CSV file or of a
    folder of them (hive-partitioned too; any file system that fsspec knows), or a :class:`SqlTable`. Types mean the
    same from all of them: text is text however it is stored, a category its text, times are moments (µs or ns), a
    pandas object what it holds. Raises
    SourceError.

    >>> with opened(pl.DataFrame({"x": [1]}).lazy()) as source:
    ...     source.schema["x"], [batch.frame.height for batch in source.batches(["x"], 10)]
    (Int64, [1])
    """
    match data:
        case Opened():
            yield data
        case pl.DataFrame():
            yield of_frame(data)
        case pl.LazyFrame():
            yield _of_lazy(data)
        case SqlTable():
            from qoa_platform.scans.tables import opened_table  # noqa: PLC0415 (only where there is a database)

            with opened_table(data) as found:
                yield found
        case str() | PathLike():
            from qoa_platform.scans.files import opened_path  # noqa: PLC0415 (PyArrow and fsspec are slow to import)

            yield opened_path(fspath(data))
        case _ if _home(data) == "narwhals":
            import narwhals  # noqa: PLC0415 (only where a narwhals frame is handed in)

            with opened(narwhals.to_native(data)) as found:
                yield found
        case _:
            yield _foreign(data)


def _home(data: Any) -> str:
    """The library that the type of *data* comes from, which is not imported for it."""
    return type(data).__module__.split(".", 1)[0].lstrip("_")


def _of_lazy(lazy: pl.LazyFrame) -> Opened:
    def read(columns: Sequence[str], rows: int) -> Iterator[pl.DataFrame]:
        return iter(lazy.select(columns).collect_batches(chunk_size=rows, lazy=True, engine="streaming"))

    return Opened(data=lazy, schema=dict(lazy.collect_schema()), read=read)


def _foreign(data: Any) -> Opened:
    """Frames of other libraries, which are known by where their type comes from."""
    match _home(data):
        case "pandas" if hasattr(data, "columns"):
            return _of_pandas(data)
        case "pyarrow":
            return _of_arrow(data)
        case "duckdb" if hasattr(data, "to_arrow_reader"):
            return of_relation(data)
        case "pyspark":
            return _of_spark(data)
        case "ray" if hasattr(data, "iter_batches"):
            return _of_ray(data)
        case _:
            raise SourceError(
                f"{type(data).__module__}.{type(data).__name__} holds no rows that are known here. Allowed: a Polars, "
                "pandas or narwhals frame, an Arrow table, reader or dataset, a DuckDB relation, a path or URL of "
                "Parquet or CSV, SqlTable"
            )


def _of_spark(data: Any) -> Opened:
    """A Spark DataFrame, whose rows are handed over partition by partition where they are read here."""
    schema, broken = schema_of(data.limit(0).toArrow().schema)

    def read(columns: Sequence[str], rows: int) -> Iterator[Any]:
        chosen = data.select(*("`" + name.replace("`", "``") + "`" for name in columns))
        return iter(chosen.toArrow().to_batches(max_chunksize=rows))

    return Opened(data=data, schema=schema, broken=broken, read=read)


def _of_ray(data: Any) -> Opened:
    """A Ray Dataset, whose blocks are handed over where they are read here."""
    first = next(iter(data.limit(1).iter_batches(batch_format="pyarrow")), None)
    schema, broken = schema_of(first.schema) if first is not None else ({}, {})

    def read(columns: Sequence[str], rows: int) -> Iterator[Any]:
        found = data.select_columns(list(columns)).iter_batches(batch_size=rows, batch_format="pyarrow")
        return (batch for table in found for batch in table.to_batches())

    return Opened(data=data, schema=schema, broken=broken, read=read)


def _of_pandas(data: Any) -> Opened:
    names = [str(name) for name in data.columns]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise SourceError(f"columns {repeated[:5]} stand in the frame more than once. Allowed: every name once")
    batch = framed_pandas(data, names)
    return of_frame(batch.frame, data, batch.broken)


def framed_pandas(data: Any, names: Sequence[str]) -> Batch:
    """A pandas frame column by column: one that Arrow has no type for is broken, and it alone."""
    found: list[pl.Series] = []
    broken: dict[str, str] = {}
    for place, name in enumerate(names):
        column = data.iloc[:, place]
        try:
            series = pl.from_pandas(column, nan_to_null=False)
            if isinstance(series.dtype, pl.Extension):
                series = pl.from_pandas(column.astype("str"), nan_to_null=False).set(series.is_null(), None)
        except BROKEN as error:
            series = pl.Series([None] * len(data), dtype=pl.Null)
            text = str(error).split("\n", 1)[0]
            broken[name] = f"column {name!r} ({column.dtype}) holds no one type of value: {text}"
        found.append(series.alias(name))
    return Batch(pl.DataFrame(found), broken)


def _of_arrow(data: Any) -> Opened:
    import pyarrow as pa  # noqa: PLC0415 (only where Arrow is handed in)
    import pyarrow.dataset as ds  # noqa: PLC0415

    match data:
        case pa.RecordBatch() | pa.Table():
            batch = framed(data)
            return of_frame(batch.frame, data, batch.broken)
        case pa.RecordBatchReader():
            return _of_reader(data)
        case ds.Dataset():
            return of_dataset(data)
        case _:
            raise SourceError(f"a {type(data).__name__} of Arrow. Allowed: Table, RecordBatch, reader, Dataset")


def _of_reader(reader: Any) -> Opened:
    schema, broken = schema_of(reader.schema)

    def read(columns: Sequence[str], rows: int) -> Iterator[Any]:  # noqa: ARG001 (its batches are as they are)
        return (batch.select(list(columns)) for batch in reader)

    return Opened(data=reader, schema=schema, broken=broken, read=read, again=False)
