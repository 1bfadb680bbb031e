"""Owns the tests of an asset's own audit: one scan, the whole and its groups, segments, history and references."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qoa_platform.audit import Candidate, audit
from qoa_platform.ledger import Store
from qoa_platform.records import Batch, Measurement, Status, StoredState, Verdict, Window
from qoa_platform.states import decode
from tests.audit.desk import NOW, Desk, days, said, sold

SALES = """\
  sales:
    asset: shop/sales
    partition: day
    event_time: time
    segments: [item]
    promises:
      - {id: enough, metric: data.row_count, must: ">= 5 rows", severity: critical}
      - {id: volume, metric: data.row_count, must: usual, severity: critical}
      - {id: full, metric: data.completeness, column: amount, by: item, min_n: 3, must: ">= 90 %"}
      - {id: known, metric: data.unseen_share, column: item, reference: last 5 partitions, must: "<= 5 %"}
      - {id: fresh, metric: data.timeliness, must: "<= 26 h"}
"""
DAY = "2017-12-24"


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """A contract over sales."""
    made = Desk.of(ledger, SALES)
    made.clock.now = Window.of_partition(DAY).end + timedelta(hours=1)
    return made


def history(desk: Desk, count: int, rows: int = 40) -> None:
    """Publish *count* days up to the day before."""
    now, desk.clock.now = desk.clock.now, NOW - timedelta(days=100)
    first = (Window.of_partition(DAY).start - timedelta(days=count)).date().isoformat()
    for day in days(first, count):
        desk.publish("shop/sales", day, sold(rows, day))
    desk.clock.now = now


def test_every_promise_has_a_verdict(desk: Desk) -> None:
    """One of the whole for each promise, and what cannot be said yet says why."""
    found = desk.judged("shop/sales", DAY, sold(40))
    assert said(v for v in found.verdicts if v.key.group is None) == {
        "sales.enough": "satisfied", "sales.volume": "unknown(insufficient_n)", "sales.full": "satisfied",
        "sales.known": "unknown(no_reference)", "sales.fresh": "satisfied",
    }  # fmt: skip
    assert not found.blocked


def test_groups_are_judged_where_they_are_large_enough(desk: Desk) -> None:
    """``by:`` judges each group with ``min_n`` rows as well; groups never gate."""
    frame = sold(14)
    found = [v for v in desk.judged("shop/sales", DAY, frame).verdicts if v.key.promise == "full"]
    assert [v.key.group for v in found] == [None, "i0", "i1", "i2", "i3"]
    few = [v for v in desk.judged("shop/sales", DAY, sold(10)).verdicts if v.key.promise == "full"]
    assert [v.key.group for v in few] == [None, "i0", "i1"]
    assert not any(v.blocks for v in found if v.key.group)


def test_segments_are_shown_and_not_judged(desk: Desk) -> None:
    """Values per segment travel as evidence of one measurement; there is no verdict about a segment."""
    found = desk.judged("shop/sales", DAY, sold(40))
    shown = [m for m in found.measurements if m.evidence.get("segment") == "item"]
    assert [m.metric for m in shown] == ["data.row_count"] * len(shown)
    groups = shown[0].evidence["groups"]
    assert groups == {f"i{n}": [10.0, 10] for n in range(4)}
    assert {v.key.group for v in found.verdicts if v.key.promise == "enough"} == {None}


def test_usual_learns_from_what_was_published(desk: Desk) -> None:
    """After four weeks of about forty rows, half of them is not usual; a candidate is never learnt from."""
    history(desk, 30)
    bad = desk.judged("shop/sales", DAY, sold(20))
    assert (said(bad.verdicts)["sales.volume"], bad.blocked) == ("violated", True)
    assert said(desk.judged("shop/sales", DAY, sold(41)).verdicts)["sales.volume"] == "satisfied"
    for _ in range(30):
        desk.judged("shop/sales", DAY, sold(20))
    assert said(desk.judged("shop/sales", DAY, sold(20)).verdicts)["sales.volume"] == "violated"


def test_usual_never_learns_from_what_was_kept_back(desk: Desk) -> None:
    """Measured and written but not published: the next day is compared with published days only."""
    history(desk, 30)
    bad = desk.judged("shop/sales", DAY, sold(20))
    desk.write(Batch(records=(*bad.measurements, *bad.states, *bad.verdicts)))
    after = desk.judged("shop/sales", "2017-12-25", sold(40, "2017-12-25"))
    band = next(v for v in after.verdicts if v.key.promise == "volume").evidence["band"]
    assert isinstance(band, dict)
    assert band["n"] == 30


def test_a_moving_reference_reads_no_row(desk: Desk) -> None:
    """``last 5 partitions`` is merged from stored states: a value that they never had is unseen."""
    history(desk, 6)
    assert said(desk.judged("shop/sales", DAY, sold(40)).verdicts)["sales.known"] == "satisfied"
    strange = sold(40).with_columns(item=sold(40)["item"].str.replace("i0", "new"))
    verdict = next(v for v in desk.judged("shop/sales", DAY, strange).verdicts if v.key.promise == "known")
    assert str(verdict) == "violated"
    assert verdict.value == pytest.approx(0.25)


def test_states_are_kept_and_merge(desk: Desk) -> None:
    """What was scanned is stored once per ask and content, and decodes to a state that merges with another day's."""
    one, two = (desk.publish("shop/sales", day, sold(40, day)) for day in days("2017-12-22", 2))
    assert {s.id for s in one.states} == {s.id for s in desk.ledger.find(StoredState) if s.partition == "2017-12-22"}
    by_ask = {s.ask: s for s in two.states}
    shared = [s for s in one.states if s.ask in by_ask]
    assert len(shared) >= 3
    for state in shared:
        left, right = decode(state.content), decode(by_ask[state.ask].content)
        assert type(left + right) is type(left)


def test_a_window_measured_again_supersedes(desk: Desk) -> None:
    """Late rows: both verdicts are kept, the last by ``at`` is the current one."""
    desk.publish("shop/sales", DAY, sold(3))
    desk.clock.now += timedelta(hours=1)
    desk.publish("shop/sales", DAY, sold(40))
    found = [v for v in desk.ledger.find(Verdict) if v.key.promise == "enough"]
    assert [v.status for v in found] == [Status.VIOLATED, Status.SATISFIED]
    assert found[0].at < found[1].at


def test_judging_the_same_again_is_a_no_op(desk: Desk) -> None:
    """Equal data, contract and time: equal ids, and the ledger does not grow."""
    desk.publish("shop/sales", DAY, sold(40))
    before = len(desk.ledger.find(Verdict)), len(desk.ledger.find(Measurement))
    desk.publish("shop/sales", DAY, sold(40))
    assert (len(desk.ledger.find(Verdict)), len(desk.ledger.find(Measurement))) == before


def test_imported_days_are_not_late(desk: Desk) -> None:
    """When history arrived is not known: timeliness is not applicable, and every verdict says that it was imported."""
    found = desk.judged("shop/sales", DAY, sold(40), imported=True)
    assert said(found.verdicts)["sales.fresh"] == "unknown(not_applicable)"
    assert all(v.imported for v in found.verdicts)


def test_a_late_day_is_late(desk: Desk) -> None:
    """Rows of noon looked at a day and more later are beyond 26 hours; their measurement carries the moment."""
    desk.clock.now += timedelta(days=1)
    found = desk.judged("shop/sales", DAY, sold(40))
    assert said(found.verdicts)["sales.fresh"] == "violated"
    assert {m.moment for m in found.measurements if m.metric == "data.timeliness"} == {desk.clock.now}
    assert {m.moment for m in found.measurements if m.metric == "data.row_count"} == {None}


def test_an_asset_that_nobody_speaks_of(desk: Desk) -> None:
    """No subject, no verdict, no measurement, no state."""
    found = desk.judged("shop/raw", DAY, sold(40))
    assert (found.verdicts, found.measurements, found.states) == ((), (), ())


def test_two_contracts_over_one_asset(desk: Desk) -> None:
    """Each contract has verdicts of its own about the same frame."""
    other = Desk.of(desk.ledger, SALES).contract
    other = replace(other, name="other", digest="d" * 64)
    frame = sold(40)
    candidate = Candidate(
        asset="shop/sales", partition=DAY, window=Window.of_partition(DAY), frame=frame, digest="e" * 64, trial="t",
        at=desk.clock.now, wall=desk.clock.now,
    )  # fmt: skip
    found = audit(desk.ledger, [desk.contract, other], candidate)
    names = [v.key.contract for v in found.verdicts]
    assert names.count("shop") == names.count("other") > 0


def test_a_promise_by_a_segment_is_measured_once(ledger: Store) -> None:
    """Segments are shown, and a promise ``by:`` one of them measures the same: one row, which can be written."""
    desk = Desk.of(ledger, """\
  sales:
    asset: shop/sales
    segments: [item]
    promises:
      - {id: mean, metric: data.mean, column: amount, must: ">= 0"}
      - {id: grouped, metric: data.mean, column: amount, by: item, must: ">= 0"}
""")  # fmt: skip
    found = desk.publish("shop/sales", "2017-12-24", sold(40))
    ids = [m.id for m in found.measurements]
    assert len(ids) == len(set(ids)) == 1 + 1 + 4


def test_a_metric_without_an_engine_fails_alone(ledger: Store) -> None:
    """A promise on a metric that is only declared is ``unknown(not_applicable)``; the others are judged."""
    desk = Desk.of(ledger, """\
  sales:
    asset: shop/sales
    promises:
      - {id: later, metric: r3e.cohens_h, must: "<= 1"}
      - {id: enough, metric: data.row_count, must: ">= 5 rows"}
""")  # fmt: skip
    found = desk.publish("shop/sales", "2017-12-24", sold(40))
    assert said(found.verdicts) == {"sales.later": "unknown(not_applicable)", "sales.enough": "satisfied"}
