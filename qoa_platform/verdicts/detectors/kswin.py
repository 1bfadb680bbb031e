"""Owns Kswin: the newest values against a sample of those before, by Kolmogorov and Smirnov."""

from bisect import bisect_right
from dataclasses import dataclass, field
from math import comb
from random import Random

from qoa_platform.verdicts.detectors.protocol import Detector, share


@dataclass(slots=True, kw_only=True)
class Kswin(Detector):
    """Any change of a distribution, seen in a short sliding window.

    Of the last *window* values the newest *size* are compared with as many drawn at random from the older ones: the
    statistic is their largest gap of cumulative shares, D, from 0 to 1. There is an alarm where P(D) ≤ *alpha* (exact,
    two-sided): *level* is the largest D that is none. It tests at **every** value, so with α 0.005 a false alarm comes
    every thousand values or so: choose α ÷ the values that you expect between alarms. Before *window* values it is
    ``None``.

    As ``river.drift.KSWIN`` but for the draw, which follows from *seed* and the position: a fold that is carried on, or
    done again, draws the same. *since* is the beginning of the newest *size*. It slides on by itself; a reset keeps the
    newest values.

    Raises ValueError for an *alpha* outside (0, 1), fewer than 2 newest values, or a window shorter than twice as many.

    >>> found = Kswin(seed=1)
    >>> _ = [found.update(x) for x in [0.1, 0.2, 0.3, 0.4, 0.5] * 20 + [2.0] * 20]
    >>> found.alarm, round(found.statistic, 2), round(found.level, 3), found.since
    (True, 0.67, 0.45, 91)

    Source: Raab, Heusinger & Schleif (2020), Reactive soft prototype computing for concept drift streams.
    """

    ID = "drift.kswin"
    CARRIED = False

    alpha: float = 0.005
    seed: int = 0
    window: int = 100
    size: int = 30
    values: list[float] = field(default_factory=list)
    limit: float | None = None

    def __post_init__(self) -> None:
        share(self.ID, alpha=self.alpha)
        if self.size < 2 or self.window < 2 * self.size:  # noqa: PLR2004 (a pair)
            raise ValueError(f"{self.ID}: {self.size} newest of {self.window}. Allowed: 2 or more, of twice as many")
        if self.limit is None:
            self.limit = critical(self.alpha, self.size)

    @property
    def level(self) -> float:
        """Half a step below the least D whose probability is at most *alpha*."""
        return self.limit if self.limit is not None else 1.0

    def reset(self) -> None:
        """Only the newest values are kept."""
        self.values = self.values[-self.size :]
        self.statistic = self.since = None

    def _fold(self, x: float) -> float | None:
        self.values.append(x)
        if len(self.values) < self.window:
            return None
        del self.values[: len(self.values) - self.window]
        older = self.window - self.size
        draw = Random(f"{self.seed}:{self.n}").sample(range(older), self.size)  # noqa: S311 (a sample, no secret)
        self.since = self.n - self.size + 1
        return distance([self.values[i] for i in draw], self.values[older:])


def distance(one: list[float], two: list[float]) -> float:
    """Largest gap of the cumulative shares of two samples.

    >>> distance([1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 5.0])
    0.5
    """
    first, second = sorted(one), sorted(two)
    n, m = len(first), len(second)
    return max(abs(bisect_right(first, v) / n - bisect_right(second, v) / m) for v in {*first, *second})


def critical(alpha: float, n: int) -> float:
    """The D of two samples of *n* above which the probability is at most *alpha* if nothing changed.

    Exact: P(D ≥ k ÷ n) = 2 Σ_j (−1)^(j+1) C(2n, n − jk) ÷ C(2n, n); half a step (1 ÷ 2n) below the least such k ÷ n.

    >>> round(critical(0.005, 30) * 30, 3)
    13.5
    """
    every = comb(2 * n, n)
    for k in range(1, n + 1):
        p = 2 * sum((-1) ** (j + 1) * comb(2 * n, n - j * k) for j in range(1, n // k + 1)) / every
        if p <= alpha:
            return (k - 0.5) / n
    return 1.0
