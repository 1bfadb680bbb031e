"""Owns pages: the rows of Parquet files in pieces, of which none is held longer than it is read."""

from collections.abc import Iterator, Sequence
from typing import Any

BUFFER = 1 << 20
"""Bytes of a column that are read ahead."""


def pages(dataset: Any, columns: Sequence[str], rows: int) -> Iterator[Any]:
    """The *columns* of a Parquet dataset, some *rows* at a time, with the types of its schema.

    A scanner of Arrow holds several row groups at once, which makes memory a matter of how a file was written: some 600
    MB for row groups of 100 MB. Read page by page by one thread, the same file takes 40 MB, and less time.
    """
    import pyarrow.dataset as ds  # noqa: PLC0415 (only where there is one)
    import pyarrow.parquet as pq  # noqa: PLC0415

    for fragment in dataset.get_fragments():
        constant = ds.get_partition_keys(fragment.partition_expression)
        with dataset.filesystem.open_input_file(fragment.path) as content:
            file = pq.ParquetFile(content, buffer_size=BUFFER, pre_buffer=False)
            stored = set(file.schema_arrow.names)
            own = [name for name in columns if name in stored and name not in constant]
            for batch in file.iter_batches(rows, columns=own, use_threads=False):
                yield _completed(batch, columns, dataset.schema, constant)


def _completed(batch: Any, columns: Sequence[str], schema: Any, constant: dict[str, Any]) -> Any:
    """A batch with all *columns*: those of the folders' names, and nulls for what the file lacks."""
    import pyarrow as pa  # noqa: PLC0415

    found = []
    for name in columns:
        dtype = schema.field(name).type
        if name in batch.schema.names:
            found.append(batch.column(name).cast(dtype))
        else:
            found.append(pa.repeat(pa.scalar(constant.get(name), dtype), batch.num_rows))
    return pa.RecordBatch.from_arrays(found, names=list(columns))
