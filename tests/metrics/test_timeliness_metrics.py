"""Timeliness: the clock is told, the newest row is not from the future, and no time is no data."""

from datetime import UTC, datetime, timedelta

import pytest

from qoa_platform.metrics import MetricError, build
from qoa_platform.records import Reading, Reason
from qoa_platform.states import Span, Tally
from tests.metrics.making import DAY, NOW, one, promised, subject

NEWEST = datetime(2017, 10, 4, 22, tzinfo=UTC)
STATE = Span(7, NEWEST - timedelta(days=1), NEWEST)


def test_age_is_measured_by_the_clock_that_is_told() -> None:
    """The value is now − newest event time; a later clock makes the same data older."""
    metric = one("data.timeliness")
    assert metric.at(NOW, DAY).read(STATE, None) == Reading(value=14 * 3600.0, n=7)
    assert metric.at(NOW + timedelta(hours=1), DAY).read(STATE, None).value == 15 * 3600.0


def test_an_untold_clock_is_an_error_and_never_the_wall_clock() -> None:
    """Without :meth:`at` there is no reading."""
    assert one("data.timeliness").read(STATE, None).reason is Reason.ERROR
    assert one("data.future_share").read(Tally(0, 3), None).reason is Reason.ERROR


def test_rows_from_the_future_do_not_hide_a_dead_feed() -> None:
    """Only rows up to the window's end plus the agreed skew are asked for."""
    ask = one("data.timeliness", skew="5 min").at(NOW, DAY).ask(None)
    assert ask is not None
    assert dict(ask.params) == {"until": "2017-10-05T00:05:00+00:00"}


def test_the_clock_is_no_part_of_the_series() -> None:
    """Clock and window change neither the parameters nor the series; the skew does."""
    metric = one("data.timeliness")
    assert metric.at(NOW, DAY).params == metric.params
    assert one("data.timeliness", skew=1).params != metric.params


@pytest.mark.parametrize(
    ("state", "reason"),
    [(Span(), Reason.NO_DATA), (Span(1, 1.0, 2.0), Reason.NOT_APPLICABLE), (Span(1, "a", "b"), Reason.NOT_APPLICABLE)],
)
def test_what_holds_no_time_has_no_age(state: Span, reason: Reason) -> None:
    """No row is no data; numbers and texts are not applicable."""
    assert one("data.timeliness").at(NOW, DAY).read(state, None).reason is reason


def test_the_subject_says_which_column_holds_the_time() -> None:
    """The promise's column counts, else the subject's event time; without either, or with two, it is refused."""
    assert one("data.timeliness").columns == ("t",)
    assert one("data.timeliness", "other").columns == ("other",)
    with pytest.raises(MetricError, match=r"no event_time. Allowed: one column of times"):
        build(promised("data.timeliness"), subject(event_time=None))
    with pytest.raises(MetricError, match="is given a, b"):
        one("data.timeliness", "a", "b")


def test_the_future_begins_at_arrival_or_at_the_windows_end() -> None:
    """With an arrival column both columns are compared, else the event time with the end of the window."""
    plain = one("data.future_share", skew=60).at(NOW, DAY).ask(None)
    arrived = one("data.future_share", arrival="a", skew="2 min").at(NOW, DAY).ask(None)
    assert plain is not None
    assert arrived is not None
    assert (plain.columns, dict(plain.params)["bound"]) == (("t",), "2017-10-05T00:01:00+00:00")
    assert (arrived.columns, dict(arrived.params)["skew"]) == (("t", "a"), 120.0)
    assert one("data.future_share").at(NOW, DAY).read(Tally(1, 4), None) == Reading(value=0.25, n=4)


def test_a_negative_skew_is_refused() -> None:
    """Clocks cannot be apart by less than nothing."""
    with pytest.raises(MetricError, match=r"skew is -1.0 s. Allowed: 0 s or more"):
        one("data.timeliness", skew=-1)
