"""Owns scans on Ray: the kernel as a task per partition, states merged by a tree of tasks, keys counted by hash."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from qoa_platform.records import Ask
from qoa_platform.scans.besides import Beside
from qoa_platform.scans.distributing import (
    ROW,
    Work,
    frame_of,
    frames,
    key_answers,
    key_rows,
    keys_counted,
)
from qoa_platform.scans.kernel import Answers
from qoa_platform.scans.normalising import Missing
from qoa_platform.scans.queries import NONE, Failure

FAN = 8
"""So many rows of states one task merges."""
BUCKETS = 16
"""Among so many tasks the keys are shared out, by the first bits of their hash."""


def answers_on_ray(
    data: Any, asks: Iterable[Ask], *, missing: Missing, beside: Beside = NONE, empty: pl.DataFrame | None = None
) -> tuple[Answers, int]:
    """The answers to *asks* over a Ray Dataset, or over partitions (frames, Arrow tables), and the rows that were read.

    They equal the local kernel's (floats up to rounding, sketches within their bound). Uniqueness is exact: keys are
    shared out by hash. Quantiles and whole rows fail with a cause. *empty* is a frame with the columns and no row,
    where they are known. Starts Ray on this machine where it does not run.
    """
    import ray  # noqa: PLC0415 (an extra)

    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)
    references = _references(ray, data)
    if empty is None:
        empty = frame_of(ray.get(references[0]).schema.empty_table()) if references else pl.DataFrame()
    work = Work.of(asks, empty, missing, beside)
    held = ray.put(work)
    mapped, merge = _task(ray, _mapped), _task(ray, _merged)
    rows = [mapped.remote(held, reference) for reference in references]
    while len(rows) > FAN:
        rows = [merge.remote(held, *rows[k : k + FAN]) for k in range(0, len(rows), FAN)]
    collected = [row for row in ray.get(rows) if row.num_rows]
    whole = pa.Table.from_batches(collected or [work.row([empty])], schema=ROW)
    found, read = work.answers_of(whole)
    return {**found, **_keys(ray, work, held, references), **work.failed}, read


def _references(ray: Any, data: Any) -> Sequence[Any]:
    """The partitions of *data* as references to Arrow tables: none is held here."""
    if isinstance(data, ray.data.Dataset):
        found: Sequence[Any] = data.to_arrow_refs()
        return found
    return [ray.put(part.to_arrow() if isinstance(part, pl.DataFrame) else part) for part in data]


def _task(ray: Any, function: Callable[..., Any], **options: Any) -> Any:
    return ray.remote(**options)(function) if options else ray.remote(function)


def _mapped(work: Work, table: pa.Table) -> pa.RecordBatch:
    """One partition as a row of states; one without rows as none."""
    chosen = work.columns
    table = table.select(chosen) if chosen else table
    return work.row(frames(table.to_batches())) if table.num_rows else pa.RecordBatch.from_pylist([], schema=ROW)


def _merged(work: Work, *rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of states as one."""
    kept = [row for row in rows if row.num_rows]
    return work.merge(pa.Table.from_batches(kept)) if kept else rows[0]


def _keys(ray: Any, work: Work, held: Any, references: Sequence[Any]) -> Answers:
    """Keys go to the bucket of their hash; each bucket counts what is distinct in it, and counts add up."""
    if not work.keys:
        return {}
    share = _task(ray, _shared_out, num_returns=BUCKETS)
    shared = [share.remote(held, reference) for reference in references]
    count = _task(ray, _bucket)
    try:
        buckets = ray.get([count.remote(*(parts[k] for parts in shared)) for k in range(BUCKETS)] if shared else [])
    except ray.exceptions.RayError as error:
        cause = str(error).strip().rsplit("\n", 1)[-1]
        return {ask: Failure(cause) for ask in work.keys}
    return key_answers(work.keys, pl.concat(buckets) if buckets else keys_counted(key_rows_of([])))


def key_rows_of(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Tables of keys as one."""
    return pl.concat([key_rows(pl.DataFrame(), [], {}), *parts])


def _shared_out(work: Work, table: pa.Table) -> Iterator[pl.DataFrame]:
    chosen = work.columns
    keys = key_rows(frame_of(table.select(chosen) if chosen else table), work.keys, work.missing)
    bucket = pl.col("high").reinterpret(signed=False) // ((1 << 64) // BUCKETS)
    return tuple(keys.filter(bucket == k) for k in range(BUCKETS))  # type: ignore[return-value]


def _bucket(*parts: pl.DataFrame) -> pl.DataFrame:
    return keys_counted(key_rows_of(parts))
