"""Owns the trial of bounded memory: a retail-like Parquet file of any size, and a child process that measures it."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

GROUP = 1 << 19
"""Rows of a row group."""


def part(first: int, rows: int) -> pl.DataFrame:
    """So many rows of twelve columns, the keys from *first* on; one key in a million rows is repeated."""
    draw = np.random.default_rng(first)
    numbers = np.arange(first, first + rows)
    numbers[numbers % 1_000_003 == 1] -= 1
    kinds = pl.Series([f"department {k:02d} of the northern market hall" for k in range(40)])
    notes = pl.Series(
        [f"sold with coupon {k:05d} at the counter, paid in full by card or in cash" for k in range(5_000)]
    )
    when = pl.Series(draw.integers(0, 86_400 * 365, rows) * 1_000_000 + 1_483_228_800_000_000)
    return pl.DataFrame(
        {
            "basket": pl.Series(numbers).cast(pl.String).str.zfill(14),
            "household": pl.Series(draw.integers(0, 2_500, rows), dtype=pl.Int32),
            "store": pl.Series(draw.integers(1, 400, rows), dtype=pl.Int32),
            "product": pl.Series(draw.integers(0, 90_000, rows), dtype=pl.Int64),
            "department": kinds.gather(draw.integers(0, 40, rows)),
            "note": notes.gather(draw.integers(0, 5_000, rows)),
            "brand": pl.Series(["national", "private"]).gather(draw.integers(0, 2, rows)),
            "quantity": pl.Series(draw.integers(1, 9, rows), dtype=pl.Int64),
            "sales": np.round(draw.gamma(1.5, 2.0, rows), 2),
            "discount": np.where(draw.random(rows) < 0.7, 0.0, np.round(draw.random(rows), 2)),
            "coupon": pl.Series(np.where(draw.random(rows) < 0.95, np.nan, draw.random(rows)), nan_to_null=True),
            "time": when.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        }
    )


def written(path: Path, size: int) -> tuple[int, int]:
    """A file of at least *size* bytes as they stand in memory: rows and bytes."""
    import pyarrow.parquet as pq

    rows = weight = 0
    head = part(0, 1).to_arrow()
    with pq.ParquetWriter(path, head.schema, compression="zstd") as file:
        while weight < size:
            frame = part(rows, GROUP)
            file.write_table(frame.to_arrow().cast(head.schema))
            rows, weight = rows + GROUP, weight + int(frame.estimated_size())
    return rows, weight


def wanted() -> list[tuple[Any, None]]:
    """All that is asked: completeness of every column, ranges, sets, patterns, moments, quantiles, two keys, groups."""
    from qoa_platform.metrics.completeness import Completeness
    from qoa_platform.metrics.distribution import Max, Mean, Min, Std
    from qoa_platform.metrics.uniqueness import DistinctCount, Uniqueness
    from qoa_platform.metrics.validity import InRange, InSet, Matches, PassRate
    from qoa_platform.metrics.volume import RowCount
    from tests.scans.probing import Exact

    columns = part(0, 1).columns
    metrics = [
        RowCount(), *(Completeness(columns=(c,)) for c in columns),
        *(kind(columns=(c,)) for kind in (Mean, Std, Min, Max) for c in ("quantity", "sales", "discount", "coupon")),
        *(InRange(columns=(c,), low=0.0, high=50.0) for c in ("quantity", "sales", "discount", "coupon")),
        InSet(columns=("brand",), values=("national", "private")), Matches(columns=("basket",), pattern="^[0-9]{14}$"),
        PassRate(columns=("sales", "discount"), expr="col('sales') + 1 >= col('discount')"),
        Mean(columns=("sales",), by=("department",)), Completeness(columns=("coupon",), by=("store",)),
        *(Exact(column=c, q=q) for c in ("sales", "coupon") for q in (0.01, 0.5, 0.99)),
        Uniqueness(columns=("basket",)), DistinctCount(columns=("product",)),
    ]  # fmt: skip
    return [(metric, None) for metric in metrics]


def resident() -> int:
    """The most memory that this process had in use so far, in bytes (``VmHWM``)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def main(path: str, memory: int) -> None:
    """Measure the file within *memory*, and print what it took."""
    from qoa_platform.scans import measure, opened

    asked = wanted()
    measure(part(0, 100), asked, missing={})  # whatever is imported late is imported now
    with opened(path) as source:
        next(source.batches(["basket"], 10))
    bare = resident()
    scan = measure(path, asked, missing={}, memory=memory, clock=time.perf_counter, resident=resident)
    report = scan.report
    readings = {f"{m.metric.id} {m.metric.params}": m.reading.value for m in scan.measured if m.group is None}
    print(json.dumps({
        "bare": bare, "peak": report.resident, "rows": report.rows, "batches": report.batches, "reads": report.reads,
        "spilled": report.spilled, "seconds": report.seconds, "failed": report.failed, "readings": readings,
        "text": str(report).splitlines()[:2],
    }))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
