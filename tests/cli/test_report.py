"""Tests of ``qoa report``: files in, a page out; what a contract says is missing or sensitive counts."""

from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Qoa

CONTRACT = """\
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: me
subjects:
  sales:
    asset: shop/sales
    missing: {item: ["?"]}
    sensitive: [customer]
    promises:
      - {id: rows, metric: data.row_count, must: ">= 1 rows"}
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files and a contract, and the working directory beside them."""
    day = {"item": ["ale", "?", "bun", "ale"] * 200, "price": [1.0, 2.0, 3.0, 4.0] * 200, "customer": ["ada"] * 800}
    pl.DataFrame(day).write_parquet(tmp_path / "before.parquet")
    pl.DataFrame({**day, "price": [4.0, 9.0, 9.0, 9.0] * 200}).write_csv(tmp_path / "after.csv")
    (tmp_path / "shop.yaml").write_text(CONTRACT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_profile_of_a_file(qoa: Qoa, data: Path) -> None:
    """The page is written, and the answer says what of, how large, and where."""
    said = qoa("report", "profile", "before.parquet", "-o", "p.html", "--json")
    page = (data / "p.html").read_text()
    assert said.data == {
        "report": {"kind": "profile", "rows": 800, "columns": 3, "output": "p.html", "bytes": len(page.encode())}
    }
    assert "<h1>before.parquet</h1>" in page
    assert "First rows" not in page
    assert qoa("report", "profile", "after.csv", "-o", "p.html", "--title", "Day", "--rows", "2").out == (
        f"p.html: profile of 800 rows, 3 columns, {(data / 'p.html').stat().st_size / 1000:,.0f} kB\n"
    )
    assert "<h1>Day</h1>" in (data / "p.html").read_text()
    assert "First rows" in (data / "p.html").read_text()


def test_what_a_contract_says_counts(qoa: Qoa, data: Path) -> None:
    """Declared tokens are missing, and values of sensitive columns are nowhere."""
    qoa("report", "profile", "before.parquet", "-o", "p.html", "--contract", "shop.yaml", "--rows", "3")
    page = (data / "p.html").read_text()
    assert "200 (25 %)" in page
    assert "ada" not in page
    qoa("report", "profile", "before.parquet", "-o", "p.html", "--sensitive", "item")
    assert ">ale<" not in (data / "p.html").read_text()


def test_drift_of_two_files(qoa: Qoa, data: Path) -> None:
    """The column that moved is named, in the answer and on the page."""
    said = qoa("report", "drift", "before.parquet", "after.csv", "-o", "d.html", "--json")
    assert said.data["report"]["moved"] == ["price"]
    assert (data / "d.html").read_text().count('<span class="bad">moved</span>') == 2


def test_drift_names_the_likeliest_cause(qoa: Qoa, data: Path) -> None:
    """Column, segment, day and what happened to a model stand on the page; a sensitive segment is masked there."""
    rows = {"store": ["a", "b"] * 400, "day": ["2017-03-01"] * 400 + ["2017-03-02"] * 400, "loss": [1.0, 1.1] * 400}
    before = pl.DataFrame({**rows, "price": [float(n % 40) for n in range(800)]})
    hit = (pl.col("store") == "b") & (pl.col("day") == "2017-03-02")
    before.write_parquet(data / "one.parquet")
    before.with_columns(pl.when(hit).then(pl.col("price") + 100).otherwise(pl.col("price"))).write_parquet(
        data / "two.parquet"
    )  # fmt: skip
    words = [
        "drift",
        "one.parquet",
        "two.parquet",
        "-o",
        "d.html",
        "--segment",
        "store",
        "--time",
        "day",
        "--error",
        "loss",
    ]
    said = qoa("report", *words, "--json").data["report"]
    assert (said["drifted"], said["happened"]) == (["price"], "covariate shift without harm")
    page = (data / "d.html").read_text()
    assert "store = b" in page
    assert ">2017-03-02<" in page
    assert "the model copes" in page
    assert qoa("report", *words, "--sensitive", "store").code == 0
    assert "store = b" not in (data / "d.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("profile nowhere.parquet -o p.html", "nowhere.parquet"),
        ("profile before.parquet -o p.html --sensitive itm", "Did you mean 'item'?"),
        ("profile before.parquet -o p.html --subject sales", "--contract"),
        ("profile before.parquet -o p.html --contract shop.yaml --subject sale", "Allowed: sales"),
        ("profile before.parquet -o no/such/folder/p.html", "cannot be written"),
        ("drift before.parquet -o p.html", "Missing argument"),
        ("drift before.parquet after.csv -o p.html --segment itm", "Did you mean 'item'?"),
        ("drift before.parquet after.csv -o p.html --fdr 0", "--fdr"),
    ],
)
def test_what_cannot_be_done_is_said(qoa: Qoa, data: Path, words: str, said: str) -> None:
    """A file, a column, a subject that is not there: what was found, and exit code 2."""
    answer = qoa("report", *words.split())
    assert (answer.code, said in answer.err) == (2, True), answer.err
