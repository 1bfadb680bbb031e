"""Rules of the price of a step."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.metering import FARGATE, Rates, price
from qoa_platform.records import Usage

amounts = st.floats(0, 1e6)


def test_the_check_value_of_the_reference_comes_out() -> None:
    """1 vCPU (half busy), 4 GB, 1 000 s at Fargate rates cost $0.0162 (RF-5; the original computes $3.03)."""
    usd = price(Usage(seconds=1000, cpu_seconds=500, vcpus=1, gigabytes=4), FARGATE)
    assert usd == pytest.approx(0.0162, abs=5e-5)


@given(seconds=amounts, cpu=amounts, vcpus=amounts, gigabytes=amounts)
def test_a_price_follows_allocation_and_time_only(seconds: float, cpu: float, vcpus: float, gigabytes: float) -> None:
    """How busy the CPU was does not matter, and twice the time costs twice as much."""
    idle = price(Usage(seconds=seconds, cpu_seconds=0.0, vcpus=vcpus, gigabytes=gigabytes))
    busy = price(Usage(seconds=seconds, cpu_seconds=cpu, vcpus=vcpus, gigabytes=gigabytes))
    double = price(Usage(seconds=2 * seconds, vcpus=vcpus, gigabytes=gigabytes))
    assert idle is not None
    assert busy is not None
    assert double is not None
    assert idle == busy >= 0
    assert math.isclose(double, 2 * idle, rel_tol=1e-12, abs_tol=1e-300)  # below it digits are lost


def test_an_unknown_allocation_has_an_unknown_price() -> None:
    """Unknown is said as unknown, never as 0."""
    assert price(Usage(seconds=10, vcpus=None, gigabytes=4)) is None
    assert price(Usage(seconds=10, vcpus=1, gigabytes=None)) is None


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    """A rate is finite and not negative; the error names it."""
    with pytest.raises(ValueError, match="rate gb_hour is"):
        Rates(gb_hour=rate)
