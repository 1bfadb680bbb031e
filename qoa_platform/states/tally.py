"""Owns Tally: hits among rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from qoa_platform.states.protocol import StateError


@dataclass(frozen=True, slots=True)
class Tally:
    """Hits among rows, both counted exactly. Neutral element: ``Tally()``.

    >>> (Tally(1, 2) + Tally(2, 2)).ratio
    0.75
    """

    NAME: ClassVar[str] = "tally"

    hits: int = 0
    rows: int = 0

    def zero(self) -> "Tally":
        """``Tally()``."""
        return Tally()

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.hits + other.hits, self.rows + other.rows)

    @property
    def ratio(self) -> float | None:
        """hits / rows; ``None`` without rows, for 0 would be a claim."""
        return self.hits / self.rows if self.rows else None

    def plain(self) -> Mapping[str, Any]:
        """Two integers."""
        return {"h": self.hits, "r": self.rows}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Tally":
        """Raises StateError for more hits than rows."""
        hits, rows = int(data["h"]), int(data["r"])
        if not 0 <= hits <= rows:
            message = f"a tally of {hits} hits among {rows} rows. Allowed: 0 ≤ hits ≤ rows"
            raise StateError(message)
        return cls(hits, rows)
