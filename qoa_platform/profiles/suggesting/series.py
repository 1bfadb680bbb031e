"""Owns Series: the values of one metric over the days of a history, the bounds they suggest, and their false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from statistics import median

from qoa_platform.profiles.suggesting.history import Part
from qoa_platform.records import Reason
from qoa_platform.verdicts.usual import MAD_TO_SIGMA, Learnt, Point

DAYS = 30
"""Days of a month."""
FREEDOM = 10
"""Degrees of freedom of Student's t that stands for the tails of daily values: heavier than normal ones."""
LIMIT = 3.0
"""A bound lies so many robust standard deviations from the middle, or beyond the worst day."""
TREND = 0.9
"""A rank correlation with time from which a series is a clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The *values* of a metric on the days that had one, with the rows *n* they were read from."""

    values: tuple[float, ...]
    n: tuple[int, ...]

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def spread(self) -> float:
        """1.4826 · MAD: a robust standard deviation."""
        middle = self.middle
        return MAD_TO_SIGMA * median(abs(v - middle) for v in self.values)

    @property
    def rows(self) -> float:
        """The median of the rows."""
        return median(self.n) if self.n else 0.0

    def low(self, slack: float) -> float:
        """A lower bound: beyond the worst day and three spreads below the middle, less *slack*."""
        return min(*self.values, self.middle - LIMIT * self.spread) - slack

    def high(self, slack: float) -> float:
        """An upper bound, likewise."""
        return max(*self.values, self.middle + LIMIT * self.spread) + slack

    @property
    def trending(self) -> bool:
        """Whether it goes steadily one way, as a running number does (Spearman's rank correlation with time)."""
        n = len(self.values)
        if n < 5 or len(set(self.values)) < 3:  # noqa: PLR2004 (too few to say)
            return False
        order = sorted(range(n), key=lambda k: self.values[k])
        apart = sum((rank - k) ** 2 for rank, k in enumerate(order))
        return abs(1 - 6 * apart / (n * (n * n - 1))) > TREND

    def alarms(self, bound: float) -> float:
        """Expected false alarms a month of a fixed *bound*: Student's t tail at its distance from the middle.

        With no spread at all nothing is known but that no day of the history broke it: the mean of the posterior of
        that rate under Jeffreys' prior, ½ ÷ (days + 1).
        """
        if self.spread <= 0:
            return DAYS * 0.5 / (len(self.values) + 1)
        return DAYS * tail(abs(bound - self.middle) / self.spread)


def tail(z: float) -> float:
    """The upper tail of Student's t with 10 degrees of freedom (Abramowitz & Stegun 26.7.4).

    >>> round(tail(0.0), 2), round(tail(4.0), 4)
    (0.5, 0.0013)
    """
    if z == inf:
        return 0.0
    sine = z / sqrt(FREEDOM + z * z)
    term, total = 1.0, 1.0
    for k in range(1, FREEDOM // 2):
        term *= (1 - sine * sine) * (2 * k - 1) / (2 * k)
        total += term
    return 0.5 - 0.5 * sine * total


def series_of(readings: Sequence[tuple[float | None, int]]) -> Series | None:
    """The series of *readings* (value, n); ``None`` where a day has no value."""
    kept = [(v, n) for v, n in readings if v is not None and isfinite(v)]
    if len(kept) < max(1, len(readings)):
        return None
    return Series(values=tuple(v for v, _ in kept), n=tuple(n for _, n in kept)) if kept else None


def learnable(series: Series, parts: Sequence[Part]) -> float | None:
    """Expected false alarms a month of ``must: usual`` on the series, ``None`` where it could not be learnt.

    Replayed over the history, each day against the days before: alarms seen, plus the tail of Student's t at the limit
    of the last band.
    """
    points = [Point(end=p.window.end, value=v) for p, v in zip(parts, series.values, strict=True)]
    judged = alarms = 0
    learnt = Learnt(size=1)
    limit = 0.0
    for at, part in enumerate(parts):
        band = learnt.learn("", points[:at], part.window)
        if not isinstance(band, Reason):
            judged, limit = judged + 1, band.limit
            alarms += not band.low <= points[at].value <= band.high
    return DAYS * (alarms / judged + 2 * tail(limit)) if judged else None
