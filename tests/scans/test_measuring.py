"""Measuring: readings of every metric, on every frame; what is broken breaks alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import inf, isfinite, nan
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics import Metric
from qoa_platform.metrics.completeness import Completeness, MissingCount, RowCompleteness, SegmentCompleteness
from qoa_platform.metrics.distribution import Max, Mean, Min, Std, Sum
from qoa_platform.metrics.drift_bins import Psi
from qoa_platform.metrics.model_errors import R2, Mae, Rmse, Wape
from qoa_platform.metrics.schema import UnseenCount, UnseenShare
from qoa_platform.metrics.timeliness import FutureShare, Timeliness
from qoa_platform.metrics.uniqueness import DistinctCount, DuplicateRows, Uniqueness
from qoa_platform.metrics.validity import FiniteShare, InFences, InRange, InSet, Matches, PassRate
from qoa_platform.metrics.volume import RowCount
from qoa_platform.profiles import Wanted, freeze
from qoa_platform.records import Profile, Reading, Reason, Window
from qoa_platform.scans import Scan, kernel, measure
from qoa_platform.scans.normalising import Missing, normal

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DAY = Window.of_day(date(2026, 1, 1))
FRAME = pl.DataFrame({
    "shop": ["a", "a", "b", None, "b"],
    "x": [1.0, None, 3.0, nan, inf],
    "n": [1, 2, 3, 4, 5],
    "when": [datetime(2026, 1, 1, h, tzinfo=UTC) for h in range(5)],
    "predicted": [1.5, 2.0, 2.0, 4.0, None],
})  # fmt: skip


def read(
    frame: pl.DataFrame, *metrics: Metric, profile: Profile | None = None, **missing: tuple[str, ...]
) -> list[Reading]:
    """The readings of the wholes, in order."""
    found = measure(frame, [(m, profile) for m in metrics], missing=missing)
    return [item.reading for item in found.measured if item.group is None]


def frozen(frame: pl.DataFrame, *wanted: Wanted) -> Profile:
    """A profile of *frame*."""
    return freeze(frame, wanted, name="n", subject="s", window=DAY, source=("d",), at=NOW, wall=NOW)


def test_readings_are_those_of_pandas_and_numpy() -> None:
    """Completeness, moments, extremes, uniqueness and errors equal what pandas and NumPy say of the same rows."""
    table = FRAME.to_pandas()
    finite = table["x"][np.isfinite(table["x"])]
    both = table.dropna(subset=["n", "predicted"])
    error = both["predicted"] - both["n"]
    squares = ((both["n"] - both["n"].mean()) ** 2).sum()
    pairs: list[tuple[Metric, float]] = [
        (Completeness(columns=("x",)), table["x"].notna().mean()),
        (MissingCount(columns=("x",)), table["x"].isna().sum()),
        (RowCompleteness(columns=("x", "shop")), table[["x", "shop"]].notna().all(axis=1).mean()),
        (Mean(columns=("x",)), finite.mean()), (Sum(columns=("x",)), finite.sum()), (Std(columns=("x",)), finite.std()),
        (Min(columns=("x",)), finite.min()), (Max(columns=("x",)), finite.max()),
        (DistinctCount(columns=("shop",)), table["shop"].nunique()),
        (Uniqueness(columns=("n",)), (~table["n"].duplicated(keep=False)).mean()),
        (DuplicateRows(columns=("shop",)), table["shop"].dropna().duplicated().sum()),
        (FiniteShare(columns=("x",)), 2 / 3), (RowCount(), len(table)),
        (InRange(columns=("n",), low=2, high=4, closed="left"), table["n"].between(2, 4, inclusive="left").mean()),
        (InSet(columns=("shop",), values=("a",)), table["shop"].dropna().isin(["a"]).mean()),
        (Matches(columns=("shop",), pattern="^a"), table["shop"].dropna().str.contains("^a").mean()),
        (Timeliness(columns=("when",)).at(NOW, DAY), 20 * 3600.0), (FutureShare(columns=("when",)).at(NOW, DAY), 0.0),
        (Wape(columns=("n", "predicted")), error.abs().sum() / both["n"].sum()),
        (Mae(columns=("n", "predicted")), error.abs().mean()),
        (Rmse(columns=("n", "predicted")), (error**2).mean() ** 0.5),
        (R2(columns=("n", "predicted")), 1 - (error**2).sum() / squares),
    ]  # fmt: skip
    for (metric, expected), reading in zip(pairs, read(FRAME, *(m for m, _ in pairs)), strict=True):
        assert reading.value == pytest.approx(expected, rel=1e-12), metric


def test_a_metric_by_group_is_read_for_the_whole_and_each_group() -> None:
    """One reading for the whole and one per group, a missing group under ``␀``."""
    found = measure(FRAME, [(Completeness(columns=("x",), by=("shop",)), None)], missing={})
    assert [(m.group, m.reading.value, m.reading.n) for m in found.measured] == [
        (None, 0.6, 5), ("a", 0.5, 2), ("b", 1.0, 2), ("␀", 0.0, 1),
    ]  # fmt: skip


def test_a_group_column_may_be_called_anything() -> None:
    """Names that the engine uses itself are no trouble in a frame."""
    for name in ("rows", "n", "len", "key", "hash", "literal", "count", "", " ", "a|b", "hits", "é"):
        frame = FRAME.drop("n").rename({"shop": name})
        metrics = [
            RowCount(by=(name,)),
            DistinctCount(columns=(name,), by=(name,)),
            Completeness(columns=(name,), by=(name,)),
        ]
        found = measure(frame, [(m, None) for m in metrics], missing={}).measured
        assert [m.reading.value for m in found] == [5, 2, 2, 1, 2, 1, 1, 0, 0.8, 1, 1, 0]


def test_declared_tokens_are_missing() -> None:
    """What the contract declares as missing is missing, in the column that it declares it for."""
    assert [r.value for r in read(FRAME, Completeness(columns=("n",)), Completeness(columns=("x",)), n=("3",))] == [
        0.8,
        0.6,
    ]


def test_one_broken_column_leaves_the_others() -> None:
    """Each broken ask is an ``error`` that names column, type and what is near; every other reading stands."""
    metrics: list[Metric] = [
        Completeness(columns=("y",)), Mean(columns=("shop",)), Matches(columns=("n",), pattern="a"),
        PassRate(columns=("shop",), expr="col('shop') > 3"), PassRate(columns=("n",), expr="col('n')"),
        InRange(columns=("when",), low=0), InSet(columns=("n",), values=("1",)),
        Completeness(columns=("x",), by=("shp",)),
        Timeliness(columns=("n",)).at(NOW, DAY), Completeness(columns=("x",), where="col('x') == 'a'"),
        PassRate(columns=("shop", "n"), expr="col('n') + col('shop') > 0"),
    ]  # fmt: skip
    good: list[Metric] = [Completeness(columns=("x",)), Mean(columns=("n",)), Uniqueness(columns=("shop", "n"))]
    found = read(FRAME, *metrics, *good)
    assert [r.value for r in found[len(metrics) :]] == [0.6, 3.0, 1.0]
    causes = [r.cause or "" for r in found[: len(metrics)]]
    assert {r.reason for r in found[: len(metrics)]} == {Reason.ERROR}
    wanted = [
        "'y' is not in the frame", "'shop' is String: moments needs numbers", "'n' is Int64: a pattern needs text",
        "'shop' (String)", "'n' is Int64: a condition", "'when' is Datetime", "'n' is Int64: none of ['1']",
        "'shp' is not in the frame. Did you mean 'shop'", "'n' is Int64: a span until", "'x' (Float64)",
        "'shop' (String)",
    ]  # fmt: skip
    assert [w for w, cause in zip(wanted, causes, strict=True) if w not in cause] == []


def test_without_a_reference_there_is_none() -> None:
    """A metric that has nothing to be read against is ``no_reference``; the states it would read are kept."""
    found = measure(FRAME, [(Psi(columns=("x",)), None), (UnseenShare(columns=("shop",)), None)], missing={})
    assert [m.reading.reason for m in found.measured] == [Reason.NO_REFERENCE] * 2
    assert [ask.state for ask in found.states] == ["frequencies"]


def test_only_what_merges_is_handed_on() -> None:
    """The states of a scan are those that may be stored; of a frame's own uniqueness there is a reading only."""
    found = measure(FRAME, [(Uniqueness(columns=("n",)), None), (Mean(columns=("n",)), None)], missing={})
    assert [m.reading.value for m in found.measured] == [1.0, 3.0]
    assert [ask.state for ask in found.states] == ["moments"]


def test_the_report_says_what_was_done() -> None:
    """Rows, columns, asks and how many shared a pass; what failed, and why."""
    metrics = [
        Mean(columns=("n",)),
        Sum(columns=("n",)),
        Std(columns=("n",)),
        RowCount(),
        Uniqueness(columns=("n",)),
        Min(columns=("q",)),
    ]
    report = measure(FRAME, [(m, None) for m in metrics], missing={}).report
    assert (report.rows, report.columns, report.asks, report.distinct, report.fused) == (5, 1, 6, 4, 2)
    assert [ask for ask, _ in report.failed] == ["span(q)"]
    assert "column 'q' is not in the frame" in str(report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wild(Mean):
    """A metric of a third party that raises."""

    id = "data.wild"
    in_ask: bool = False

    def ask(self, profile: Profile | None, /) -> Any:
        """Raise, or ask as the mean does."""
        return 1 / 0 if self.in_ask else Mean.ask(self, profile)

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """Raise."""
        raise KeyError("wild")


def test_a_metric_that_raises_is_an_error_of_its_own() -> None:
    """Neither an ask nor a read that raises takes others with it."""
    found = read(FRAME, Wild(columns=("n",), in_ask=True), Wild(columns=("n",)), Mean(columns=("n",)))
    assert [r.reason for r in found] == [Reason.ERROR, Reason.ERROR, None]
    assert ["ZeroDivisionError" in (found[0].cause or ""), "wild" in (found[1].cause or "")] == [True, True]


COLUMNS: dict[str, pl.Series] = {
    "int8": pl.Series([127, -128, None], dtype=pl.Int8), "uint64": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
    "int128": pl.Series([2**100, -(2**100), None], dtype=pl.Int128), "int64": pl.Series([2**63 - 1, -(2**63), None]),
    "float32": pl.Series([0.1, nan, -inf], dtype=pl.Float32), "float64": pl.Series([1e308, -1e308, inf]),
    "decimal": pl.Series([Decimal("99999999999999.99"), Decimal("-0.01"), None]), "null": pl.Series([None, None, None]),
    "nan": pl.Series([nan, nan, nan]), "text": pl.Series(["\U0001f600", "\ufffd", None]),
    "category": pl.Series(["b", "a", None], dtype=pl.Categorical),
    "enum": pl.Series(["b", "a", None], dtype=pl.Enum(["b", "a"])),
    "flag": pl.Series([True, False, None]), "date": pl.Series([date(1, 1, 1), date(9999, 12, 31), None]),
    "far": pl.Series([10**8, -(10**8), None], dtype=pl.Int32).cast(pl.Date),
    "clock": pl.Series([time(1), time(2), None]),
    "naive": pl.Series([datetime(1, 1, 1), datetime(9999, 1, 1), None]),
    "zoned": pl.Series([datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1), None]).dt.replace_time_zone(
        "UTC").dt.convert_time_zone("Europe/Vienna"),
    "nano": pl.Series([1, -1, None], dtype=pl.Int64).cast(pl.Datetime("ns")),
    "lapse": pl.Series([timedelta(1), timedelta(0), None]),
    "list": pl.Series([[1], [], None]), "struct": pl.Series([{"a": 1}, {"a": 2}, None]),
    "bytes": pl.Series([b"\xff", b"", None]),
    "array": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    "object": pl.Series([object(), object(), None], dtype=pl.Object),
}  # fmt: skip


def every_metric(column: str, by: tuple[str, ...]) -> list[Metric]:
    """Every kind of ask of one column, of two, and of all."""
    one, two = (column,), (column, column)
    return [
        Completeness(columns=one, by=by), RowCompleteness(columns=two, by=by), Mean(columns=one, by=by),
        Max(columns=one, by=by), DistinctCount(columns=one, by=by), Uniqueness(by=by),
        Uniqueness(columns=one, merge=True, by=by),
        Uniqueness(columns=one, missing_keys="value", merge=True, by=by),
        InRange(columns=one, low=-1, high=1e20, by=by),
        InSet(columns=one, values=(1, "a", True), by=by), Matches(columns=one, pattern="a", by=by),
        FiniteShare(columns=one, by=by), PassRate(columns=one, expr=f"col('{column}') * 2 > 1", by=by),
        PassRate(columns=one, expr=f"col('{column}').is_in(['a'])", by=by), UnseenCount(columns=one, by=by),
        SegmentCompleteness(columns=one, by=by), Psi(columns=one, by=by), InFences(columns=one, by=by),
        Timeliness(columns=one, by=by).at(NOW, DAY), FutureShare(columns=one, by=by).at(NOW, DAY),
        FutureShare(columns=one, arrival=column, by=by).at(NOW, DAY), Wape(columns=two, by=by), R2(columns=two, by=by),
        RowCount(by=by),
    ]  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_every_frame_gives_readings(name: str, rows: int) -> None:
    """Of every type of column, with and without rows, whole and grouped by itself: readings, never an exception."""
    frame = COLUMNS[name].alias("x").to_frame().head(rows)
    reference = frozen(
        pl.DataFrame({"x": [1.0, 2.0, 5.0], "g": ["1", "2", "3"]}),
        Wanted("x", (), dictionary=True),
        Wanted("x", ("g",)),
    )
    for by in ((), ("x",)):
        metrics = every_metric("x", by)
        found = measure(frame, [(m, reference) for m in metrics], missing={"x": ("", "a", "1", "1e400", "2026-01-01")})
        assert {repr(m.metric) for m in found.measured} == {repr(m) for m in metrics}
        for item in found.measured:
            assert isinstance(item.reading, Reading)
            assert item.reading.value is None or isfinite(item.reading.value)
            assert (item.reading.value is None) == (item.reading.reason is not None)
            assert item.reading.reason is not Reason.ERROR or item.reading.cause
        assert found.measured[-1].reading.value is not None or name in {"object", "far"}


@pytest.mark.parametrize("frame", [pl.DataFrame(), pl.DataFrame({"x": []}), pl.DataFrame(height=4)])
def test_a_frame_without_rows_or_columns_gives_readings(frame: pl.DataFrame) -> None:
    """No column and no row: counts are 0, what has no denominator is ``no_data``, absent columns are errors."""
    rows, unique, complete, mean = read(
        frame, RowCount(), Uniqueness(), Completeness(columns=("x",)), Mean(columns=("z",))
    )
    assert rows.value == frame.height
    assert unique.reason is (None if frame.height else Reason.NO_DATA)
    assert complete.reason is (Reason.NO_DATA if frame.columns else Reason.ERROR)
    assert mean.reason is Reason.ERROR


def test_nothing_wanted_is_nothing_measured() -> None:
    """An empty list of metrics reads nothing."""
    assert measure(FRAME, [], missing={}).measured == ()


def test_integers_never_wrap() -> None:
    """Arithmetic beyond 64 bits is exact, so no overflow satisfies a promise."""
    frame = pl.DataFrame({"a": [2**62, -(2**63)], "b": pl.Series([127, -128], dtype=pl.Int8)})
    exprs = [
        "col('a') * 4 > 0",
        "col('a') + col('a') < 0",
        "-col('a') > 0",
        "col('a').abs() > 0",
        "col('b') + 1 > 0",
        "abs(col('b')) == 128",
    ]
    found = read(frame, *(PassRate(expr=e, columns=("a", "b")) for e in exprs))
    assert [r.value for r in found] == [0.5, 0.5, 0.5, 1.0, 0.5, 0.5]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(-5, 5)), min_size=1, max_size=30), st.integers(1, 4))
def test_fences_by_group_are_read_in_one_pass(found: Sequence[tuple[str, float]], size: int) -> None:
    """The share inside each group's own frozen fences, group by group, as NumPy counts it."""
    frame = pl.DataFrame(found, schema={"g": pl.String, "x": pl.Float64}, orient="row")
    profile = frozen(frame.head(size), Wanted("x", ("g",)))
    scan: Scan = measure(frame, [(InFences(columns=("x",), by=("g",)), profile)], missing={})
    for item in scan.measured[1:]:
        column = profile.column("x", item.group)
        values = frame.filter(pl.col("g") == item.group)["x"].to_numpy()
        if column is None or column.fences is None:
            assert item.reading.reason is Reason.NO_REFERENCE
        else:
            inside = (values >= column.fences.low) & (values <= column.fences.high)
            assert item.reading.value == pytest.approx(inside.mean())


def test_a_column_without_a_normal_form_breaks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the missing rule of a column fail, its asks are errors that name it, and all others stand."""

    def failing(frame: pl.DataFrame, columns: Iterable[str], missing: Missing) -> pl.DataFrame:
        names = list(columns)
        if "x" in names:
            raise pl.exceptions.ComputeError("no comparison")
        return normal(frame, names, missing)

    monkeypatch.setattr(kernel, "normal", failing)
    broken, good, rows = read(FRAME, Completeness(columns=("x",)), Mean(columns=("n",)), RowCount())
    assert broken.cause == "column 'x' (Float64) with missing (): no comparison"
    assert (good.value, rows.value) == (3.0, 5)
