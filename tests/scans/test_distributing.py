"""Distributing: rows of states, whatever cuts the data, merge to what the kernel says of the whole."""

import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Ask
from qoa_platform.scans.distributing import Work, frames, key_answers, key_rows, keys_counted
from qoa_platform.scans.kernel import answers
from qoa_platform.scans.queries import Failure
from tests.scans.alike import alike
from tests.scans.asked import BY, PLAIN, WHERE, Rows, ask, frame_of, rows

MERGING = tuple(asked for asked in PLAIN if asked.state not in UNMERGEABLE)
KEYS = (
    ask("uniqueness", "i"), ask("uniqueness", "s", "n"), ask("uniqueness", "f", missing_keys="value"),
    ask("uniqueness"),
    *(Ask(state="uniqueness", columns=("i",), by=by, where=where) for by in BY[:3] for where in WHERE),
)  # fmt: skip


@settings(max_examples=8)
@given(st.lists(rows, max_size=12), st.integers(0, 12))
def test_rows_of_states_merge_to_the_whole(found: Rows, cut: int) -> None:
    """Two partitions as Arrow rows, merged and read, are the kernel over all; what does not merge fails."""
    frame = frame_of(found)
    work = Work.of((*MERGING, Ask(state="whole", columns=("i",))), frame.clear(), {})
    parts = [work.row([part]) for part in (frame[:cut], frame[cut:])]
    merged, n = work.answers_of(pa.Table.from_batches([work.merge(pa.Table.from_batches(parts))]))
    kernel = answers(frame, MERGING, missing={})
    assert n == frame.height
    assert not {asked: (merged[asked], kernel[asked]) for asked in MERGING if not alike(merged[asked], kernel[asked])}
    assert [asked.state for asked in work.failed] == ["whole"]


@settings(max_examples=15)
@given(st.lists(rows, max_size=12), st.integers(0, 12))
def test_keys_counted_by_their_hash_are_counted_exactly(found: Rows, cut: int) -> None:
    """Buckets of hashes add up to the distinct keys and those seen once, of the whole and of every group."""
    frame = frame_of(found)
    keys = pl.concat(key_rows(part, KEYS, {"s": ("a",)}) for part in (frame[:cut], frame[cut:]))
    buckets = [keys_counted(keys.filter(pl.col("high") % 3 == k)) for k in (-2, -1, 0, 1, 2)]
    merged, kernel = key_answers(KEYS, pl.concat(buckets)), answers(frame, KEYS, missing={"s": ("a",)})
    assert not {asked: (merged[asked], kernel[asked]) for asked in KEYS if not alike(merged[asked], kernel[asked])}


def test_too_many_groups_of_keys_are_a_failure() -> None:
    """Groups beyond the cap share one in the kernel, which buckets cannot tell: that fails, and says so."""
    frame = pl.DataFrame({"k": range(1_500), "x": range(1_500)})
    asks = (Ask(state="uniqueness", columns=("x",), by=("k",)),)
    found = key_answers(asks, keys_counted(key_rows(frame, asks, {})))[asks[0]]
    assert isinstance(found, Failure)
    assert "1,500 groups by k" in found.cause


def test_batches_come_as_frames() -> None:
    """Small batches are put together, none is lost."""
    table = pa.table({"x": list(range(10))})
    (frame,) = frames(table.to_batches(max_chunksize=3))
    assert frame.get_column("x").to_list() == list(range(10))
