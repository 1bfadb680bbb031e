"""Owns segmenting: the division of a series into stretches that is best by a penalised likelihood, exactly (PELT)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
LEAST = 5
"""Points of the shortest stretch: what lasts less is an incident, not a change."""
SLOPED = 20
"""Points from which a stretch may have a slope of its own."""
GRID = 3_000
"""Values up to which every place is tried."""
SLOPE = 0.5
"""What a slope costs, as a share of what a change costs."""


@dataclass(frozen=True, slots=True)
class Cost:
    """−2 × the log-likelihood of stretches ``[s, t)`` of a normal series, less a constant; O(1) for each.

    ``m · ln(max(RSS/m, floor))``, RSS around the mean; or around a line where that is less by more than *slope*
    (stretches of ``SLOPED`` points or more). *floor* is the least variance that is told from none.
    """

    n: int
    sums: tuple[Floats, ...]
    floor: float
    slope: float

    @classmethod
    def of(cls, values: Floats, *, floor: float, slope: float) -> "Cost":
        """The cumulative sums of *values* and of their places (centred, so that squares stay small)."""
        places = (np.arange(len(values)) - (len(values) - 1) / 2) / max(len(values), 1)
        terms = (values, values * values, places, places * places, places * values)
        sums = tuple(np.concatenate([np.zeros(1), np.cumsum(term)]) for term in terms)
        return cls(n=len(values), sums=sums, floor=floor, slope=slope)

    def between(self, start: Places | int, end: Places | int) -> Floats:
        """The cost of the stretches from *start* up to *end*, element by element."""
        level, sloped, many = self.parts(start, end)
        return np.where(many, np.minimum(level, sloped + self.slope), level)

    def parts(self, start: Places | int, end: Places | int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """The cost around a mean, around a line, and whether a stretch is long enough for a line."""
        m = np.asarray(end) - np.asarray(start)
        x, xx, t, tt, tx = (total[end] - total[start] for total in self.sums)
        around = np.maximum(xx - x * x / m, 0.0)
        wide, along = tt - t * t / m, tx - t * x / m
        explained = np.divide(along * along, wide, out=np.zeros_like(around), where=wide > 0)
        level = m * np.log(np.maximum(around / m, self.floor))
        sloped = m * np.log(np.maximum((around - explained) / m, self.floor))
        return level, sloped, m >= SLOPED


def segment(cost: Cost, penalty: float, *, least: int = LEAST, grid: int = GRID) -> list[int]:
    """The places of the changes that minimise ``Σ cost + penalty · changes``, ascending: the exact optimum.

    Dynamic programming over the last change, with those candidates dropped that can never be best again (a candidate
    is kept within the price of one slope, for a line may be cut in two only at that price). A series of more than
    *grid* values is divided on so many places first, and each change then moved to the best place near it.

    Source: Killick, Fearnhead & Eckley (2012), Optimal detection of changepoints with a linear computational cost,
    JASA 107(500); Jackson et al. (2005) for the recursion.
    """
    step = -(-cost.n // grid)
    ends = [*range(step, cost.n - step + 1, step), cost.n] if step > 1 else list(range(1, cost.n + 1))
    best, came = {0: -penalty}, {0: 0}
    candidates: Places = np.array([0], dtype=np.intp)
    bests = np.array([-penalty])
    for end in ends:
        old = int(np.searchsorted(candidates, end - least, side="right"))
        if not old:
            best[end] = np.inf
            continue
        total = bests[:old] + cost.between(candidates[:old], end)
        chosen = int(np.argmin(total))
        best[end], came[end] = float(total[chosen]) + penalty, int(candidates[chosen])
        alive = np.concatenate([total <= best[end] + cost.slope, np.ones(len(candidates) - old, dtype=bool)])
        candidates, bests = np.append(candidates[alive], end), np.append(bests[alive], best[end])
    found, end = [], cost.n
    while came.get(end):
        end = came[end]
        found.append(end)
    return found[::-1] if step == 1 else _refined(cost, found[::-1], step, least)


def _refined(cost: Cost, places: list[int], step: int, least: int) -> list[int]:
    """Each place moved to the best one within a step of the grid, its neighbours as they are."""
    edges = [0, *places, cost.n]
    for i in range(1, len(edges) - 1):
        low, high = max(edges[i] - step, edges[i - 1] + least), min(edges[i] + step, edges[i + 1] - least)
        near = np.arange(low, high + 1)
        if len(near):
            total = cost.between(np.full_like(near, edges[i - 1]), near) + cost.between(
                near, np.full_like(near, edges[i + 1])
            )
            edges[i] = int(near[np.argmin(total)])
    return edges[1:-1]
