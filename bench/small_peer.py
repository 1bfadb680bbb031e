"""Owns the sides of the small benchmark: a partition of few rows under twenty promises, day after day.

Every side is ready before the clock starts (the contract is read, the schema is built), and two hundred
partitions of one shape, fifty of them different, are judged one after the other: what is timed is the steady state.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from bench.checks_peer import PATTERN, PRESENT, RANGES, SETS, nineteen, schema
from bench.timing import Call, tell

FRAMES = 50
CALLS = 200
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def contract() -> dict[str, Any]:
    """Twenty promises, as a contract says them: 11 present, 4 ranges, 2 sets, a pattern, a key, a mean."""
    promises: list[dict[str, Any]] = [
        {"id": f"present {name}", "metric": "data.completeness", "column": name, "must": ">= 80 %"} for name in PRESENT
    ]
    promises += [
        {"id": f"range {name}", "metric": "data.in_range", "column": name, "low": low, "high": high, "must": ">= 99 %"}
        for name, (low, high) in RANGES.items()
    ]
    promises += [
        {"id": f"set {name}", "metric": "data.in_set", "column": name, "values": list(values), "must": ">= 99 %"}
        for name, values in SETS.items()
    ]
    promises += [
        {"id": "pattern", "metric": "data.matches", "column": "city", "pattern": PATTERN, "must": ">= 99 %"},
        {"id": "key", "metric": "data.uniqueness", "columns": ["order_id"], "must": ">= 100 %"},
        {"id": "level", "metric": "data.mean", "column": "price", "must": "<= 100"},
    ]
    subject = {"asset": "shop/orders", "promises": [{**p, "id": p["id"].replace(" ", "_")} for p in promises]}
    return {
        "apiVersion": "qoa/v1", "kind": "QualityContract", "name": "small", "version": 1, "owner": "bench",
        "subjects": {"orders": subject},
    }  # fmt: skip


def frames(rows: str, *, clean: bool = True) -> Iterator[Any]:
    """Partitions of one shape, for ever. *clean*: no cell is missing."""
    import polars as pl

    from bench.tables import retail

    made = (retail(int(rows), seed) for seed in range(FRAMES))
    return cycle([frame.with_columns(pl.col("quantity", "weight").fill_null(1)) if clean else frame for frame in made])


def many(one: Callable[[Any], object], supply: Iterator[Any]) -> Call:
    """So many calls, each on the next partition; a first one is not counted."""
    one(next(supply))

    def run() -> object:
        for _ in range(CALLS):
            one(next(supply))
        return None

    return run


def judged(rows: str) -> Call:
    """``api.judge``: measured, judged, twenty verdicts as records."""
    from qoa_platform.api import prepare

    ready = prepare(contract())

    def one(frame: Any) -> object:
        found = ready.judge(frame, window=NOW.date(), now=NOW)
        assert len(found) == 20
        return found

    return many(one, frames(rows))


def flagging(rows: str) -> Call:
    """The same where cells are missing: the promises hold, and cells at fault are counted, ten rows of each listed."""
    from qoa_platform.api import prepare

    ready = prepare(contract())

    def one(frame: Any) -> object:
        ready.judge(frame, window=NOW.date(), now=NOW)
        return ready.flags(frame, window=NOW.date(), now=NOW, limit=10)

    return many(one, frames(rows, clean=False))


def measured(rows: str) -> Call:
    """``scans.measure`` alone: twenty readings."""
    from qoa_platform.contracts import read_text
    from qoa_platform.metrics import build
    from qoa_platform.scans import measure

    (subject,) = read_text(json.dumps(contract())).subjects
    wanted: Any = [(metric, None) for promise in subject.promises for metric in build(promise, subject)]
    return many(lambda frame: measure(frame, wanted, missing={}), frames(rows))


def floor(rows: str) -> Call:
    """One lazy Polars select of the same twenty, written by hand, built once."""
    import polars as pl

    exprs = [*nineteen(pl), pl.col("price").mean().alias("mean")]
    return many(lambda frame: frame.lazy().select(exprs).collect(), frames(rows))


def pandera_polars(rows: str) -> Call:
    """Pandera on Polars."""
    import pandera.polars as pa

    made = schema(pa)
    return many(lambda frame: made.validate(frame, lazy=True), frames(rows))


def pandera_pandas(rows: str) -> Call:
    """Pandera on pandas."""
    import pandera.pandas as pa

    made, found = schema(pa), frames(rows)
    return many(lambda frame: made.validate(frame, lazy=True), cycle([next(found).to_pandas() for _ in range(FRAMES)]))


ENGINES = {
    "qoa": judged, "qoa-flagged": flagging, "qoa-scan": measured, "polars": floor,
    "pandera-polars": pandera_polars, "pandera-pandas": pandera_pandas,
}  # fmt: skip
PACKAGES = {
    "qoa": "qoa-platform", "qoa-flagged": "qoa-platform", "qoa-scan": "qoa-platform",
    "pandera-polars": "pandera", "pandera-pandas": "pandera",
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(tell(ENGINES, PACKAGES))
