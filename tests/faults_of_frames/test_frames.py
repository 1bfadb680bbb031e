"""Tests of faults.apply: what each fault of a frame does, and the laws that all of them keep."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from qoa_platform.faults import FRAME, Fault, FaultError, apply

START = datetime(2017, 10, 9, tzinfo=UTC)

FAULTS = {
    "half_rows": Fault(kind="half_rows"),
    "duplicated_rows": Fault(kind="duplicated_rows", params=(("share", 0.5),)),
    "unit_change": Fault(kind="unit_change", columns=("value", "count")),
    "nulls": Fault(kind="nulls", columns=("value", "place")),
    "swapped_columns": Fault(kind="swapped_columns", columns=("value", "count")),
    "missing_stores": Fault(kind="missing_stores", columns=("store",), params=(("count", 2),)),
    "stale_copy": Fault(kind="stale_copy", columns=("time",)),
    "future_dates": Fault(kind="future_dates", columns=("time",)),
    "text_in_number": Fault(kind="text_in_number", columns=("count",), params=(("share", 0.2),)),
    "trailing_blank": Fault(kind="trailing_blank", columns=("place",), params=(("share", 0.5),)),
    "lasting_shift": Fault(
        kind="lasting_shift", columns=("value",), params=(("since", "2017-10-10"), ("time", "time"))
    ),
}  # fmt: skip
"""One of each kind."""


def frame(rows: int = 40, start: datetime = START) -> pl.DataFrame:
    """A small partition: a number, a count, a store with nulls, a text, and times over two days."""
    return pl.DataFrame(
        {
            "value": [k + 0.5 for k in range(rows)],
            "count": list(range(rows)),
            "store": [None if k % 7 == 6 else k % 7 for k in range(rows)],
            "place": [f"p{k % 3}" for k in range(rows)],
            "time": [start + timedelta(hours=k % 48) for k in range(rows)],
        },
        schema={
            "value": pl.Float64, "count": pl.Int64, "store": pl.Int64, "place": pl.String,
            "time": pl.Datetime("us", "UTC"),
        },
    )  # fmt: skip


def reseeded(fault: Fault, seed: int) -> Fault:
    """The same fault with another seed."""
    return Fault(kind=fault.kind, columns=fault.columns, params=fault.params, seed=seed)


def test_every_kind_of_frame_fault_is_tested() -> None:
    """The table of this module has exactly the kinds that apply to a frame."""
    assert set(FAULTS) == set(FRAME)


@pytest.mark.parametrize("kind", FRAME)
@given(rows=st.integers(0, 60), seed=st.integers(0, 1000))
def test_laws(kind: str, rows: int, seed: int) -> None:
    """Equal arguments give equal frames, the input is untouched, column names stay, and an empty frame stays empty."""
    given_frame, previous = frame(rows), frame(rows, START - timedelta(days=3))
    fault = reseeded(FAULTS[kind], seed)
    damaged = apply(fault, given_frame, previous)
    assert_frame_equal(damaged, apply(fault, frame(rows), previous))
    assert_frame_equal(given_frame, frame(rows))
    assert sorted(damaged.columns) == sorted(given_frame.columns)
    assert rows > 0 or damaged.height == 0
    if kind not in ("swapped_columns", "text_in_number"):
        assert damaged.schema == given_frame.schema


@pytest.mark.parametrize("kind", sorted(set(FRAME) - {"half_rows", "duplicated_rows", "missing_stores", "stale_copy"}))
@given(rows=st.integers(0, 60))
def test_rows_that_stay(kind: str, rows: int) -> None:
    """A fault that is not about rows keeps their number and, in the columns that it does not name, their content."""
    damaged = apply(FAULTS[kind], frame(rows))
    rest = [name for name in frame().columns if name not in FAULTS[kind].columns]
    assert_frame_equal(damaged.select(rest), frame(rows).select(rest))


@given(rows=st.integers(0, 60), share=st.floats(0, 1), seed=st.integers(0, 99))
def test_shares_are_exact(rows: int, share: float, seed: int) -> None:
    """A share hits exactly round(share * rows) rows, whichever the seed draws."""
    hit = round(share * rows)
    params = (("share", share),)
    assert apply(Fault(kind="half_rows", params=params, seed=seed), frame(rows)).height == hit
    assert apply(Fault(kind="duplicated_rows", params=params, seed=seed), frame(rows)).height == rows + hit
    nulls = apply(Fault(kind="nulls", columns=("value",), params=params, seed=seed), frame(rows))
    assert nulls["value"].null_count() == hit


def test_half_rows_are_a_random_half() -> None:
    """Half the rows means rows of the frame in their order, not its first half, and another half for another seed."""
    kept = apply(FAULTS["half_rows"], frame())["count"]
    assert kept.is_sorted()
    assert kept.to_list() != list(range(20))
    assert kept.to_list() != apply(reseeded(FAULTS["half_rows"], 1), frame())["count"].to_list()


def test_unit_change_keeps_counts_whole() -> None:
    """A whole factor keeps integers, another one makes them floats."""
    assert apply(FAULTS["unit_change"], frame())["count"].to_list() == [100 * k for k in range(40)]
    shifted = apply(Fault(kind="unit_change", columns=("count",), params=(("factor", 1.5),)), frame())
    assert shifted["count"].to_list() == [1.5 * k for k in range(40)]


def test_swapped_columns_exchange_names() -> None:
    """Each of the two names holds the other's values."""
    damaged = apply(FAULTS["swapped_columns"], frame())
    assert damaged["value"].to_list() == frame()["count"].to_list()
    assert damaged["count"].to_list() == frame()["value"].to_list()


def test_missing_stores_drop_whole_values() -> None:
    """Exactly count values vanish with all their rows, rows without a value stay, and a larger count drops them all."""
    damaged = apply(FAULTS["missing_stores"], frame())
    left = set(damaged["store"].drop_nulls())
    assert len(left) == 4
    assert_frame_equal(damaged, frame().filter(pl.col("store").is_in(list(left)) | pl.col("store").is_null()))
    all_gone = apply(Fault(kind="missing_stores", columns=("store",)), frame())
    assert all_gone["store"].is_null().all()
    assert all_gone.height == frame()["store"].null_count()


def test_stale_copy_is_yesterday_with_new_dates() -> None:
    """The rows are the previous partition's, moved by whole days onto this one's; without a column verbatim."""
    previous = frame(10, START - timedelta(days=3))
    damaged = apply(FAULTS["stale_copy"], frame(), previous)
    assert_frame_equal(damaged, frame(10))
    assert_frame_equal(apply(Fault(kind="stale_copy"), frame(), previous), previous)
    with pytest.raises(FaultError, match="needs the previous partition"):
        apply(FAULTS["stale_copy"], frame())


def test_future_dates_move_ahead() -> None:
    """A tenth of the times moves 400 days ahead, the rest stays."""
    moved = apply(FAULTS["future_dates"], frame())["time"] - frame()["time"]
    assert sorted(moved.to_list()) == [timedelta()] * 36 + [timedelta(days=400)] * 4


def test_text_in_number_makes_a_text_column() -> None:
    """A fifth of the cells says n/a, the others are the numbers as text."""
    found = apply(FAULTS["text_in_number"], frame())["count"].to_list()
    assert found.count("n/a") == 8
    assert {text for text in found if text != "n/a"} < {str(k) for k in range(40)}


def test_trailing_blank_makes_a_new_category() -> None:
    """The value differs by one blank at its end only."""
    found = apply(FAULTS["trailing_blank"], frame())["place"]
    assert (found != frame()["place"]).sum() == 20
    assert found.str.strip_chars_end().to_list() == frame()["place"].to_list()


def test_lasting_shift_begins_on_its_day() -> None:
    """Rows before the day stay, rows from its midnight UTC on are multiplied; without a day all are."""
    found = apply(FAULTS["lasting_shift"], frame(48))["value"].to_list()
    assert found == [k + 0.5 if k < 24 else (k + 0.5) * 1.5 for k in range(48)]
    everywhere = apply(Fault(kind="lasting_shift", columns=("value",)), frame())["value"]
    assert everywhere.to_list() == [(k + 0.5) * 1.5 for k in range(40)]


def test_days_are_times_too() -> None:
    """A column of days can be moved ahead as one of times can."""
    days = pl.DataFrame({"day": [date(2017, 1, 1)] * 10})
    moved = apply(Fault(kind="future_dates", columns=("day",), params=(("share", 1.0),)), days)
    assert moved["day"].to_list() == [date(2018, 2, 5)] * 10


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "nulls", "columns": ("vlaue",)}, "unknown column for fault 'nulls' 'vlaue'. Did you mean 'value'?"),
        ({"kind": "unit_change", "columns": ("place",)}, "needs a number, column 'place' is String"),
        ({"kind": "trailing_blank", "columns": ("count",)}, "needs a text column, 'count' is Int64"),
        ({"kind": "future_dates", "columns": ("count",)}, "needs a column of days or times, 'count' is Int64"),
        ({"kind": "half_rows", "params": (("share", 2),)}, "share must be a number from 0 to 1, found 2"),
        ({"kind": "half_rows", "params": (("share", float("nan")),)}, "share must be a number from 0 to 1, found nan"),
        ({"kind": "lasting_shift", "columns": ("value",), "params": (("since", "2017-10-10"),)}, "needs both"),
        (
            {"kind": "lasting_shift", "columns": ("value",), "params": (("since", "soon"), ("time", "time"))},
            "since 'soon' is no day",
        ),
        ({"kind": "crash"}, "unknown fault of a frame 'crash'"),
    ],
)
def test_what_does_not_fit_is_said(fault: dict[str, Any], message: str) -> None:
    """A fault that does not fit the frame says where, what was found and what is allowed."""
    with pytest.raises(FaultError) as caught:
        apply(Fault(**fault), frame())
    assert message in str(caught.value)
