"""Owns ``must: usual``: the acceptance band learnt, robustly, from a metric's own published history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, inf, isfinite, log
from statistics import fmean, median

from qoa_platform.records import Reason, Window

LOG_MAX = 709.0
"""``eˣ`` of more is no finite float."""
WEEK = timedelta(days=7)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAD_TO_SIGMA = 1.4826
"""1/Φ⁻¹(¾): turns the median absolute deviation of normal data into its standard deviation."""
MEAN_TO_SIGMA = 1.2533
"""√(π/2): turns the mean absolute deviation of normal data into its standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One published window of the series: the *end* of the window and the metric's value in it."""

    end: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How ``usual`` learns. The defaults are those measured on the retail example.

    *minimum* points before anything is said; *same* windows of the same season make the centre; *recent* deviations
    make the spread; *limit* spreads from the centre is still usual (larger: fewer alarms, smaller changes missed);
    *floor* is the least spread as a share of the centre, so that a constant series is no tripwire. A season is used
    only when it forecasts the last *recent* windows better than no season by the factor *gain*.
    """

    minimum: int = 28
    same: int = 8
    recent: int = 56
    limit: float = 4.0
    floor: float = 0.01
    gain: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What is usual for one window: ``[low, high]`` around *centre*, in the metric's unit. Stored with the verdict.

    *spread* is one robust standard deviation, as a log ratio where *scale* is ``log``, else in the metric's unit.
    *model* names what was learnt (``seasonal(7)`` or ``plain``), *n* from how many windows.
    """

    low: float
    high: float
    centre: float
    spread: float
    limit: float
    model: str
    scale: str
    n: int

    def evidence(self) -> dict[str, object]:
        """The band as plain data."""
        return {
            "low": self.low, "high": self.high, "centre": self.centre, "spread": self.spread, "limit": self.limit,
            "model": self.model, "scale": self.scale, "n": self.n,
        }  # fmt: skip


def learn(history: Sequence[Point], at: Window, *, how: Learning = Learning()) -> Band | Reason:
    """The band that is usual for the window *at*, or ``insufficient_n`` when the history is too short for one.

    ``|log(value / centre)| ≤ limit · spread``: *centre* is the median of the last 8 same weekdays (of the last 56
    windows where no weekly season is proven), *spread* 1.4826 · MAD of the last 56 such log ratios, each taken against
    the centre that was known then. Series that are not positive use differences in place of log ratios. Where the MAD
    is 0 the mean absolute deviation stands in, and the floor below it.

    Only points before the window count, so that a candidate is compared and never learnt from; gaps are tolerated;
    of two points of one window the last one given counts. Values that are not finite are left out.

    >>> start = datetime(2017, 1, 1, tzinfo=UTC)
    >>> days = [Point(end=start + timedelta(days=i), value=100.0 + i % 3) for i in range(40)]
    >>> band = learn(days, Window.of_partition("2017-02-10"))
    >>> round(band.low), round(band.high), band.model
    (95, 107, 'plain')
    >>> learn(days[:20], Window.of_partition("2017-02-10"))
    <Reason.INSUFFICIENT_N: 'insufficient_n'>

    Source: metrics.md section 6 (robust z with a floor); the weekday form was measured on Complete Journey.
    """
    known = {p.end: p.value for p in history if p.end <= at.start and isfinite(p.value)}
    if len(known) < how.minimum:
        return Reason.INSUFFICIENT_N
    ends = sorted(known)
    positive = [e for e in ends if known[e] > 0]
    logs = len(positive) >= 0.95 * len(ends) and min(known.values()) >= 0
    used = positive if logs else ends
    series = _Series(
        ends=tuple(used), values=tuple(log(known[e]) if logs else known[e] for e in used), length=at.end - at.start
    )
    centre, errors, model = series.forecast(at.end, how)
    spread = max(_spread(errors), how.floor if logs else how.floor * abs(centre))
    reach = how.limit * spread
    low, high = (_exp(centre - reach), _exp(centre + reach)) if logs else (centre - reach, centre + reach)
    return Band(
        low=low, high=high, centre=_exp(centre) if logs else centre, spread=spread, limit=how.limit,
        model=model, scale="log" if logs else "linear", n=len(used),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """The history on its working scale, oldest first."""

    ends: tuple[datetime, ...]
    values: tuple[float, ...]
    length: timedelta

    @property
    def period(self) -> int:
        """Windows in a week, the one season that is tried; 1 where the windows do not divide it."""
        whole = self.length > timedelta(0) and WEEK % self.length == timedelta(0)
        return WEEK // self.length if whole else 1

    def slot(self, end: datetime) -> int:
        """The place of a window in the season (its weekday)."""
        return ((end - EPOCH) // self.length) % self.period

    def forecast(self, end: datetime, how: Learning) -> tuple[float, list[float], str]:
        """The centre for the window that ends at *end*, the recent deviations from what was known then, the model."""
        plain = self._errors(how, seasonal=False)
        season = self._errors(how, seasonal=True) if self.period > 1 else {}
        if self._proven(season, plain, how):
            centre = self._centre(len(self.ends), end, how, seasonal=True)
            if centre is not None:
                return centre, list(season.values()), f"seasonal({self.period})"
        centre = median(self.values[-how.recent :])
        return centre, list(plain.values()) or [v - centre for v in self.values[-how.recent :]], "plain"

    def _proven(self, season: dict[int, float], plain: dict[int, float], how: Learning) -> bool:
        """Whether the season forecast the recent windows better than no season did, each from its own past."""
        both = set(season) & set(plain)
        with_season, without = sum(abs(season[i]) for i in both), sum(abs(plain[i]) for i in both)
        return len(both) >= 2 * self.period and without > 0 and with_season <= how.gain * without

    def _errors(self, how: Learning, *, seasonal: bool) -> dict[int, float]:
        """Deviation of each recent window from its own past's centre, by position."""
        errors = {}
        for i in range(max(0, len(self.ends) - how.recent), len(self.ends)):
            centre = self._centre(i, self.ends[i], how, seasonal=seasonal)
            if centre is not None:
                errors[i] = self.values[i] - centre
        return errors

    def _centre(self, before: int, end: datetime, how: Learning, *, seasonal: bool) -> float | None:
        """The median of what came before position *before*, ``None`` when that is too little to say."""
        if not seasonal:
            past = self.values[max(0, before - how.recent) : before]
            return median(past) if len(past) >= how.same else None
        slot, past_same = self.slot(end), []
        for i in range(before - 1, -1, -1):
            if self.slot(self.ends[i]) == slot:
                past_same.append(self.values[i])
                if len(past_same) == how.same:
                    break
        return median(past_same) if len(past_same) >= 3 else None  # noqa: PLR2004 (a median of two is no median)


def _exp(value: float) -> float:
    """``eˣ``, ∞ where that is more than a float holds (math.exp raises)."""
    return exp(value) if value < LOG_MAX else inf


def _spread(errors: Sequence[float]) -> float:
    """1.4826 · MAD; where more than half of the deviations agree (MAD 0), √(π/2) · the mean absolute deviation."""
    centre = median(errors)
    distances = [abs(e - centre) for e in errors]
    return MAD_TO_SIGMA * median(distances) or MEAN_TO_SIGMA * fmean(distances)
