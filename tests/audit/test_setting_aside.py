"""Setting rows aside: a frame in two and whole again, limits kept, and the evidence of what was there before."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.audit import Audited
from qoa_platform.audit.setting_aside import PROMISES, ROW, WHY, Aside, part, told, whole
from qoa_platform.ledger import Store
from qoa_platform.metrics import catalogue
from qoa_platform.metrics.row_level import ROW_LEVEL
from qoa_platform.records import Bounds, Key, Severity, Status, Verdict, Window
from tests.audit.desk import NOW, Desk

VERDICT = Verdict(
    key=Key(contract="c", subject="sales", promise="p"), window=Window.of_partition("2017-12-24"),
    status=Status.VIOLATED, severity=Severity.CRITICAL, metric="m", bounds=Bounds(), contract_version=1,
    contract_digest="0", at=NOW, wall=NOW,
)  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30), st.sampled_from([0.1, 0.5, 1.0]))
def test_both_parts_together_are_the_frame(flags: list[tuple[bool, bool]], limit: float) -> None:
    """Whatever is set aside, by one promise or two, within their limits: nothing is lost, and order comes back."""
    frame = pl.DataFrame({"x": range(len(flags)), "s": ["a"] * len(flags)})
    asides = [
        Aside(promise=name, mask=pl.Series([f[k] for f in flags]), limit=limit, why="bad", verdict=VERDICT)
        for k, name in enumerate(("sales.p", "sales.q"))
    ]
    allowed = [a for a in asides if 0 < a.rows <= limit * len(flags)]
    found = part(frame, asides)
    if found is None:
        assert allowed == []
        return
    assert list(found.by) == allowed
    assert whole(found.good, found.bad).equals(frame)
    for row, promises, why in found.bad.select(ROW, PROMISES, WHY).iter_rows():
        mine = [a for a in allowed if a.mask[row]]
        assert promises == ", ".join(a.promise for a in mine)
        assert why == "; ".join(f"{a.promise}: bad" for a in mine)


SALES = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: sane, metric: data.in_range, column: amount, low: 0, must: ">= 50 %", set_aside: 25 %}
      - {id: unique, metric: data.uniqueness, column: id, must: ">= 10 %", set_aside: 50 %}
      - {id: full, metric: data.completeness, column: amount, must: ">= 10 %"}
"""


def audited(ledger: Store, text: str, **columns: list[object]) -> Audited:
    """What an audit of a day finds."""
    return Desk.of(ledger, text).judged("shop/sales", "2017-12-24", pl.DataFrame(columns))


def masks(found: Audited) -> dict[str, list[int]]:
    """Promise → the rows that may be set aside for it."""
    return {aside.promise: aside.mask.arg_true().to_list() for aside in found.aside if aside.allowed}


def test_rows_go_also_where_the_promise_holds(ledger: Store) -> None:
    """A promise that tolerates some bad rows keeps them out of what is published; one that does not say so does not."""
    found = audited(ledger, SALES, id=[1, 2, 3, 3], amount=[1.0, -1.0, None, 2.0])
    assert all(v.satisfied for v in found.verdicts)
    assert masks(found) == {"sales.sane": [1], "sales.unique": [2, 3]}


def test_above_its_limit_a_promise_sets_nothing_aside(ledger: Store) -> None:
    """Two of four rows are more than a quarter: all stay, and the verdict decides as ever."""
    found = audited(ledger, SALES, id=[1, 2, 3, 4], amount=[-1.0, -1.0, 3.0, 2.0])
    assert masks(found) == {}
    assert part(pl.DataFrame({"x": [1, 2, 3, 4]}), found.aside) is None


@pytest.mark.parametrize("text", [SALES.replace("low: 0,", "low: 0, mode: observe,"), SALES])
def test_what_only_observes_sets_nothing_aside(ledger: Store, text: str) -> None:
    """``mode: observe``, of the promise or of the whole contract, changes nothing that is published."""
    desk = Desk.of(ledger, text)
    if text == SALES:
        from qoa_platform.records import Mode

        desk.contract = replace(desk.contract, mode=Mode.OBSERVE)
    frame = pl.DataFrame({"id": [1, 2, 3, 4], "amount": [-1.0, 1.0, 3.0, 2.0]})
    assert masks(desk.judged("shop/sales", "2017-12-24", frame)) == {}


def test_verdicts_on_the_rest_carry_what_was_there_before(ledger: Store) -> None:
    """How many rows of how many were set aside, both digests, and value and first rows of the frame as it came."""
    frame = pl.DataFrame({"id": [1, 2, 3, 4], "amount": [1.0, -1.0, 3.0, 2.0]})
    desk = Desk.of(ledger, SALES)
    parted = part(frame, desk.judged("shop/sales", "2017-12-24", frame).aside)
    assert parted is not None
    after = desk.judged("shop/sales", "2017-12-24", parted.good)
    sane, *others = parted.explained(after.verdicts, {"original": "o" * 64, "rows": "r" * 64})
    assert (sane.value, sane.n) == (1.0, 3)
    assert told(sane) == {
        "count": 1, "of": 4, "original": "o" * 64, "rows": "r" * 64, "value": 0.75, "status": "satisfied",
        "sample": [{"row": 1, "why": "outside [0, ∞)", "key": {"id": "2"}, "cells": {"amount": "-1"}}],
    }  # fmt: skip
    assert all(told(v) is None for v in others)


def test_every_row_level_metric_is_of_the_catalogue() -> None:
    """What may be set aside is known by id, and each such id is a metric that is computed."""
    assert {name for name in ROW_LEVEL if not catalogue()[name].implemented} == set()
