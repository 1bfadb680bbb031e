"""Owns the days of the tests of ``qoa measure``: a project whose ledger holds a few weeks of published sales."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import polars as pl

from qoa_platform.contracts import read_text
from qoa_platform.ledger import open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.reactions.enacting import enact
from qoa_platform.records import PointerKind, Window
from tests.audit.desk import Clock, Desk, days

ASSET = "shop/sales"
CONTRACT = """\
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: me
runbook: docs/shop.md
subjects:
  sales:
    asset: shop/sales
    partition: day
    event_time: time
    segments: [item]
    promises:
      - {id: complete, metric: data.completeness, columns: [item, amount], must: ">= 50 %"}
      - {id: volume, metric: data.row_count, must: ">= 1 rows"}
      - {id: mean, metric: data.mean, column: amount, must: ">= 0"}
      - {id: known, metric: data.unseen_share, column: item, reference: last 7 partitions, must: "<= 100 %"}
      - {id: unique, metric: data.uniqueness, columns: [amount], must: ">= 0 %"}
      - {id: keys, metric: data.distinct_count, columns: [key], merge: true, must: ">= 0"}
      - {id: fresh, metric: data.timeliness, must: "<= 260 h"}
      - {id: steady, metric: drift.psi, column: amount, reference: first, must: "< 9"}
      - {id: grouped, metric: data.mean, column: amount, by: item, must: ">= 0"}
"""
FIRST, COUNT = "2017-01-01", 59
HELD = "2017-01-11"
"""A later content of this day was measured and held back: it was never published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """The project's folder, and the rows of every day as they are published now."""

    root: Path
    frames: dict[str, pl.DataFrame]

    def between(self, since: str = "", until: str = "9") -> pl.DataFrame:
        """All rows of the days in [since, until), read together."""
        return pl.concat([f for day, f in self.frames.items() if since <= day < until])


def day(name: str, rows: int, seed: int, level: float = 10.0) -> pl.DataFrame:
    """A day's sales; some amounts are missing."""
    draw = random.Random(seed)
    noon = Window.of_partition(name).start + timedelta(hours=12)
    amounts = [None if draw.random() < 0.1 else round(draw.gauss(level, 3), 2) for _ in range(rows)]
    return pl.DataFrame(
        {
            "item": [draw.choice("abc") for _ in range(rows)], "amount": amounts,
            "key": [draw.randrange(200) for _ in range(rows)], "time": [noon] * rows,
        },
        schema={"item": pl.String, "amount": pl.Float64, "key": pl.Int64, "time": pl.Datetime("us", "UTC")},
    )  # fmt: skip


def sold(root: Path, count: int = COUNT) -> Sold:
    """A project with *count* published days: the second month is dearer, one day was repaired, one is missing.

    Of one day a later content was held back.
    """
    from qoa_platform.profiles import Wanted, freeze
    from qoa_platform.records import Batch

    root.mkdir(parents=True)
    (root / "workspace.yaml").write_text("load_from:\n  - python_module: {module_name: nowhere.definitions}\n")
    (root / "contracts").mkdir()
    (root / "contracts" / "shop.yaml").write_text(CONTRACT)
    frames = {
        name: day(name, 40 + n % 7, n, level=10 if n < 31 else 14) for n, name in enumerate(days(FIRST, count))
    }  # fmt: skip
    missing = days(FIRST, count)[5]
    with open_ledger(root / ".qoa" / "ledger.db") as ledger:
        clock = Clock(now=Window.of_partition(FIRST).start)
        contract = read_text(CONTRACT)
        enact(ledger, contract, at=clock.now, wall=clock.now, actor="test")
        desk = Desk(ledger=ledger, contract=contract, clock=clock)
        frozen = freeze(
            frames[FIRST], [Wanted("amount")], name="first", subject=ASSET, window=Window.of_partition(FIRST),
            source=("first",), at=clock.now, wall=clock.now, fine=True,
        )  # fmt: skip
        desk.write(Batch(records=(frozen,)))
        for name, frame in frames.items():
            clock.now = Window.of_partition(name).end + timedelta(hours=6)
            if name != missing:
                desk.publish(ASSET, name, frame)
        repaired = days(FIRST, count)[3]
        frames[repaired] = day(repaired, 90, 999)
        desk.publish(ASSET, repaired, frames[repaired])
        held = desk.judged(ASSET, HELD, day(HELD, 500, 7))
        desk.write(Batch(records=(*held.measurements, *held.states)))
        LedgerClock(ledger).set(clock.now)
        assert ledger.pointer(PointerKind.PUBLISHED, f"{ASSET}|{repaired}") is not None
    del frames[missing]
    return Sold(root=root, frames=frames)


__all__ = ["ASSET", "CONTRACT", "COUNT", "FIRST", "Sold", "day", "replace", "sold"]
