"""The same data measured again is the same measurement: nothing is refused for the last bits of a float."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from qoa_platform.audit import Candidate, audit
from qoa_platform.contracts import read_text
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.records import Batch, Committed, Measurement, StoredState, Window

CONTRACT = """
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: me
subjects:
  sales:
    asset: shop/sales
    promises:
      - {id: level, metric: data.mean, column: amount, must: "<= 10", by: item}
      - {id: total, metric: data.sum, column: amount, must: "<= 1e9"}
      - {id: enough, metric: data.row_count, must: ">= 1 rows"}
"""
NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
FRAME = pl.DataFrame({"item": ["a", "b", "c"] * 200, "amount": [0.1 * (n % 97) + 1e-9 * n for n in range(600)]})
PARTS = pl.concat([FRAME[:101], FRAME[101:307], FRAME[307:]], rechunk=False)
"""The same rows in other chunks, as they come from a file: sums are taken in another order."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Store]:
    """A fresh ledger."""
    with open_ledger(tmp_path / "ledger.db") as opened:
        yield opened


def published(ledger: Store, frame: pl.DataFrame, minutes: int, window: Window | None = None) -> bool:
    """Audit *frame* that much later, and write what was found; whether the ledger took it."""
    at = NOON + timedelta(minutes=minutes)
    candidate = Candidate(
        asset="shop/sales", partition="all", window=window or Window(start=at, end=at), frame=frame, digest="a" * 64,
        trial=f"t{minutes}", at=at, wall=at,
    )  # fmt: skip
    found = audit(ledger, [read_text(CONTRACT)], candidate)
    assert [v.key.promise for v in found.verdicts if v.key.group is None] == ["level", "total", "enough"]
    done = ledger.commit(Batch(records=(*found.measurements, *found.states, *found.verdicts)))
    return isinstance(done, Committed)


@pytest.mark.parametrize("window", [None, Window.of_partition("2026-01-20")], ids=["whole table", "day"])
def test_data_that_was_measured_before_may_be_published_again(ledger: Store, window: Window | None) -> None:
    """A table that did not change, and the same rows in other chunks: the ledger keeps what was measured first."""
    assert published(ledger, FRAME, 0, window)
    before = len(ledger.find(StoredState)), len(ledger.find(Measurement))
    assert min(before) >= 3
    assert published(ledger, FRAME, 5, window)
    assert published(ledger, PARTS, 10, window)
    states, measured = len(ledger.find(StoredState)), len(ledger.find(Measurement))
    assert states == before[0]
    assert measured == (before[1] if window else 3 * before[1])  # a whole table is measured at another moment
