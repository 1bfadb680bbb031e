"""Owns the benchmark of small partitions: 100 rows under 20 promises, steady state. ``python -m bench.small``.

Measured and judged by ``api.judge`` against pandera's validation of the same checks, and one lazy Polars select.
"""

import sys
from dataclasses import replace

from bench.peers import OURS, Run, run
from bench.sides import Side, compare, options
from bench.small_peer import CALLS

AIM = 1.5e-3
SIDES = (
    Side("qoa", OURS, note="measured and judged, aim ≤ 1.5 ms"),
    Side("qoa-scan", OURS, note="measured alone"),
    Side("qoa-flagged", OURS, note="judged, cells missing, and ten rows of each promise flagged"),
    Side("polars", OURS, note="one lazy select, written by hand, built once"),
    Side("pandera-polars", OURS, note="18: without the mean, and any cell of one column may be missing"),
    Side("pandera-pandas", OURS, note="18"),
)


def one(side: Side, rows: int, repeat: int) -> Run:
    """The seconds of one partition, of so many in a row."""
    found = run(side.environment, "small_peer", side.name, rows, repeat, rows)
    return replace(found, seconds=tuple(s / CALLS for s in found.seconds), processor=found.processor / CALLS)


def main() -> int:
    """Compare."""
    chosen = options(__doc__, SIDES, 100)
    return compare(f"20 promises of {chosen.rows:,} rows × 12 columns, {CALLS} partitions a call", SIDES, chosen, one)


if __name__ == "__main__":
    sys.exit(main())
