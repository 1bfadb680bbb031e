"""Tests of the stream: what it says of points as they come, how it follows a series, and how often it is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import inf, nan, pi, sin

import numpy as np
import pytest

from qoa_platform.records import Reason
from qoa_platform.verdicts.usual import Band, Flag, Learning, Stream

HOUR, DAY = 3600.0, 86_400.0
MONTH = 30.4375 * DAY
Noise = Callable[[np.random.Generator, int], np.ndarray]


def run(values: list[float], step: float = HOUR, how: Learning | None = None) -> list[Flag]:
    """The flags of a regular series."""
    stream = Stream(step, how)
    return [stream.update(i * step, x) for i, x in enumerate(values)]


def wave(n: int, seed: int = 0, period: int = 24, height: float = 30.0, noise: float = 3.0) -> list[float]:
    """Days of a load with normal noise."""
    drawn = np.random.default_rng(seed).normal(0, noise, n)
    return [100 + height * sin(2 * pi * i / period) + float(e) for i, e in enumerate(drawn)]


def autocorrelated(share: float) -> Noise:
    """Normal noise that remembers *share* of its last value."""

    def made(rng: np.random.Generator, n: int) -> np.ndarray:
        x, e = np.zeros(n), rng.normal(size=n)
        for i in range(1, n):
            x[i] = share * x[i - 1] + e[i]
        return 100 + 10 * x

    return made


QUIET: dict[str, Noise] = {
    "normal": lambda rng, n: 100 + 10 * rng.normal(size=n),
    "laplace": lambda rng, n: 100 + 10 * rng.laplace(size=n),
    "lognormal": lambda rng, n: np.exp(3 + 0.5 * rng.normal(size=n)),
    "ar .3": autocorrelated(0.3),
    "ar .8": autocorrelated(0.8),
    "trend": lambda rng, n: 100 + 0.05 * np.arange(n) + 5 * rng.normal(size=n),
    "walk": lambda rng, n: 100 + np.cumsum(rng.normal(size=n)),
    "counts": lambda rng, n: rng.poisson(5, n).astype(float),
    "rare counts": lambda rng, n: rng.poisson(0.3, n).astype(float),
    "over-dispersed": lambda rng, n: rng.negative_binomial(2, 1 / 11, n).astype(float),
    "hardly ever": lambda rng, n: (rng.random(n) < 0.01).astype(float),
    "constant": lambda rng, n: np.full(n, 7.0),
}


@pytest.mark.parametrize("name", QUIET)
@pytest.mark.parametrize(("step", "n", "series"), [(HOUR, 1500, 2), (DAY, 400, 4)])
def test_false_alarms_are_those_declared(name: str, step: float, n: int, series: int) -> None:
    """In quiet series episodes are no more often than declared: one a month, half a one of days (4 σ of Poisson)."""
    alarms = 0
    for seed in range(series):
        values = QUIET[name](np.random.default_rng(seed), n)
        alarms += sum(flag.alert for flag in run([float(x) for x in values], step))
    months = series * n * step / MONTH
    expected = months * min(1.0, MONTH / step / 60)
    assert alarms <= expected + 4 * expected**0.5


@pytest.mark.slow
def test_heavy_tails_cost_little_more_than_declared() -> None:
    """Student's t with 3 degrees of freedom: what is declared by the hour and the day; by the minute five times that.

    By the minute a history can promise nothing for its first hours, and 2,000 points pass before it proves its tail.
    """
    for step, n, series, most in ((60.0, 43_830, 3, 5), (HOUR, 4000, 12, 1.2), (DAY, 400, 60, 0.5)):
        alarms = 0
        for seed in range(series):
            drawn = np.random.default_rng(seed).standard_t(3, n)
            alarms += sum(flag.alert for flag in run([float(100 + 10 * x) for x in drawn], step))
        assert alarms / (series * n * step / MONTH) <= most


def test_an_incident_is_one_alert() -> None:
    """Six hours at twice the load are flagged, as one episode with one alert."""
    values = wave(600)
    values[500:506] = [x + 100 for x in values[500:506]]
    flags = run(values)
    assert [i for i, flag in enumerate(flags) if flag.alert] == [500]
    assert all(flag.flagged and flag.episode == 1 for flag in flags[500:506])


def test_a_drop_to_zero_is_seen_by_day_and_by_night() -> None:
    """A load that falls to nothing is flagged at its peak and at its trough."""
    for hour in (480, 498):
        values = wave(600)
        values[hour] = 0.0
        assert run(values)[hour].flagged


def test_the_season_is_used_and_a_busy_night_is_seen() -> None:
    """A value that is usual at noon is unusual at night, once the day is proven."""
    values = wave(600, noise=2.0)
    values[498 + 24] = 130.0
    flags = run(values)
    assert flags[520].model in {"day", "week"}
    assert flags[522].flagged


def test_a_new_level_alarms_once_and_is_followed() -> None:
    """A step that stays raises one alert; 12 points later it is the new normal, and the way back is no second alarm."""
    values = [float(x) for x in np.random.default_rng(1).normal(100, 3, 600)]
    stays = [x + 80 * (i >= 400) for i, x in enumerate(values)]
    flags = run(stays)
    assert [i for i, flag in enumerate(flags) if flag.alert] == [400]
    assert not any(flag.flagged for flag in flags[415:])
    back = [x + 80 * (400 <= i < 425) for i, x in enumerate(values)]
    assert sum(flag.alert for flag in run(back)) == 1


def test_incidents_in_the_past_do_not_blind() -> None:
    """With 3 % of wild points in what was learnt, another one is still seen."""
    values = wave(700)
    for i in range(100, 690, 33):
        values[i] += 200
    values[695] += 120
    assert run(values)[695].flagged


def test_what_happens_now_and_then_is_no_alarm() -> None:
    """A count that is 0 but for a few hours a week: the first is told, those that follow are not."""
    flags = run([float(i % 40 == 39) for i in range(800)])
    assert sum(flag.alert for flag in flags) <= 1


def test_missing_and_late_points_teach_nothing() -> None:
    """NaN, ±inf, None, duplicates and late points leave the stream as it was; late ones are judged."""
    clean, dirty = Stream(HOUR), Stream(HOUR)
    for i, x in enumerate(wave(200)):
        clean.update(i * HOUR, x)
        dirty.update(i * HOUR, x)
        for nothing in (nan, inf, -inf, None):
            assert dirty.update(i * HOUR + 1, nothing).reason is Reason.NO_DATA
        late = dirty.update((i - 1) * HOUR, 1e9)
        assert late.flagged == (i >= 27)
    assert clean.band(200 * HOUR) == dirty.band(200 * HOUR)


def test_a_window_in_which_nothing_came_has_a_band() -> None:
    """There is a band for a moment without a point: a count of 0 can be judged by it."""
    stream = Stream(DAY)
    for i in range(60):
        stream.update(i * DAY, 1000.0 + i % 5)
    found = stream.band(60 * DAY)
    assert isinstance(found, Band)
    assert found.low > 0


def test_memory_is_bounded() -> None:
    """A minute series keeps no more than its windows and its places, however long it is."""
    stream = Stream(60.0)
    for i in range(12_000):
        stream.update(i * 60.0, float(i % 97))
    places = sum(len(known) for season in stream.centres.seasons.values() for known in season.places.values())
    assert places <= 1440 * 7 + 2016 * 8
    assert len(stream.tail.window) <= 400


def test_a_stream_knows_its_dates() -> None:
    """A date is named by the day that a window is, not by the midnight at which it ends."""
    from qoa_platform.verdicts.usual.dates import Dates

    dates = Dates()
    dates.mark(datetime(2017, 11, 25, tzinfo=UTC).timestamp(), -2.0)
    assert dates.of(datetime(2018, 11, 25, tzinfo=UTC).timestamp()) == (-2.5, "11-24")
    assert dates.of(datetime(2018, 11, 24, tzinfo=UTC).timestamp()) == (-2.5, "Friday 4 of 11")
    assert dates.of(datetime(2017, 11, 25, tzinfo=UTC).timestamp()) == (0.0, None)
