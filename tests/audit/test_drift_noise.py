"""Drift promises know their own noise: dispersion of published windows, false discoveries over columns and groups."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from qoa_platform.ledger import Store
from qoa_platform.records import Status, Verdict
from tests.audit.desk import Desk

BASKETS = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: psi, metric: drift.psi, column: x, reference: last 3 partitions, must: "< 0.5"}
"""
COLUMNS = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: many, metric: drift.psi, columns: [a, b, c, d], by: g, reference: previous, must: "< 0.1", fdr: 5 %}
      - {id: whole, metric: drift.psi, columns: [a, b, c, d], reference: previous, must: "< 0.1"}
"""


def day(number: int) -> str:
    """A partition."""
    return (date(2017, 11, 1) + timedelta(days=number)).isoformat()


def baskets(number: int) -> pl.DataFrame:
    """2 000 rows in baskets of 10 that share their value."""
    rng = np.random.default_rng(number)
    return pl.DataFrame({"x": np.repeat(rng.normal(size=200), 10)})


def test_dispersion_is_learnt_from_the_promises_own_past(ledger: Store) -> None:
    """φ is assumed 2 until 20 published windows are known, and is then that of baskets; the verdict stores both."""
    desk = Desk.of(ledger, BASKETS)
    verdicts = [desk.publish("shop/sales", day(n), baskets(n)).verdicts[0] for n in range(26)]
    told, verdict = [v.evidence.get("dispersion") for v in verdicts], verdicts[-1]
    assert told[5] == {"phi": 2.0, "windows": 4, "known": False}
    last = told[-1]
    assert isinstance(last, dict)
    assert last["known"]
    assert 5 < last["phi"] < 18
    floor = verdict.evidence["floor"]
    assert isinstance(floor, float)
    assert verdict.value is not None
    assert verdict.value < floor


def test_a_small_lasting_shift_is_told_with_the_verdict(ledger: Store) -> None:
    """Each day lies within its bound and its noise; together they are sure, and the verdict says since when."""
    promise = (
        '{id: mean, metric: drift.mean_shift, column: x, reference: last 60 partitions, must: "between -0.5 and 0.5"}'
    )
    desk = Desk.of(ledger, BASKETS.replace(BASKETS.splitlines()[-1].strip()[2:], promise))
    verdicts: list[Verdict] = []
    for number in range(48):
        frame = pl.DataFrame({"x": np.random.default_rng(number).normal(0.1 * (number >= 36), 1, 2_000)})
        verdicts += desk.publish("shop/sales", day(number), frame).verdicts
    assert {str(v) for v in verdicts[1:]} == {"satisfied"}
    assert "lasting" not in verdicts[35].evidence
    told = verdicts[-1].evidence["lasting"]
    assert isinstance(told, dict)
    assert day(34) <= told["since"] <= day(38)
    assert told["found"] <= day(46)


def columns(number: int, rows: int, moved: float = 0.0) -> pl.DataFrame:
    """Four columns of which one may have moved in one of two groups."""
    rng = np.random.default_rng(number)
    frame = pl.DataFrame({c: rng.normal(size=rows) for c in "abcd"} | {"g": ["p", "q"] * (rows // 2)})
    return frame.with_columns(pl.when(pl.col("g") == "q").then(pl.col("b") + moved).otherwise(pl.col("b")).alias("b"))


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """Two small days were published under promises over four columns."""
    desk = Desk.of(ledger, COLUMNS)
    for number in (0, 1):
        desk.publish("shop/sales", day(number), columns(number, 200))
    return desk


def judged(desk: Desk, frame: pl.DataFrame) -> dict[tuple[str, str | None], Verdict]:
    """By promise and group."""
    return {(v.key.promise, v.key.group): v for v in desk.judged("shop/sales", day(2), frame).verdicts}


def test_what_is_discovered_is_violated_also_on_few_rows(desk: Desk) -> None:
    """Far beyond the bound and reported at the rate is drift, where a family-wise floor says only "too few rows"."""
    found = judged(desk, columns(2, 200, moved=3.0))
    assert str(found["whole", None]) == "unknown(insufficient_n)"
    group = found["many", "q"]
    assert group.violated
    assert group.evidence["column"] == "b"
    each = group.evidence["columns"]
    assert isinstance(each, dict)
    assert each["b"]["adjusted_p"] <= 0.05 < each["a"]["adjusted_p"]
    assert each["b"]["p"] <= each["b"]["adjusted_p"]
    assert found["many", "p"].status is not Status.VIOLATED


def test_what_noise_may_explain_is_unknown(desk: Desk) -> None:
    """Nothing moved: on so few rows values lie beyond the bound by chance, and none is called drift."""
    found = judged(desk, columns(3, 200))
    assert {v.status for v in found.values()} == {Status.UNKNOWN}
    assert any("noise may explain it" in (v.cause or "") for v in found.values())
