"""Runs: what steps took and cost; what one of them did not record is unknown for the run."""

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.metering import Rates, price
from qoa_platform.metrics import MetricError
from qoa_platform.records import Reading, Reason, Spend, TrialState, Usage
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


MEASURED = [
    usage(60.0, cpu_seconds=30.0, vcpus=1.0, read_bytes=10, write_bytes=1, rows_in=5, rows_out=4, overhead_seconds=0.6,
          queue_seconds=2.0),
    usage(30.0, cpu_seconds=45.0, vcpus=2.0, read_bytes=20, write_bytes=2, rows_in=7, rows_out=6, overhead_seconds=0.3,
          queue_seconds=3.0),
]  # fmt: skip


def test_what_steps_counted_is_summed_up() -> None:
    """Bytes and rows add up, the wait is the longest, shares are of sums: an hour weighs more than a second."""
    expected = {"read_bytes": 30, "write_bytes": 3, "rows_in": 12, "rows_out": 10, "queue_wait": 3.0}
    for name, value in expected.items():
        assert of_run(f"resource.{name}").fold(MEASURED) == Reading(value=value, n=2), name
    assert of_run("resource.cpu_utilisation").fold(MEASURED) == Reading(value=75 / 120, n=2)
    assert of_run("resource.monitoring_overhead").fold(MEASURED).value == pytest.approx(0.9 / 90)
    for name in (*expected, "cpu_utilisation", "monitoring_overhead"):
        assert of_run(f"resource.{name}").fold([*MEASURED, usage(1.0)]).reason is Reason.NO_DATA
        assert of_run(f"resource.{name}").fold([]).reason is Reason.NO_DATA
    nothing = usage(0.0, cpu_seconds=0.0, vcpus=1.0)
    assert of_run("resource.cpu_utilisation").fold([nothing]).reason is Reason.NOT_APPLICABLE


def spend(usd: float, **given: Any) -> Spend:
    """A step that cost so much."""
    return Spend(usage=usage(1.0, usd=usd), **given)


def test_cost_of_requests_and_of_runs() -> None:
    """1 000 × cost ÷ requests, idle steps paid too; steps of one run share its cost."""
    steps = [spend(0.5, run="a", requests=900), spend(0.25, run="a", requests=0), spend(0.25, run="b", requests=100)]
    assert of_run("cost.usd_per_1k").fold(steps) == Reading(value=1.0, n=3)
    assert of_run("cost.usd_per_run").fold(steps) == Reading(value=0.5, n=2)
    assert of_run("cost.usd_per_1k").fold([spend(0.5, requests=0)]).reason is Reason.NOT_APPLICABLE
    assert of_run("cost.usd_per_1k").fold([spend(0.5)]).reason is Reason.NO_DATA
    fargate = of_run("cost.usd_per_run").fold([usage(1000.0, vcpus=1.0, gigabytes=4.0)]).value
    assert fargate is not None
    assert round(fargate, 4) == 0.0162


def test_waste_is_what_left_nothing_behind() -> None:
    """Failed, lost and kept back are wasted; what still runs is neither, and nothing spent is no share."""
    done, running = TrialState.PUBLISHED, TrialState.STARTED
    ends = (done, TrialState.FAILED, TrialState.LOST, TrialState.BLOCKED)
    assert of_run("cost.waste").fold([spend(1.0, outcome=end) for end in ends]) == Reading(value=0.75, n=4)
    assert of_run("cost.waste").fold([spend(1.0, outcome=done), spend(9.0, outcome=running)]).value == 0.0
    assert of_run("cost.waste").fold([spend(9.0, outcome=running)]).reason is Reason.NO_DATA
    assert of_run("cost.waste").fold([spend(0.0, outcome=done)]).reason is Reason.NOT_APPLICABLE


def test_the_price_of_quality_between_two_presets() -> None:
    """Difference of mean costs ÷ difference of mean qualities; a dearer preset that is no better is dominated."""
    metric = of_run("cost.usd_per_quality", a="fast", b="exact")
    fast = [spend(1.0, preset="fast", quality=0.7), spend(3.0, preset="fast", quality=0.7)]
    exact = spend(4.0, preset="exact", quality=0.9)
    assert metric.fold([*fast, exact]).value == pytest.approx(2.0 / 0.2)
    worse = metric.fold([*fast, spend(4.0, preset="exact", quality=0.7)])
    assert (worse.value, worse.reason) == (None, Reason.NOT_APPLICABLE)
    assert str(worse.cause).startswith("'exact' is dominated")
    assert metric.fold(fast).reason is Reason.NO_DATA
    assert metric.fold([*fast, spend(4.0, preset="exact")]).reason is Reason.NO_DATA
