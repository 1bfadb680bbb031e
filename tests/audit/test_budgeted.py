"""The false-alarm budget of a contract sets how high noise floors stand, and groups share what a window may spend."""

import polars as pl
import pytest

from qoa_platform.contracts import read_text
from qoa_platform.ledger import Store
from qoa_platform.profiles import freeze, wanted
from qoa_platform.records import Batch, Contract, Window
from qoa_platform.verdicts import floor_of
from tests.audit.desk import HEAD, NOW, Desk, days

SUBJECTS = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: steady, metric: drift.psi, column: amount, reference: known, must: "<= 9", by: shop}
      - {id: volume, metric: data.row_count, must: usual}
"""
FRAME = pl.DataFrame({"amount": [float(n % 97) for n in range(400)], "shop": ["north", "south"] * 200})


def contract(declared: str) -> Contract:
    """It declares a budget."""
    return read_text(HEAD.replace("subjects:", f"{declared}subjects:") + SUBJECTS)


def floors(ledger: Store, declared: str) -> dict[str | None, float]:
    """The floors of the promise of drift, of the whole and by group."""
    desk = Desk(ledger=ledger, contract=contract(declared))
    subject = desk.contract.subjects[0]
    profile = freeze(
        FRAME, wanted(subject), name="known", subject=subject.target, window=Window.of_partition("2017-12-01"),
        source=("0" * 64,), at=NOW, wall=NOW,
    )  # fmt: skip
    desk.write(Batch(records=(profile,)))
    told = desk.judged("shop/sales", "2017-12-24", FRAME).verdicts
    return {v.key.group: float(str(v.evidence["floor"])) for v in told if v.key.promise == "steady"}


def test_a_smaller_budget_raises_the_floor(ledger: Store) -> None:
    """Half of one alarm a month over two promises is 1 in 120 a window: a third of that for the whole and each shop."""
    found = floors(ledger, "false_alarms: 0.5\n")
    assert set(found) == {None, "north", "south"}
    alpha = 0.25 / 30 / 3
    assert found[None] == pytest.approx(floor_of("drift.psi", 400, 400, 10, alpha=alpha))
    assert found["north"] == pytest.approx(floor_of("drift.psi", 200, 200, 10, alpha=alpha))


def test_undeclared_one_in_a_thousand_and_nothing_is_as_strict_as_can_be(ledger: Store) -> None:
    """Without a budget no floor is passed more often than before; with one of nothing it is finite, and far up."""
    usual, none = floors(ledger, "")[None], floors(ledger, "false_alarms: 0\n")[None]
    assert usual == pytest.approx(floor_of("drift.psi", 400, 400, 10, alpha=0.001 / 3))
    assert none is not None
    assert usual < none < 1.0


def test_a_smaller_budget_widens_what_is_usual(ledger: Store) -> None:
    """The band of the same history, under a budget of a hundredth of an alarm a month, holds that of a whole one."""
    bands = []
    for declared in ("false_alarms: 1\n", "false_alarms: 0.01\n"):
        desk = Desk(ledger=ledger, contract=contract(declared))
        for n, day in enumerate(days("2017-11-01", 40)):
            desk.publish("shop/sales", day, FRAME.head(300 + 17 * n % 60))
        told = desk.judged("shop/sales", "2017-12-11", FRAME.head(320)).verdicts
        bands.append(next(v.bounds for v in told if v.key.promise == "volume"))
    (low, high), (wide_low, wide_high) = ((b.low or 0.0, b.high or 0.0) for b in bands)
    assert wide_low < low < high < wide_high
