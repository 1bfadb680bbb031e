"""Tests of a lasting shift that a person called the new normal: reported once, then usual, and watched again."""

from datetime import date, timedelta
from random import Random

import polars as pl
import pytest

from qoa_platform.ledger import Store
from qoa_platform.records import Batch, Committed, Move, PointerKind, Verdict
from tests.audit.desk import NOW, Desk

SUBJECTS = """\
  sales:
    asset: shop/sales
    expected: daily
    promises:
      - {id: volume, metric: data.row_count, must: usual}
"""
FIRST = date(2017, 3, 1)


def published(desk: Desk, days: range, level: int) -> list[Verdict]:
    """The verdicts of *days* of about *level* rows each, every one published."""
    rng = Random(days.start)
    found: list[Verdict] = []
    for day in days:
        frame = pl.DataFrame({"x": range(level + rng.randint(-3, 3))})
        partition = (FIRST + timedelta(days=day)).isoformat()
        found += desk.publish("shop/sales", partition, frame).verdicts
    return found


def renewed(desk: Desk, day: int) -> None:
    """A person calls what began on *day* the new normal."""
    key = f"shop/sales|{(FIRST + timedelta(days=day)).isoformat()}"
    move = Move(
        kind=PointerKind.NORMAL, key=key, value="ada", expected=0, verb="new normal", actor="ada", reason="sold",
        at=NOW, wall=NOW,
    )  # fmt: skip
    assert isinstance(desk.ledger.commit(Batch(moves=(move,))), Committed)


@pytest.mark.parametrize("accepted", [True, False])
def test_a_shift_that_was_accepted_is_usual_at_once(ledger: Store, *, accepted: bool) -> None:
    """The day of the shift is violated; accepted, the next days are satisfied and judged on the new level."""
    desk = Desk.of(ledger, SUBJECTS)
    quiet = published(desk, range(60), 100)
    assert not [v for v in quiet if v.violated]
    (first,) = published(desk, range(60, 61), 160)
    assert first.violated
    if accepted:
        renewed(desk, 60)
    after = published(desk, range(61, 64), 160)
    assert [v.violated for v in after] == [not accepted] * 3
    if accepted:
        assert all(100 < (v.bounds.low or 0) < 160 for v in after)
        (again,) = published(desk, range(64, 65), 100)
        assert again.violated
