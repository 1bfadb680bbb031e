"""Owns Sums: n and named sums."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Sums:
    """A count and named sums (errors, costs, seconds), kept as sorted pairs. Neutral element: ``Sums()``.

    Float sums are not associative: equal up to rounding (rel 1e-9), so stored states are folded in partition order.

    >>> (Sums(1, (("e", 2.0),)) + Sums(2, (("e", 3.0), ("y", 1.0)))).get("e")
    5.0
    """

    NAME: ClassVar[str] = "sums"

    n: int = 0
    values: tuple[tuple[str, float], ...] = ()

    def zero(self) -> "Sums":
        """``Sums()``."""
        return Sums()

    def __add__(self, other: "Sums") -> "Sums":
        mine, theirs = dict(self.values), dict(other.values)
        names = sorted({*mine, *theirs})
        return Sums(self.n + other.n, tuple((k, mine.get(k, 0.0) + theirs.get(k, 0.0)) for k in names))

    def get(self, name: str) -> float:
        """The sum of that name; 0 where nothing was added to it."""
        return dict(self.values).get(name, 0.0)

    def plain(self) -> Mapping[str, Any]:
        """The count and the pairs."""
        return {"n": self.n, "v": [list(pair) for pair in self.values]}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Sums":
        """Pairs are sorted again, whoever wrote them."""
        return cls(int(data["n"]), tuple(sorted((str(k), float(v)) for k, v in data["v"])))
