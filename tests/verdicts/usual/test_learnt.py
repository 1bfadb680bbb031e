"""Tests of what was folded already: the answer is always the one of the whole history."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.records import DAY, Window
from qoa_platform.verdicts.usual import Learning, Learnt, Point, Stream, learn

START = datetime(2020, 1, 1, tzinfo=UTC)


def day(i: int) -> Window:
    """The window of day *i*."""
    return Window.of_day((START + i * DAY).date())


def points(values: list[float]) -> list[Point]:
    """One point a day."""
    return [Point(end=day(i).end, value=v) for i, v in enumerate(values)]


VALUES = st.lists(st.sampled_from([9.0, 10.0, 11.0, 12.0, 90.0, 0.0]), min_size=40, max_size=90)
LOOKS = st.lists(st.tuples(st.integers(0, 95), st.integers(0, 6), st.sampled_from(["a", "b"])), min_size=1, max_size=12)


@given(VALUES, LOOKS, st.lists(st.integers(0, 80), max_size=2))
def test_the_answer_is_that_of_the_whole_history(
    values: list[float], looks: list[tuple[int, int, str]], at: list[int]
) -> None:
    """Whatever was asked before: windows in any order, late points, points published again, accepted shifts."""
    learnt = Learnt(size=3)
    accepted = [day(i).start for i in at]
    for i, change, series in looks:
        history = points(values)
        if change < 3:
            history[change * 7] = Point(end=history[change * 7].end, value=50.0)
        elif change == 3:
            del history[5]
        elif change == 4:
            history.reverse()
        how = Learning(false_alarms=0.3) if change == 5 else Learning()
        wanted = learn(history, day(i), how=how, accepted=accepted)
        assert learnt.learn(series, history, day(i), how=how, accepted=accepted) == wanted


def test_a_day_costs_one_update(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history that goes on is not folded again, and no more series are kept than were asked for."""
    from qoa_platform.verdicts.usual import learnt as module
    from qoa_platform.verdicts.usual.history import folded

    folds: list[int] = []

    def counted(known: Sequence[tuple[float, float]], step: float, **settings: Any) -> Stream:
        folds.append(len(known))
        return folded(known, step, **settings)

    monkeypatch.setattr(module, "folded", counted)
    learnt = Learnt(size=2)
    history = points([10.0 + i % 4 for i in range(60)])
    for i in range(30, 60):
        learnt.learn("a", history[:i], day(i))
    assert folds == [30]
    for name in "bcd":
        learnt.learn(
            name, history, day(60) if name != "b" else Window(start=day(60).start, end=day(60).end + timedelta(days=1))
        )
    assert len(learnt) == 2
