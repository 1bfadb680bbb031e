"""Owns Span: how many values, the least and the greatest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from qoa_platform.states.protocol import StateError

Extreme = float | str | datetime
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """n, minimum and maximum of one column (numbers, aware times or text). Neutral element: ``Span()``.

    >>> Span(2, 1.0, 5.0) + Span(1, -3.0, -3.0)
    Span(n=3, low=-3.0, high=5.0)
    """

    NAME: ClassVar[str] = "span"

    n: int = 0
    low: Extreme | None = None
    high: Extreme | None = None

    def zero(self) -> "Span":
        """``Span()``."""
        return Span()

    def __add__(self, other: "Span") -> "Span":
        if self.n == 0 or other.n == 0:
            return other if self.n == 0 else self
        if type(self.low) is not type(other.low):
            message = f"a span of {type(self.low).__name__} does not merge with one of {type(other.low).__name__}"
            raise StateError(message)
        low = min(self.low, other.low)  # type: ignore[type-var]
        high = max(self.high, other.high)  # type: ignore[type-var]
        return Span(self.n + other.n, low, high)

    def plain(self) -> Mapping[str, Any]:
        """Times as microseconds since 1970, so that no precision is lost before or after it."""
        kind = "t" if isinstance(self.low, datetime) else "v"
        return {"n": self.n, "k": kind, "a": _out(self.low), "b": _out(self.high)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Span":
        """The inverse of :meth:`plain`."""
        low, high = data["a"], data["b"]
        if data["k"] == "t" and low is not None:
            return cls(int(data["n"]), _in(low), _in(high))
        return cls(int(data["n"]), low, high)


def _out(value: Extreme | None) -> int | float | str | None:
    return (value - EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value


def _in(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)
