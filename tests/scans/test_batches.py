"""Batches: whatever a source is cut into, the answers are those of all rows at once, and what does not fit says so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics.completeness import Completeness
from qoa_platform.metrics.distribution import Mean
from qoa_platform.metrics.uniqueness import DistinctCount, Uniqueness
from qoa_platform.records import Ask
from qoa_platform.scans import Failure, answers, measure
from qoa_platform.scans.arrows import Batch
from qoa_platform.scans.batches import Bounds, Scene, Streamed, gathered, sized, streamed
from qoa_platform.scans.delimited import typed
from qoa_platform.scans.opening import Opened
from qoa_platform.scans.planning import plan
from qoa_platform.scans.sources import opened
from qoa_platform.states import Grouped, State
from qoa_platform.states.whole import Whole
from tests.scans.alike import alike
from tests.scans.asked import BY, FENCED, PLAIN, WHERE, Rows, frame_of, rows


def folded(data: Any, asks: Sequence[Ask], *, memory: int, spill: Path | None, missing: Any = None) -> Streamed:
    """*asks* over *data*, batch by batch."""
    scene = Scene(
        missing=missing or {}, beside={}, bounds=Bounds(memory=memory, spill=spill), watch=lambda: None
    )  # fmt: skip
    with opened(data) as source:
        steps = plan(asks, source.schema, source.broken)
        columns = sorted(steps.columns) or list(source.schema)[:1]
        found = gathered(source, columns, memory)
        batches = iter([found]) if isinstance(found, tuple) else found
        return streamed(source, batches, steps, scene)


def same(a: Any, b: Any) -> bool:
    """Alike; rows that were handed over are the same rows in the same order."""
    if isinstance(a, Whole) and isinstance(b, Whole):
        return a.frame.equals(b.frame)
    if isinstance(a, Grouped) and isinstance(b, Grouped):
        return (
            same(a.whole, b.whole)
            and dict(a.groups).keys() == dict(b.groups).keys()
            and all(same(state, b.get(name)) for name, state in a.groups)
        )
    return alike(a, b)


EVERY = (*PLAIN, Ask(state="whole", columns=("i", "s")), Ask(state="nothing"))


@settings(max_examples=20, deadline=None)
@given(st.lists(rows, max_size=16), st.integers(1, 6), st.none() | st.sampled_from(WHERE))
def test_batches_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, found: Rows, each: int, where: str | None
) -> None:
    """Every kind of ask over batches of any number of rows is that of the frame: what does not merge, too."""
    asks = [replace(ask, where=where) for ask in EVERY]
    frame = frame_of(found)
    memory = int(each * 10 * max(frame.estimated_size() / max(frame.height, 1), 1))
    told = folded(frame.lazy(), asks, memory=memory, spill=tmp_path_factory.mktemp("spill"))
    wanted = answers(frame, asks, missing={})
    assert told.rows == frame.height
    assert list(told.found) == asks
    wrong = {ask: (told.found[ask], wanted[ask]) for ask in asks if not same(told.found[ask], wanted[ask])}
    assert not wrong


@settings(max_examples=10, deadline=None)
@given(st.lists(rows, max_size=16), st.sampled_from(BY))
def test_batches_by_group_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, found: Rows, by: tuple[str, ...]
) -> None:
    """The same of every group."""
    asks = [
        *(replace(ask, by=by) for ask in EVERY[::3]),
        *FENCED[:3],
        *(replace(a, by=by) for a in EVERY if a.state in {"uniqueness", "quantile"}),
    ]
    asks = list(dict.fromkeys(asks))
    frame = frame_of(found)
    told = folded(frame.lazy(), asks, memory=1_000, spill=tmp_path_factory.mktemp("spill"))
    wanted = answers(frame, asks, missing={})
    wrong = {ask: (told.found[ask], wanted[ask]) for ask in asks if not same(told.found[ask], wanted[ask])}
    assert not wrong


def table(n: int) -> pl.DataFrame:
    """Rows with ties, tails, gaps, groups, and keys of which some repeat."""
    draw = np.random.default_rng(5)
    return pl.DataFrame(
        {
            "x": np.where(draw.random(n) < 0.4, 0.0, draw.standard_cauchy(n)),
            "tied": draw.integers(0, 7, n),
            "far": draw.choice([-1.7e308, 1.7e308, np.inf, np.nan], n),
            "key": [f"key-{k}" for k in np.where(draw.random(n) < 0.9, np.arange(n), draw.integers(0, n, n))],
            "g": draw.choice(["a", "b", "c"], n),
            "many": draw.integers(0, 3_000, n),
        }
    ).with_columns(pl.when(pl.col("tied") != 3).then("x").alias("x"))


LEVELS = (0.0, 0.001, 0.25, 0.4, 0.5, 0.9, 0.999, 1.0)


def test_quantiles_of_batches_are_exact(tmp_path: Path) -> None:
    """Every quantile, of the whole and by group, of ties, tails and far values, is that of all rows at once."""
    frame = table(60_000)
    asks = [
        Ask(state="quantile", columns=(c,), by=by, params=(("q", q),))
        for c, by in (("x", ()), ("tied", ()), ("far", ()), ("x", ("g",)), ("x", ("many",)))
        for q in (LEVELS if by != ("many",) else (0.3,))
    ]  # fmt: skip
    told = folded(frame.lazy(), asks, memory=1_000_000, spill=tmp_path)
    wanted = answers(frame, asks, missing={})
    wrong = {ask: (told.found[ask], wanted[ask]) for ask in asks if not alike(told.found[ask], wanted[ask])}
    assert not wrong
    assert told.batches > 10
    assert 2 <= told.reads <= 4


def test_spilled_keys_are_counted_exactly(tmp_path: Path) -> None:
    """Files that do not fit are split again; keys and groups are counted as in memory; nothing is left on disk."""
    frame = table(60_000)
    asks = [
        Ask(state="uniqueness", columns=("key",)),
        Ask(state="uniqueness", columns=("key", "tied")),
        Ask(state="uniqueness"),
        Ask(state="uniqueness", columns=("x",), params=(("missing_keys", "value"),)),
        Ask(state="uniqueness", columns=("key",), by=("g",)),
        Ask(state="uniqueness", columns=("key",), by=("many",), where="col('tied') > 2"),
    ]
    told = folded(frame.lazy(), asks, memory=400_000, spill=tmp_path)
    wanted = answers(frame, asks, missing={})
    wrong = {ask: (told.found[ask], wanted[ask]) for ask in asks if not alike(told.found[ask], wanted[ask])}
    assert not wrong
    assert told.spilled >= 24 * 60_000
    assert list(tmp_path.iterdir()) == []


def test_spilling_that_is_off_or_fails_is_unknown(tmp_path: Path) -> None:
    """Without spilling, or where nothing can be written, uniqueness is unknown with the cause, and nothing else is."""
    frame = table(20_000)
    wanted = [
        (Uniqueness(columns=("key",)), None),
        (Mean(columns=("x",)), None),
        (DistinctCount(columns=("key",), merge=True), None),
    ]
    (tmp_path / "file").write_text("no folder")
    for spill, cause in ((False, "may not be spilled to disk"), (tmp_path / "file", "keys could not be spilled")):
        scan = measure(frame.lazy(), wanted, missing={}, memory=200_000, spill=spill)
        unique, mean, kept = (item.reading for item in scan.measured)
        assert unique.value is None
        assert unique.reason == "error"
        assert cause in str(unique.cause)
        assert mean.value is not None
        assert kept.value == frame.get_column("key").n_unique()
        assert len(scan.report.failed) == 1


def test_more_keys_than_may_be_kept_are_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys that are to merge, and do not fit in memory, are a Failure that names the way out."""
    monkeypatch.setattr("qoa_platform.scans.batches.FEW_KEYS", 100)
    ask = Ask(state="keys", columns=("key",))
    found = folded(table(20_000).lazy(), [ask], memory=200_000, spill=tmp_path).found[ask]
    assert isinstance(found, Failure)
    assert "distinct keys do not fit in memory. Allowed: 666, or merge: false, which spills them" in found.cause


def test_rows_that_do_not_fit_are_unknown(tmp_path: Path) -> None:
    """An ask for the rows themselves is answered as long as they fit, and else says so; other asks are answered."""
    frame = table(20_000)
    small, large = Ask(state="whole", columns=("tied",), where="col('tied') == 1"), Ask(state="whole", columns=("key",))
    count_ = Ask(state="tally", params=(("hits", "rows"),))
    told = folded(frame.lazy(), [small, large, count_], memory=400_000, spill=tmp_path)
    assert told.found[small].n == frame.filter(pl.col("tied") == 1).height  # type: ignore[union-attr]
    failed = told.found[large]
    assert isinstance(failed, Failure)
    assert failed.cause.startswith("whole needs all rows at once, and they take more than 80,000 bytes")
    assert told.found[count_].hits == 20_000  # type: ignore[union-attr]


def test_a_source_that_is_read_once_has_no_exact_quantiles(tmp_path: Path) -> None:
    """A reader cannot be read again: the exact quantile says so, a sketch of it and all else are answered."""
    frame = table(20_000)
    asks = [
        Ask(state="quantile", columns=("x",), params=(("q", 0.5),)),
        Ask(state="quantile_sketch", columns=("x",)),
        Ask(state="uniqueness", columns=("key",)),
    ]
    reader = pa.table(frame).to_reader(max_chunksize=1_000)
    exact, sketch, unique = folded(reader, asks, memory=200_000, spill=tmp_path).found.values()
    assert isinstance(exact, Failure)
    assert "this source can be read once only" in exact.cause
    found = sketch.quantile(0.5)  # type: ignore[union-attr]
    assert found.low <= frame.get_column("x").drop_nulls().median() <= found.high
    assert unique == answers(frame, asks[2:], missing={})[asks[2]]


def test_a_broken_batch_breaks_its_column(tmp_path: Path) -> None:
    """A column that breaks late is a Failure of its own asks, whatever was read of it before."""
    head, tail = pl.DataFrame({"x": ["1"] * 5_000, "y": [1] * 5_000}), pl.DataFrame({"x": ["no"], "y": [2]})

    def read(columns: Sequence[str], size: int) -> Iterator[Any]:
        for part in (head, tail):
            texts = part.select(pl.col(columns).cast(pl.String))
            yield typed(texts, {"x": pl.Int64(), "y": pl.Int64()})

    source = Opened(data=None, schema={"x": pl.Int64(), "y": pl.Int64()}, read=read)
    asks = [
        Ask(state=s, columns=(c,), params=(("q", 0.5),) if s == "quantile" else ())
        for c in "xy"
        for s in ("moments", "uniqueness", "quantile")
    ]
    told = folded(source, asks, memory=20_000, spill=tmp_path)
    for ask in asks:
        if "x" in ask.columns:
            assert told.found[ask] == Failure("column 'x' is Int64: 'no' spells none")
        else:
            assert isinstance(told.found[ask], State)


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 400), st.integers(1, 30))
def test_batches_are_resized_in_order(heights: list[int], size: int, most: int) -> None:
    """Whatever a source hands over, batches hold all rows in their order, and none is larger than it may be."""
    numbers = count()
    frames = [pl.DataFrame({"x": [next(numbers) for _ in range(n)]}, schema={"x": pl.Int64}) for n in heights]
    found = [batch.frame for batch in sized((Batch(f) for f in frames), size, most)]
    assert [x for frame in found for x in frame.get_column("x")] == list(range(sum(heights)))
    assert all(f.height <= most and (f.height == 1 or f.estimated_size() <= size) for f in found)


def test_a_scan_says_what_it_took(tmp_path: Path) -> None:
    """The report has batches, readings, spilled bytes, rows per second and the most memory that was seen."""
    table(30_000).write_parquet(tmp_path / "t.parquet", row_group_size=5_000)
    wanted = [(Completeness(columns=("x",)), None), (Uniqueness(columns=("key",)), None)]
    ticks, sizes = iter([10.0, 12.5]), iter([5, 900, 3, *[1] * 100])
    scan = measure(
        tmp_path / "t.parquet", wanted, missing={}, memory=300_000, spill=tmp_path, clock=lambda: next(ticks),
        resident=lambda: 1_000_000 * next(sizes),
    )  # fmt: skip
    report = scan.report
    assert (report.rows, report.reads, report.seconds, report.rows_per_second) == (30_000, 1, 2.5, 12_000.0)
    assert report.resident == 900_000_000
    assert report.batches > 3
    assert report.spilled >= 24 * 25_000
    assert " batches, the source read 1 times; 0.7 MB of keys spilled; 2.500 s, 12,000 rows/s; at most 900 MB" in str(
        report
    )
    small = measure(tmp_path / "t.parquet", wanted, missing={})
    assert (small.report.batches, small.report.spilled, small.report.seconds, small.report.resident) == (
        1,
        0,
        None,
        None,
    )
    assert [m.reading for m in small.measured] == [m.reading for m in scan.measured]


def test_a_source_that_breaks_is_unknown(tmp_path: Path) -> None:
    """A file that is torn while it is read makes every reading unknown, with the cause; nothing is raised."""
    table(5_000).write_parquet(tmp_path / "t.parquet", compression="uncompressed")
    content = bytearray((tmp_path / "t.parquet").read_bytes())
    content[200:4_000] = b"\xff" * 3_800
    (tmp_path / "t.parquet").write_bytes(bytes(content))
    scan = measure(tmp_path / "t.parquet", [(Mean(columns=("x",)), None)], missing={})
    assert scan.measured[0].reading.reason == "error"
    assert "could not be read" in str(scan.measured[0].reading.cause)


def test_nothing_of_a_source_is_read_that_nobody_asks_for(tmp_path: Path) -> None:
    """Of a wide table only the columns of the asks are read."""
    read: list[tuple[str, ...]] = []
    frame = table(1_000)

    def reading(columns: Sequence[str], size: int) -> Iterator[pl.DataFrame]:
        read.append(tuple(columns))
        return frame.select(columns).iter_slices(size)

    source = Opened(data=None, schema=dict(frame.schema), read=reading)
    measure(
        source,
        [(Mean(columns=("x",)), None), (Completeness(columns=("g",), where="col('tied') > 2"), None)],
        missing={},
    )
    assert set(read) == {("g", "tied", "x")}
