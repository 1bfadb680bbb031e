"""Owns Confusion: how often each (truth, prediction) pair occurs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

Cell = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Sparse counts of (truth, prediction), as sorted cells. Neutral element: ``Confusion()``."""

    NAME: ClassVar[str] = "confusion"

    cells: tuple[Cell, ...] = ()

    @classmethod
    def count(cls, pairs: Iterable[tuple[str, str]]) -> "Confusion":
        """The confusion of (truth, prediction) pairs."""
        found: dict[tuple[str, str], int] = {}
        for pair in pairs:
            found[pair] = found.get(pair, 0) + 1
        return cls(tuple(sorted((t, p, c) for (t, p), c in found.items())))

    def zero(self) -> "Confusion":
        """``Confusion()``."""
        return Confusion()

    def __add__(self, other: "Confusion") -> "Confusion":
        found: dict[tuple[str, str], int] = {}
        for truth, prediction, count in (*self.cells, *other.cells):
            found[truth, prediction] = found.get((truth, prediction), 0) + count
        return Confusion(tuple(sorted((t, p, c) for (t, p), c in found.items())))

    @property
    def n(self) -> int:
        """Pairs counted."""
        return sum(c for _, _, c in self.cells)

    def plain(self) -> Mapping[str, Any]:
        """The cells."""
        return {"c": [list(cell) for cell in self.cells]}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Confusion":
        """The inverse of :meth:`plain`."""
        return cls(tuple(sorted((str(t), str(p), int(c)) for t, p, c in data["c"])))
