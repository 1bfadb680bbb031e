"""Owns scans on Spark: the kernel in mapInArrow, rows of states merged level by level, keys counted by a groupBy."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pyarrow as pa

from qoa_platform.records import Ask
from qoa_platform.scans.besides import Beside
from qoa_platform.scans.distributing import ROW, Work, frame_of, frames, key_answers, key_rows
from qoa_platform.scans.kernel import Answers
from qoa_platform.scans.normalising import Missing
from qoa_platform.scans.queries import NONE, Failure

FAN = 8
"""So many rows of states are merged by one task."""
ROW_SQL = "states array<binary>, causes array<string>, rows bigint"
KEYS_SQL = "ask int, `group` string, high bigint, low bigint, n bigint"


def answers_on_spark(data: Any, asks: Iterable[Ask], *, missing: Missing, beside: Beside = NONE) -> tuple[Answers, int]:
    """The answers to *asks* over a Spark DataFrame, and the rows that were read.

    They equal the local kernel's (floats up to rounding, sketches within their bound). Uniqueness is exact: keys are
    grouped by their stable hash. Quantiles and whole rows fail with a cause. The workers import this package.
    """
    empty = frame_of(data.limit(0).toArrow())
    work = Work.of(asks, empty, missing, beside)
    columns = work.columns
    chosen = data.select(*(_quoted(name) for name in columns or empty.columns[:1])) if columns is not None else data
    rows = chosen.mapInArrow(_mapped(work), ROW_SQL)
    parts = chosen.rdd.getNumPartitions() if hasattr(chosen, "rdd") else FAN * FAN
    while parts > FAN:
        parts = -(-parts // FAN)
        rows = rows.repartition(parts).mapInArrow(_merged(work), ROW_SQL)
    collected = rows.toArrow().cast(ROW)
    found, read = work.answers_of(collected if collected.num_rows else pa.Table.from_batches([work.row([empty])]))
    return {**found, **_keys(work, chosen), **work.failed}, read


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _mapped(work: Work) -> Any:
    def mapper(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        full = frames(batch for batch in batches if batch.num_rows)
        first = next(full, None)
        if first is not None:
            yield work.row(chain([first], full))

    return mapper


def _merged(work: Work) -> Any:
    def merger(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = [batch for batch in batches if batch.num_rows]
        if rows:
            yield work.merge(pa.Table.from_batches(rows))

    return merger


def _keys(work: Work, data: Any) -> Answers:
    """The distinct hashes of each partition, grouped by Spark; then counted per ask and group."""
    if not work.keys:
        return {}
    from pyspark.sql import functions as f  # noqa: PLC0415 (an extra)

    def mapper(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for frame in frames(batches):
            yield from key_rows(frame, work.keys, work.missing).to_arrow().cast(_KEYS).to_batches()

    keys = data.mapInArrow(mapper, KEYS_SQL).groupBy("ask", "group", "high", "low").agg(f.sum("n").alias("n"))
    one, some = f.col("n") == 1, f.col("n") > 0
    counts = keys.groupBy("ask", "group").agg(
        f.sum("n").alias("rows"), f.count(f.when(some, 1)).alias("distinct"), f.count(f.when(one, 1)).alias("once")
    )
    try:
        found = frame_of(counts.toArrow())
    except Exception as error:  # noqa: BLE001 (whatever the cluster says)
        return {ask: Failure(str(error).strip().split("\n", 1)[0]) for ask in work.keys}
    return key_answers(work.keys, found)


_KEYS = pa.schema([
    ("ask", pa.int32()), ("group", pa.string()), ("high", pa.int64()), ("low", pa.int64()), ("n", pa.int64()),
])  # fmt: skip
