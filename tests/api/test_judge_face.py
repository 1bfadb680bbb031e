"""Tests of the face's judge: the verdicts of an audit, without its ledger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from qoa_platform.api import SubjectError, Verdicts, flags, judge, measure, prepare
from qoa_platform.contracts import ContractErrors
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.records import Status, Verdict, Window
from qoa_platform.records.failing import EVIDENCE
from tests.audit.desk import HEAD, NOW, Desk, days, sold

SALES = """\
  sales:
    asset: shop/sales
    event_time: time
    segments: [item]
    missing: {item: ["?"]}
    promises:
      - {id: complete, metric: data.completeness, columns: [item, amount], must: ">= 99 %", severity: critical}
      - {id: volume, metric: data.row_count, must: usual}
      - {id: mean, metric: data.mean, column: amount, by: item, must: usual}
      - {id: unique, metric: data.uniqueness, columns: [amount], must: "= 100 %"}
      - {id: fresh, metric: data.timeliness, must: "<= 26 h"}
      - {id: sane, metric: data.pass_rate, expr: "col('amount') >= 0", must: "= 100 %"}
      - {id: known, metric: data.unseen_share, column: item, reference: last 7 partitions, must: "<= 1 %"}
      - {id: steady, metric: drift.psi, column: amount, reference: training, must: "< 0.2"}
"""
FIRST, COUNT = "2017-11-01", 54


def history() -> dict[str, pl.DataFrame]:
    """Days with a weekly season, and one that is out of it."""
    found = {day: sold(100 + 20 * (n % 7) + n % 3, day) for n, day in enumerate(days(FIRST, COUNT))}
    torn = pl.when(pl.col("amount") > 9).then(pl.col("amount"))
    last = list(found)[-1]
    return {**found, last: found[last].with_columns(amount=torn)}


def same(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts without what only a ledger gives them (digests, ids) and without failing rows, which flags() lists."""
    evidence = [{name: value for name, value in v.evidence.items() if name != EVIDENCE} for v in verdicts]
    return [
        replace(v, data=None, trial=None, measurements=(), evidence=e) for v, e in zip(verdicts, evidence, strict=True)
    ]


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    """A ledger under the contract."""
    with open_ledger(tmp_path / "ledger.db") as opened:
        assert isinstance(opened, Store)
        yield Desk.of(opened, SALES)


def test_judging_a_frame_is_auditing_it(desk: Desk) -> None:
    """Law: with the same earlier days, the face says what the audit says, day after day, to the last word."""
    ready, past = prepare(HEAD + SALES), dict[str, pl.DataFrame]()
    ledgers: list[list[Verdict]] = []
    for day, frame in history().items():
        desk.clock.now = Window.of_partition(day).end + timedelta(hours=1)
        ledgers.append(same(desk.publish("shop/sales", day, frame).verdicts))
        past[day] = frame
    last, before = list(past)[-1], dict(list(past.items())[:-1])
    found = ready.judge(past[last], history=before, window=last, now=desk.clock.now)
    assert same(found.verdicts) == ledgers[-1]
    assert {v.key.promise for v in found if v.status is Status.UNKNOWN} == {"steady"}
    first = ready.judge(before[FIRST], window=FIRST, now=Window.of_partition(FIRST).end + timedelta(hours=1))
    assert same(first.verdicts) == ledgers[0]


def test_usual_is_learnt_from_frames_from_measurements_and_from_verdicts() -> None:
    """All three kinds of history give the same band, which a day far outside violates."""
    ready, past = prepare(HEAD + SALES), history()
    remembered = ready.history(past)
    earlier = [ready.judge(frame, window=day) for day, frame in past.items()]
    measured = [m for v in earlier for m in v.measurements]
    bands = [
        ready.judge(sold(5), history=h, window="2017-12-26", now=NOW)["volume"].bounds
        for h in (past, remembered, earlier, measured)
    ]
    assert len(set(bands)) == 1
    assert bands[0].low is not None
    verdict = ready.judge(sold(5), history=remembered, window="2017-12-26", now=NOW)["volume"]
    assert verdict.status is Status.VIOLATED


def test_moving_drift_is_read_against_the_days_of_the_history() -> None:
    """The edges that the first of them froze are part of it, as they are of a ledger."""
    drift = "  sales:\n    asset: shop/sales\n    partition: day\n    promises:\n      - {id: psi, metric: drift.psi, "
    text = f"{HEAD}{drift}column: amount, reference: last 3 partitions, must: '< 0.5'}}\n"
    past = {day: sold(200, day) for day in days("2017-12-23", 3)}
    verdict = judge(text, sold(200, "2017-12-26"), history=past, window="2017-12-26", now=NOW)["psi"]
    assert (str(verdict), verdict.value) == ("satisfied", 0.0)


def test_what_is_not_given_is_unknown_with_a_reason() -> None:
    """No history, no reference: unknown, never satisfied; the rest is judged all the same."""
    found = judge(HEAD + SALES, sold(50), now=NOW)
    assert {v.key.promise: str(v) for v in found.unknown} == {
        "volume": "unknown(insufficient_n)", "mean": "unknown(insufficient_n)", "known": "unknown(no_reference)",
        "steady": "unknown(no_reference)",
    }  # fmt: skip
    assert found["complete"].satisfied
    assert not found


def test_a_reference_is_a_profile_profiles_by_name_or_data() -> None:
    """``reference: training`` is judged against whatever was handed in for it."""
    ready = prepare(HEAD + SALES)
    frozen = ready.freeze(sold(4000))
    for given in (frozen, {"training": frozen}, sold(4000)):
        assert ready.judge(sold(4000), profile=given, now=NOW)["steady"].satisfied
        assert ready.judge(sold(2000), profile=given, now=NOW)["steady"].violated
    assert str(ready.judge(sold(4000), profile={"other": frozen}, now=NOW)["steady"]) == "unknown(no_reference)"


def test_blocked_and_violated() -> None:
    """What would keep a partition from being published is said."""
    torn = sold(50).with_columns(amount=pl.when(pl.col("amount") > 20).then(pl.col("amount")))
    found = judge(HEAD + SALES, torn, now=NOW)
    assert found.blocked
    assert [v.key.promise for v in found.violated] == ["complete", "fresh"]
    assert found.violated["complete"].evidence["column"] == "amount"


def test_the_window_is_what_was_said_else_the_event_times_else_today() -> None:
    """A text, a day, a window; the days that the event times span; the day of the clock."""
    ready = prepare(HEAD + SALES)
    day = Window.of_partition("2017-12-24")
    for said in ("2017-12-24", day.start.date(), day, datetime(2017, 12, 24, 8, tzinfo=day.start.tzinfo)):
        assert ready.judge(sold(3), window=said, now=NOW)["complete"].window == day
    both = pl.concat([sold(3, "2017-12-23"), sold(3)])
    assert ready.judge(both, now=NOW)["complete"].window == Window(start=day.start - timedelta(days=1), end=day.end)
    assert ready.judge(sold(0), now=NOW)["complete"].window == Window.of_day(NOW.date())
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        ready.judge(sold(3), window="yesterday")


def test_a_contract_is_a_path_a_text_a_dictionary_or_a_contract(tmp_path: Path) -> None:
    """All are read alike and prepared once; a file that changed is read again."""
    path = tmp_path / "shop.yaml"
    path.write_text(HEAD + SALES)
    plain = {
        "apiVersion": "qoa/v1", "kind": "QualityContract", "name": "shop", "version": 1, "owner": "me",
        "runbook": "docs/shop.md",
        "subjects": {"sales": {"asset": "shop/sales", "promises": [
            {"id": "rows", "metric": "data.row_count", "must": ">= 1"}]}},
    }  # fmt: skip
    assert prepare(path) is prepare(str(path)) is not prepare(HEAD + SALES)
    assert prepare(prepare(path).contract) is prepare(prepare(path).contract)
    assert [str(v) for v in judge(plain, sold(3))] == ["satisfied"]
    before = prepare(path)
    path.write_text((HEAD + SALES).replace("version: 1", "version: 2"))
    assert prepare(path) is not before
    with pytest.raises(ContractErrors, match="E104"):
        judge((HEAD + SALES).replace("data.mean", "data.maen"), sold(3))


def test_subjects_are_chosen_by_name() -> None:
    """Of two subjects of data one must be said; a name that is none is refused with those that are."""
    two = HEAD + SALES + SALES.replace("  sales:", "  other:").replace("shop/sales", "shop/other")
    with pytest.raises(SubjectError, match="sales, other"):
        judge(two, sold(3))
    assert {v.key.subject for v in judge(two, sold(3), subject="other")} == {"other"}
    with pytest.raises(SubjectError, match="Allowed: sales, other"):
        judge(two, sold(3), subject="sale")


def test_days_that_are_none_are_no_history() -> None:
    """What is usual is learnt by days: anything else is refused, not passed over."""
    week = Window(start=NOW, end=NOW + timedelta(days=7))
    with pytest.raises(ValueError, match="one UTC day"):
        judge(HEAD + SALES, sold(3), history={week: sold(3)})


def test_verdicts_as_rows() -> None:
    """To a frame, to text and to HTML; promises are found by name."""
    found = judge(HEAD + SALES, sold(50), now=NOW)
    frame = found.to_polars()
    assert frame.height == len(found)
    assert frame.filter(pl.col("promise") == "complete").row(0, named=True)["low"] == 0.99
    assert found.to_pandas().shape == frame.shape
    assert Verdicts(()).to_polars().schema == frame.schema
    assert str(found).startswith(f"{len(found)} verdicts: 3 satisfied, 1 violated, 8 unknown")
    assert "unknown(no_reference)" in found._repr_html_()
    with pytest.raises(KeyError, match="no promise 'x'"):
        found["x"]


def test_other_tables_stand_beside() -> None:
    """A promise that names another asset is judged with its table, measured and flagged; without it, it is unknown."""
    contract = (
        HEAD
        + """\
  sales:
    asset: shop/sales
    promises:
      - {id: known, metric: data.referential_integrity, column: item, parent: shop/items, must: "= 100 %"}
"""
    )
    sales, items = {"item": ["ale", "bun", "eel"]}, pl.DataFrame({"item": ["ale", "bun"]})
    found = judge(contract, sales, beside={"shop/items": items.to_pandas()}, now=NOW)
    assert (found["known"].status, found["known"].value) == (Status.VIOLATED, 2 / 3)
    assert [row["value"] for row in flags(contract, sales, beside={"shop/items": items}, now=NOW).records()] == ["eel"]
    assert judge(contract, sales, now=NOW)["known"].status is Status.UNKNOWN
    wish = {"metric": "data.referential_integrity", "column": "item", "parent": "shop/items"}
    assert measure(sales, wish, beside={"shop/items": items}).value("data.referential_integrity") == 2 / 3


def test_a_verdict_in_memory_is_explained() -> None:
    """The very Explanation that a ledger gives: cause, remedies, model, and the history that was handed in."""
    known = history()
    *before, last = known
    ready = prepare(HEAD + SALES)
    past = ready.history({day: known[day] for day in before})
    said = ready.judge(known[last].head(20), history=past, window=last)
    found = said.explain("volume")
    assert found.verdict == said["volume"]
    assert [m.window for m in found.history] == list(known)
    assert found.model is not None
    assert found.remedies[0].needed == said["volume"].bounds.low
    assert str(found).splitlines()[1].startswith("because 20 is below what is usual")
    assert said.violated.explain("volume") == found
    with pytest.raises(KeyError, match="no promise 'volum'"):
        said.explain("volum")
    with pytest.raises(ValueError, match="without their contract"):
        Verdicts(said.verdicts).explain("volume")
