"""Owns intervals: what a fixed bound accepts, what a metric can be at all, and which promises say the same or less."""

from dataclasses import dataclass
from math import inf

from qoa_platform.metrics import MetricSpec
from qoa_platform.records import Direction, Fixed, Must, Operator, Promise, Subject, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """``[low, high]``; an *open* end does not belong to it.

    >>> Interval(low=0, high=1).holds(Interval(low=0, high=1, open_low=True))
    True
    >>> Interval(low=0, high=1, open_high=True).meets(Interval(low=1, high=2))
    False
    """

    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False

    def holds(self, other: "Interval") -> bool:
        """Whether every number of *other* is in it."""
        low = self.low < other.low or (self.low == other.low and (other.open_low or not self.open_low))
        high = self.high > other.high or (self.high == other.high and (other.open_high or not self.open_high))
        return low and high

    def meets(self, other: "Interval") -> bool:
        """Whether the two have a number in common."""
        return _before(self, other) and _before(other, self)


def _before(one: Interval, two: Interval) -> bool:
    """Whether *one* begins no later than *two* ends."""
    return one.low < two.high or (one.low == two.high and not one.open_low and not two.open_high)


def interval_of(must: Must) -> Interval | None:
    """What a fixed bound accepts; ``None`` for ``!=`` and for what is learnt or compared."""
    if not isinstance(must, Fixed):
        return None
    match must.operator:
        case Operator.LT | Operator.LE:
            return Interval(high=must.bound, open_high=must.operator is Operator.LT)
        case Operator.GT | Operator.GE:
            return Interval(low=must.bound, open_low=must.operator is Operator.GT)
        case Operator.EQ:
            return Interval(low=must.bound, high=must.bound)
        case Operator.BETWEEN:
            return Interval(low=must.bound, high=must.bound if must.upper is None else must.upper)
        case _:
            return None


_NOT_NEGATIVE = frozenset({Unit.COUNT, Unit.ROWS, Unit.REQUESTS, Unit.SECONDS, Unit.BYTES, Unit.USD, Unit.PER_SECOND})
_MAY_EXCEED_ONE = frozenset({"data.retained", "r3e.bad_data_tolerance", "resource.cpu_utilisation"})
"""Ratios of two numbers of which neither is a part of the other."""


def possible(spec: MetricSpec) -> Interval:
    """What a metric can be at all, as far as its unit says.

    Counts, durations, bytes and money are not negative. A ratio is a share, 0 … 1, unless less of it is better: an
    error relative to the truth (WAPE) has no upper end. The shares of ``data.`` and ``service.`` always have.
    """
    if spec.unit in _NOT_NEGATIVE:
        return Interval(low=0.0)
    if spec.unit is not Unit.RATIO or spec.id in _MAY_EXCEED_ONE:
        return Interval()
    part = spec.id.startswith(("data.", "service.")) or spec.direction is Direction.HIGHER
    return Interval(low=0.0, high=1.0 if part else inf)


def implies(one: Promise, two: Promise, *, per_column: bool) -> bool:
    """Whether *two* is kept whenever *one* is: the same measure, and a bound that accepts no more."""
    first, second = interval_of(one.must), interval_of(two.must)
    if first is None or second is None or not second.holds(first):
        return False
    wider = set(one.columns) >= set(two.columns) if per_column else one.columns == two.columns
    return wider and two.by in (None, one.by)


def contradicts(one: Promise, two: Promise, *, per_column: bool) -> bool:
    """Whether the two can never be kept at once."""
    first, second = interval_of(one.must), interval_of(two.must)
    if first is None or second is None or first.meets(second):
        return False
    return bool(set(one.columns) & set(two.columns)) if per_column and one.columns else one.columns == two.columns


def measure(subject: Subject, promise: Promise) -> tuple[object, ...]:
    """What two promises must have in common to be about the same number; columns and groups apart."""
    return (
        subject.target, promise.metric, promise.expr, promise.params, promise.where,
        None if promise.over is not None else subject.where, promise.over, promise.window, promise.aggregate,
        promise.reference, promise.weight, promise.compat,
    )  # fmt: skip
