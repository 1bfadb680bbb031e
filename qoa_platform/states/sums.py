"""Owns Sums: n and named sums."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State


class _Body(TypedDict):
    n: Count
    v: dict[str, float]


@dataclass(frozen=True, slots=True)
class Sums(State):
    """A count and named sums (errors, costs, seconds), kept as pairs sorted by name. Neutral element: ``Sums()``.

    Float sums are not associative: equal up to rounding (rel 1e-9), so stored states are folded in partition order.

    >>> (Sums.of_terms(1, e=2.0) + Sums.of_terms(2, e=3.0, y=1.0)).get("e")
    5.0
    """

    NAME: ClassVar[str] = "sums"

    n: int = 0
    values: tuple[tuple[str, float], ...] = ()

    @classmethod
    def zero(cls) -> "Sums":
        """``Sums()``."""
        return Sums()

    @classmethod
    def of_terms(cls, n: int, **terms: float) -> "Sums":
        """From terms by name."""
        return cls(n, tuple(sorted((name, float(value)) for name, value in terms.items())))

    def _merged(self, other: "Sums") -> "Sums":
        mine, theirs = dict(self.values), dict(other.values)
        names = sorted({*mine, *theirs})
        return Sums(self.n + other.n, tuple((k, mine.get(k, 0.0) + theirs.get(k, 0.0)) for k in names))

    def get(self, name: str) -> float:
        """The sum of that name; 0 where nothing was added to it."""
        return dict(self.values).get(name, 0.0)

    def plain(self) -> Mapping[str, Any]:
        """The count and the sums."""
        return {"n": self.n, "v": dict(self.values)}

    @classmethod
    def of(cls, data: Any) -> "Sums":
        """The inverse of :meth:`plain`."""
        body = msgspec.convert(data, _Body)
        return cls(body["n"], tuple(sorted(body["v"].items())))
