"""Tests of the face's compare: against data, against what was frozen, and whatever the columns hold."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.api import compare, measure
from qoa_platform.profiles import Wanted, freeze
from qoa_platform.profiles.comparing import EPOCH, NEVER

RNG = np.random.default_rng(7)
BEFORE = pl.DataFrame({"x": RNG.normal(size=4000), "c": RNG.choice(list("abcd"), 4000), "gone": 1})
AFTER = pl.DataFrame({"x": RNG.normal(0.5, size=2000), "c": RNG.choice(list("abce"), 2000), "new": True})


def test_what_moved_is_said_and_what_did_not_is_not() -> None:
    """A shifted mean and a new category are above the noise; the halves of one sample are not."""
    found = compare(BEFORE, AFTER)
    assert found.moved == ("x", "c")
    assert found["c"].shifts[0].label in {"d", "e"}
    assert (found.found.gone, found.found.new) == (("gone",), ("new",))
    assert compare(BEFORE[:2000], BEFORE[2000:]).moved == ()


def test_a_mean_that_fell_has_moved_too() -> None:
    """A signed distance lies above its noise on either side."""
    before, after = {"x": [float(n % 10) for n in range(500)]}, {"x": [float(n % 10) - 2 for n in range(500)]}
    shift = compare(before, after)["x"].distance("drift.mean_shift")
    assert shift is not None
    assert (shift.reading.value or 0) < 0
    assert shift.moved


def test_distances_are_the_metrics_of_the_catalogue() -> None:
    """Nothing is computed anew: the values are those of ``measure`` against the same reference."""
    found, measured = compare(BEFORE, AFTER), measure(AFTER[["x", "c"]], "drift.psi", reference=BEFORE)
    for column in ("x", "c"):
        distance = found[column].distance("drift.psi")
        assert distance is not None
        assert distance.reading.value == measured.value("drift.psi", column)


def test_shares_sum_to_one_on_both_sides() -> None:
    """The bins that are plotted hold everything that is present."""
    for column in compare(BEFORE, AFTER):
        for side in ("reference", "current"):
            assert sum(getattr(s, side) for s in column.shares) == pytest.approx(1.0)


def test_a_profile_stands_for_its_data() -> None:
    """What was frozen once gives the same comparison, without a row of it."""
    frozen = freeze(
        BEFORE, [Wanted("x"), Wanted("c"), Wanted("gone")], name="reference", subject="reference", window=NEVER,
        source=("reference",), at=EPOCH, wall=EPOCH, fine=True,
    )  # fmt: skip
    assert compare(frozen, AFTER).records() == compare(BEFORE, AFTER).records()
    assert compare(frozen, AFTER).found.gone == ("gone",)


ODD: dict[str, Any] = {
    "text": st.text(max_size=3), "number": st.floats(), "whole": st.integers(-(2**62), 2**62), "flag": st.booleans(),
    "day": st.dates(), "list": st.lists(st.integers(0, 3), max_size=2),
}  # fmt: skip


@given(st.data())
def test_nothing_that_columns_hold_is_an_error(data: st.DataObject) -> None:
    """Whatever the types, the nulls and the sizes: rows come out, each with numbers or with a reason."""
    kinds = data.draw(st.lists(st.sampled_from(sorted(ODD)), min_size=2, max_size=2))
    frames = []
    for kind in kinds:
        values = data.draw(st.lists(st.one_of(st.none(), ODD[kind]), max_size=8))
        frames.append(pl.DataFrame({"x": pl.Series("x", values, strict=False)}))
    found = compare(frames[0], frames[1])
    assert len(found.to_polars()) == len(found.records())
    for column in found:
        assert column.distances or column.cause
    str(found)
    found._repr_html_()


def test_a_column_named_like_a_tag_is_text() -> None:
    """Names and categories are escaped."""
    tag = "<script>x</script>"
    html = compare({tag: ["<b>", "c"] * 200}, {tag: ["<i>"] * 200})._repr_html_()
    assert "<script" not in html
    assert "<i>" not in html
    assert "&lt;i&gt;" in html
