"""Owns Histogram: counts on frozen edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from qoa_platform.states.protocol import StateError


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of B bins on frozen edges (right-closed, open outer bins), and how many were missing.

    *digest* names the edges: states counted on different edges do not merge. Neutral: zero counts of the same edges.

    >>> Histogram("e", (1, 2)) + Histogram("e", (0, 1), missing=3)
    Histogram(digest='e', counts=(1, 3), missing=3)
    """

    NAME: ClassVar[str] = "histogram"

    digest: str
    counts: tuple[int, ...]
    missing: int = 0

    def zero(self) -> "Histogram":
        """No counts, same edges."""
        return Histogram(self.digest, (0,) * len(self.counts))

    def __add__(self, other: "Histogram") -> "Histogram":
        if self.digest != other.digest or len(self.counts) != len(other.counts):
            message = f"histograms on edges {self.digest[:12]} and {other.digest[:12]} do not merge"
            raise StateError(message)
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Histogram(self.digest, counts, self.missing + other.missing)

    @property
    def n(self) -> int:
        """Values counted."""
        return sum(self.counts)

    def plain(self) -> Mapping[str, Any]:
        """The digest, the counts, the missing."""
        return {"d": self.digest, "c": list(self.counts), "m": self.missing}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Histogram":
        """The inverse of :meth:`plain`."""
        return cls(str(data["d"]), tuple(int(c) for c in data["c"]), int(data["m"]))
