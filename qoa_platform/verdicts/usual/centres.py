"""Owns the centres that a series may have, and their back-test: each is judged by what it foretold of the past."""

from collections import deque
from math import isnan, nan

from qoa_platform.verdicts.usual.band import Learning
from qoa_platform.verdicts.usual.windows import Ordered, middle

DAY, WEEK = 86_400.0, 604_800.0
FINEST_DAY, FINEST_WEEK = 60.0, 300.0
"""The least width, in seconds, of a place of the day and of the week: 1,440 and 2,016 places at most."""
KNOWN = 3
"""Visits to a season's place before it says anything: a median of two is no median."""
NEW = (0.0, 0.0, 0)
"""The error of a candidate before it foretold anything."""
PLAIN, NEAR, AND_NEAR = "plain", "near", "+near"
WILD = 6.0
"""Errors above this many mean errors count as so many: an incident says nothing about a model."""
TRIED, PLACES = 14, 200
"""Forecasts that a back-test needs: as many as a season has places, within these bounds."""


class Season:
    """What came at the same place of a period: the median of the last *depth* visits.

    A place is as wide as a step and not narrower than *finest*, so that memory is bounded; values of one visit to a
    place are averaged.
    """

    __slots__ = ("_count", "_open", "_total", "_visit", "depth", "near", "period", "places", "tried", "width")

    def __init__(self, period: float, finest: float, depth: int, step: float, near: int) -> None:
        self.period, self.depth = period, depth
        self.width = max(step, finest)
        self.places: dict[int, deque[float]] = {}
        self.near = Ordered(near)
        self.tried = min(max(TRIED, int(period / self.width)), PLACES)
        self._visit, self._open, self._total, self._count = -1, 0, 0.0, 0

    def at(self, t: float) -> float:
        """The median of the visits to this place, NaN before three."""
        known = self.places.get(int(t % self.period / self.width))
        return middle(known) if known is not None and len(known) >= KNOWN else nan

    def push(self, t: float, value: float) -> None:
        """Learn a value."""
        visit = int(t / self.width)
        if visit != self._visit:
            if self._count:
                known = self.places.get(self._open)
                if known is None:
                    known = self.places[self._open] = deque(maxlen=self.depth)
                known.append(self._total / self._count)
            self._visit, self._open, self._total, self._count = visit, int(t % self.period / self.width), 0.0, 0
        self._total += value
        self._count += 1

    def move(self, by: float, ratio: float) -> None:
        """Put everything known on another level."""
        for place, known in self.places.items():
            self.places[place] = deque((v * ratio + by for v in known), maxlen=self.depth)
        self._total = self._total * ratio + by * self._count
        self.near = Ordered(self.near.size, (v * ratio for v in self.near.queue))


class Centres:
    """All that is tried for one series, and how well each did.

    The error of a candidate is a running mean of absolute errors (over about *memory* points), beside that of
    ``plain`` over the same points; wild ones are cut.
    """

    __slots__ = ("_how", "errors", "model", "near", "plain", "seasons")

    def __init__(self, step: float, how: Learning) -> None:
        self._how = how
        self.plain, self.near = Ordered(how.plain), Ordered(how.near)
        self.seasons: dict[str, Season] = {}
        if step <= DAY / 2:
            self.seasons["day"] = Season(DAY, FINEST_DAY, how.days, step, how.near)
        if step <= WEEK / 2:
            self.seasons["week"] = Season(WEEK, FINEST_WEEK, how.weeks, step, how.near)
        self.errors: dict[str, tuple[float, float, int]] = {}
        self.model = PLAIN

    def foretell(self, t: float) -> dict[str, float]:
        """What each candidate expects at *t*; nothing before the first values."""
        if len(self.plain) < KNOWN:
            return {}
        found = {PLAIN: self.plain.median()}
        if len(self.near):
            found[NEAR] = self.near.median()
        for name, season in self.seasons.items():
            centre = season.at(t)
            if not isnan(centre):
                found[name] = centre
                if len(season.near) * 2 >= season.near.size:
                    found[name + AND_NEAR] = centre + season.near.median()
        return found

    def push(self, t: float, value: float, foretold: dict[str, float]) -> None:
        """Learn a value, and how far each candidate missed it."""
        if foretold:
            self._score(value, foretold)
        self.plain.push(value)
        self.near.push(value)
        for name, season in self.seasons.items():
            centre = foretold.get(name)
            if centre is not None:
                season.near.push(value - centre)
            season.push(t, value)

    def _score(self, value: float, foretold: dict[str, float]) -> None:
        plain = abs(value - foretold[PLAIN])
        memory, errors = self._how.memory, self.errors
        for name, centre in foretold.items():
            mean, beside, n = errors.get(name, NEW)
            step = 1 / (n + 1) if n < memory else 1 / memory
            error, other = abs(value - centre), plain
            if n > TRIED and beside > 0:
                wild = WILD * beside
                error = error if error < wild else wild  # noqa: FURB136 (twice as fast as min)
                other = other if other < wild else wild  # noqa: FURB136
            errors[name] = (mean + step * (error - mean), beside + step * (other - beside), n + 1)

    def choose(self) -> bool:
        """Take the best candidate by back-test; whether that is another one than before."""
        best, least = PLAIN, 1.0
        for name, (mean, beside, n) in self.errors.items():
            if name == PLAIN or beside <= 0:
                continue
            season = self.seasons.get(name.removesuffix(AND_NEAR))
            if n < (season.tried if season else TRIED):
                continue
            worth = mean / beside / self._gain(name, season is not None)
            if worth < least:
                best, least = name, worth
        changed = best != self.model
        self.model = best
        return changed

    def _gain(self, name: str, seasonal: bool) -> float:  # noqa: FBT001 (two of two)
        gain = self._how.gain if seasonal else 1.0
        return gain * self._how.near_gain if name.endswith(NEAR) else gain

    def why(self) -> dict[str, float]:
        """The mean error of each candidate over that of ``plain`` on the same points."""
        return {name: round(mean / beside, 4) for name, (mean, beside, _) in self.errors.items() if beside > 0}

    def move(self, by: float, ratio: float, but: int = 0) -> None:
        """Put everything known on another level, except the last *but* values, which are there already."""
        for window in (self.plain, self.near):
            values = list(window.queue)
            last = len(values) - but
            moved = (v * ratio + by if i < last else v for i, v in enumerate(values))
            window.__init__(window.size, moved)  # type: ignore[misc]
        for season in self.seasons.values():
            season.move(by, ratio)
