"""Drift against the last partitions: edges are frozen once, stored states merge, and no row is read twice."""

import numpy as np
import polars as pl
import pytest

from qoa_platform.ledger import Store
from qoa_platform.records import Profile, Verdict
from tests.audit.desk import Desk

SUBJECTS = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: psi, metric: drift.psi, column: x, reference: last 3 partitions, must: "< 0.5"}
      - {id: ks, metric: drift.ks, column: x, reference: last 3 partitions, must: "< 0.3"}
      - {id: area, metric: drift.wasserstein, column: x, reference: previous, must: "< 0.5"}
      - {id: mix, metric: drift.tvd, column: s, reference: last 3 partitions, must: "< 30 %"}
      - {id: mean, metric: drift.mean_shift, column: x, reference: last 3 partitions, must: between -0.5 and 0.5}
"""


def day(number: int, shift: float = 0.0) -> pl.DataFrame:
    """A day's rows."""
    rng = np.random.default_rng(number)
    return pl.DataFrame({"x": rng.normal(shift, 1.0, 2_000), "s": rng.choice(["a", "b", "c"], 2_000)})


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """Under promises that compare with the last partitions."""
    return Desk.of(ledger, SUBJECTS)


def verdicts(desk: Desk, partition: str, frame: pl.DataFrame, *, publish: bool = True) -> dict[str, Verdict]:
    """By promise."""
    found = (desk.publish if publish else desk.judged)("shop/sales", partition, frame)
    return {v.key.promise: v for v in found.verdicts}


def test_drift_against_the_last_partitions(desk: Desk) -> None:
    """The first day has no reference and is the reference of the second; a day that moved is found by all."""
    first = verdicts(desk, "2017-12-01", day(1))
    assert {str(v) for v in first.values()} == {"unknown(no_reference)"}
    for number in (2, 3, 4):
        calm = verdicts(desk, f"2017-12-0{number}", day(number))
        assert {str(v) for v in calm.values()} == {"satisfied"}, number
        assert float(str(calm["area"].evidence["floor"])) < 0.5
    moved = verdicts(desk, "2017-12-05", day(5, shift=2.0), publish=False)
    assert {name for name, v in moved.items() if str(v) == "violated"} == {"psi", "ks", "mean", "area"}
    assert str(moved["mix"]) == "satisfied"


def test_edges_are_frozen_once(desk: Desk) -> None:
    """Every later day is counted on the edges of the first; looking again changes nothing."""
    for number in (1, 2, 3):
        verdicts(desk, f"2017-12-0{number}", day(number))
    frozen = [p for p in desk.ledger.find(Profile) if p.name.startswith("edges of")]
    columns = [(p.window.start.day, c.column) for p in frozen for c in p.columns]
    assert sorted(columns) == [(1, "s"), (1, "x")]
    again = desk.judged("shop/sales", "2017-12-04", day(4))
    assert again.profiles == ()
    assert [v.value for v in again.verdicts] == [
        v.value for v in desk.judged("shop/sales", "2017-12-04", day(4)).verdicts
    ]


def test_a_second_subject_of_the_asset_has_edges_too(ledger: Store) -> None:
    """Edges are frozen of what the judged subject promises, not of what the first subject of its asset does."""
    rows = "    promises: [{id: n, metric: data.row_count, must: '> 0'}]\n"
    first = f"  raw:\n    asset: shop/sales\n    partition: day\n{rows}"
    both = Desk.of(ledger, first + SUBJECTS)
    assert str(verdicts(both, "2017-12-01", day(1))["psi"]) == "unknown(no_reference)"
    second = verdicts(both, "2017-12-02", day(2))
    assert {name: str(second[name]) for name in ("psi", "ks")} == {"psi": "satisfied", "ks": "satisfied"}
