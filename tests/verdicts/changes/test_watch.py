"""Tests of the causal detector of lasting shifts: its declared run length, its delay, and what it keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.verdicts.changes import Watch
from tests.verdicts.changes.test_named import QUIET

RUN = 500.0


def shifts(values: list[float], **how: float) -> list[int]:
    """The positions at which a watch alarms."""
    watch = Watch(**({"run_length": RUN} | how))  # type: ignore[arg-type]
    return [found.at for value in values if (found := watch.update(value)) is not None]


@pytest.mark.parametrize("kind", sorted(set(QUIET) - {"growth"}))
def test_alarms_are_as_rare_as_declared(kind: str) -> None:
    """Without a shift there is at most one alarm in a run length, whatever the distribution (10,000 values)."""
    found = [shifts(QUIET[kind](np.random.default_rng(seed), 1_000).tolist()) for seed in range(10)]
    assert sum(map(len, found)) <= 10_000 / RUN


def test_a_shift_is_named_soon_with_its_beginning() -> None:
    """A shift of two spreads is named within a dozen values (median of 20), with where it began and between what."""
    first = []
    for seed in range(20):
        values = np.random.default_rng(seed).normal(10, 1, 400)
        values[200:] += 2
        watch = Watch()
        first.append(next(s for v in values.tolist() if (s := watch.update(v)) is not None))
    assert all(s.at > 200 for s in first)
    assert np.median([s.at - 200 for s in first]) <= 12
    assert sum(abs(s.since - 200) <= 3 for s in first) >= 18
    assert np.median([s.before for s in first]) == pytest.approx(10, abs=0.2)
    assert np.median([s.after for s in first]) == pytest.approx(12, abs=0.3)


def test_one_outlier_is_no_shift() -> None:
    """A single wild value, however large, and a value that is not finite, raise no alarm."""
    values = np.random.default_rng(1).normal(size=200)
    values[[80, 120]] = [1e9, np.nan]
    assert shifts(values.tolist()) == []


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=120), st.integers(0, 120))
def test_the_future_changes_nothing(values: list[float], cut: int) -> None:
    """What is said of a prefix is what was said of it within the whole series."""
    whole = shifts(values, run_length=20.0)
    assert shifts(values[:cut], run_length=20.0) == [at for at in whole if at < cut]


def test_what_declares_nothing_is_refused() -> None:
    """A run length of one, or a warm-up of nine, is an error that says what is allowed."""
    with pytest.raises(ValueError, match="run_length > 1"):
        Watch(run_length=1)
    with pytest.raises(ValueError, match="warm_up ≥ 10"):
        Watch(warm_up=9)
