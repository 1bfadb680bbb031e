"""Owns what is usual, as data: a point of history, the settings of learning, the band that is learnt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

MAD_TO_SIGMA = 1.4826
"""1/Φ⁻¹(¾): turns the median absolute deviation of normal data into its standard deviation."""
Q95_TO_SIGMA = 1 / 1.959964
"""1/Φ⁻¹(.975): turns the 95 % point of absolute deviations of normal data into its standard deviation."""
MONTH = 30.4375 * 86_400.0
"""Seconds in a mean month of 1/12 of 365.25 days: what false alarms are counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One published window of the series: the *end* of the window and the metric's value in it."""

    end: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How ``usual`` learns. One setting for every series; the defaults lie on a plateau (docs/usual.md).

    *false_alarms* is what is declared: expected alarm episodes a month of a series in which nothing happens. It sets
    how far from the centre a value may lie; ``None`` is one a month, and never more than one in 60 points (half a one
    a month of a daily series). What *n* learnt points cannot promise is not promised: the chance per point is never
    taken below ``1 / (reach · n)``, and the band says what follows.

    *minimum* points before anything is said. *memory* deviations make the spread. The centres that are tried: the
    median of the last *plain* values, of the last *near* ones, of *days* values of the same time of day and *weeks* of
    the same time of the week, each of these also with the *near* median of what they missed by. A season is taken
    when its error is below *gain* of the plain one, the near level below *near_gain*; a power of the level as the unit
    of deviations when its likelihood is better by *scale_gain*. *heavy* is how long the tail beyond the quantiles of
    past deviations is taken: 1 is exponential (Laplace); 2.8 holds for Student's t with 3 degrees of freedom
    at hourly and longer steps (docs/usual.md). Flags at most *merge* points apart are one episode; *settle* points on
    one side are a new level.
    """

    false_alarms: float | None = None
    minimum: int = 28
    memory: int = 400
    plain: int = 75
    near: int = 12
    days: int = 7
    weeks: int = 8
    gain: float = 0.75
    near_gain: float = 0.7
    scale_gain: float = 0.9
    heavy: float = 2.8
    reach: float = 4.0
    floor: float = 0.03
    merge: int = 3
    settle: int = 12

    def __post_init__(self) -> None:
        if self.false_alarms is not None and not 0 < self.false_alarms < float("inf"):
            message = f"false_alarms: {self.false_alarms}. Allowed: a number above 0 (alarm episodes a month)"
            raise ValueError(message)

    def share(self, step: float) -> float:
        """The chance of a false alarm that is asked for per point, of a series with *step* seconds between points."""
        month = step / MONTH
        return min(DECLARED * month, RAREST) if self.false_alarms is None else min(self.false_alarms * month, LOOSEST)


DECLARED = 1.0
"""False alarms a month and series where nobody says how many."""
RAREST = 1 / 60
"""The largest chance per point where nobody says how many."""
LOOSEST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What is usual for one window: ``[low, high]`` around *centre*, in the metric's unit. Stored with the verdict.

    *spread* is one robust standard deviation (the 95 % point of past deviations ÷ 1.96) and *limit* how many of them
    are usual, in units of ``|level| ** power``: *scale* names the power (``linear`` 0, ``root`` ½, ``proportional`` 1),
    *unit* is its value here, so that ``high = centre + limit · spread · unit``. *model* names the centre and *why* its
    back-test: the mean error of each candidate over the one of ``plain``. *n* points were learnt, *p* is the chance of
    a false alarm per point, *false_alarms* the episodes a month that are to be expected of it.
    """

    low: float
    high: float
    centre: float
    spread: float
    limit: float
    model: str
    scale: str
    n: int
    unit: float = 1.0
    p: float | None = None
    false_alarms: float | None = None
    why: Mapping[str, float] = field(default_factory=dict)
    calendar: str | None = None

    def evidence(self) -> dict[str, object]:
        """The band as plain data; ``Band(**evidence)`` is the band again."""
        return {
            "low": self.low, "high": self.high, "centre": self.centre, "spread": self.spread, "limit": self.limit,
            "model": self.model, "scale": self.scale, "n": self.n, "unit": self.unit, "p": self.p,
            "false_alarms": self.false_alarms, "why": dict(self.why), "calendar": self.calendar,
        }  # fmt: skip
