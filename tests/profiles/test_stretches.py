"""Tests of folding: stretches of time, merging in order, and rolling stretches, against merging them one by one."""

from datetime import date, timedelta
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.profiles.stretches import Every, fold, rolling, stretch_of, stretches
from qoa_platform.states import Frequencies, Tally

START = date(2016, 12, 20)


def days(gaps: list[int]) -> list[str]:
    """Days with *gaps* between them."""
    found, at = [], START
    for gap in gaps:
        at += timedelta(days=gap)
        found.append(at.isoformat())
    return found


@given(st.lists(st.builds(Tally, st.integers(0, 9), st.just(9)), max_size=40))
def test_folding_is_merging_one_after_the_other(parts: list[Tally]) -> None:
    """Neighbours first or from the left: the same state."""
    assert fold(parts) == (reduce(add, parts) if parts else None)


@given(st.lists(st.text("abc", min_size=1, max_size=1), max_size=30))
def test_folding_keeps_the_order(letters: list[str]) -> None:
    """States are merged in the order of their partitions, whatever the tree looks like."""
    parts = [Frequencies.count([letter]) for letter in letters]
    assert fold(parts) == (Frequencies.count(letters) if letters else None)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 40), st.data(),
)  # fmt: skip
def test_rolling_is_merging_every_stretch_anew(gaps: list[int], length: int, data: st.DataObject) -> None:
    """Law: for every day exactly the states of the days that end with it, also where days are missing."""
    names = days(gaps)
    kept = data.draw(st.sets(st.sampled_from(names)))
    states = {name: Frequencies.count([name]) for name in kept}
    found = {name: (state, count) for name, state, count in rolling(states, names, length)}
    assert list(found) == names
    for name in names:
        first = (date.fromisoformat(name) - timedelta(days=length - 1)).isoformat()
        inside = [n for n in names if n in kept and first <= n <= name]
        assert found[name] == (Frequencies.count(inside) if inside else None, len(inside))


def test_rolling_merges_each_state_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a rolling stretch does not grow with its length: three merges a day at most."""
    merged = 0
    plain = Tally.__add__

    def counted(self: Tally, other: Tally) -> Tally:
        nonlocal merged
        merged += 1
        return plain(self, other)

    monkeypatch.setattr(Tally, "__add__", counted)
    names = days([1] * 365)
    list(rolling({name: Tally(1, 1) for name in names}, names, 90))
    assert merged <= 3 * 365


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_stretches_hold_their_days(day: date) -> None:
    """A day lies in the stretch that its name says, and the ISO week is Python's."""
    name = day.isoformat()
    assert stretch_of(name, Every.MONTH) == name[:7]
    assert stretch_of(name, Every.YEAR) == name[:4]
    assert stretch_of(name, Every.WEEK) == day.strftime("%G-W%V")
    quarter = stretch_of(name, Every.QUARTER)
    assert quarter[:4] == name[:4]
    assert (int(quarter[-1]) - 1) * 3 < day.month <= int(quarter[-1]) * 3
    assert stretch_of(name, Every.DAY) == name


def test_partitions_that_are_no_days_have_one_stretch() -> None:
    """Whatever partitions are called, all of them are one stretch; nothing else is made up."""
    assert stretches(["b", "a"], Every.ALL) == {"all": ("a", "b")}
    with pytest.raises(ValueError, match="'a' is no day"):
        stretches(["a"], Every.MONTH)
    with pytest.raises(ValueError, match="'a' is no day"):
        list(rolling({}, ["a"], 7))
