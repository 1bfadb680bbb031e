"""Owns detect: the unusual points of a series, each found from what came before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import isfinite, nan
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl

from qoa_platform.api.listing import Listing
from qoa_platform.records import Reason
from qoa_platform.verdicts.usual import Flag, Learning, Stream
from qoa_platform.verdicts.usual.windows import middle

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3600.0
POSITIONS = 1e8
"""Numbers below this are positions, an hour apart; above it seconds, ms, µs or ns since 1970."""
UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0.0, 1.0))
Side = Literal["both", "up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Flags that belong together: at most three points apart. *score* is the largest one, at position *peak*."""

    start: Any
    end: Any
    first: int
    last: int
    points: int
    peak: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection(Listing):
    """A flag, a score and a band per point. :meth:`records` lists them, *episodes* are the alarms.

    *step* is the time between points in seconds, *false_alarms* what is declared: alarms a month that are expected of
    a series in which nothing happens. ``found.flag[i]``, ``found.score[i]`` … are of point *i*; numbers are NaN where
    nothing is said (fewer points than 28 before it, no value).
    """

    at: Sequence[Any]
    value: Sequence[float]
    found: Sequence[Flag]
    flags: Sequence[bool]
    episodes: tuple[Episode, ...]
    step: float
    false_alarms: float

    SCHEMA: ClassVar[dict[str, Any]] = {
        "at": pl.Object, "value": pl.Float64, "flag": pl.Boolean, "score": pl.Float64, "low": pl.Float64,
        "high": pl.Float64, "centre": pl.Float64, "model": pl.String, "episode": pl.Int64, "reason": pl.String,
    }  # fmt: skip
    SHOWN = ("from", "to", "points", "score", "value there", "usual there", "model")

    @property
    def flag(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Whether each point is unusual."""
        return np.array(self.flags, dtype=bool)

    @property
    def score(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The distance of each point from its centre, over that of the bound on its side."""
        return self._numbers("score")

    @property
    def low(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The lower bound of each point."""
        return self._numbers("low")

    @property
    def high(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The upper bound of each point."""
        return self._numbers("high")

    @property
    def centre(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """What was expected of each point."""
        return self._numbers("centre")

    @property
    def model(self) -> list[str | None]:
        """The model that expected it."""
        return [flag.model for flag in self.found]

    def _numbers(self, name: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
        values = (getattr(flag, name) for flag in self.found)
        return np.array([nan if value is None else value for value in values], dtype=np.float64)

    def records(self) -> list[dict[str, Any]]:
        """One row per point."""
        of = {i: k for k, e in enumerate(self.episodes, 1) for i in range(e.first, e.last + 1)}
        rows = zip(self.at, self.value, self.flags, self.found, strict=True)
        return [
            {
                "at": at, "value": value, "flag": flagged, "score": flag.score, "low": flag.low, "high": flag.high,
                "centre": flag.centre, "model": flag.model, "episode": of.get(i) if flagged else None,
                "reason": str(flag.reason) if flag.reason else None,
            }
            for i, (at, value, flagged, flag) in enumerate(rows)
        ]  # fmt: skip

    def to_polars(self) -> pl.DataFrame:
        """The points as a Polars frame."""
        rest = {name: kind for name, kind in self.SCHEMA.items() if name != "at"}
        frame = pl.DataFrame([{k: v for k, v in row.items() if k != "at"} for row in self.records()], schema=rest)
        return frame.insert_column(0, pl.Series("at", list(self.at), strict=False))

    def to_frame(self) -> pl.DataFrame:
        """The points as a Polars frame; ``to_pandas()`` for a pandas one."""
        return self.to_polars()

    def cells(self) -> list[list[str]]:
        """The episodes, as a person reads them."""
        rows = []
        for e in self.episodes:
            flag = self.found[e.peak]
            usual = f"{flag.low:.6g} to {flag.high:.6g}" if flag.low is not None and flag.high is not None else ""
            rows.append([
                str(e.start), str(e.end), str(e.points), f"{e.score:.2f}", f"{self.value[e.peak]:.6g}", usual,
                flag.model or "",
            ])  # fmt: skip
        return rows

    def head(self) -> str:
        """How many episodes in how many points."""
        n, k = len(self.value), len(self.episodes)
        return (
            f"{k} episode{'' if k == 1 else 's'} in {n} points; at most {self.false_alarms:.3g} false a month declared"
        )


def detect(
    timestamps: Any, values: Any, *, false_alarms: float | None = None, direction: Side = "both",
    how: Learning | None = None,
) -> Detection:  # fmt: skip
    """The unusual points of a series, found from left to right: what is said of a point rests on those before it.

    *timestamps* are datetimes (naive ones are UTC), dates, numbers since 1970, or positions (``None`` or small
    numbers: taken as an hour apart); *values* numbers, ``None`` and NaN where there is none. Lists, NumPy, pandas and
    Polars are taken. *false_alarms* is how many alarms a month a series may raise in which nothing happens (default:
    one, and never more than one in 60 points); *direction* ``up`` or ``down`` looks at one side only. A point that is
    not later than the one before it is judged and not learnt.

    Raises ValueError for lengths that differ, false alarms that are not above 0, and another direction.

    >>> found = detect(range(200), [100 + i % 7 for i in range(150)] + [160] + [100 + i % 7 for i in range(49)])
    >>> [(e.first, e.points) for e in found.episodes]
    [(150, 1)]
    """
    if direction not in ("both", "up", "down"):
        message = f"direction: {direction!r}. Allowed: 'both', 'up', 'down'"
        raise ValueError(message)
    numbers = [_number(v) for v in _listed(values)]
    moments = list(range(len(numbers))) if timestamps is None else _listed(timestamps)
    if len(moments) != len(numbers):
        message = f"timestamps and values have other lengths: {len(moments)} and {len(numbers)}"
        raise ValueError(message)
    settings = how or Learning(false_alarms=false_alarms)
    seconds = _seconds(moments)
    step = _step(seconds[: settings.minimum])
    stream = Stream(step, settings)
    found = [
        Flag(reason=Reason.NO_DATA) if t is None else stream.update(t + step, x)
        for t, x in zip(seconds, numbers, strict=True)
    ]  # fmt: skip
    flags = [f.flagged and _sided(f, x, direction) for f, x in zip(found, numbers, strict=True)]
    return Detection(
        at=moments, value=numbers, found=found, flags=flags, step=step,
        episodes=_episodes(moments, found, flags, settings.merge), false_alarms=stream.declared,
    )  # fmt: skip


def _sided(flag: Flag, value: float, direction: Side) -> bool:
    return direction == "both" or flag.centre is None or (value > flag.centre) == (direction == "up")


def _episodes(moments: Sequence[Any], found: Sequence[Flag], flags: Sequence[bool], merge: int) -> tuple[Episode, ...]:
    runs: list[list[int]] = []
    for i, flagged in enumerate(flags):
        if flagged and runs and i - runs[-1][-1] <= merge:
            runs[-1].append(i)
        elif flagged:
            runs.append([i])
    return tuple(_episode(run, moments, found) for run in runs)


def _episode(run: Sequence[int], moments: Sequence[Any], found: Sequence[Flag]) -> Episode:
    peak = max(run, key=lambda i: found[i].score or 0.0)
    return Episode(
        start=moments[run[0]], end=moments[run[-1]], first=run[0], last=run[-1], points=len(run), peak=peak,
        score=found[peak].score or 0.0,
    )  # fmt: skip


def _listed(given: Any) -> list[Any]:
    """Anything one-dimensional as a list of Python values; NumPy's times as datetimes."""
    if isinstance(given, np.ndarray):
        return list(given.astype("datetime64[us]").tolist() if given.dtype.kind == "M" else given.tolist())
    for name in ("to_list", "tolist"):
        if hasattr(given, name):
            return list(getattr(given, name)())
    return list(given)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return nan


def _seconds(moments: Sequence[Any]) -> list[float | None]:
    """Moments in seconds since 1970; ``None`` for what is none. The first number says what numbers mean."""
    first = next((abs(m) for m in moments if isinstance(m, (int, float)) and isfinite(m)), 0.0)
    largest = first if first >= POSITIONS else 0.0
    scale = next(by for least, by in UNITS if largest >= least) if largest else 1 / HOUR
    return [_second(m, scale) for m in moments]


def _second(moment: Any, scale: float) -> float | None:
    if isinstance(moment, np.datetime64):
        moment = moment.astype("datetime64[us]").item()
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (aware - EPOCH).total_seconds() if moment == moment else nan  # noqa: PLR0124 (NaT is not itself)
    elif isinstance(moment, date):
        seconds = datetime.combine(moment, time(), tzinfo=UTC).timestamp()
    elif isinstance(moment, timedelta):
        seconds = moment.total_seconds()
    else:
        seconds = _number(moment) / scale
    return seconds if isfinite(seconds) else None


def _step(seconds: Sequence[float | None]) -> float:
    """The time between points: the median of the first ones, so that later points change nothing."""
    known = [t for t in seconds if t is not None]
    steps = [b - a for a, b in pairwise(known) if b > a]
    return middle(steps) if steps else HOUR
