"""Owns the limit: how far from its centre a value may lie, for a declared chance of a false alarm."""

from bisect import bisect_right
from collections import deque
from math import ceil, log

from qoa_platform.verdicts.usual.windows import Ordered

ANCHORS = (0.05, 0.02)
"""Shares of past deviations whose quantile the tail is drawn on from; the second where two lie beyond it."""
KEPT, SPAN = 40, 20
"""Of a series that hardly ever moves, the moves that are kept, and for how many memories."""
LEAST = log(2)


class Tail:
    """The deviations of a series, and the limit that they set.

    Beyond the quantile ``q`` that a share τ of the past exceeds, the tail is taken exponential and *heavy* times as
    long as a Laplace distribution with that quantile has it: ``limit = q · (1 + heavy · ln(τ/p) / ln(π/τ))``, π the
    share that is not 0. The least over the anchors counts, so that a history which proves a light tail is believed.

    Where less than 5 % ever move (counts of rare events), the sizes of the last moves take the place of the window, so
    that what happens now and then is no alarm.
    """

    __slots__ = ("heavy", "moves", "n", "window")

    def __init__(self, memory: int, heavy: float) -> None:
        self.window = Ordered(memory)
        self.moves: deque[tuple[int, float]] = deque(maxlen=KEPT)
        self.heavy = heavy
        self.n = 0

    def push(self, size: float) -> None:
        """Learn the size of one deviation."""
        self.n += 1
        self.window.push(size)
        if size > 0:
            self.moves.append((self.n, size))

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
                drawn *= 1 + self.heavy * log(share / p) / max(log(moving / share), LEAST)
            best = min(best, drawn) if best else drawn
            if share <= p:
                break
        return best

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
        return drawn * (1 + self.heavy * log(share / p) / max(log(k / rank), LEAST)) if share > p else drawn
