"""Tests of detect: what it takes, what it gives, that it is causal, and how it does on real production metrics."""

import os
from datetime import UTC, date, datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qoa_platform
from qoa_platform.api import detect

START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = [START + timedelta(hours=i) for i in range(300)]
VALUES = [100.0 + (i * 7919) % 11 + 60 * (i in {200, 201, 250}) for i in range(300)]


def test_episodes_are_found() -> None:
    """Two incidents are two episodes, of which the first has two points."""
    found = qoa_platform.detect(HOURS, VALUES)
    assert [(e.first, e.last, e.points, e.start) for e in found.episodes] == [
        (200, 201, 2, HOURS[200]), (250, 250, 1, HOURS[250]),
    ]  # fmt: skip
    assert found.flag.sum() == 3
    assert (found.score[found.flag] > 1).all()
    assert np.isnan(found.score[:28]).all()
    assert (found.low[28:] < found.centre[28:]).all()
    assert "2 episodes in 300 points" in str(found)


@pytest.mark.parametrize(
    "moments",
    [
        pd.DatetimeIndex(HOURS), pd.Series(HOURS), pl.Series(HOURS), [t.replace(tzinfo=None) for t in HOURS],
        np.array([t.replace(tzinfo=None) for t in HOURS], dtype="datetime64[ns]"), [t.timestamp() for t in HOURS],
        [int(t.timestamp() * 1e9) for t in HOURS], [t.isoformat() for t in HOURS], range(300), None,
    ],
)  # fmt: skip
def test_moments_may_come_in_any_form(moments: Any) -> None:
    """Datetimes of all libraries, seconds, nanoseconds, text and positions give the same flags."""
    assert detect(moments, VALUES).flags == detect(HOURS, VALUES).flags


def test_values_may_come_in_any_form() -> None:
    """Lists, NumPy, pandas and Polars give the same flags; what is missing is no value."""
    for values in (np.array(VALUES), pd.Series(VALUES), pl.Series(VALUES)):
        assert detect(HOURS, values).flags == detect(HOURS, VALUES).flags
    holes = detect(HOURS, [None if i % 50 == 7 else nan if i % 50 == 8 else v for i, v in enumerate(VALUES)])
    assert [r["reason"] for r in holes.records()][57:59] == ["no_data", "no_data"]
    assert len(holes.episodes) == 2


def test_frames_hold_a_row_per_point() -> None:
    """The points are a frame of either library, with the episode of each flag."""
    found = detect(HOURS, VALUES)
    frame = found.to_frame()
    assert frame.filter(pl.col("flag"))["episode"].to_list() == [1, 1, 2]
    assert frame["at"].to_list() == HOURS
    assert len(found.to_pandas()) == 300
    assert len(detect([], []).to_frame()) == 0


def test_one_side_may_be_asked_for() -> None:
    """Rises are no falls."""
    assert len(detect(HOURS, VALUES, direction="up").episodes) == 2
    assert detect(HOURS, VALUES, direction="down").episodes == ()


@given(
    st.lists(st.one_of(st.floats(), st.integers(-3, 3)), min_size=30, max_size=90),
    st.lists(st.integers(-2, 30), min_size=90, max_size=90), st.integers(0, 90),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_what_comes_later_changes_nothing(values: list[float], steps: list[int], k: int) -> None:
    """The flags of a prefix are the prefix of the flags, whatever the values and the order of time."""
    days = [START + timedelta(hours=i + steps[i]) for i in range(len(values))]
    whole, part = detect(days, values), detect(days[:k], values[:k])
    assert part.flags == whole.flags[:k]
    assert part.found == whole.found[:k]


@pytest.mark.parametrize("values", [[], [1.0], [nan] * 50, [0.0] * 50, [1e150, -1e150] * 30, [5] * 50])
def test_odd_series_raise_nothing(values: list[float]) -> None:
    """Empty, single, missing, constant and huge series have no flags and no exceptions."""
    assert not any(detect(None, values).flags)


def test_days_are_moments_and_no_moment_is_none() -> None:
    """Dates are taken as days; where the time is missing nothing is said."""
    found = detect([date(2024, 1, 1) + timedelta(days=i) if i != 40 else None for i in range(60)], [5.0] * 60)
    assert found.step == 86_400
    assert found.records()[40]["reason"] == "no_data"


def test_wrong_arguments_are_refused() -> None:
    """Lengths that differ, another direction and no false alarms at all are errors that say what is allowed."""
    with pytest.raises(ValueError, match="2 and 1"):
        detect([1, 2], [1])
    with pytest.raises(ValueError, match="Allowed: 'both', 'up', 'down'"):
        detect(None, [1], direction="left")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above 0"):
        detect(None, [1], false_alarms=0)


def test_production_incidents_are_found() -> None:
    """On real cloud metrics, one setting for all: event F1 ≥ .60, ≤ .5 false alerts per 1,000, ≤ 15 on clean series."""
    path = Path(os.environ.get("QOA_DATA", "")) / "msmon_dev" / "series.parquet"
    if not path.exists():
        pytest.skip("QOA_DATA does not hold msmon_dev")
    from bench.usual import read, scored, totals

    series = {name: s for i, (name, s) in enumerate(read(path).items()) if len(s.values) < 5000}
    result = totals([scored(s, detect(s.moments, s.values).flags) for s in series.values()])
    assert result.f1 >= 0.62
    assert result.clean <= 8
