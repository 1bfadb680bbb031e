"""Tests of the face's measure: what may be handed in, what comes out, and that it never raises for the data."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.api import Readings, SourceError, measure
from qoa_platform.api.asking import Wish
from qoa_platform.metrics import MetricError, build
from qoa_platform.metrics.completeness import Completeness
from qoa_platform.records import Promise, Subject, SubjectKind, Usual
from qoa_platform.scans import measure as scan

DAY = pl.DataFrame({"shop": ["a", "a", "b"], "sales": [3.0, None, -1.0], "n": [1, 2, 3]})
ASKED: list[Wish] = ["data.completeness", "data.row_count", {"metric": "data.mean", "column": "sales"}]


class Tags(HTMLParser):
    """The tags of a text of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)


def tags(html: str) -> set[str]:
    """The tags of *html*."""
    parser = Tags()
    parser.feed(html)
    return set(parser.tags)


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "arrow", "columns", "parquet", "csv", "folder"])
def test_every_kind_of_data_gives_the_same(kind: str, tmp_path: Path) -> None:
    """Frames of every library, files and folders are read the same."""
    (tmp_path / "folder").mkdir()
    DAY.write_parquet(tmp_path / "folder" / "day.parquet")
    DAY.write_parquet(tmp_path / "day.parquet")
    DAY.write_csv(tmp_path / "day.csv")
    given = {
        "polars": DAY, "lazy": DAY.lazy(), "pandas": DAY.to_pandas(), "arrow": DAY.to_arrow(),
        "columns": DAY.to_dict(as_series=False), "parquet": tmp_path / "day.parquet", "csv": str(tmp_path / "day.csv"),
        "folder": tmp_path / "folder",
    }  # fmt: skip
    assert measure(given[kind], ASKED).records() == measure(DAY, ASKED).records()


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-5, 5).map(float)), max_size=30))
def test_values_are_those_of_the_scan(values: list[float | None]) -> None:
    """The face measures nothing itself: its readings are the scan's."""
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64})
    subject = Subject(id="d", kind=SubjectKind.ASSET, asset="d", promises=())
    promises = [Promise(id=m, metric=m, columns=("x",), must=Usual()) for m in ("data.completeness", "data.mean")]
    wanted: list[Any] = [(m, None) for p in promises for m in build(p, subject)]
    found = measure(frame, ["data.completeness", {"metric": "data.mean", "column": "x"}])
    assert found.measured == scan(frame, wanted, missing={}).measured


def test_by_where_and_missing() -> None:
    """Groups, a filter and missing tokens reach the metrics."""
    found = measure(DAY, "data.completeness", by="shop", where="col('n') <= 2", missing={"shop": ["b"]})
    assert found.value("data.completeness", "sales") == 0.5
    assert found.value("data.completeness", "sales", group="a") == 0.5
    assert measure(DAY, "data.completeness", missing=["b"]).value("data.completeness", "shop") == 2 / 3


def test_a_metric_may_be_handed_in_as_such() -> None:
    """Metrics, dictionaries and ids mix, and keep their order."""
    found = measure(DAY, [Completeness(columns=("n",)), {"metric": "data.row_count"}, "data.completeness"])
    assert [m.metric.id for m in found][:3] == ["data.completeness", "data.row_count", "data.completeness"]


def test_drift_against_data_and_against_what_was_frozen() -> None:
    """A reference is data or a profile; without one the reading says so."""
    moved = DAY.with_columns(pl.col("n") + 10)
    assert measure(DAY, "drift.psi", reference=DAY).value("drift.psi", "n") == 0.0
    assert (measure(moved, "drift.psi", reference=DAY).value("drift.psi", "n") or 0) > 0.5
    assert [str(m.reading.reason) for m in measure(DAY, "drift.psi")] == ["no_reference"] * 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("data.completness", "Did you mean 'data.completeness'"),
        ({"metric": "data.in_range", "column": "n", "min": 1}, "takes no parameter 'min'"),
        ({"metric": "data.mean", "column": "n", "must": "> 1"}, "not judged here"),
        ("cost.usd", "read off runs"),
        ("data.pass_rate", "expr"),
    ],
)
def test_asking_wrongly_is_said(asked: Any, said: str) -> None:
    """What no metric can be built from is an error that says what is allowed."""
    with pytest.raises(MetricError, match=said):
        measure(DAY, asked)


@pytest.mark.parametrize("data", [7, None, "there/is/no.parquet", "a.txt", [1, 2]])
def test_what_is_no_data_is_said(data: Any) -> None:
    """Numbers, lists and files that are not there are refused with what is allowed."""
    with pytest.raises(SourceError, match="Allowed"):
        measure(data, "data.row_count")


def test_a_column_that_is_not_there_is_a_row_with_a_reason(tmp_path: Path) -> None:
    """Nothing is raised for what the data holds, or does not; whatever the data is, the nearest guess is said."""
    DAY.write_parquet(tmp_path / "day.parquet")
    for data in (DAY, DAY.to_dict(as_series=False), tmp_path / "day.parquet", DAY.to_pandas()):
        (row,) = measure(data, {"metric": "data.mean", "column": "sale"}).records()
        assert (row["value"], row["reason"]) == (None, "error")
        assert "Did you mean 'sales'" in row["cause"]


def test_rows_as_frames() -> None:
    """To Polars and to pandas, with the same columns, also without a row."""
    found = measure(DAY, ASKED, by="shop")
    assert found.to_polars().height == found.to_pandas().shape[0] == len(found) == len(found.records())
    empty = Readings((), found.report)
    assert empty.to_polars().schema == found.to_polars().schema
    assert str(empty).splitlines()[0].startswith("0 readings of 3 rows (5 asks, 5 distinct: 5 fused, 0 apart; ")
    assert (found.report.rows_per_second or 0) > 0
    assert (found.report.resident or 0) > 1_000_000
    assert "table" in tags(empty._repr_html_())


def test_what_comes_from_data_cannot_become_markup() -> None:
    """A column, a group or a cause named like a tag is text in a notebook, and no escape sequence at a terminal."""
    name = "<script>alert(1)</script>\x1b[31m"
    found = measure(pl.DataFrame({name: ["<img src=x>", None]}), ["data.completeness", "data.mean"], by=name)
    html = found._repr_html_()
    assert tags(html) <= {"div", "p", "table", "thead", "tbody", "tr", "th", "td"}
    assert "&lt;script&gt;" in html
    assert "\x1b" not in str(found)
    assert "\x1b" not in html


def test_wide_results_are_cut_where_they_are_shown_and_nowhere_else() -> None:
    """A thousand columns give a thousand records, and a page that a person can still open."""
    found = measure(pl.DataFrame({f"c{i}": [1] for i in range(1000)}), "data.completeness")
    assert len(found.records()) == 1000
    assert len(str(found).splitlines()) < 70
    assert found._repr_html_().count("<tr>") < 210
    assert "and 940 more" in str(found)


def test_a_frame_without_rows_or_columns() -> None:
    """Nothing is there: no_data with n = 0, never a number."""
    assert measure(pl.DataFrame(), "data.row_count").value("data.row_count") == 0
    found = measure(pl.DataFrame(schema={"x": pl.Float64}), ["data.completeness", "data.mean"])
    assert [(m.reading.value, m.reading.n) for m in found] == [(None, 0), (None, 0)]


def test_what_is_larger_than_its_memory_is_read_in_batches(tmp_path: Path) -> None:
    """A bound on memory changes how a file is read, and no value."""
    path = tmp_path / "large.parquet"
    pl.DataFrame({"key": range(400_000), "price": [float(n % 97) for n in range(400_000)]}).write_parquet(path)
    asked: list[Wish] = ["data.completeness", {"metric": "data.mean", "column": "price"},
                         {"metric": "data.uniqueness", "columns": ["key"]}]  # fmt: skip
    whole, parts = measure(path, asked), measure(path, asked, memory=8 << 20)
    assert [r["value"] for r in parts.records()] == pytest.approx([r["value"] for r in whole.records()], rel=1e-12)
    assert parts.value("data.uniqueness", "key") == 1.0


def test_a_column_without_a_form_fails_alone() -> None:
    """A pandas column of objects of no kind is a row with a cause, and the others are measured."""
    import pandas as pd

    frame = pd.DataFrame({"odd": [object(), object()], "x": [1.0, None]})
    rows = {r["columns"]: r for r in measure(frame, "data.completeness").records()}
    assert rows["x"]["value"] == 0.5
    assert rows["odd"]["reason"] == "error"
