"""Owns the scale of a series: the unit in which deviations from its level are alike, whatever the level is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log

SCALES = ("linear", "root", "proportional", "log")
POWERS: tuple[float, ...] = (0.0, 0.5, 1.0)
LOG = 3
"""The place of ``log`` among the scales: deviations are log ratios."""
NARROW = 0.67
"""Log ratios are used where 98 % of the ratios to the level lie between this and its inverse."""
LOG_MAX = 709.0
"""``eˣ`` of more is no finite float."""
GUARD = 0.25
"""A level nearer to 0 than this share of the mean size of values counts as this share, where it is a unit."""
CUT = 4.0
WILD_LOG = 9.0
WIDEST = 1e300
"""More than this is no size to learn from."""

KNOWN = 24
"""Deviations from which a scale is chosen."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A way to measure deviations. *place* is that in SCALES, *least* the smallest level that is used as a unit."""

    place: int = 0
    least: float = 0.0

    @property
    def name(self) -> str:
        """``linear``, ``root``, ``proportional`` or ``log``."""
        return SCALES[self.place]

    def unit(self, level: float) -> float:
        """The unit of deviations at a level; 1 for log ratios."""
        if self.place in {0, LOG}:
            return 1.0
        return float(max(abs(level), self.least) ** POWERS[self.place])

    def deviation(self, value: float, centre: float) -> float:
        """How many units a value lies from a centre; a value that has no logarithm infinitely many."""
        if self.place == LOG and centre > 0:
            return log(value / centre) if value > 0 else -inf
        return (value - centre) / self.unit(centre)

    def beside(self, centre: float, deviation: float) -> float:
        """The value that lies *deviation* units from a centre: the inverse of the above."""
        if self.place == LOG and centre > 0:
            return centre * exp(min(deviation, LOG_MAX)) if deviation > -inf else 0.0
        return centre + deviation * self.unit(centre)

    def bounds(self, centre: float, reach: float) -> tuple[float, float]:
        """The values *reach* units below and above a centre."""
        return self.beside(centre, -reach), self.beside(centre, reach)


def likeliest(past: Sequence[tuple[float, float]], guard: float, gain: float, ratios: float) -> int:
    """The power of the level that makes the deviations likeliest (Laplace), the linear one unless beaten by *gain*.

    ``ln(mean |x − c| / |c|ᵖ) + mean ln |c|ᵖ``, wild deviations cut. Log ratios have to beat it by *ratios*; 1 prefers
    them.
    """
    if len(past) < KNOWN or guard <= 0:
        return 0
    levels = [max(abs(c), guard) for _, c in past]
    logs = sum(map(log, levels)) / len(levels)
    costs = []
    for power in POWERS:
        sizes = [abs(x - c) / level**power for (x, c), level in zip(past, levels, strict=True)]
        cut = CUT * sum(sizes) / len(sizes)
        mean = sum(min(size, cut) for size in sizes) / len(sizes)
        if mean <= 0:
            return 0
        costs.append(log(mean) + power * logs)
    if _narrow(past) and _log_cost(past) <= costs[0] + log(ratios):
        return LOG
    best = min(range(len(costs)), key=costs.__getitem__)
    return best if costs[best] < costs[0] + log(gain) else 0


def _narrow(past: Sequence[tuple[float, float]]) -> bool:
    """Whether a series is positive and keeps within a factor of its level."""
    if any(c <= 0 for _, c in past):
        return False
    ratios = sorted(x / c for x, c in past)
    edge = len(ratios) // 100
    return ratios[edge] >= NARROW and ratios[-1 - edge] <= 1 / NARROW


def _log_cost(past: Sequence[tuple[float, float]]) -> float:
    ratios = [abs(log(x / c)) if x > 0 else WILD_LOG for x, c in past]
    cut = CUT * sum(ratios) / len(ratios)
    mean = sum(min(size, cut) for size in ratios) / len(ratios)
    return (log(mean) if mean > 0 else -inf) + sum(log(x) if x > 0 else log(c) for x, c in past) / len(past)
