"""Owns the limit: how far from its centre a value may lie, for a declared chance of a false alarm."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from math import ceil, log

from qoa_platform.verdicts.usual.windows import Ordered

ANCHORS = (0.05, 0.02)
"""Shares of past deviations whose quantile the tail is drawn on from; the second where two lie beyond it."""
KEPT, SPAN = 40, 20
"""The moves of a series that hardly ever moves, and the peaks of any other, that count, and for how many memories."""
LEAST = log(2)
KNOWN = int(KEPT / ANCHORS[-1])
"""Points from which peaks are looked at: the share of the last 40 is below that of the last anchor then."""
HEAVIEST = 1.0
"""ξ is taken no larger: the tail of a Cauchy distribution, which has no mean."""
Pair = tuple[float, float]
"""A value that was no alarm, and what was foretold of it."""


class Peaks:
    """The largest deviations of a long time, each stretch of them once: what they say of a tail that is really heavy.

    The last 400 deviations say nothing of one in 40,000. Beyond the 40th largest of up to 8,000 (a share τ), the tail
    is taken as a power: ``x₄₀ · (τ/p)^ξ``, ξ the mean of ``ln(xᵢ/x₄₀)`` over those above (Hill 1975; Weissman 1978),
    at most 1. Peaks of the last *span* points count, and those at most *apart* points from one another are one.
    """

    __slots__ = ("apart", "at", "began", "known", "ordered", "span")

    def __init__(self, span: int, apart: int) -> None:
        self.span, self.apart, self.began = span, apart, 0
        self.known: deque[tuple[int, float, Pair]] = deque()
        self.ordered: list[float] = []
        self.at: tuple[float, float] | None = None

    def push(self, n: int, size: float, pair: Pair) -> None:
        """Take in the deviation of point *n*, and let those go that are too long ago."""
        while self.known and self.known[0][0] <= n - self.span:
            self._drop(self.known.popleft()[1])
        if self.known and self.known[-1][0] >= n - self.apart:
            _, before, known = self.known.pop()
            self._drop(before)
            size, pair = (size, pair) if size > before else (before, known)
        self.known.append((n, size, pair))
        insort(self.ordered, size)
        self.at = None

    def _drop(self, size: float) -> None:
        del self.ordered[bisect_left(self.ordered, size)]
        self.at = None

    def measure(self, size: Callable[[float, float], float]) -> None:
        """Take the sizes in another unit."""
        self.known = deque((n, size(*pair), pair) for n, _, pair in self.known)
        self.ordered, self.at = sorted(known[1] for known in self.known), None

    def forget(self, n: int) -> None:
        """Begin anew after point *n*: another model misses by other sizes."""
        self.known.clear()
        self.ordered, self.at, self.began = [], None, n

    def limit(self, n: int, p: float) -> float:
        """The deviation that is exceeded with chance *p* after *n* points; 0 where too few are known."""
        seen = min(n - self.began, self.span)
        if seen < KNOWN or len(self.ordered) < KEPT or p * seen >= KEPT:
            return 0.0
        if self.at is None:
            top = self.ordered[-KEPT:]
            power = sum(log(size / top[0]) for size in top[1:]) / (KEPT - 1) if top[0] > 0 else 0.0
            self.at = top[0], min(power, HEAVIEST)
        least, power = self.at
        return float(least * (KEPT / seen / p) ** power)


@lru_cache(maxsize=4_096)
def longer(heavy: float, share: float, p: float, moving: float) -> float:
    """How many times as far as what a *share* exceeds lies what a share *p* exceeds, of *moving* that differ from 0."""
    return 1 + heavy * log(share / p) / max(log(moving / share), LEAST)


class Tail:
    """The deviations of a series, and the limit that they set.

    Beyond the quantile ``q`` that a share τ of the past exceeds, the tail is taken exponential and *heavy* times as
    long as a Laplace distribution with that quantile has it: ``limit = q · (1 + heavy · ln(τ/p) / ln(π/τ))``, π the
    share that is not 0. The least over the anchors counts, so that a history which proves a light tail is believed.

    The limit of :class:`Peaks`, *apart* points from one another, counts where it is larger: a long history may prove a
    tail that is heavier.

    Where less than 5 % ever move (counts of rare events), the sizes of the last moves take the place of the window, so
    that what happens now and then is no alarm.
    """

    __slots__ = ("heavy", "moves", "n", "peaks", "window")

    def __init__(self, memory: int, heavy: float, apart: int) -> None:
        self.window = Ordered(memory)
        self.moves: deque[tuple[int, float]] = deque(maxlen=KEPT)
        self.peaks = Peaks(SPAN * memory, apart)
        self.heavy = heavy
        self.n = 0

    def push(self, size: float, pair: Pair | None = None) -> None:
        """Learn the *size* of one deviation, between the two of *pair*; an alarm has none, for it proves no tail."""
        self.n += 1
        self.window.push(size)
        if size > 0:
            self.moves.append((self.n, size))
        if pair is not None:
            ordered = self.window.ordered
            least = ordered[len(ordered) - 1 - int(ANCHORS[-1] * len(ordered))]
            if size > least:
                self.peaks.push(self.n, size, pair)

    def relearn(self, sizes: Iterable[float]) -> None:
        """Take *sizes* for the last deviations: they are measured in another unit now."""
        self.window = Ordered(self.window.size, sizes)

    @property
    def q95(self) -> float:
        """What 95 % of the deviations do not exceed; 0 where there are none."""
        ordered = self.window.ordered
        n = len(ordered)
        return ordered[n - 1 - int(0.05 * n)] if n else 0.0

    def limit(self, p: float) -> float:
        """The deviation that is exceeded with chance *p*; 0 where nothing ever moved."""
        ordered = self.window.ordered
        n = len(ordered)
        if n == 0:
            return 0.0
        if ordered[n - 1 - int(0.05 * n)] <= 0:
            return self._rare(p)
        if p >= ANCHORS[0]:
            return ordered[max(n - 1 - int(p * n), 0)]
        moving = 1 - bisect_right(ordered, 0.0) / n if ordered[0] <= 0 else 1.0
        best = 0.0
        for share in ANCHORS:
            beyond = int(share * n)
            if best and beyond < 2:  # noqa: PLR2004 (a quantile with one value beyond is a maximum)
                break
            drawn = ordered[n - 1 - beyond]
            if share > p:
                drawn *= longer(self.heavy, share, p, moving)
            best = min(best, drawn) if best else drawn
            if share <= p:
                break
        return max(best, self.peaks.limit(self.n, p))

    def _rare(self, p: float) -> float:
        """The limit from the few moves there were: the share τ is that of moves at least as large."""
        old = self.n - SPAN * self.window.size
        sizes = sorted(size for at, size in self.moves if at > old)
        k = len(sizes)
        if not k:
            return 0.0
        full = k == KEPT
        seen = self.n - self.moves[0][0] + 1 if full else min(self.n, SPAN * self.window.size)
        rank = min(max(ceil(p * seen), ceil(0.05 * k)), k)
        share = rank / seen
        drawn = sizes[k - rank]
        return drawn * longer(self.heavy, share, p, k / seen) if share > p else drawn
