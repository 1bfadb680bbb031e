"""Owns the tests of what is due: verdicts for windows in which nothing came, and for no others."""

from datetime import UTC, date, datetime, timedelta

import pytest

from qoa_platform.audit import due_batches
from qoa_platform.ledger import Store
from qoa_platform.records import RunState, RunView, Status, Verdict, Window
from tests.audit.desk import NOW, Desk, days, said, sold

CHRISTMAS = "2017-12-25"
SALES = """\
  sales:
    asset: shop/sales
    partition: day
    event_time: time
    expected: daily
    delay: 6 h
    promises:
      - {id: volume, metric: data.row_count, must: usual, severity: critical}
      - {id: few, metric: data.row_count, must: "<= 1000 rows"}
      - {id: complete, metric: data.completeness, column: amount, must: ">= 99 %", severity: critical}
      - {id: fresh, metric: data.timeliness, must: "<= 26 h"}
"""


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """Forty days up to Christmas Eve are published, of about a hundred rows each."""
    made = Desk.of(ledger, SALES)
    for number, day in enumerate(days("2017-11-15", 40)):
        made.clock.now = Window.of_partition(day).end + timedelta(hours=1)
        made.publish("shop/sales", day, sold(98 + number % 5, day))
    made.clock.now = NOW
    return made


def due(desk: Desk, *runs: RunView, ends: date | None = None) -> list[Verdict]:
    """What is due now; it is written."""
    found: list[Verdict] = []
    given = {"shop/sales": ends} if ends else {}
    for batch in due_batches(desk.ledger, [desk.contract], runs, desk.clock, given):
        desk.write(batch)
        found += [r for r in batch.records if isinstance(r, Verdict)]
    return found


def test_christmas_day(desk: Desk) -> None:
    """Nothing came: the row count is 0 and violated, learnt bound and all; the ratios are unknown(no_data)."""
    found = due(desk)
    assert {v.window.partition for v in found} == {CHRISTMAS}
    assert said(found) == {
        "sales.volume": "violated", "sales.few": "satisfied", "sales.complete": "unknown(no_data)",
        "sales.fresh": "unknown(no_data)",
    }  # fmt: skip
    volume = next(v for v in found if v.key.promise == "volume")
    assert (volume.value, volume.n, volume.data, volume.trial) == (0.0, 0, None, None)
    assert volume.bounds.low is not None
    assert 85 < volume.bounds.low < 100
    band = volume.evidence["band"]
    assert isinstance(band, dict)
    assert band["n"] == 40


def test_what_blocks_on_a_day_of_nothing(desk: Desk) -> None:
    """The critical ones block: a rule on ``blocked`` fetches the day again."""
    assert {v.key.promise for v in due(desk) if v.blocks} == {"volume", "complete"}


def test_a_second_look_owes_nothing(desk: Desk) -> None:
    """What was written once is not owed again."""
    assert len(due(desk)) == 4
    assert due(desk) == []


def test_not_before_the_delay(desk: Desk) -> None:
    """A day is due six hours after its end, to the minute."""
    desk.clock.now = datetime(2017, 12, 26, 5, 59, tzinfo=UTC)
    assert due(desk) == []
    desk.clock.now = datetime(2017, 12, 26, 6, tzinfo=UTC)
    assert len(due(desk)) == 4


def test_not_while_a_run_works_on_it(desk: Desk) -> None:
    """An active run of that asset and partition keeps the day; one of another day, or of another asset, does not."""

    def run(asset: str, day: str, state: RunState = RunState.RUNNING) -> RunView:
        return RunView(id="r", state=state, assets=(asset,), partition=day)

    assert due(desk, run("shop/sales", CHRISTMAS)) == []
    assert due(desk, run("shop/sales", CHRISTMAS, RunState.QUEUED)) == []
    others = [run("shop/sales", "2017-12-24"), run("shop/raw", CHRISTMAS)]
    assert len(due(desk, *others, run("shop/sales", CHRISTMAS, RunState.FAILED))) == 4


def test_not_after_the_last_partition(desk: Desk) -> None:
    """An asset whose partitions ended on Christmas Eve owes nothing of Christmas Day."""
    assert due(desk, ends=date(2017, 12, 25)) == []
    assert len(due(desk, ends=date(2017, 12, 26))) == 4


def test_not_before_anything_was_published(ledger: Store) -> None:
    """An asset that nobody ever made is not late."""
    desk = Desk.of(ledger, SALES)
    assert due(desk) == []


def test_since_says_from_when(ledger: Store) -> None:
    """``since:`` makes a day due although nothing was ever published."""
    desk = Desk.of(ledger, SALES.replace("    delay: 6 h\n", "    delay: 6 h\n    since: 2017-12-24\n"))
    assert sorted({v.window.partition for v in due(desk)}) == ["2017-12-24", CHRISTMAS]


def test_a_subject_without_expectation_owes_nothing(desk: Desk) -> None:
    """Without ``expected:`` silence means nothing."""
    desk.contract = Desk.of(desk.ledger, SALES.replace("    expected: daily\n    delay: 6 h\n", "")).contract
    assert due(desk) == []


def test_a_promise_that_is_new_owes_nothing_of_the_past(desk: Desk) -> None:
    """Days published before a promise existed are unknown(not_applicable) for it: nobody failed to deliver."""
    more = SALES + '      - {id: many, metric: data.row_count, must: ">= 1 rows"}\n'
    desk.contract = Desk.of(desk.ledger, more).contract
    found = [v for v in due(desk) if v.key.promise == "many"]
    assert {str(v) for v in found if v.window.partition != CHRISTMAS} == {"unknown(not_applicable)"}
    assert [str(v) for v in found if v.window.partition == CHRISTMAS] == ["violated"]
    assert len(found) > 1


def test_several_days_of_silence(desk: Desk) -> None:
    """Every day that passes in silence gets verdicts of its own, oldest first."""
    desk.clock.now = NOW + timedelta(days=3)
    found = due(desk)
    assert list(dict.fromkeys(v.window.partition for v in found)) == days(CHRISTMAS, 4)


def test_silence_of_long_ago_stays_silent(desk: Desk) -> None:
    """What is older than the contract reacts is not looked for: a year of silence is no flood."""
    desk.clock.now = NOW + timedelta(days=365)
    found = due(desk)
    assert len({v.window for v in found}) <= 8
    assert min(v.window.end for v in found) >= desk.clock.now - timedelta(days=9)


def test_data_that_comes_late_supersedes(desk: Desk) -> None:
    """The day comes after all: its verdicts are satisfied, and the last by ``at`` is the current one."""
    due(desk)
    desk.clock.now = NOW + timedelta(hours=1)
    found = desk.publish("shop/sales", CHRISTMAS, sold(100, CHRISTMAS))
    assert said(found.verdicts)["sales.volume"] == "satisfied"
    both = [v for v in desk.ledger.find(Verdict, series=found.verdicts[0].series) if v.window.partition == CHRISTMAS]
    assert [v.status for v in both] == [Status.VIOLATED, Status.SATISFIED]
    assert due(desk) == []
