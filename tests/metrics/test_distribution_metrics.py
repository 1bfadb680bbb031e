"""Distribution: moments and extremes of finite values, and what has neither."""

from datetime import UTC, datetime

import pytest

from qoa_platform.records import Reading, Reason
from qoa_platform.states import Moments, Span
from tests.metrics.making import one

STATE = Moments(4, 2.5, 5.0, 0.0, 10.25, n_nonfinite=1)


def test_moments_are_read_in_the_unit_of_the_column() -> None:
    """Mean, sum and sample deviation of [1, 2, 3, 4]; ±inf is left out and n says so."""
    assert one("data.mean", "x").read(STATE, None) == Reading(value=2.5, n=4)
    assert one("data.sum", "x").read(STATE, None) == Reading(value=10.0, n=4)
    assert one("data.std", "x").read(STATE, None) == Reading(value=(5 / 3) ** 0.5, n=4)


@pytest.mark.parametrize("metric", ["data.mean", "data.sum", "data.std", "data.min", "data.max"])
def test_no_value_has_no_distribution(metric: str) -> None:
    """Without a finite value there is no data: also where all values are infinite."""
    state = Span() if metric in {"data.min", "data.max"} else Moments(n_nonfinite=3)
    assert one(metric, "x").read(state, None) == Reading.unknown(Reason.NO_DATA)


def test_one_value_has_no_spread() -> None:
    """The sample deviation of one value is not applicable, not 0."""
    assert one("data.std", "x").read(Moments(1, 2.0), None).reason is Reason.NOT_APPLICABLE


def test_rounding_below_zero_is_no_spread() -> None:
    """A sum of squares that rounding made negative is a deviation of 0, not NaN."""
    assert one("data.std", "x").read(Moments(3, 1.0, -1e-18), None).value == 0.0


@pytest.mark.parametrize("metric", ["data.mean", "data.sum", "data.std"])
def test_a_built_in_metric_never_is_nan_or_infinite(metric: str) -> None:
    """Sums that overflow are an error with its cause: never NaN, never ±inf."""
    for broken in (float("inf"), float("nan")):
        reading = one(metric, "x").read(Moments(3, broken, broken), None)
        assert (reading.value, reading.reason) == (None, Reason.ERROR)
        assert "too large to be summed" in str(reading.cause)


def test_extremes_are_numbers() -> None:
    """Whole numbers beyond 2⁵³ are rounded to the nearest float; texts and times have no number to promise."""
    assert one("data.min", "x").read(Span(3, -1, 2**60), None) == Reading(value=-1.0, n=3)
    assert one("data.max", "x").read(Span(3, -1, 2**60), None) == Reading(value=float(2**60), n=3)
    noon = datetime(2017, 10, 4, 12, tzinfo=UTC)
    for state in (Span(1, "a", "b"), Span(1, noon, noon)):
        assert one("data.max", "x").read(state, None).reason is Reason.NOT_APPLICABLE
