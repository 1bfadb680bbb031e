"""Owns acceptance bounds: what a promise allows as numbers, what lies inside, and by how much."""

from math import inf, isfinite
from typing import assert_never

from qoa_platform.records import Bounds, Direction, Fixed, Margin, MarginKind, Operator


def fixed_bounds(must: Fixed) -> Bounds:
    """The acceptance interval of ``must: ">= 99 %"``, in the metric's base unit.

    ``=`` is the interval of one point. ``!=`` is that point with ``strict``: everything *but* it (an interval without
    its only point would be empty, so the spelling is free for this).

    >>> fixed_bounds(Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %"))
    Bounds(low=0.99, high=None, strict=False)

    Raises ValueError for a bound that is not finite (it would promise nothing, or the impossible), and for a
    ``between`` without an upper bound or with its bounds in the wrong order.
    """
    bound = _finite(must)
    match must.operator:
        case Operator.LT:
            return Bounds(high=bound, strict=True)
        case Operator.LE:
            return Bounds(high=bound)
        case Operator.GT:
            return Bounds(low=bound, strict=True)
        case Operator.GE:
            return Bounds(low=bound)
        case Operator.EQ:
            return Bounds(low=bound, high=bound)
        case Operator.NE:
            return Bounds(low=bound, high=bound, strict=True)
        case Operator.BETWEEN:
            return _between(must)
        case _:
            assert_never(must.operator)


def _finite(must: Fixed) -> float:
    if isfinite(must.bound):
        return must.bound
    message = f"must {must.text!r}: bound {must.bound}. Allowed: a finite number"
    raise ValueError(message)


def _between(must: Fixed) -> Bounds:
    if must.upper is None or not must.bound <= must.upper < inf:
        message = f"must {must.text!r}: upper bound {must.upper}. Allowed: a number, at least {must.bound}"
        raise ValueError(message)
    return Bounds(low=must.bound, high=must.upper)


def versus_bounds(baseline: float, margin: Margin, direction: Direction) -> Bounds:
    """The bounds of ``versus: …, margin: …``: how much worse than the *baseline* is still good (non-inferiority).

    A lower-is-better metric gets a high bound, a higher-is-better one a low bound, a target metric both:

    * relative *m*: ``baseline ± m·|baseline|`` on the bad side;
    * factor *f*: *f* times as bad, ``baseline·f`` for lower and ``baseline/f`` for higher is better (the other way
      round for a negative baseline, so that *f* > 1 always loosens and *f* < 1 asks to be better);
    * absolute *d*: ``baseline ± d``.

    >>> versus_bounds(0.2, Margin(kind=MarginKind.RELATIVE, value=0.25), Direction.LOWER)
    Bounds(low=None, high=0.25, strict=False)
    >>> versus_bounds(0.2, Margin(kind=MarginKind.FACTOR, value=2.0), Direction.HIGHER)
    Bounds(low=0.1, high=None, strict=False)

    Raises ValueError for a baseline or margin that is not finite, a factor that is not positive, and a target metric
    with a margin that leaves nothing inside.
    """
    worse_up, worse_down = _worse(baseline, margin)
    match direction:
        case Direction.LOWER:
            return Bounds(high=worse_up)
        case Direction.HIGHER:
            return Bounds(low=worse_down)
        case Direction.TARGET:
            if worse_down > worse_up:
                message = f"margin {margin.value:g} ({margin.kind}) leaves nothing inside. Allowed: what loosens"
                raise ValueError(message)
            return Bounds(low=worse_down, high=worse_up)
        case _:
            assert_never(direction)


def _worse(baseline: float, margin: Margin) -> tuple[float, float]:
    """The bound above and the bound below the baseline."""
    if not isfinite(baseline) or not isfinite(margin.value):
        message = f"baseline {baseline} with margin {margin.value} gives no bound. Allowed: finite numbers"
        raise ValueError(message)
    match margin.kind:
        case MarginKind.RELATIVE:
            allowance = margin.value * abs(baseline)
            return baseline + allowance, baseline - allowance
        case MarginKind.ABSOLUTE:
            return baseline + margin.value, baseline - margin.value
        case MarginKind.FACTOR:
            if margin.value <= 0:
                message = f"margin {margin.value:g} x is no factor. Allowed: a positive number"
                raise ValueError(message)
            scaled = (baseline * margin.value, baseline / margin.value)
            return scaled if baseline >= 0 else (scaled[1], scaled[0])
        case _:
            assert_never(margin.kind)


def excludes_point(bounds: Bounds) -> bool:
    """Whether the bounds are those of ``!=``: everything but one point."""
    return bounds.strict and bounds.low is not None and bounds.low == bounds.high


def inside(value: float, bounds: Bounds) -> bool:
    """Whether *value* keeps the promise. NaN and ±inf never do, whatever the bounds.

    >>> inside(0.99, Bounds(low=0.99)), inside(0.2, Bounds(high=0.2, strict=True)), inside(inf, Bounds(low=0.0))
    (True, False, False)
    """
    if not isfinite(value):
        return False
    if excludes_point(bounds):
        return value != bounds.low
    low, high = _ends(bounds)
    return low < value < high if bounds.strict else low <= value <= high


def margin_of(value: float, bounds: Bounds) -> float | None:
    """The signed distance to the nearest bound: positive on the good side, in the metric's unit.

    The good side is the one that the bounds leave open; an operator against the metric's direction is a linter error
    unless the contract says ``intent: unusual``, and then the author's side is the good one. 0 is on the bound (kept
    by ``<=``, broken by ``<``). ``None`` where there is no distance: a value that is not finite, or no bound at all.

    >>> margin_of(0.5, Bounds(low=0.25)), margin_of(3.0, Bounds(low=1.0, high=2.0)), margin_of(inf, Bounds(low=0.0))
    (0.25, -1.0, None)
    """
    if not isfinite(value) or (bounds.low is None and bounds.high is None):
        return None
    if excludes_point(bounds) and bounds.low is not None:
        return abs(value - bounds.low)
    low, high = _ends(bounds)
    return min(value - low, high - value)


def uncertain(value: float, error: float, bounds: Bounds) -> bool:
    """Whether ``value ± error`` holds both values that keep the promise and values that break it.

    >>> uncertain(0.985, 0.01, Bounds(low=0.99)), uncertain(0.9, 0.01, Bounds(low=0.99))
    (True, False)
    """
    if not error > 0 or not isfinite(value):
        return False
    least, most = value - error, value + error
    if excludes_point(bounds) and bounds.low is not None:
        return least <= bounds.low <= most
    if isfinite(error) and inside(least, bounds) and inside(most, bounds):
        return False
    low, high = _ends(bounds)
    apart = most <= low or least >= high if bounds.strict else most < low or least > high
    return not apart


def _ends(bounds: Bounds) -> tuple[float, float]:
    return (-inf if bounds.low is None else bounds.low), (inf if bounds.high is None else bounds.high)
