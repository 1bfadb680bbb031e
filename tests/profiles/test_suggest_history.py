"""Tests of suggest over a history: what days vary by becomes bounds; a day that is damaged breaks some promise."""

import random
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from qoa_platform.api import prepare
from qoa_platform.api.history import History
from qoa_platform.faults import Fault, apply
from qoa_platform.profiles.suggesting import HistoryError, Suggestion, suggest
from qoa_platform.profiles.suggesting.history import parts_of
from qoa_platform.profiles.suggesting.series import Series, tail
from qoa_platform.records import Mode, Status, Window

START, DAYS = date(2024, 1, 1), 42


def day_of(k: int) -> pl.DataFrame:
    """One day of a small shop: baskets of lines, ten counters, prices in cents, weekends busier."""
    rng = random.Random(k)
    day = datetime.combine(START + timedelta(days=k), datetime.min.time(), UTC)
    lines = []
    for basket in range(60 + 20 * (day.weekday() >= 5) + rng.randint(-4, 4)):
        for line in range(rng.randint(1, 7)):
            price = rng.choice([0.99, 1.49, 2.5, 3.99, 7.25]) + rng.randint(0, 40) / 100
            lines.append((
                k * 1000 + basket, line, f"counter {(basket * 7) % 10}", rng.choice([1, 1, 1, 2, 3]), round(price, 2),
                day + timedelta(hours=8 + basket % 12, minutes=line),
            ))  # fmt: skip
    return pl.DataFrame(lines, schema=["basket", "line", "counter", "pieces", "price", "sold_at"], orient="row")


@pytest.fixture(scope="module")
def shop() -> Suggestion:
    """What the first six weeks suggest."""
    return suggest(pl.concat([day_of(k) for k in range(DAYS)]), time="sold_at", name="shop", asset="shop/lines")


@pytest.fixture(scope="module")
def past(shop: Suggestion) -> History:
    """The six weeks as published days."""
    days = {(START + timedelta(days=k)).isoformat(): day_of(k) for k in range(DAYS)}
    return prepare(shop.contract).history(days, profile=shop.profile)


def violated(shop: Suggestion, past: History, frame: pl.DataFrame, k: int) -> set[str]:
    """The enforced promises that *frame* breaks as day *k*."""
    window = Window.of_day(START + timedelta(days=k))
    said = prepare(shop.contract).judge(frame, history=past, profile=shop.profile, window=window, now=window.end)
    modes = {p.id: p.mode for p in shop.contract.subjects[0].promises}
    return {v.key.promise for v in said if v.status is Status.VIOLATED and modes[v.key.promise] is Mode.ENFORCE}


def test_every_day_of_the_source_keeps_what_is_enforced(shop: Suggestion, past: History) -> None:
    """Bounds come from all days: none of them breaks one; the days after it are like them."""
    assert {k: found for k in range(0, DAYS + 7, 4) if (found := violated(shop, past, day_of(k), k))} == {}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="half_rows", params=(("share", 0.4),)), Fault(kind="duplicated_rows", params=(("share", 0.05),)),
        Fault(kind="unit_change", columns=("price",)), Fault(kind="nulls", columns=("pieces",)),
        Fault(kind="swapped_columns", columns=("pieces", "price")),
        Fault(kind="missing_stores", columns=("counter",), params=(("count", 2),)),
        Fault(kind="stale_copy", columns=("sold_at",)), Fault(kind="future_dates", columns=("sold_at",)),
        Fault(kind="text_in_number", columns=("price",)), Fault(kind="trailing_blank", columns=("counter",)),
        Fault(kind="lasting_shift", columns=("price",)),
    ],
    ids=lambda fault: fault.kind,
)  # fmt: skip
def test_a_damaged_day_breaks_a_promise(fault: Fault, shop: Suggestion, past: History) -> None:
    """Every kind of fault that damages data is seen on the day after the history."""
    assert violated(shop, past, apply(fault, day_of(DAYS), day_of(DAYS - 1)), DAYS)


def test_the_contract_says_where_its_bounds_come_from(shop: Suggestion) -> None:
    """Days, dates, expected false alarms; the key, the running number, the segments and the profile they need."""
    assert f"From {DAYS} days, 2024-01-01 to 2024-02-11." in shop.text
    assert "false alarms a month" in shop.text
    assert all(e.false_alarms is None or 0 <= e.false_alarms < 1 for e in shop.evidence)
    assert {"volume", "basket_fresh", "counter_segments", "sold_at_future", "price_places"} <= {
        e.promise for e in shop.evidence
    }
    assert shop.contract.subjects[0].expected == "daily"
    assert shop.profile is not None
    assert shop.profile.name == "shop-history"


def test_partial_ends_are_no_days_of_the_history() -> None:
    """An extract begins and ends somewhere: a first and a last day with half the rows are left out, no other."""
    frame = pl.concat(
        [day_of(0).head(9), *[day_of(k) for k in range(1, 6)], day_of(6).head(50), day_of(7), day_of(8).head(9)]
    )
    assert [p.window.start.day for p in parts_of(frame, "sold_at")] == [2, 3, 4, 5, 6, 7, 8]


def test_several_frames_are_partitions_without_a_calendar() -> None:
    """Without a column of times no day is expected, and none is in the future."""
    found = suggest([day_of(k).drop("sold_at") for k in range(30)])
    assert found.contract.subjects[0].partition is None
    assert "volume" in {e.promise for e in found.evidence}


def test_a_history_needs_a_column_of_times() -> None:
    """A time that is a number says what it is."""
    with pytest.raises(HistoryError, match=r"time 'line' is Int64. Allowed: a column of dates or times"):
        suggest(day_of(0), time="line")


def test_tails_are_scipys() -> None:
    """Student's t with ten degrees of freedom."""
    from scipy.stats import t

    assert [tail(z) for z in (0.0, 0.5, 2.0, 6.0)] == pytest.approx(
        [t.sf(z, 10) for z in (0.0, 0.5, 2.0, 6.0)], rel=1e-9
    )


def test_bounds_lie_beyond_every_day() -> None:
    """The worst day, or three spreads from the middle, whichever is farther; a running number is a trend."""
    series = Series(values=(0.9, 0.95, 0.97, 0.96, 0.95), n=(10,) * 5)
    assert series.low(0) == pytest.approx(min(0.9, 0.95 - 3 * 1.4826 * 0.01))
    assert series.high(0.01) >= 0.98
    assert Series(values=tuple(map(float, range(30))), n=(1,) * 30).trending
    assert not series.trending
