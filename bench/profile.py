"""Owns the benchmark of a data set's summary: ours, the best hand-written Polars, peers. ``python -m bench.profile``.

A table like a retailer's (12 columns, generated) in memory; every engine in processes of its own, reading and importing
not counted. Peers that take minutes for 5 million rows are given fewer, and are compared per row.
"""

import sys

from bench.peers import OURS, run
from bench.sides import Side, compare, options
from bench.tables import ROWS, kept

SIDES = (
    Side("qoa", OURS),
    Side("polars", OURS, aim=1 / 1.15, memory=True, note="the floor: written by hand"),
    Side("duckdb", OURS, note="SUMMARIZE, approximate distinct"),
    Side("whylogs", "whylogs", share=0.2, aim=60, note="sketches"),
    Side("evidently", "evidently", share=0.1, aim=60),
    Side("ydata", "ydata-profiling", share=0.1, note="minimal, no HTML"),
)


def main() -> int:
    """Compare."""
    chosen = options(__doc__, SIDES, ROWS)
    return compare(
        f"summary of {chosen.rows:,} rows × 12 columns", SIDES, chosen,
        lambda side, rows, repeat: run(side.environment, "profile_peer", side.name, rows, repeat, kept("retail", rows)),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
