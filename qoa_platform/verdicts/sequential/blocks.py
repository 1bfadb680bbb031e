"""Owns Blocks: how much more sums of neighbouring rows vary than independent rows would."""

from dataclasses import dataclass, field

import numpy as np

from qoa_platform.verdicts.sequential.batch import Floats

FEWEST, NOISE, EXTRA = 16, 1.0, 1.0


@dataclass(slots=True, kw_only=True)
class Blocks:
    """Sums of squares of sums over 1, 2, 4, 8 … neighbours, kept as rows arrive: one number per size.

    Of independent rows all of them estimate the same variance. Where rows in a row go together (two streams each with
    a memory of its own, a shock that hits one arm for an hour), the longer sums vary more. O(1) per row, O(log n) kept.
    Source: Flyvbjerg & Petersen (1989), Journal of Chemical Physics 91(1), 461-466.
    """

    rest: list[float | None] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def add(self, values: Floats) -> None:
        """After more rows, in their order."""
        level, current = 0, values
        while len(current):
            if level == len(self.counts):
                self.rest.append(None)
                self.squares.append(0.0)
                self.counts.append(0)
            self.squares[level] += float(current @ current)
            self.counts[level] += len(current)
            kept = self.rest[level]
            queue = current if kept is None else np.concatenate(([kept], current))
            paired = len(queue) // 2 * 2
            self.rest[level] = float(queue[-1]) if paired < len(queue) else None
            current = queue[0:paired:2] + queue[1:paired:2]
            level += 1

    def excess(self) -> float:
        """By how much the variance of the whole sum is larger than the sum of squares of its rows; 0 at least.

        The largest over sizes of which there are ½√n blocks (16 at least) or more, less one standard error of what it
        shows when rows are independent; and, where the longest still shows more than the one before, as much again:
        memory goes on.
        """
        if not self.counts:
            return 0.0
        plain, n = self.squares[0], self.counts[0]
        shown = [
            squares * n / (count * 2**level) - plain * (1 + NOISE * (2 / count) ** 0.5)
            for level, (squares, count) in enumerate(zip(self.squares, self.counts, strict=True))
            if level and count >= max(FEWEST, 0.5 * n**0.5)
        ]
        if not shown:
            return 0.0
        before = max([0.0, *shown[:-1]])
        found = max(before, shown[-1])
        return float(found + EXTRA * max(found - before, 0.0))
