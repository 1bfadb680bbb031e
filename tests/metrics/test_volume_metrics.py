"""Volume: how many rows, and how many of those that a step read."""

import pytest

from qoa_platform.records import Reading, Reason
from qoa_platform.states import Grouped, Tally
from tests.metrics.making import DAY, NOW, one


def test_no_rows_are_a_value() -> None:
    """An empty frame has row count 0, which can be judged."""
    assert one("data.row_count").read(Tally(0, 0), None) == Reading(value=0, n=0)
    assert one("data.row_count").read(Tally(5, 5), None) == Reading(value=5, n=5)


def test_retained_is_rows_out_by_rows_in() -> None:
    """The rows that the step read are told, and are the denominator; more may come out than went in."""
    metric = one("data.retained").at(NOW, DAY, 8)
    assert metric.read(Tally(6, 6), None) == Reading(value=0.75, n=8)
    assert metric.read(Tally(0, 0), None) == Reading(value=0.0, n=8)
    assert metric.read(Tally(16, 16), None).value == 2.0


@pytest.mark.parametrize(("rows_in", "says"), [(None, "not known how many rows"), (0, "read no rows")])
def test_nothing_read_is_nothing_retained(rows_in: int | None, says: str) -> None:
    """Where it is not known what the step read, or it read nothing, there is no share: never 0, never 1."""
    reading = one("data.retained").at(NOW, DAY, rows_in).read(Tally(6, 6), None)
    assert reading.reason is Reason.NO_DATA
    assert says in str(reading.cause)


def test_what_a_step_read_is_not_known_by_group() -> None:
    """Rows in are counted for the whole only: a group has no share."""
    state = Grouped(Tally(6, 6), (("a", Tally(6, 6)),))
    metric = one("data.retained", by="g").at(NOW, DAY, 8)
    assert metric.read(state, None).value == 0.75
    assert metric.read(state, None, "a").reason is Reason.NO_DATA


def test_rows_read_are_no_part_of_the_series() -> None:
    """The same promise goes on as one series, however many rows came in."""
    assert one("data.retained").at(NOW, DAY, 8).params == one("data.retained").params
