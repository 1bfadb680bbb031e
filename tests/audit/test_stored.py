"""Tests of stored states: what counts of an asset whose partitions are no days."""

from typing import Any

import polars as pl
import pytest

from qoa_platform.audit import Neighbour
from qoa_platform.audit.candidate import content_of
from qoa_platform.audit.ranges import Shape, answers, questions
from qoa_platform.audit.stored import Stored
from qoa_platform.ledger import Store
from qoa_platform.profiles.stretches import Every
from qoa_platform.records import PointerKind, Window
from tests.audit.desk import NOW, Desk, days, sold

SUBJECT = """\
  sales:
    asset: shop/sales
    promises:
      - {id: rows, metric: data.row_count, must: ">= 1 rows"}
"""


def test_an_asset_without_days_is_one_stretch_and_lies_in_no_range(ledger: Store) -> None:
    """Its one partition is measured as a whole; no range of days holds it, and it has no month."""
    desk = Desk.of(ledger, SUBJECT)
    desk.publish("shop/sales", "all", sold(30))
    stored, subject = Stored(ledger, "shop/sales"), desk.contract.subjects[0]
    asked = questions(desk.contract, subject, stored, NOW)
    (found,) = answers(stored, asked, Shape(), NOW)
    assert (found.folded.reading.value, found.folded.stretch) == (30, "all")
    assert not Stored(ledger, "shop/sales", since="2017-01-01").published
    assert not Stored(ledger, "shop/sales", until="2018-01-01").published
    with pytest.raises(ValueError, match="'all' is no day"):
        answers(stored, asked, Shape(every=Every.MONTH), NOW)


BESIDE = """\
  items:
    asset: shop/items
    promises:
      - {id: rows, metric: data.row_count, must: ">= 1 rows"}
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: known, metric: data.referential_integrity, column: item, parent: shop/items, must: ">= 0 %"}
      - {id: ready, metric: data.publish_delay, must: "<= 26 h"}
      - {id: bytes, metric: data.byte_count, must: ">= 1 B"}
      - {id: ratio, metric: data.volume_ratio, season: none, must: ">= 0"}
      - {id: copied, metric: data.repeat, must: "<= 1"}
"""
DAYS = days("2017-01-01", 4)


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """Four days of sales: the first three beside one list of items, the last beside a shorter one."""
    desk = Desk.of(ledger, BESIDE)
    items = [pl.DataFrame({"item": ["i0", "i1"]}), pl.DataFrame({"item": ["i0"]})]
    for n, day in enumerate(DAYS):
        desk.clock.now = Window.of_partition(day).end.replace(hour=n + 1)
        if n in {0, 3}:
            desk.publish("shop/items", "all", items[n // 3])
        head = ledger.pointer(PointerKind.PUBLISHED, "shop/items|all")
        beside = {"shop/items": Neighbour(items[n // 3], head.value or "")} if head else {}
        desk.publish("shop/sales", day, sold(8 * (n + 1), day), beside=beside, size=100 + n)
    return desk


def found(desk: Desk, shape: Shape, *named: str, until: str | None = None) -> dict[tuple[str, str], Any]:
    """(promise, stretch) → reading."""
    stored = Stored(desk.ledger, "shop/sales", until=until)
    asked = questions(desk.contract, desk.contract.subjects[-1], stored, NOW, named=named)
    return {(a.question.promise.id, a.folded.stretch): a.folded for a in answers(stored, asked, shape, NOW)}


def test_days_beside_the_same_content_merge(desk: Desk) -> None:
    """Three days were counted beside one list of items, which has another content now: they are still found."""
    whole = found(desk, Shape(), "known", until=DAYS[3])["known", "all"]
    assert (whole.reading.value, whole.reading.n, whole.found, whole.of) == (0.5, 8 + 16 + 24, 3, 3)


def test_days_beside_different_contents_do_not_merge(desk: Desk) -> None:
    """By day each has its value; together they have none, and the cause names the contents and the days."""
    by_day = found(desk, Shape(every=Every.DAY), "known")
    assert [by_day["known", day].reading.value for day in DAYS] == [0.5, 0.5, 0.5, 0.25]
    whole = found(desk, Shape(), "known")["known", "all"]
    assert (whole.reading.value, str(whole.reading.reason), whole.found) == (None, "not_applicable", 4)
    assert "2 contents of shop/items, which do not merge" in whole.reading.cause
    assert f"({DAYS[0]} … {DAYS[2]}, 3 partitions)" in whole.reading.cause
    assert f"({DAYS[3]})" in whole.reading.cause


def test_rolling_days_merge_as_long_as_the_content_beside_stands_still(desk: Desk) -> None:
    """Windows within the first content have a value, the one across both has none."""
    rolled = found(desk, Shape(rolling=2), "known")
    assert [rolled["known", day].reading.value for day in DAYS] == [0.5, 0.5, 0.5, None]
    assert f"({DAYS[2]})" in rolled["known", DAYS[3]].reading.cause


def test_what_was_measured_of_a_publication_is_shown_by_day(desk: Desk) -> None:
    """Delay, bytes, ratio and repeat are those of the day; over several there is none, and it says so."""
    by_day = found(desk, Shape(every=Every.DAY))
    assert [by_day["ready", day].reading.value for day in DAYS] == [3600 * (n + 1) for n in range(4)]
    assert [by_day["bytes", day].reading.value for day in DAYS] == [100, 101, 102, 103]
    assert by_day["ratio", DAYS[1]].reading.value == 2
    assert by_day["copied", DAYS[1]].reading.value == 0
    for promise in ("ready", "bytes", "ratio", "copied"):
        whole = found(desk, Shape(), promise)[promise, "all"].reading
        assert (whole.value, str(whole.reason)) == (None, "not_applicable")
        assert "every day has its own (--by day)" in whole.cause


def test_a_whole_beside_days_is_found_by_all_of_them(ledger: Store) -> None:
    """A table without partitions was counted beside every day of the other asset, as they stand now."""
    text = BESIDE.replace("asset: shop/items", "asset: shop/items\n    partition: day").replace(
        "asset: shop/sales\n    partition: day", "asset: shop/sales"
    )
    desk = Desk.of(ledger, text)
    for n, day in enumerate(DAYS[:2]):
        desk.publish("shop/items", day, pl.DataFrame({"item": [f"i{n}"]}))
    heads = ledger.pointers(PointerKind.PUBLISHED, prefix="shop/items|")
    content = content_of({h.key.removeprefix("shop/items|"): h.value for h in heads if h.value})
    items = Neighbour(pl.DataFrame({"item": ["i0", "i1"]}), content)
    desk.publish("shop/sales", "all", sold(8), beside={"shop/items": items})
    assert found(desk, Shape(), "known")["known", "all"].reading.value == 0.5
