"""Owns the oracles of timeliness and volume: how old, how late and how much, by pandas and Python's own times."""

from datetime import timedelta

import numpy as np
import pandas as pd

from tests.metrics.asking import NO_DATA, NOT_APPLICABLE, ROWS_IN, Asked, Case, Expect, Expected, bounded, holds, ratio
from tests.metrics.making import DAY, NOW

HOUR = timedelta(hours=1)


def age(skew: timedelta) -> Expect:
    """Now − the newest event time that is not from the future."""

    def expect(asked: Asked) -> Expected:
        past = [t for t in asked.present if t <= DAY.end + skew]
        return Expected((NOW - max(past)).total_seconds(), len(past)) if past else NO_DATA

    return expect


def arrived_before(asked: Asked) -> Expected:
    """Rows whose event time lies more than an hour after their arrival."""
    rows = asked.rows.dropna(subset=["t", "a"])
    return ratio(sum(t > a + timedelta(hours=1) for t, a in zip(rows["t"], rows["a"], strict=True)), len(rows))


def delay(q: float) -> Expect:
    """NumPy's quantile of the delays that are not negative, in seconds."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows.dropna(subset=["t", "a"])
        delays = [(a - t) / timedelta(seconds=1) for t, a in zip(rows["t"], rows["a"], strict=True)]
        known = [d for d in delays if d >= 0]
        return Expected(float(np.quantile(known, q)), len(known)) if known else NOT_APPLICABLE if delays else NO_DATA

    return expect


def gaps(length: timedelta, *, longest: bool, closed: bool = False) -> Expect:
    """Pandas' range of stretches within the window, without those in which a row stands."""

    def expect(asked: Asked) -> Expected:
        expected = pd.date_range(DAY.start, DAY.end - length, freq=length)
        if closed:
            return NO_DATA
        seen = pd.to_datetime(asked.present, utc=True)
        full = {start for start in expected if ((seen >= start) & (seen < start + length)).any()}
        marks = "".join("x" if start in full else "." for start in expected)
        return Expected(
            max(map(len, marks.split("x"))) * length.total_seconds() if longest else marks.count("."), len(marks)
        )

    return expect


def late(asked: Asked) -> Expected:
    """Rows that arrived more than half an hour after their event time."""
    rows = asked.rows.dropna(subset=["t", "a"])
    return ratio(sum(a - t > timedelta(minutes=30) for t, a in zip(rows["t"], rows["a"], strict=True)), len(rows))


def retained(asked: Asked) -> Expected:
    """Rows out ÷ rows in; rows in are not known by group."""
    return Expected(len(asked.rows) / ROWS_IN, ROWS_IN) if asked.group is None else NO_DATA


TIME: dict[str, tuple[Case, ...]] = {
    "data.timeliness": (
        Case(expect=age(timedelta(0))),
        Case(columns=("a",), given={"skew": "12 h"}, expect=age(timedelta(hours=12))),
    ),
    "data.future_share": (
        Case(columns=("t",), expect=holds(lambda v: [t > DAY.end for t in v])),
        Case(columns=("t",), given={"arrival": "a", "skew": 3600}, expect=arrived_before),
    ),
    "data.late_share": (Case(columns=("t",), given={"arrival": "a", "sla": "30 min"}, expect=late),),
    "data.delay": tuple(
        Case(columns=("t",), given={"arrival": "a", "q": q}, expect=bounded(delay(q)))
        for q in (0.0, 0.5, 0.95, 1.0)
    ),
    "data.gap_count": (
        Case(given={"every": "6 h"}, expect=gaps(6 * HOUR, longest=False)),
        Case(
            columns=("a",), given={"every": "1 h", "calendar": ("sunday", "2017-12-25")},
            expect=gaps(HOUR, longest=False),
        ),
        Case(given={"every": "1 h", "calendar": ("wednesday",)}, expect=gaps(HOUR, longest=False, closed=True)),
    ),
    "data.longest_gap": (
        Case(columns=("t",), given={"every": "30 min"}, expect=gaps(HOUR / 2, longest=True)),
        Case(given={"every": "1 h", "calendar": ("2017-10-04",)}, expect=gaps(HOUR, longest=True, closed=True)),
    ),
    "data.row_count": (Case(expect=lambda a: Expected(len(a.rows), len(a.rows))),),
    "data.retained": (Case(expect=retained),),
}  # fmt: skip
"""By id."""
