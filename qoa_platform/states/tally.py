"""Owns Tally: hits among rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State, StateError


class _Body(TypedDict):
    h: Count
    r: Count


@dataclass(frozen=True, slots=True)
class Tally(State):
    """Hits among rows, both counted exactly. Neutral element: ``Tally()``.

    >>> (Tally(1, 2) + Tally(2, 2)).ratio
    0.75
    """

    NAME: ClassVar[str] = "tally"

    hits: int = 0
    rows: int = 0

    @classmethod
    def zero(cls) -> "Tally":
        """``Tally()``."""
        return Tally()

    def _merged(self, other: "Tally") -> "Tally":
        return Tally(self.hits + other.hits, self.rows + other.rows)

    @property
    def ratio(self) -> float | None:
        """Hits ÷ rows; ``None`` without rows, for 0 would be a claim."""
        return self.hits / self.rows if self.rows else None

    def plain(self) -> Mapping[str, Any]:
        """Two integers."""
        return {"h": self.hits, "r": self.rows}

    @classmethod
    def of(cls, data: Any) -> "Tally":
        """Raises StateError for more hits than rows."""
        body = msgspec.convert(data, _Body)
        if body["h"] > body["r"]:
            message = f"a tally of {body['h']} hits among {body['r']} rows. Allowed: hits ≤ rows"
            raise StateError(message)
        return cls(body["h"], body["r"])
