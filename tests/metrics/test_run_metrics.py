"""Runs: what steps took and cost; what one of them did not record is unknown for the run."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.metering import Rates, price
from qoa_platform.metrics import MetricError
from qoa_platform.records import Reading, Reason, Usage
from tests.metrics.making import of_run, usage

STEPS = [
    usage(60.0, cpu_seconds=30.0, peak_bytes=500, vcpus=1.0, gigabytes=4.0),
    usage(30.0, cpu_seconds=45.0, peak_bytes=900, vcpus=2.0, gigabytes=1.0, usd=0.5),
]


def test_steps_are_summed_and_memory_is_the_greatest() -> None:
    """Steps of a run follow one another: seconds add up, the peak of memory is the highest of them."""
    assert of_run("resource.elapsed").fold(STEPS) == Reading(value=90.0, n=2)
    assert of_run("resource.cpu_time").fold(STEPS) == Reading(value=75.0, n=2)
    assert of_run("resource.peak_memory").fold(STEPS) == Reading(value=900.0, n=2)


def test_the_price_that_was_recorded_counts() -> None:
    """A step that recorded its price keeps it; the other is priced by allocation × time × rates."""
    expected = 0.5 + 60 / 3600 * (1 * 0.04048 + 4 * 0.004445)
    assert of_run("cost.usd").fold(STEPS) == Reading(value=expected, n=2)


def test_the_worked_example_of_the_catalogue() -> None:
    """1 vCPU and 4 GB for 1 000 s cost $0.0162 at Fargate's rates: a published implementation gave $3.03."""
    value = of_run("cost.usd").fold([usage(1000.0, vcpus=1.0, gigabytes=4.0)]).value
    assert value is not None
    assert round(value, 4) == 0.0162


amounts = st.floats(0, 1e6)
allocated = st.builds(Usage, seconds=amounts, vcpus=amounts, gigabytes=amounts)


@given(st.lists(allocated, min_size=1, max_size=6), amounts, amounts)
def test_cost_is_that_of_metering(steps: list[Usage], vcpu_hour: float, gb_hour: float) -> None:
    """Metric and meter price a step alike, at whatever rates; a run costs what its steps cost."""
    metric = of_run("cost.usd", vcpu_hour=vcpu_hour, gb_hour=gb_hour)
    prices = [price(step, Rates(vcpu_hour=vcpu_hour, gb_hour=gb_hour)) for step in steps]
    assert metric.fold(steps).value == pytest.approx(sum(p for p in prices if p is not None))


@pytest.mark.parametrize("metric", ["resource.elapsed", "resource.cpu_time", "resource.peak_memory", "cost.usd"])
def test_no_step_is_no_data(metric: str) -> None:
    """A run of which nothing was measured took neither no time nor no money."""
    assert of_run(metric).fold([]).reason is Reason.NO_DATA


@pytest.mark.parametrize("metric", ["resource.cpu_time", "resource.peak_memory", "cost.usd"])
def test_one_unknown_step_makes_the_run_unknown(metric: str) -> None:
    """The sum over the other steps would be too small, and look good."""
    reading = of_run(metric).fold([*STEPS, usage(5.0)])
    assert (reading.value, reading.n, reading.reason) == (None, 2, Reason.NO_DATA)
    assert "1 of 3 steps did not record" in str(reading.cause)


@pytest.mark.parametrize("seconds", [nan, inf, -inf])
def test_an_amount_that_is_no_number_is_not_recorded(seconds: float) -> None:
    """NaN and ±inf are no seconds."""
    assert of_run("resource.elapsed").fold([usage(seconds)]).reason is Reason.NO_DATA


def test_rates_are_not_negative() -> None:
    """Nobody is paid for what a run uses."""
    with pytest.raises(MetricError, match=r"rates are -1.0 and 0.004445 USD/h. Allowed: 0 or more"):
        of_run("cost.usd", vcpu_hour=-1)
    assert of_run("cost.usd", vcpu_hour=1.0).params == (("vcpu_hour", 1.0),)
