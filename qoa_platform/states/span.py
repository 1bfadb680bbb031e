"""Owns Span: how many values, the least and the greatest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State, StateError

Extreme = int | float | str | datetime
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Body(TypedDict):
    n: Count
    k: str
    a: int | float | str | None
    b: int | float | str | None


@dataclass(frozen=True, slots=True)
class Span(State):
    """n, minimum and maximum of one column: numbers, text (by code points) or aware times. Neutral element: ``Span()``.

    Numbers and times do not mix. Raises StateError for extremes of two kinds, NaN, a truth value or a naive time, and
    for a minimum above the maximum.

    >>> Span(2, 1.0, 5.0) + Span(1, -3, -3)
    Span(n=3, low=-3, high=5.0)
    """

    NAME: ClassVar[str] = "span"

    n: int = 0
    low: Extreme | None = None
    high: Extreme | None = None

    def __post_init__(self) -> None:
        if _kind(self.low) != _kind(self.high) or (self.n == 0) != (self.low is None):
            message = (
                f"a span of {self.n} values from {self.low!r} to {self.high!r}. Allowed: both of one kind, or none"
            )
            raise StateError(message)
        if self.low is not None and self.low > self.high:  # type: ignore[operator]
            message = f"a span from {self.low!r} down to {self.high!r}. Allowed: the least value first"
            raise StateError(message)

    @classmethod
    def zero(cls) -> "Span":
        """``Span()``."""
        return Span()

    def _merged(self, other: "Span") -> "Span":
        if self.n == 0 or other.n == 0:
            return other if self.n == 0 else self
        if _kind(self.low) != _kind(other.low):
            message = f"a span of {_kind(self.low)}s does not merge with one of {_kind(other.low)}s"
            raise StateError(message)
        low, high = [self.low, other.low], [self.high, other.high]
        return Span(self.n + other.n, min(low), max(high))  # type: ignore[type-var]

    def plain(self) -> Mapping[str, Any]:
        """Times as microseconds since 1970 (negative before it), so that no precision is lost."""
        return {"n": self.n, "k": _kind(self.low), "a": _out(self.low), "b": _out(self.high)}

    @classmethod
    def of(cls, data: Any) -> "Span":
        """The inverse of :meth:`plain`."""
        body = msgspec.convert(data, _Body)
        low, high = body["a"], body["b"]
        if body["k"] != "time":
            span = cls(body["n"], low, high)
            if _kind(span.low) != body["k"]:
                message = f"a span of {body['k'][:32]!r} that holds {low!r}"
                raise StateError(message)
            return span
        if not isinstance(low, int) or not isinstance(high, int):
            message = f"a span of times from {low!r} to {high!r}. Allowed: microseconds since 1970"
            raise StateError(message)
        return cls(body["n"], EPOCH + timedelta(microseconds=low), EPOCH + timedelta(microseconds=high))


def _kind(value: Extreme | None) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return "text"
        case datetime() if value.tzinfo is not None:
            return "time"
        case int() | float() if value == value and not isinstance(value, bool):  # noqa: PLR0124 (NaN)
            return "number"
        case _:
            message = f"{value!r} cannot be an end of a span. Allowed: numbers, text, aware times"
            raise StateError(message)


def _out(value: Extreme | None) -> int | float | str | None:
    return (value - EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value
