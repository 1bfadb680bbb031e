"""Owns the benchmark of cost against size: rows 10⁴ … 10⁸, promises 1 … 1000. ``python -m bench.cost``.

Twenty promises over more and more rows like a retailer's, held in memory up to 10⁷ and streamed from 10⁷ on (batches
that are made as they are read, a key that is unique over all of them, 1 GiB of memory); and more and more promises over
200,000 rows. Every point is a process of its own. ``--plot FILE`` draws both as SVG.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from math import log10
from pathlib import Path
from typing import Any

import polars as pl

from bench.checks_peer import PATTERN, PRESENT, RANGES, SETS
from bench.drawing import Line, drawn
from bench.machine import machine
from bench.tables import retail
from bench.timing import Call, timed

HELD = (10_000, 100_000, 1_000_000, 10_000_000)
STREAMED = (10_000_000, 30_000_000, 100_000_000)
PROMISES = (1, 3, 10, 30, 100, 300, 1000)
FEW_ROWS = 200_000
BATCH = 1_000_000
MEMORY = 1 << 30
MOST = 4_000_000
"""Of larger tables so many rows are made and repeated, with other keys: making them takes longer than measuring."""


def checks() -> list[tuple[Any, None]]:
    """Twenty metrics, as twenty promises ask for them."""
    from qoa_platform.metrics.completeness import Completeness
    from qoa_platform.metrics.distribution import Mean
    from qoa_platform.metrics.uniqueness import Uniqueness
    from qoa_platform.metrics.validity import InRange, InSet, Matches

    found: list[Any] = [Completeness(columns=(name,)) for name in PRESENT]
    found += [InRange(columns=(name,), low=low, high=high) for name, (low, high) in RANGES.items()]
    found += [InSet(columns=(name,), values=values) for name, values in SETS.items()]
    found += [Matches(columns=("city",), pattern=PATTERN), Uniqueness(columns=("order_id",)), Mean(columns=("price",))]
    return [(metric, None) for metric in found]


def ranges(count: int) -> list[tuple[Any, None]]:
    """So many different promises, on four columns."""
    from qoa_platform.metrics.validity import InRange

    columns = tuple(RANGES)
    return [(InRange(columns=(columns[i % 4],), low=0, high=1 + i), None) for i in range(count)]


def batches(rows: int) -> Iterator[pl.DataFrame]:
    """The rows in batches, each with keys of its own."""
    base = retail(min(rows, BATCH))
    for begin in range(0, rows, base.height):
        yield base.head(rows - begin).with_columns(pl.col("order_id") + begin)


def held(rows: int) -> Call:
    """A frame in memory."""
    from qoa_platform.scans import measure

    base = retail(min(rows, MOST))
    parts = (base.head(rows - i).with_columns(pl.col("order_id") + i) for i in range(0, rows, base.height))
    frame, wanted = pl.concat(parts).rechunk(), checks()
    return lambda: measure(frame, wanted, missing={})


def streamed(rows: int) -> Call:
    """A reader of batches that nobody holds."""
    import pyarrow as pa

    from qoa_platform.scans import measure

    schema = retail(10).to_arrow().schema

    def run() -> object:
        made = (part for frame in batches(rows) for part in frame.to_arrow().cast(schema).to_batches())
        found = measure(pa.RecordBatchReader.from_batches(schema, made), checks(), missing={}, memory=MEMORY)
        assert all(item.reading.value is not None for item in found.measured), found.report
        return found

    return run


def promised(count: int) -> Call:
    """Many promises over few rows."""
    from qoa_platform.scans import measure

    frame, wanted = retail(FEW_ROWS), ranges(count)
    return lambda: measure(frame, wanted, missing={})


KINDS = {"held": held, "streamed": streamed, "promised": promised}


def point(kind: str, size: int) -> dict[str, Any]:
    """One point, in a process of its own."""
    command = [sys.executable, "-m", "bench.cost", "--point", kind, str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """How the cost grows from the third point from the end to the last: 1 is linear."""
    first = max(len(sizes) - 3, 0)
    return (log10(seconds[-1]) - log10(seconds[first])) / (log10(sizes[-1]) - log10(sizes[first]))


def series(kind: str, sizes: Sequence[int], unit: str) -> Line:
    """The points of a kind, printed as they come; the curve is of processor seconds, which neighbours disturb less."""
    wall: list[float] = []
    used: list[float] = []
    for size in sizes:
        found = point(kind, size)
        wall.append(min(found["seconds"]))
        used.append(found["processor"])
        told = f"{wall[-1] * 1e3:12,.2f} ms, cpu {used[-1] * 1e3:12,.2f} ms, {used[-1] / size * 1e6:10.4f} µs each"
        print(f"  {kind:9}{size:>12,} {unit}: {told}, peak {found['peak']:7,.0f} MB", flush=True)
    if len(sizes) > 1:
        grown = f"{exponent(sizes, wall):.2f}, by processor {exponent(sizes, used):.2f}"
        print(f"  {kind:9}cost grows as size to the power {grown} (aim ≤ 1)", flush=True)
    return Line(name=kind, points=tuple(zip(map(float, sizes), used, strict=True)))


def main() -> int:
    """Print both curves; or, as a child, time one point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="these kinds alone")
    parser.add_argument("--rows", type=int, default=STREAMED[-1], help="no more rows (default 100,000,000)")
    parser.add_argument("--plot", type=Path, help="draw both curves into this SVG file")
    parser.add_argument("--point", nargs=2, metavar=("KIND", "SIZE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.point is not None:
        kind, size = chosen.point[0], int(chosen.point[1])
        print(json.dumps(timed(KINDS[kind](size), 1 if size >= 10**7 and kind == "streamed" else 5)))
        return 0
    print(f"{machine()}\n20 promises over more and more rows; more and more promises over {FEW_ROWS:,} rows")
    known = {"held": HELD, "streamed": STREAMED}
    sizes = {kind: [n for n in known[kind] if n <= chosen.rows] for kind in known if kind in chosen.only}
    lines = [series(kind, fitting, "rows") for kind, fitting in sizes.items() if fitting]
    more = [series("promised", PROMISES, "promises")] if "promised" in chosen.only else []
    if chosen.plot is not None:
        panels = [("rows, 20 promises", lines), (f"promises, {FEW_ROWS:,} rows", more)]
        chosen.plot.write_text(drawn([panel for panel in panels if panel[1]]), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
