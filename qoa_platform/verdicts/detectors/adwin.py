"""Owns Adwin: a window that grows while its mean stays, and drops its old part where it does not."""

from dataclasses import dataclass, field
from math import log, sqrt

from qoa_platform.verdicts.detectors.protocol import Detector, share

MOST = 5
"""So many buckets of each size are kept."""


@dataclass(slots=True, kw_only=True)
class Adwin(Detector):
    """A change of the mean of bounded values (an error 0 or 1, a rate, a score), at any time and of any size.

    The window is cut in two everywhere, as far as it is known: n₀ old and n₁ newer values with means μ₀ and μ₁. With
    δ′ = δ ÷ ln n, m = 1 ÷ (1 ÷ n₀ + 1 ÷ n₁) and the window's variance σ², the halves differ if

        abs(μ₀ − μ₁) > ε = √(2σ² · ln(2 ÷ δ′) ÷ m) + 2 · ln(2 ÷ δ′) ÷ (3m).

    The statistic is the largest abs(μ₀ − μ₁) ÷ ε, and there is an alarm above 1: the old part is then dropped, bucket
    by bucket, until no halves differ. *delta* bounds the chance of a false alarm at one look; it looks every *clock*
    values, and only from *grace* values on, of halves of *shortest* or more. Until the first look it is ``None``.

    An exponential histogram: at most 6 buckets of each of 1, 2, 4 … values, with their sum and variance. So a value
    costs O(log n) amortised, and all of it is O(log n) large. *since* is the beginning of the newer part where the two
    differ most. It goes on by itself after an alarm with what it kept.

    As ``river.drift.ADWIN`` up to its alarm (there n₀ and n₁ are *shortest* − 1 smaller in m, and so they are here);
    river forgets all after one, the paper and this only the old part: call :meth:`reset` for the former.

    Raises ValueError for a *delta* outside (0, 1), a *clock* or *shortest* below 1.

    >>> found = Adwin()
    >>> seen = [i for i, x in enumerate([0.0] * 500 + [1.0] * 100, 1) if found.update(x) and found.alarm]
    >>> seen[0], found.width < 150
    (512, True)

    Source: Bifet & Gavaldà (2007), Learning from time-changing data with adaptive windowing.
    """

    ID = "drift.adwin"

    delta: float = 0.002
    clock: int = 32
    shortest: int = 5
    grace: int = 10
    ticks: int = 0
    width: int = 0
    total: float = 0.0
    variance: float = 0.0
    rest: float | None = None
    rows: list[list[list[float]]] = field(default_factory=list)
    """Row i: buckets of 2^i values, oldest first, each [sum, sum of squared deviations]."""

    def __post_init__(self) -> None:
        share(self.ID, delta=self.delta)
        if self.clock < 1 or self.shortest < 1:
            raise ValueError(f"{self.ID}: clock {self.clock}, shortest {self.shortest}. Allowed: 1 or more")

    @property
    def level(self) -> float:
        """1: *delta* says how sure it is."""
        return 1.0

    @property
    def mean(self) -> float | None:
        """The mean of the window."""
        return self.total / self.width if self.width else None

    def reset(self) -> None:
        """The window is empty."""
        self.ticks = self.width = 0
        self.total = self.variance = 0.0
        self.rows = []
        self.statistic = self.since = self.rest = None

    def _fold(self, x: float) -> float | None:
        self.ticks += 1
        self._insert(x)
        if self.ticks % self.clock or self.width <= self.grace:
            return self.rest
        first, n1 = self._furthest()
        self.rest = first
        self.since = self.n - n1 + 1 if n1 else None
        while self.rest > 1:
            self._drop()
            self.rest, _ = self._furthest()
        return first

    def _insert(self, x: float) -> None:
        if self.width:
            self.variance += self.width * (x - self.total / self.width) ** 2 / (self.width + 1)
        self.width += 1
        self.total += x
        if not self.rows:
            self.rows.append([])
        self.rows[0].append([x, 0.0])
        for i, row in enumerate(self.rows):
            if len(row) <= MOST:
                break
            if i + 1 == len(self.rows):
                self.rows.append([])
            (one, spread), (two, other) = row[0], row[1]
            size = 1 << i
            between = (one - two) ** 2 / (2 * size)
            self.rows[i + 1].append([one + two, spread + other + between])
            del row[:2]

    def _drop(self) -> None:
        """Forget the oldest bucket."""
        row = self.rows[-1]
        total, spread = row.pop(0)
        size = 1 << (len(self.rows) - 1)
        self.width -= size
        self.total -= total
        if self.width:
            apart = total / size - self.total / self.width
            self.variance -= spread + size * self.width * apart**2 / (size + self.width)
        self.variance = max(self.variance, 0.0) if self.width else 0.0
        while self.rows and not self.rows[-1]:
            self.rows.pop()

    def _furthest(self) -> tuple[float, int]:
        """The largest distance of two halves in its bound, and how many values the newer one has."""
        if self.width < 2 * self.shortest:
            return 0.0, 0
        less = self.shortest - 1
        doubt = log(2 * log(self.width) / self.delta)
        spread = 2 * (self.variance / self.width) * doubt
        best, where = 0.0, 0
        n0, total0 = 0, 0.0
        for i in range(len(self.rows) - 1, -1, -1):
            size = 1 << i
            for total, _ in self.rows[i]:
                n0 += size
                total0 += total
                n1 = self.width - n0
                if n0 < self.shortest or n1 < self.shortest:
                    continue
                inverse = 1 / (n0 - less) + 1 / (n1 - less)
                bound = sqrt(spread * inverse) + 2 / 3 * doubt * inverse
                apart = abs(total0 / n0 - (self.total - total0) / n1) / bound
                if apart > best:
                    best, where = apart, n1
        return best, where
