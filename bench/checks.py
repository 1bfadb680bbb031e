"""Owns the benchmark of twenty checks: ours, one bare Polars select and anti-join, peers. ``python -m bench.checks``.

Over a table like a retailer's (generated) in memory; every engine in processes of its own, reading and importing not
counted. Peers that are slow are given fewer rows, and are compared per row.
"""

import sys

from bench.peers import OURS, run
from bench.sides import Side, compare, options
from bench.tables import ROWS, kept

SIDES = (
    Side("qoa", OURS, note="20"),
    Side("qoa-19", OURS, note="without the foreign key, as the peers below"),
    Side("polars", OURS, aim=1 / 1.15, memory=True, note="the floor: 19 in one select, and an anti-join"),
    Side("polars-19", OURS, note="the floor without the foreign key", against="qoa-19"),
    Side("pandera-polars", OURS, note="18: it allows any or no missing cells, not some", against="qoa-19"),
    Side("pandera-pandas", OURS, note="18", against="qoa-19"),
    Side("soda", "soda", aim=3.5, note="19, on a DuckDB table in memory", against="qoa-19"),
    Side(
        "great-expectations",
        "great-expectations",
        share=0.2,
        aim=25,
        note="19, on pandas, BOOLEAN_ONLY",
        against="qoa-19",
    ),
)


def main() -> int:
    """Compare."""
    chosen = options(__doc__, SIDES, ROWS)
    return compare(
        f"20 checks of {chosen.rows:,} rows × 12 columns", SIDES, chosen,
        lambda side, rows, repeat: run(side.environment, "checks_peer", side.name, rows, repeat, kept("retail", rows)),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
