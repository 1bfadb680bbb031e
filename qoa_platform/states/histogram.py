"""Owns Histogram: counts on frozen edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State, StateError


class _Body(TypedDict):
    d: str
    c: tuple[Count, ...]
    m: Count
    s: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Histogram(State):
    """Counts of B bins on B − 1 frozen edges (right-closed, open outer bins), and how many values were missing.

    *digest* names the edges: states counted on different edges do not merge. *sums* are optional sums of other columns
    per bin (Σy, Σp of a score histogram), by name. Neutral: zero counts on the same edges.

    >>> Histogram("e", (1, 2)) + Histogram("e", (0, 1), missing=3)
    Histogram(digest='e', counts=(1, 3), missing=3, sums=())
    """

    NAME: ClassVar[str] = "histogram"

    digest: str
    counts: tuple[int, ...]
    missing: int = 0
    sums: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def zero(self) -> "Histogram":
        """No counts, same edges, same sums."""
        bins = len(self.counts)
        return Histogram(self.digest, (0,) * bins, 0, tuple((name, (0.0,) * bins) for name, _ in self.sums))

    def _merged(self, other: "Histogram") -> "Histogram":
        mine, theirs = [name for name, _ in self.sums], [name for name, _ in other.sums]
        if self.digest != other.digest or len(self.counts) != len(other.counts) or mine != theirs:
            message = (
                f"a histogram on edges {self.digest[:12]} ({len(self.counts)} bins, sums {mine}) does not merge with "
                f"one on edges {other.digest[:12]} ({len(other.counts)} bins, sums {theirs})"
            )
            raise StateError(message)
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        sums = tuple(
            (name, tuple(x + y for x, y in zip(a, b, strict=True)))
            for (name, a), (_, b) in zip(self.sums, other.sums, strict=True)
        )
        return Histogram(self.digest, counts, self.missing + other.missing, sums)

    @property
    def n(self) -> int:
        """Values counted."""
        return sum(self.counts)

    def plain(self) -> Mapping[str, Any]:
        """The digest, the counts, the missing, the sums."""
        return {"d": self.digest, "c": self.counts, "m": self.missing, "s": dict(self.sums)}

    @classmethod
    def of(cls, data: Any) -> "Histogram":
        """The inverse of :meth:`plain`. Raises StateError without bins, and for sums of another number of them."""
        body = msgspec.convert(data, _Body)
        if not body["c"]:
            message = "a histogram without bins. Allowed: one bin more than edges"
            raise StateError(message)
        if torn := sorted(name for name, values in body["s"].items() if len(values) != len(body["c"])):
            message = f"sums {torn} do not have the {len(body['c'])} bins of the histogram"
            raise StateError(message)
        return cls(body["d"], body["c"], body["m"], tuple(sorted(body["s"].items())))
