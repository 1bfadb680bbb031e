"""Answers of a scan: what they mean row by row, that they merge, and that what fails fails alone."""

from dataclasses import replace
from fractions import Fraction
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Ask
from qoa_platform.scans import normalising, queries
from qoa_platform.scans.keeping import SMALL
from qoa_platform.scans.queries import Failure
from qoa_platform.states import Grouped, State
from tests.scans.alike import alike
from tests.scans.asked import BY, FENCED, PLAIN, WHERE, Rows, frame_of, missing_as_none, rows, states
from tests.scans.interpreter import answer


def check(asks: tuple[Ask, ...], found: Rows, *, few: bool) -> None:
    """One scan answers *asks* as the interpreter does, by queries written for *few* rows or by those for many."""
    limit = SMALL if few else -1
    with patch.object(queries, "SMALL", limit), patch.object(normalising, "SMALL", limit):
        answers = states(frame_of(found), asks)
    meant = missing_as_none(found)
    wrong = {ask: (answers[ask], answer(ask, meant)) for ask in asks if not alike(answers[ask], answer(ask, meant))}
    assert not wrong


@settings(max_examples=30)
@given(st.lists(rows, max_size=12), st.booleans())
def test_an_answer_is_what_is_meant(found: Rows, few: bool) -> None:
    """Every kind of ask, over every type of column, all in one scan, equals its meaning written out over rows."""
    check(PLAIN, found, few=few)


@settings(max_examples=10)
@given(st.lists(rows, max_size=12), st.sampled_from(WHERE), st.booleans())
def test_a_filter_leaves_out_what_is_not_true(found: Rows, where: str, few: bool) -> None:
    """With ``where``, rows in which it is false or missing count for nothing."""
    check(tuple(replace(ask, where=where) for ask in PLAIN), found, few=few)


@settings(max_examples=15)
@given(st.lists(rows, max_size=12), st.sampled_from(BY), st.none() | st.sampled_from(WHERE), st.booleans())
def test_groups_have_a_state_each(found: Rows, by: tuple[str, ...], where: str | None, few: bool) -> None:
    """With ``by`` the answer is the whole and one state per group, missing parts under ``␀``."""
    check(tuple(replace(ask, by=by, where=where) for ask in PLAIN), found, few=few)


@settings(max_examples=15)
@given(st.lists(rows, max_size=12), st.booleans())
def test_fences_are_those_of_the_row_s_own_group(found: Rows, few: bool) -> None:
    """A hit lies in the fences of its group; groups without fences count neither hits nor rows, nor does the whole."""
    check(FENCED, found, few=few)


MERGEABLE = tuple(ask for ask in (*PLAIN, *FENCED) if ask.state not in UNMERGEABLE)


@settings(max_examples=15)
@given(st.lists(rows, max_size=12), st.integers(0, 12), st.sampled_from([(), *BY]))
def test_the_parts_of_a_frame_merge_to_the_whole(found: Rows, cut: int, by: tuple[str, ...]) -> None:
    """Measuring a frame equals merging the states of its parts, empty ones too, with groups and without."""
    asks = tuple(replace(ask, by=ask.by or by) for ask in MERGEABLE)
    whole, first, second = (states(frame_of(part), asks) for part in (found, found[:cut], found[cut:]))
    for ask in asks:
        parts = first[ask], second[ask]
        assert all(isinstance(part, State) for part in parts), parts
        assert alike(parts[0] + parts[1], whole[ask]), ask  # type: ignore[operator]


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9, 1e12])
def test_a_large_mean_does_not_eat_the_spread(offset: float) -> None:
    """Moments of values far from 0 are those of exact rational arithmetic, of the whole and by group."""
    values = [offset + (k * k % 97) / 8 for k in range(500)]
    exact = [Fraction(v) for v in values]
    mean = sum(exact) / len(exact)
    central = [float(sum((v - mean) ** k for v in exact)) for k in (2, 3, 4)]
    all_four = (("order", 4),)
    asks = [Ask(state="moments", columns=("x",), by=by, params=all_four) for by in ((), ("g",))]
    whole, grouped = states(pl.DataFrame({"x": values, "g": ["a"] * len(values)}), asks).values()
    for found in (whole, grouped.get("a")):  # type: ignore[union-attr]
        assert found.mean == pytest.approx(float(mean), rel=1e-15)  # type: ignore[union-attr]
        assert [found.m2, found.m3, found.m4] == pytest.approx(central, rel=1e-9)  # type: ignore[union-attr]


def test_many_groups_share_the_overflow() -> None:
    """Above 1 000 groups the last names share ``__overflow__``, whatever the ask; the whole knows nothing of it."""
    frame = pl.DataFrame({"k": range(3000), "x": [k % 7 for k in range(3000)]})
    asks = [
        Ask(state="tally", columns=("x",), by=("k",), params=(("hits", "present"),)),
        Ask(state="frequencies", columns=("x",), by=("k",)),
        Ask(state="uniqueness", columns=("x",), by=("k",)),
        Ask(state="keys", columns=("x",), by=("k",)),
    ]
    rest = sorted(str(k) for k in range(3000))[1000:]
    kept = [int(k) % 7 for k in rest]
    tally, counts, unique, keys = (answered for answered in states(frame, asks).values())
    for found in (tally, counts, unique, keys):
        assert not isinstance(found, Failure), found
        assert isinstance(found, Grouped)
        assert len(found.groups) == 1001
    assert tally.get("__overflow__").rows == len(rest)  # type: ignore[union-attr]
    assert dict(counts.get("__overflow__").counts) == {str(v): kept.count(v) for v in set(kept)}  # type: ignore[union-attr]
    assert unique.get("__overflow__").get("distinct") == 7  # type: ignore[union-attr]
    assert keys.get("__overflow__").distinct == 7  # type: ignore[union-attr]


def test_frequencies_above_the_cap_are_bounded() -> None:
    """Of more values than the cap, the rarest are dropped and every count is too small by at most the error."""
    values = [k for k in range(50) for _ in range(k + 1)] + [None] * 3
    ask = Ask(state="frequencies", columns=("x",), params=(("cap", 10),))
    (found,) = states(pl.DataFrame({"x": values}), [ask]).values()
    assert (found.n, found.missing, len(found.counts)) == (1275, 3, 10)  # type: ignore[union-attr]
    assert found.error <= 1275 / 11  # type: ignore[union-attr]
    assert all(0 <= int(v) + 1 - count <= found.error for v, count in found.counts)  # type: ignore[union-attr]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.4, 0.9])
def test_repeated_keys_are_counted_exactly(share: float) -> None:
    """Few repeated keys are compared apart, many all together: pandas' ``duplicated`` says the same."""
    n = 5000
    keys = [k if k > n * share else k % 11 for k in range(n)]
    frame = pl.DataFrame({"a": keys, "b": [str(k) for k in keys]})
    (found,) = states(frame, [Ask(state="uniqueness", columns=("a", "b"))]).values()
    table = frame.to_pandas()
    assert found.get("distinct") == len(table.drop_duplicates())  # type: ignore[union-attr]
    assert found.get("once") == (~table.duplicated(keep=False)).sum()  # type: ignore[union-attr]
