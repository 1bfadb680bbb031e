"""Owns the bounded memories of a series: the last values in order of size, and in order of time."""

from array import array
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from math import nan


def middle(values: Iterable[float]) -> float:
    """The median of at least one value."""
    ordered = sorted(values)
    n = len(ordered)
    half = n // 2
    return ordered[half] if n % 2 else (ordered[half - 1] + ordered[half]) / 2


class Ordered:
    """The last *size* values, kept sorted: a push costs O(log size), a quantile O(1)."""

    __slots__ = ("ordered", "queue", "size")

    def __init__(self, size: int, values: Iterable[float] = ()) -> None:
        self.size = size
        self.queue: deque[float] = deque(values, maxlen=size)
        self.ordered = sorted(self.queue)

    def push(self, value: float) -> None:
        """Take a value in, and the oldest out where there are *size* already."""
        queue, ordered = self.queue, self.ordered
        if len(queue) == self.size:
            del ordered[bisect_left(ordered, queue[0])]
        queue.append(value)
        insort(ordered, value)

    def median(self) -> float:
        """The median; there must be a value."""
        ordered = self.ordered
        n = len(ordered)
        half = n // 2
        return ordered[half] if n % 2 else (ordered[half - 1] + ordered[half]) / 2

    def __len__(self) -> int:
        return len(self.queue)


class Ring:
    """The last *size* numbers in order of time, in 8 bytes each; those never given are NaN."""

    __slots__ = ("at", "values")

    def __init__(self, size: int, values: Iterable[float] = ()) -> None:
        self.values = array("d", [nan]) * size
        self.at = 0
        for value in values:
            self.push(value)

    def push(self, value: float) -> None:
        """Write over the oldest number."""
        at, values = self.at, self.values
        values[at] = value
        self.at = at + 1 if at + 1 < len(values) else 0

    def __iter__(self) -> Iterator[float]:
        """Oldest first."""
        yield from self.values[self.at :]
        yield from self.values[: self.at]
