"""Owns the oracles of timeliness and volume: how old, how late and how much, by pandas and Python's own times."""

from datetime import timedelta

from tests.metrics.asking import NO_DATA, ROWS_IN, Asked, Case, Expect, Expected, holds, ratio
from tests.metrics.making import DAY, NOW


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
    "data.row_count": (Case(expect=lambda a: Expected(len(a.rows), len(a.rows))),),
    "data.retained": (Case(expect=retained),),
}  # fmt: skip
"""By id."""
