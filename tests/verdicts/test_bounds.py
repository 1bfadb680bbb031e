"""Tests of verdicts.bounds: operators, versus margins, signed margins, uncertainty."""

from math import inf, nan

import pytest

from qoa_platform.records import Bounds, Direction, Fixed, Margin, MarginKind, Operator
from qoa_platform.verdicts import fixed_bounds, inside, margin_of, uncertain, versus_bounds

# The columns are: the operator, its bound with the upper one, what keeps it, what breaks it.
CASES = [
    (Operator.LT, (2.0, None), [1.9], [2.0, 2.1]),
    (Operator.LE, (2.0, None), [1.9, 2.0], [2.1]),
    (Operator.GT, (2.0, None), [2.1], [2.0, 1.9]),
    (Operator.GE, (2.0, None), [2.1, 2.0], [1.9]),
    (Operator.EQ, (2.0, None), [2.0], [1.9, 2.1]),
    (Operator.NE, (2.0, None), [1.9, 2.1], [2.0]),
    (Operator.BETWEEN, (2.0, 3.0), [2.0, 2.5, 3.0], [1.9, 3.1]),
]


@pytest.mark.parametrize(("operator", "bound", "kept", "broken"), CASES)
def test_every_operator_keeps_what_it_says(
    operator: Operator, bound: tuple[float, float | None], kept: list[float], broken: list[float]
) -> None:
    """Each operator accepts exactly its side; NaN and infinities are on no side; the margin's sign agrees."""
    bounds = fixed_bounds(Fixed(operator=operator, bound=bound[0], upper=bound[1], text="t"))
    for value in kept:
        assert inside(value, bounds)
        assert (margin_of(value, bounds) or 0.0) >= 0
    for value in [*broken, nan, inf, -inf]:
        assert not inside(value, bounds)
        assert (margin_of(value, bounds) or 0.0) <= 0


@pytest.mark.parametrize("bound", [nan, inf, -inf])
def test_a_bound_is_a_finite_number(bound: float) -> None:
    """A bound that every value passes, or none, is an error and no promise."""
    for operator in Operator:
        with pytest.raises(ValueError, match="Allowed: a finite number"):
            fixed_bounds(Fixed(operator=operator, bound=bound, upper=1.0, text="t"))


@pytest.mark.parametrize("upper", [None, 1.0, nan, inf])
def test_between_needs_both_bounds_in_order(upper: float | None) -> None:
    """A between without an upper bound, or with one below the lower, is an error that says what is allowed."""
    with pytest.raises(ValueError, match="Allowed: a number, at least 2"):
        fixed_bounds(Fixed(operator=Operator.BETWEEN, bound=2.0, upper=upper, text="between 2 and 1"))


@pytest.mark.parametrize(
    ("kind", "value", "direction", "baseline", "expected"),
    [
        (MarginKind.RELATIVE, 0.25, Direction.LOWER, 0.2, Bounds(high=0.25)),
        (MarginKind.RELATIVE, 0.25, Direction.HIGHER, 0.8, Bounds(low=0.6)),
        (MarginKind.RELATIVE, 0.5, Direction.HIGHER, -2.0, Bounds(low=-3.0)),
        (MarginKind.RELATIVE, 0.5, Direction.TARGET, 4.0, Bounds(low=2.0, high=6.0)),
        (MarginKind.FACTOR, 1.5, Direction.LOWER, 2.0, Bounds(high=3.0)),
        (MarginKind.FACTOR, 2.0, Direction.HIGHER, 0.8, Bounds(low=0.4)),
        (MarginKind.FACTOR, 2.0, Direction.HIGHER, -1.0, Bounds(low=-2.0)),
        (MarginKind.FACTOR, 2.0, Direction.LOWER, -1.0, Bounds(high=-0.5)),
        (MarginKind.ABSOLUTE, 0.01, Direction.LOWER, 0.2, Bounds(high=0.21)),
        (MarginKind.ABSOLUTE, 1.0, Direction.HIGHER, 5.0, Bounds(low=4.0)),
        (MarginKind.ABSOLUTE, 1.0, Direction.TARGET, 5.0, Bounds(low=4.0, high=6.0)),
    ],
)
def test_versus_loosens_on_the_bad_side(
    kind: MarginKind, value: float, direction: Direction, baseline: float, expected: Bounds
) -> None:
    """The margin is granted on the side that is worse for the metric, and on both sides of a target."""
    got = versus_bounds(baseline, Margin(kind=kind, value=value), direction)
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("baseline", "kind", "value", "direction"),
    [
        (nan, MarginKind.RELATIVE, 0.1, Direction.LOWER),
        (1.0, MarginKind.ABSOLUTE, inf, Direction.LOWER),
        (1.0, MarginKind.FACTOR, 0.0, Direction.LOWER),
        (1.0, MarginKind.ABSOLUTE, -0.1, Direction.TARGET),
    ],
)
def test_margins_that_give_no_bound_are_errors(
    baseline: float, kind: MarginKind, value: float, direction: Direction
) -> None:
    """What is not finite, a factor of 0 and an empty target interval are said, not guessed."""
    with pytest.raises(ValueError, match="Allowed"):
        versus_bounds(baseline, Margin(kind=kind, value=value), direction)


@pytest.mark.parametrize(
    ("value", "error", "bounds", "expected"),
    [
        (0.985, 0.01, Bounds(low=0.99), True),
        (0.9, 0.01, Bounds(low=0.99), False),
        (0.995, 0.005, Bounds(low=0.99), False),
        (0.995, 0.005, Bounds(low=0.99, strict=True), True),
        (0.5, 9.0, Bounds(low=0.0, high=1.0), True),
        (0.5, 0.5, Bounds(low=0.0, high=1.0), False),
        (2.0, 0.5, Bounds(low=0.0, high=1.0), False),
        (1.9, 0.2, Bounds(low=2.0, high=2.0, strict=True), True),
        (1.7, 0.2, Bounds(low=2.0, high=2.0, strict=True), False),
        (0.5, 0.0, Bounds(low=0.5), False),
        (0.5, inf, Bounds(low=0.1), True),
    ],
)
def test_uncertain_when_both_sides_are_possible(value: float, error: float, bounds: Bounds, *, expected: bool) -> None:
    """A reading is uncertain exactly when value ± error holds kept and broken values."""
    assert uncertain(value, error, bounds) is expected
