"""Intervals of bounds: their algebra, against membership of every point of a grid."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts.linting_intervals import Interval, interval_of, possible
from qoa_platform.metrics import catalogue
from qoa_platform.records import Fixed, Operator, Usual

GRID = [Fraction(n, 2) for n in range(-2, 11)]
"""Every whole number that an end can be, and a point on either side of each."""


def inside(interval: Interval, point: Fraction) -> bool:
    """Whether *point* belongs to *interval*."""
    above = point > interval.low or (point == interval.low and not interval.open_low)
    below = point < interval.high or (point == interval.high and not interval.open_high)
    return above and below


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    """Intervals that hold at least one point."""
    low, high = sorted((draw(st.integers(0, 4)), draw(st.integers(0, 4))))
    ends = draw(st.tuples(st.booleans(), st.booleans())) if low < high else (False, False)
    return Interval(low=float(low), high=float(high), open_low=ends[0], open_high=ends[1])


@given(intervals(), intervals())
def test_holds_is_inclusion(one: Interval, two: Interval) -> None:
    """One holds two iff every point of two is a point of one."""
    assert one.holds(two) == all(inside(one, p) for p in GRID if inside(two, p))


@given(intervals(), intervals())
def test_meets_is_a_common_point(one: Interval, two: Interval) -> None:
    """Two intervals meet iff some point belongs to both; whoever is asked."""
    common = any(inside(one, p) and inside(two, p) for p in GRID)
    assert one.meets(two) == two.meets(one) == common


@pytest.mark.parametrize("operator", list(Operator))
def test_a_bound_accepts_what_its_operator_says(operator: Operator) -> None:
    """The interval of a bound holds exactly the numbers that keep it; != and usual are no interval."""
    found = interval_of(Fixed(operator=operator, bound=1.0, upper=3.0, text=""))
    if operator is Operator.NE:
        assert found is None
        return
    assert found is not None
    keeps: Callable[[Fraction], bool] = {
        Operator.LT: lambda p: p < 1, Operator.LE: lambda p: p <= 1, Operator.GT: lambda p: p > 1,
        Operator.GE: lambda p: p >= 1, Operator.EQ: lambda p: p == 1, Operator.BETWEEN: lambda p: 1 <= p <= 3,
    }[operator]  # fmt: skip
    assert [p for p in GRID if inside(found, p)] == [p for p in GRID if keeps(p)]
    assert interval_of(Usual()) is None


def test_what_metrics_can_be() -> None:
    """Shares end at 1, durations begin at 0, an error relative to the truth has no upper end, R² no lower one."""
    known = catalogue()
    assert possible(known["data.completeness"]) == Interval(low=0.0, high=1.0)
    assert possible(known["resource.elapsed"]) == Interval(low=0.0)
    assert possible(known["model.wape"]) == Interval(low=0.0)
    assert possible(known["model.r2"]) == Interval()
    assert possible(known["data.mean"]) == Interval()
    assert possible(known["data.retained"]) == Interval()
