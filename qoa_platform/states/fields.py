"""Owns Fields: named aggregates, each with the rule by which it merges."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State, StateError

RULES = ("max", "min", "sum")
Number = int | float


class _Body(TypedDict):
    n: Count
    v: list[tuple[str, str, int | float | None]]


@dataclass(frozen=True, slots=True)
class Fields(State):
    """n rows and named aggregates as (name, rule, value), sorted; a rule is ``sum``, ``min`` or ``max``.

    It is what a user's own metric is read off. ``None`` is the value of no row and neutral under every rule; a NaN
    stays. Whole numbers add exactly, floats up to rounding. Neutral element: ``Fields()``.

    >>> day = Fields(2, (("late", "sum", 1), ("worst", "max", 7.5)))
    >>> (day + Fields(1, (("late", "sum", 1), ("worst", "max", None)))).get("late")
    2
    """

    NAME: ClassVar[str] = "fields"

    n: int = 0
    values: tuple[tuple[str, str, Number | None], ...] = ()

    @classmethod
    def zero(cls) -> "Fields":
        """``Fields()``."""
        return Fields()

    def _merged(self, other: "Fields") -> "Fields":
        found: dict[str, tuple[str, Number | None]] = {name: (rule, value) for name, rule, value in self.values}
        for name, rule, value in other.values:
            mine, before = found.get(name, (rule, None))
            if mine != rule:
                message = f"a field {name!r} that merges by {mine} does not merge with one that merges by {rule}"
                raise StateError(message)
            found[name] = (rule, _both(rule, before, value))
        return Fields(self.n + other.n, tuple((name, *found[name]) for name in sorted(found)))

    def get(self, name: str) -> Number | None:
        """The value of that name; ``None`` where nothing was aggregated."""
        return next((value for field, _, value in self.values if field == name), None)

    def plain(self) -> Mapping[str, Any]:
        """The rows and the fields."""
        return {"n": self.n, "v": self.values}

    @classmethod
    def of(cls, data: Any) -> "Fields":
        """The inverse of :meth:`plain`. Raises StateError for an unknown rule, and for a name that stands twice."""
        body = msgspec.convert(data, _Body)
        if alien := sorted({rule for _, rule, _ in body["v"]} - set(RULES)):
            message = f"fields that merge by {alien[0][:32]!r}. Allowed: {', '.join(RULES)}"
            raise StateError(message)
        names = [name for name, _, _ in body["v"]]
        if len(set(names)) < len(names):
            message = f"{len(names)} fields with {len(set(names))} names. Allowed: every name once"
            raise StateError(message)
        return cls(body["n"], tuple(sorted(body["v"], key=_name)))


def _name(field: tuple[str, str, Number | None]) -> str:
    return field[0]


def _both(rule: str, a: Number | None, b: Number | None) -> Number | None:
    if a is None or b is None:
        return b if a is None else a
    if rule == "sum":
        return a + b
    if isnan(a) or isnan(b):
        return a if isnan(a) else b
    return min(a, b) if rule == "min" else max(a, b)
