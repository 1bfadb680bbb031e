"""Tests of the reports: self-contained, escaped, masked, small, and true to what was measured."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.profiles.comparing import compared
from qoa_platform.profiles.summarising import summarise
from qoa_platform.reports import drift_report, profile_report
from qoa_platform.reports.cells import cell, number, share
from tests.reports.pages import EVIL, MADE, TAG, Page, table


def profiled(frame: pl.DataFrame, *, sensitive: tuple[str, ...] = (), rows: int = 0) -> str:
    """The profile report of *frame*."""
    return profile_report(
        summarise(frame), title="shop/sales", made=MADE, source="sales", sensitive=sensitive,
        rows=frame.head(rows).rows(),
    )  # fmt: skip


def drifted(before: pl.DataFrame, after: pl.DataFrame, *, sensitive: tuple[str, ...] = ()) -> str:
    """The drift report of two frames."""
    return drift_report(compared(before, after), title="shop/sales", made=MADE, source="now", sensitive=sensitive)


PAGES = {
    "profile": lambda: profiled(table(), sensitive=("secret",), rows=5),
    "drift": lambda: drifted(table(), table(300, 2, 1.0), sensitive=("secret",)),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(PAGES))
def test_a_page_is_self_contained(kind: str) -> None:
    """No script, no style sheet, image or font from anywhere, no link that leaves the page; a policy says so."""
    page = Page(PAGES[kind]())
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags) - {"link"}
    outside = [(t, n, v) for t, n, v in page.attributes if n in {"src", "href", "action", "style"}]
    assert {v for _, _, v in outside if not v.startswith(("#", "data:"))} == set()
    assert any("default-src 'none'" in v for _, _, v in page.attributes)
    assert not re.search(r"url\(|@import|//", PAGES[kind]().split("</style>")[0].split("<style>")[1])


@pytest.mark.parametrize("kind", sorted(PAGES))
def test_what_comes_from_data_is_text(kind: str) -> None:
    """A column or a value named like a tag is shown as it is written, and becomes neither tag nor attribute."""
    page = Page(PAGES[kind]())
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [n for _, n, _ in page.attributes if n.startswith("on")]
    assert TAG in "".join(page.text)
    assert "department" in "".join(page.text)
    assert any(EVIL[:10] in text for text in page.text)


@pytest.mark.parametrize("kind", sorted(PAGES))
def test_values_of_sensitive_columns_are_nowhere(kind: str) -> None:
    """Neither in a table, nor in a plot, nor in what a bar says; the column itself is there, with its counts."""
    html = PAGES[kind]()
    assert "secret 1" not in html
    assert ">secret<" in html


def test_raw_rows_are_there_only_where_they_are_asked_for() -> None:
    """Without rows a page holds summaries alone."""
    frame = pl.DataFrame({"note": [f"private note {n}" for n in range(50)] * 1})
    assert "First rows" not in profiled(frame)
    with_rows = profiled(frame, rows=10)
    assert with_rows.count('<td class="raw">') == 10
    assert "private note 9" in with_rows


def test_facts_are_those_of_the_summary() -> None:
    """Numbers of the page are those that were measured, as people write them."""
    frame = table()
    text = "\n".join(Page(profiled(frame)).text)
    price = summarise(frame).column("price")
    assert price is not None
    assert price.mean is not None
    for expected in (number(price.mean), cell(price.maximum), cell(price.quantiles[2]), "400", "rows"):
        assert expected in text
    for remark in ("all different", "one value", "empty", "1 infinite"):
        assert remark in text


def test_estimates_say_within_which_bounds() -> None:
    """Of data beyond memory distinct values and quantiles are estimates: the page says how good they are."""
    rows = 60_000
    frame = pl.DataFrame({"x": [n * 0.5 for n in range(rows)], "s": [f"text {n}" for n in range(rows)]})
    summary = summarise(frame.lazy(), memory=1 << 20)
    (x, s) = summary.columns
    text = " ".join(Page(profile_report(summary, title="large", made=MADE)).text)
    assert x.quantiles_bound > 0
    assert "ranks ±" in text
    assert f"± {round(x.distinct_bound):,}" in text
    assert "read in batches. What is then an estimate (distinct values, quantiles" in text
    assert "≈" in text
    assert "read in batches" not in " ".join(Page(profile_report(summarise(frame), title="small", made=MADE)).text)
    assert s.n == rows


def test_moved_columns_come_first() -> None:
    """Those that moved above their noise lead, furthest first; what was not compared comes last, with its cause."""
    html = drifted(table(3000), table(3000, 2, 1.0))
    anchors = re.findall(r'<td class="name"><a href="#column-\d+">([^<]*)</a>', html)
    assert set(anchors[:2]) == {"department", "price"}
    assert {"day", "at", "empty", "tags"} == set(anchors[-4:])
    assert "Date is neither numbers nor categories" in html


@pytest.mark.parametrize("kind", ["profile", "drift"])
def test_many_rows_make_no_larger_page(kind: str) -> None:
    """The size of a page follows its columns: a hundred times the rows add no tenth of it."""
    few, many = table(500), table(50_000)
    sizes = [len(profiled(f)) if kind == "profile" else len(drifted(f, f)) for f in (few, many)]
    assert sizes[1] < sizes[0] * 1.1
    assert sizes[1] < 100_000


def test_a_wide_table_is_a_page_that_opens() -> None:
    """Two thousand columns: all of them stand in the table, the first 200 have plots, in less than 3 MB."""
    frame = pl.DataFrame({f"c{n}": [1.0, 2.0, None, float(n)] for n in range(2000)})
    html = profiled(frame)
    assert html.count('<td class="name">') == 2000
    assert html.count("<details") == 200
    assert "1,800 more stand in the table alone" in html
    assert len(html) < 3_000_000
    part = frame[:, :300]
    html = drifted(part, part)
    assert (html.count("<details"), html.count('<svg class="plot"')) == (300, 200)
    assert len(html) < 1_500_000


@pytest.mark.parametrize("frame", [pl.DataFrame(), pl.DataFrame(schema={"x": pl.Float64, "s": pl.String}),
                                   pl.DataFrame({"x": [None]}), pl.DataFrame({"x": [float("nan")]})])  # fmt: skip
def test_hardly_anything_is_a_page_too(frame: pl.DataFrame) -> None:
    """No columns, no rows, one row without a value: a page that says so."""
    assert "<h1>shop/sales</h1>" in profiled(frame)
    assert "<h1>shop/sales</h1>" in drifted(frame, frame)


CELLS = st.one_of(
    st.none(), st.text(max_size=9), st.floats(), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.dates(),
    st.datetimes(), st.times(), st.timedeltas(),
)  # fmt: skip


@given(st.lists(CELLS, max_size=6), st.text(max_size=9))
@settings(max_examples=60)
def test_no_value_breaks_a_page(values: list[object], name: str) -> None:
    """Whatever a column holds and is called: the page has the same tags as one of harmless values."""
    column = pl.Series(name, [v for v in values if type(v) is type(values[0])] if values else [], strict=False)
    page = Page(profiled(pl.DataFrame([column]), rows=3))
    assert set(page.tags) <= {
        "html", "head", "meta", "link", "title", "style", "body", "main", "header", "h1", "h2", "h3", "div", "span",
        "b", "table", "thead", "tbody", "tr", "th", "td", "a", "details", "summary", "dl", "dt", "dd", "svg", "path",
        "rect", "text", "p", "footer",
    }  # fmt: skip


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_near_what_they_are(value: float) -> None:
    """What is written is the number to four digits at least."""
    assert float(number(value / 2).replace(",", "")) == pytest.approx(value / 2, rel=6e-4, abs=1e-300)


@given(st.floats(0, 1))
def test_shares_are_not_rounded_to_all_or_nothing(part: float) -> None:
    """0 % is nothing at all, and 100 % everything: what is nearly so says so."""
    assert (share(part) == "0 %") == (part == 0)
    assert (share(part) == "100 %") == (part == 1)
