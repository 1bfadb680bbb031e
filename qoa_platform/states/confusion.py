"""Owns Confusion: how often each (truth, prediction) pair occurs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State, StateError


class _Body(TypedDict):
    c: list[tuple[str, str, Count]]


@dataclass(frozen=True, slots=True)
class Confusion(State):
    """Sparse counts as sorted cells (truth, prediction, count). Neutral element: ``Confusion()``.

    >>> pairs = Confusion.count([("yes", "yes"), ("yes", "no")])
    >>> (pairs + pairs).cells
    (('yes', 'no', 2), ('yes', 'yes', 2))
    """

    NAME: ClassVar[str] = "confusion"

    cells: tuple[tuple[str, str, int], ...] = ()

    @classmethod
    def count(cls, pairs: Iterable[tuple[str, str]]) -> "Confusion":
        """The confusion of (truth, prediction) pairs."""
        return _of_counts(Counter(pairs))

    @classmethod
    def zero(cls) -> "Confusion":
        """``Confusion()``."""
        return Confusion()

    def _merged(self, other: "Confusion") -> "Confusion":
        found: Counter[tuple[str, str]] = Counter()
        for truth, prediction, count in (*self.cells, *other.cells):
            found[truth, prediction] += count
        return _of_counts(found)

    @property
    def n(self) -> int:
        """Pairs counted."""
        return sum(count for _, _, count in self.cells)

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class that was true or predicted, sorted."""
        return tuple(sorted({name for truth, prediction, _ in self.cells for name in (truth, prediction)}))

    def plain(self) -> Mapping[str, Any]:
        """The cells."""
        return {"c": self.cells}

    @classmethod
    def of(cls, data: Any) -> "Confusion":
        """The inverse of :meth:`plain`. Raises StateError for a pair that stands twice or counts nothing."""
        cells = msgspec.convert(data, _Body)["c"]
        found = {(truth, prediction): count for truth, prediction, count in cells}
        if len(found) < len(cells) or 0 in found.values():
            message = f"{len(cells)} cells with {len(found)} pairs. Allowed: every pair once, with a count above 0"
            raise StateError(message)
        return _of_counts(found)


def _of_counts(found: Mapping[tuple[str, str], int]) -> Confusion:
    return Confusion(tuple(sorted((t, p, count) for (t, p), count in found.items() if count)))
