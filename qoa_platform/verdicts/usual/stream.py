"""Owns a series as it comes: one update a point, from which the band before it and the flag on it follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

from qoa_platform.records import Reason
from qoa_platform.verdicts.usual.band import MONTH, Q95_TO_SIGMA, Band, Learning
from qoa_platform.verdicts.usual.centres import DAY, KNOWN, PLAIN, Centres
from qoa_platform.verdicts.usual.dates import Dates
from qoa_platform.verdicts.usual.scales import CUT, GUARD, WIDEST, Scale, likeliest
from qoa_platform.verdicts.usual.tails import Tail
from qoa_platform.verdicts.usual.windows import Ring, middle

SETTLED = 1000
"""Points from which the scale is chosen four times more seldom."""
REVIEW = 24
"""Points between two choices of the model; the unit of deviations is chosen at every fourth, and when it changes."""


class Flag(NamedTuple):
    """What is said of one point, by what came before it.

    *flagged*: outside of ``[low, high]``. *score*: the distance from *centre* over that of the bound on its side, so
    that more than 1 is flagged; ``None`` where there is no value or no band, *reason* says which. *episode* counts
    from 1; *alert* is true at its first flag only.
    """

    flagged: bool = False
    alert: bool = False
    episode: int | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None
    centre: float | None = None
    model: str | None = None
    reason: Reason | None = None


@dataclass(slots=True)
class View:
    """What is expected at one moment: the centre, the unit of deviations there, how many units are usual.

    *spread* is the 95 % point of deviations; *bounds* lie *reach* units from the centre; *low* and *high* allow for
    dates and for the level before as well.
    """

    foretold: dict[str, float]
    model: str
    centre: float
    unit: float
    reach: float
    spread: float
    bounds: tuple[float, float]
    low: float
    high: float
    p: float
    calendar: str | None = None


class Stream:
    """The memory of one series: bounded, O(log memory) a point, causal (a point is judged before it is learnt).

    *step* is the length of a window in seconds: it sets the points of a month and the places of the seasons.
    Moments are ends of windows, in seconds since 1970.

    >>> stream = Stream(86_400.0)
    >>> flags = [stream.update(day * 86_400.0, 100.0 + day % 3) for day in range(60)]
    >>> flags[26].reason, any(flag.flagged for flag in flags)
    (<Reason.INSUFFICIENT_N: 'insufficient_n'>, False)
    >>> stream.update(60 * 86_400.0, 150.0).flagged
    True
    """

    def __init__(self, step: float, how: Learning | None = None) -> None:
        self.how = how or Learning()
        self.step = step
        self.asked = self.how.share(step)
        self.centres = Centres(step, self.how)
        self.tail = Tail(self.how.memory, self.how.heavy, self.how.merge)
        self.dates = Dates()
        self.n = 0
        self.episodes = 0
        self._scale = Scale()
        self._last = -inf
        self._size = 0.0
        self._values = Ring(self.how.memory)
        self._foretold: dict[str, Ring] = {}
        self._run, self._quiet = 0, self.how.merge + 1
        self._positive, self._least = 0, inf
        self._was: tuple[float, float, int] | None = None
        self._back = 0

    @property
    def p(self) -> float:
        """The chance of a false alarm per point: what was asked for, as far as the points learnt can tell."""
        return max(self.asked, 1 / (self.how.reach * max(self.n, 1)))

    @property
    def declared(self) -> float:
        """False alarms a month that were asked for."""
        return self.asked * MONTH / self.step

    def band(self, t: float) -> Band | Reason:
        """What is usual for the window that ends at *t*, from the points given so far."""
        view = self._view(t)
        if view is None:
            return Reason.INSUFFICIENT_N
        spread = view.spread * Q95_TO_SIGMA
        reach = view.reach if isfinite(view.reach) else 0.0
        spread = spread if spread > 0 else reach / CUT
        return Band(
            low=view.low, high=view.high, centre=view.centre, spread=spread, limit=reach / spread if spread else CUT,
            model=view.model, scale=self._scale.name, n=self.n, unit=view.unit, p=view.p,
            false_alarms=view.p * MONTH / self.step, why=self.centres.why(), calendar=view.calendar,
        )  # fmt: skip

    def update(self, t: float, value: float | None) -> Flag:
        """Judge a point by what came before it, then learn it.

        A value that is missing or not finite says nothing and teaches nothing. A point that is not later than the one
        before (a duplicate, a late one) is judged and not learnt.
        """
        if value is None or not isfinite(value):
            return Flag(reason=Reason.NO_DATA)
        view = self._view(t)
        later = t > self._last
        flag = Flag(reason=Reason.INSUFFICIENT_N) if view is None else self._judge(view, value, learning=later)
        if later:
            if flag.flagged and view is not None and self.step >= DAY:
                self.dates.mark(t, self._scale.deviation(value, view.centre))
            self._learn(t, value, view)
            self._last = t
        return flag

    def _view(self, t: float) -> View | None:
        if self.n < self.how.minimum:
            return None
        foretold = self.centres.foretell(t)
        model, wider = self.centres.model, 1.0
        if model not in foretold:
            mean, beside, _ = self.centres.errors[model]
            model, wider = PLAIN, max(beside / mean, 1.0) if mean > 0 else 1.0
        centre = foretold[model]
        unit = self._scale.unit(centre)
        p = self.p
        reach = self.tail.limit(p) * wider
        spread = self.tail.q95
        if spread <= 0:
            reach = max(reach, self.how.floor * abs(centre) / unit)
        low, high = bounds = self._scale.bounds(centre, reach)
        aside, date = self.dates.of(t)
        if date is not None:
            low, high = min(low, self._scale.beside(centre, aside)), max(high, self._scale.beside(centre, aside))
        if self._was is not None:
            by, ratio, _ = self._was
            back = centre * ratio + by
            near, far = self._scale.bounds(back, reach)
            low, high = min(low, near), max(high, far)
        if date is None and self._positive * p >= 1:
            low = max(low, self._least / 10)
        return View(foretold, model, centre, unit, reach, spread, bounds, low, high, p, date)

    def _judge(self, view: View, value: float, *, learning: bool) -> Flag:
        flagged = not view.low <= value <= view.high
        side = view.high - view.centre if value >= view.centre else view.centre - view.low
        apart = abs(value - view.centre)
        score = apart / side if side > 0 else (inf if apart > 0 else 0.0)
        alert = flagged and self._quiet > self.how.merge
        if learning:
            self.episodes += alert
            self._quiet = 0 if flagged else self._quiet + 1
        return Flag(
            flagged=flagged, alert=alert, episode=self.episodes if flagged else None, score=score, low=view.low,
            high=view.high, centre=view.centre, model=view.model,
        )  # fmt: skip

    def _learn(self, t: float, value: float, view: View | None) -> None:
        foretold = view.foretold if view else self.centres.foretell(t)
        if foretold:
            centre = foretold.get(self.centres.model, foretold[PLAIN])
            size = self._off(value, centre)
            cut = view.reach if view is not None and view.spread > 0 else inf
            self.tail.push(min(size, cut), (value, centre) if size <= cut else None)
        self._remember(value, foretold)
        self.centres.push(t, value, foretold)
        self._size += (abs(value) - self._size) / min(self.n + 1, self.how.memory)
        self._positive, self._least = (self._positive + 1, min(self._least, value)) if value > 0 else (0, inf)
        self.n += 1
        if view is not None:
            self._settle(value, view)
        often = REVIEW if self.n > CUT * REVIEW else REVIEW // 4
        if self.n % often == 0:
            changed = self.centres.choose()
            if changed or self.n % (often * (16 if self.n > SETTLED else 4)) == 0:
                self._rescale(changed=changed)

    def _remember(self, value: float, foretold: dict[str, float]) -> None:
        self._values.push(value)
        rings = self._foretold
        for name in foretold:
            if name not in rings:
                rings[name] = Ring(self.how.memory)
                rings[name].at = (self._values.at - 1) % self.how.memory
        for name, ring in rings.items():
            ring.push(foretold.get(name, nan))

    def _past(self) -> list[tuple[float, float]]:
        """The last values with what the chosen model foretold of them, oldest first."""
        ring = self._foretold.get(self.centres.model)
        if ring is None:
            return []
        return [(x, c) for x, c in zip(self._values, ring, strict=True) if not isnan(x) and not isnan(c)]

    def _rescale(self, *, changed: bool) -> None:
        """Choose the unit of deviations by likelihood, and learn the spread anew where it or the model changed."""
        past = self._past()
        gain = self.how.scale_gain
        best = likeliest(past, GUARD * self._size, gain, 1.0 if self.step >= DAY else gain)  # days vary by factors
        if changed or best != self._scale.place:
            self._scale = Scale(best, GUARD * self._size)
            if changed:
                self.tail.peaks.forget(self.tail.n)
            else:
                self.tail.peaks.measure(self._off)
            self._respread(past)

    def _off(self, value: float, centre: float) -> float:
        """How many units a value lies from what was foretold of it."""
        return min(abs(self._scale.deviation(value, centre)), WIDEST)

    def _respread(self, past: list[tuple[float, float]]) -> None:
        sizes = [self._off(x, c) for x, c in past]
        self.tail.relearn(sizes)
        reach = self.tail.limit(self.p)
        if reach > 0 and self.tail.q95 > 0:
            self.tail.relearn(min(size, reach) for size in sizes)

    def _settle(self, value: float, view: View) -> None:
        """Follow a level that stays: *settle* points in a row on one side of the band are a new one.

        The old level stays usual beside it for a while, so that the way back is no second alarm.
        """
        low, high = view.bounds
        above, below = value > high, value < low
        inside = view.low <= value <= view.high
        self._run = 0 if inside else max(self._run, 0) + 1 if above else min(self._run, 0) - 1
        if self._was is not None:
            by, ratio, until = self._was
            self._back = self._back + 1 if inside and (above or below) else 0
            if self._back >= KNOWN:
                self._move(by, ratio, but=KNOWN)
            if self._back >= KNOWN or self.n > until:
                self._was, self._back = None, 0
        if abs(self._run) >= self.how.settle:
            by, ratio = self._apart(self._past()[-self.how.settle :])
            self._move(by, ratio, but=self.how.settle)
            self._run, self._was = 0, (-by / ratio, 1 / ratio, self.n + 4 * self.how.settle)

    def accept(self, points: Sequence[tuple[float, float]]) -> None:
        """Take the level of *points* (moment, value), which come next and are not learnt yet, as the new normal."""
        pairs = []
        for t, value in points:
            foretold = self.centres.foretell(t)
            if foretold and isfinite(value):
                pairs.append((value, foretold.get(self.centres.model, foretold[PLAIN])))
        if pairs:
            self._move(*self._apart(pairs), but=0)
            self._run, self._was = 0, None

    def _apart(self, pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """How values lie to what was foretold of them: a difference, or a ratio where the unit is a power of it."""
        if self._scale.place and all(x > 0 and c > 0 for x, c in pairs):
            return 0.0, middle(x / c for x, c in pairs)
        return middle(x - c for x, c in pairs), 1.0

    def _move(self, by: float, ratio: float, *, but: int) -> None:
        """Put all that is known on another level; the last *but* values are there already."""
        self.centres.move(by, ratio, but)
        values = list(self._values)
        last = len(values) - but
        self._values = Ring(self.how.memory, (v * ratio + by if i < last else v for i, v in enumerate(values)))
        for name, ring in self._foretold.items():
            self._foretold[name] = Ring(self.how.memory, (c * ratio + by for c in ring))
        self._size = abs(self._size * ratio + by)
        self._respread(self._past())
