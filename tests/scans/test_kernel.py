"""The kernel: answers of parts, merged ask by ask, are the answers of the whole; what does not merge says so."""

from dataclasses import replace
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Ask
from qoa_platform.scans import Failure, answers, merged
from qoa_platform.states import Grouped, State
from qoa_platform.states.whole import Whole
from tests.scans.alike import alike
from tests.scans.asked import BY, PLAIN, Rows, frame_of, rows

MERGEABLE = tuple(ask for ask in PLAIN if ask.state not in UNMERGEABLE)
ROWS = Ask(state="tally", params=(("hits", "rows"),))


@settings(max_examples=15)
@given(st.lists(rows, max_size=16), st.lists(st.integers(0, 16), max_size=5))
def test_any_split_is_the_whole(found: Rows, cuts: list[int]) -> None:
    """However a frame is cut into parts, empty ones too, the merged answers of the parts are those of the frame."""
    asks = (*MERGEABLE, *(replace(ask, by=BY[0]) for ask in MERGEABLE[::4]))
    bounds = [0, *sorted(cuts), len(found)]
    parts = [answers(frame_of(found[a:b]), asks, missing={}) for a, b in pairwise(bounds)]
    whole, folded = answers(frame_of(found), asks, missing={}), merged(parts)
    assert list(folded) == list(whole)
    wrong = {ask: (folded[ask], whole[ask]) for ask in asks if not alike(folded[ask], whole[ask])}
    assert not wrong
    assert all(isinstance(state, State) for state in whole.values())


def test_merging_keeps_the_order_of_parts() -> None:
    """Parts stand in the sum in their order, however many there are: sums of floats are the same every time."""
    words = ["a", "b", "c", "d", "e", "f", "g"]
    ask = Ask(state="whole", columns=("x",))
    parts = [{ask: Whole(pl.DataFrame({"x": [word]}))} for word in words]
    tallies = [answers(pl.DataFrame({"x": [1] * n}), [ROWS], missing={}) for n in range(7)]
    assert merged(tallies)[ROWS] == answers(pl.DataFrame({"x": [1] * 21}), [ROWS], missing={})[ROWS]
    total = parts[0][ask]
    for part in parts[1:]:
        total += part[ask]
    assert total.frame.get_column("x").to_list() == words
    assert merged([]) == {}


@pytest.mark.parametrize("state", ["uniqueness", "quantile", "whole"])
def test_what_holds_for_one_frame_does_not_merge(state: str) -> None:
    """Of one part it stands as it is; of two it is a Failure that says why, and nothing else fails."""
    ask = Ask(state=state, columns=("x",), params=(("q", 0.5),) if state == "quantile" else ())
    part = answers(pl.DataFrame({"x": [1.0, 2.0]}), [ask, ROWS], missing={})
    assert isinstance(merged([part])[ask], State)
    both = merged([part, part])
    assert both[ask] == Failure(f"{state}(x) holds for one frame only: its parts do not merge")
    assert both[ROWS].hits == 4  # type: ignore[union-attr]


def test_a_failure_in_one_part_is_a_failure() -> None:
    """An ask that one part cannot answer, or was not asked, has no answer over all of them, and says why."""
    ask = Ask(state="moments", columns=("x",))
    good = answers(pl.DataFrame({"x": [1.0]}), [ask, ROWS], missing={})
    bad = answers(pl.DataFrame({"x": ["a"]}), [ask, ROWS], missing={})
    for parts in ([good, bad], [bad, good], [good, good, bad]):
        found = merged(parts)
        failed = found[ask]
        assert isinstance(failed, Failure)
        assert "column 'x' is String" in failed.cause
        assert found[ROWS].hits == len(parts)  # type: ignore[union-attr]
    absent = merged([good, {ROWS: good[ROWS]}])[ask]
    assert absent == Failure("moments(x) was not asked of every part. Allowed: the same asks")


def test_states_that_do_not_fit_are_a_failure() -> None:
    """Counts on other edges do not merge: a Failure with the cause, and no exception."""
    edges = [(0.0, 1.0), (0.0, 2.0)]
    frame = pl.DataFrame({"x": [0.5]})
    asks = [Ask(state="histogram", columns=("x",), params=(("digest", str(e)), ("edges", e))) for e in edges]
    first, second = (answers(frame, [ask], missing={})[ask] for ask in asks)
    found = merged([{asks[0]: first}, {asks[0]: second}])[asks[0]]
    assert isinstance(found, Failure)
    assert "merge" in found.cause


def test_quantiles_of_far_neighbours_are_finite() -> None:
    """Neighbours whose difference overflows have a quantile between them, of the whole and by group."""
    asks = [Ask(state="quantile", columns=("x",), by=by, params=(("q", 0.25),)) for by in ((), ("g",))]
    frame = pl.DataFrame({"x": [-1.7e308, 1.7e308, 5.0], "g": ["a", "a", "b"]})
    whole, grouped = answers(frame, asks, missing={}).values()
    assert whole.get("value") == pytest.approx(-0.85e308)  # type: ignore[union-attr]
    assert isinstance(grouped, Grouped)
    assert grouped.get("a").get("value") == pytest.approx(-0.85e308)  # type: ignore[union-attr]
    assert grouped.get("b").get("value") == 5.0  # type: ignore[union-attr]


@pytest.mark.parametrize("q", [-0.1, 1.5, "half", True, None])
def test_a_quantile_outside_of_0_to_1_is_refused(q: float | str | None) -> None:
    """What is no q fails alone, and says what is allowed; the others of its column are answered."""
    wrong, right = (Ask(state="quantile", columns=("x",), params=(("q", value),)) for value in (q, 0.5))
    found = answers(pl.DataFrame({"x": [1, 2, 3]}), [wrong, right], missing={})
    assert found[wrong] == Failure(f"a quantile of q = {q!r}. Allowed: a number from 0 to 1")
    assert found[right].get("value") == 2.0  # type: ignore[union-attr]


def test_quantiles_of_groups_beyond_the_cap_are_exact() -> None:
    """The groups that share ``__overflow__`` have the quantile of all their rows, and not one of quantiles."""
    frame = pl.DataFrame({"k": range(3000), "x": [k * k % 101 for k in range(3000)]})
    ask = Ask(state="quantile", columns=("x",), by=("k",), params=(("q", 0.3),))
    found = answers(frame, [ask], missing={})[ask]
    assert isinstance(found, Grouped)
    rest = frame.filter(pl.col("k").cast(pl.String).is_in(sorted(map(str, range(3000)))[1000:]))
    assert found.get("__overflow__").get("value") == rest.get_column("x").quantile(0.3, "linear")  # type: ignore[union-attr]


def test_a_whole_holds_the_rows() -> None:
    """The asked columns after the missing rule and the filter, and those of each group."""
    frame = pl.DataFrame({"g": ["a", "b", "a"], "x": [1.0, float("nan"), 3.0], "y": [1, 2, 3]})
    asks = [
        Ask(state="whole", columns=("x",)),
        Ask(state="whole", columns=("x", "y"), by=("g",), where="col('y') > 1"),
        Ask(state="whole"),
    ]
    one, grouped, everything = answers(frame, asks, missing={}).values()
    assert one.frame.to_dict(as_series=False) == {"x": [1.0, None, 3.0]}  # type: ignore[union-attr]
    assert grouped.get("a").frame.rows() == [(3.0, 3)]  # type: ignore[union-attr]
    assert grouped.get("b").frame.rows() == [(None, 2)]  # type: ignore[union-attr]
    assert everything.frame.columns == ["g", "x", "y"]  # type: ignore[union-attr]
