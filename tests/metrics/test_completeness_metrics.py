"""Completeness: what share is there, and what is said when there is nothing to have a share of."""

import pytest

from qoa_platform.metrics import MetricError
from qoa_platform.records import ColumnProfile, Reading, Reason
from qoa_platform.states import Frequencies, Grouped, Tally
from tests.metrics.making import all_of, categories, one, profile


def test_shares_and_counts_of_presence() -> None:
    """Completeness is hits ÷ rows, missing_count their difference; both say of how many rows."""
    state = Tally(3, 4)
    assert one("data.completeness", "x").read(state, None) == Reading(value=0.75, n=4)
    assert one("data.missing_count", "x").read(state, None) == Reading(value=1, n=4)
    assert one("data.row_completeness", "x", "y").read(state, None) == Reading(value=0.75, n=4)


def test_nothing_there_is_not_nothing_measured() -> None:
    """An empty frame has no completeness, a column in which all is missing has completeness 0; a count of none is 0."""
    assert one("data.completeness", "x").read(Tally(0, 0), None) == Reading.unknown(Reason.NO_DATA)
    assert one("data.completeness", "x").read(Tally(0, 9), None) == Reading(value=0.0, n=9)
    assert one("data.missing_count", "x").read(Tally(0, 0), None) == Reading(value=0, n=0)


def test_several_columns_are_several_metrics_or_one() -> None:
    """Completeness is measured per column, row completeness over all of them; equal asks are one."""
    columns = ("x", "y")
    assert [m.columns for m in all_of("data.completeness", *columns)] == [("x",), ("y",)]
    assert one("data.row_completeness", *columns).columns == columns
    assert one("data.completeness", "x").ask(None) == one("data.missing_count", "x").ask(None)


def test_groups_are_read_one_by_one() -> None:
    """A group has its own reading; one that was not seen has no data, and says which it was."""
    metric = one("data.completeness", "x", by="g")
    state = Grouped(Tally(3, 6), (("a", Tally(1, 2)), ("␀", Tally(2, 4))))
    assert metric.read(state, None) == Reading(value=0.5, n=6)
    assert metric.read(state, None, "␀") == Reading(value=0.5, n=4)
    unseen = metric.read(state, None, "b")
    assert (unseen.reason, unseen.cause) == (Reason.NO_DATA, "group 'b' was not seen")


SEEN = Frequencies.count(["a", "a", "b", "z"])
STORES = profile(categories("store", a=90, b=9, c=1))


def test_segments_are_counted_or_weighed() -> None:
    """Two of three frozen segments are seen; by rows they were 99 of 100; new segments change nothing."""
    assert one("data.segment_completeness", "store").read(SEEN, STORES) == Reading(value=2 / 3, n=3)
    assert one("data.segment_completeness", "store", weight="rows").read(SEEN, STORES) == Reading(value=0.99, n=3)
    assert one("data.segment_completeness", "store", min_rows=2).read(SEEN, STORES).value == 1 / 3


def test_no_row_means_no_segment() -> None:
    """On an empty frame every frozen segment is absent: 0 of 3, which can be judged."""
    assert one("data.segment_completeness", "store").read(Frequencies(), STORES) == Reading(value=0.0, n=3)


def test_dropped_counts_leave_segments_in_doubt() -> None:
    """Over the state's cap a segment may have been dropped: the value is the least, the bound says how much more."""
    state = Frequencies.count(["a"] * 9 + ["b"] * 2 + ["x", "y", "z"], cap=2)
    reading = one("data.segment_completeness", "store", weight="rows").read(state, STORES)
    assert state.error == 1
    assert [reading.value, reading.bound] == pytest.approx([0.99, 0.01])


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (None, Reason.NO_REFERENCE),
        (profile(), Reason.NO_REFERENCE),
        (profile(categories("other", a=1)), Reason.NO_REFERENCE),
        (profile(ColumnProfile(column="store", n=0, missing=0, dictionary=())), Reason.NO_REFERENCE),
        (profile(ColumnProfile(column="store", n=9, missing=0, overflow=True)), Reason.NOT_APPLICABLE),
    ],
)
def test_segments_need_a_dictionary(reference: None, reason: Reason) -> None:
    """Without frozen segments there is no reference; more segments than a dictionary holds are not applicable."""
    assert one("data.segment_completeness", "store").read(SEEN, reference).reason is reason


def test_a_segment_is_seen_with_one_row_at_least() -> None:
    """``min_rows: 0`` would call every absent segment seen."""
    with pytest.raises(MetricError, match=r"min_rows is 0. Allowed: 1 or more"):
        one("data.segment_completeness", "store", min_rows=0)
