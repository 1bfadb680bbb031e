"""Owns Watch: the causal detector of a lasting shift, with a declared run length between false alarms."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, isfinite, sqrt
from statistics import NormalDist, median

STEPS = (0.5, 1.0, 2.0)
"""Sizes of shift, in spreads, that are looked for at once."""
MEMORY = 300
"""Values that a new one is ranked among."""
REFIT = 30
"""Values after which the autocorrelation is estimated again."""
NEAR = 10
"""Values before the suspected place at which a shift may really have begun."""
HUGE = 1e100
"""Larger values are taken for this, so that their squares are numbers."""
RHO_MAX = 0.9
WILD = 4.0
"""Spreads from the median at which a value is cut where the beginning of a shift is looked for."""
MAD_TO_SIGMA = 1.4826
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A lasting shift, named when the value at position *at* came: it began at *since*, from *before* to *after*.

    *evidence* is the detector's value: a series without a shift reaches it once in so many values, or more rarely.
    """

    at: int
    since: int
    before: float
    after: float
    spreads: float
    evidence: float


@dataclass(slots=True, kw_only=True)
class Watch:
    """Names a lasting shift of a series soon after it happened: ``update(value)``, one value after another.

    The Shiryaev–Roberts detector ``R ← (R + 1)·e^{δz − δ²/2}``, averaged over shifts δ of ½, 1 and 2 spreads up and
    down, alarms at *run_length*: without a shift, alarms are no more frequent than one in so many values. z is the
    normal score ``Φ⁻¹((less + ½·equal + ½)/(m + 1))`` of what the value adds to what its predecessor told, ranked among
    the last 300: whatever the distribution of the values, ranks of exchangeable ones are uniform and independent, so no
    tail has to be assumed, and one outlier is one high rank. Autocorrelation is taken out by its estimate at lag 1. It
    says nothing before *warm_up* values, and learns anew after a shift.

    >>> watch = Watch(run_length=500)
    >>> found = [watch.update(10 + (i * 7 % 5) + (6 if i >= 60 else 0)) for i in range(90)]
    >>> [(s.at - s.since < 12, s.since, s.before, s.after) for s in found if s is not None]
    [(True, 60, 12.0, 18)]

    Source: Shin, Ramdas & Rinaldo (2024), E-detectors, NEJSDS 2(2); Pollak (1985), Ann. Stat. 13(1), for the run
    length; Vovk, Nouretdinov & Gammerman (2003), Testing exchangeability on-line, for ranks.
    """

    run_length: float = 5_000.0
    warm_up: int = 30
    position: int = -1
    _values: list[float] = field(default_factory=list)
    _places: list[int] = field(default_factory=list)
    _news: list[float] = field(default_factory=list)
    """What each value added to what its predecessor told, in order."""
    _ranked: list[float] = field(default_factory=list)
    """The same, sorted."""
    _rho: float = 0.0
    _sums: list[float] = field(default_factory=lambda: [0.0] * (2 * len(STEPS)))
    _tops: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, -1)] * (2 * len(STEPS)))

    def __post_init__(self) -> None:
        """Raises ValueError for a run length or a warm-up that declares nothing."""
        if not self.run_length > 1 or self.warm_up < 10:  # noqa: PLR2004 (ranks among nine say little)
            message = f"run_length={self.run_length}, warm_up={self.warm_up}. Allowed: run_length > 1, warm_up ≥ 10"
            raise ValueError(message)

    def update(self, value: float) -> Shift | None:
        """Take the next value; the shift that it completes, or ``None``. A value that is not finite is passed over."""
        self.position += 1
        if not isfinite(value):
            return None
        value = max(-HUGE, min(HUGE, value))
        found = self._weigh(value) if len(self._values) >= self.warm_up else None
        if found is None:
            self._learn(value)
        return found

    def _weigh(self, value: float) -> Shift | None:
        new = value - self._rho * self._values[-1]
        less, up_to = bisect_left(self._ranked, new), bisect_right(self._ranked, new)
        z = NORMAL.inv_cdf((less + up_to + 1) / 2 / (len(self._ranked) + 1))
        for i, step in enumerate((*STEPS, *(-s for s in STEPS))):
            gain = step * z - step * step / 2
            self._sums[i] = (self._sums[i] + 1) * exp(gain)
            top, since = self._tops[i]
            self._tops[i] = (top + gain, since) if top + gain > 0 and since >= 0 else (max(gain, 0.0), self.position)
        evidence = sum(self._sums) / len(self._sums)
        return self._alarm(value, evidence) if evidence >= self.run_length else None

    def _alarm(self, value: float, evidence: float) -> Shift:
        both = [*zip(self._places, self._values, strict=True), (self.position, value)]
        since = _began(both, max(self._tops)[1])
        before = [v for p, v in both if p < since] or self._values
        after = [(p, v) for p, v in both if p >= since]
        level = median(v for _, v in after)
        shift = Shift(
            at=self.position, since=since, before=median(before), after=level,
            spreads=(level - median(before)) / (_spread(before) or 1.0), evidence=evidence,
        )  # fmt: skip
        self._values, self._places = [v for _, v in after], [p for p, _ in after]
        self._sums, self._tops = [0.0] * len(self._sums), [(0.0, -1)] * len(self._tops)
        self._refit()
        return shift

    def _learn(self, value: float) -> None:
        if self._values:
            new = value - self._rho * self._values[-1]
            self._news.append(new)
            insort(self._ranked, new)
        self._values.append(value)
        self._places.append(self.position)
        if len(self._values) > MEMORY:
            del self._values[0], self._places[0]
            del self._ranked[bisect_left(self._ranked, self._news[0])], self._news[0]
        if len(self._values) <= self.warm_up or self.position % REFIT == 0:
            self._refit()

    def _refit(self) -> None:
        """The autocorrelation (values cut at three spreads, its small-sample bias put back) and the ranks under it."""
        centre, reach = median(self._values), 3 * _spread(self._values)
        cut = [max(-reach, min(reach, v - centre)) for v in self._values]
        square = sum(d * d for d in cut)
        raw = sum(a * b for a, b in pairwise(cut)) / square if square else 0.0
        self._rho = max(0.0, min(RHO_MAX, raw + (1 + 3 * max(raw, 0.0)) / len(cut)))
        self._news = [b - self._rho * a for a, b in pairwise(self._values)]
        self._ranked = sorted(self._news)


def _began(both: list[tuple[int, float]], since: int) -> int:
    """The place near *since* from which on values differ most from those before: the least squares of two levels."""
    first = max(1, next((i for i, (p, _) in enumerate(both) if p >= since), 1) - NEAR)
    centre, reach = median(v for _, v in both), WILD * _spread([v for _, v in both])
    values = [max(centre - reach, min(centre + reach, v)) for _, v in both]
    best, found = -1.0, since
    total, n, before = sum(values), len(values), sum(values[:first])
    for i in range(first, n):
        gained = (before / i - (total - before) / (n - i)) ** 2 * i * (n - i)
        if gained > best:
            best, found = gained, both[i][0]
        before += values[i]
    return found


def _spread(values: list[float]) -> float:
    """The standard deviation, told by the median distance from the median (as it is, where that is 0)."""
    centre = median(values)
    apart = median(abs(v - centre) for v in values)
    return MAD_TO_SIGMA * apart or sqrt(sum((v - centre) ** 2 for v in values) / len(values))
