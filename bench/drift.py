"""Owns the benchmark of drift: ours, the floor on stored edges, peers that read both sides. ``python -m bench.drift``.

A million new rows against a million old ones, 10 numeric and 4 categorical columns (generated; half of them drift), in
memory; every engine in processes of its own, reading and importing not counted. Slow peers are given fewer rows (of
both sides), and are compared per row.
"""

import sys

from bench.peers import OURS, run
from bench.sides import Side, compare, options
from bench.tables import kept

ROWS = 1_000_000
SIDES = (
    Side("qoa", OURS, note="PSI, JS, Hellinger, TVD, L∞ of 14 columns"),
    Side("polars", OURS, aim=1 / 1.15, memory=True, note="the floor: counts alone, written by hand"),
    Side("scipy-ks", OURS, note="one numeric column, exact KS"),
    Side("frouros", "frouros", note="PSI of the 10 numeric columns"),
    Side("nannyml", "nannyml", share=0.1, note="KS and JS of 14 columns, fitted before"),
    Side("evidently", "evidently", share=0.2, aim=400, note="the drift preset with PSI"),
)


def main() -> int:
    """Compare."""
    chosen = options(__doc__, SIDES, ROWS)
    return compare(
        f"drift of {chosen.rows:,} rows × 14 columns against as many", SIDES, chosen,
        lambda side, rows, repeat: run(
            side.environment, "drift_peer", side.name, rows, repeat, kept("reference", rows), kept("current", rows)
        ),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
