"""Tests of ``qoa contract suggest`` and ``qoa flags``: files in, a contract and a table of cells out."""

from pathlib import Path

import polars as pl
import pytest

from qoa_platform.cli.exits import Exit
from qoa_platform.contracts import read
from tests.cli.conftest import Qoa


@pytest.fixture
def towns(tmp_path: Path) -> Path:
    """A file in which one town is misspelt and one number has a unit."""
    path = tmp_path / "towns.csv"
    frame = pl.DataFrame(
        {"town": ["Oulu", "Turku", "Espoo"] * 30 + ["Turkx"], "size": [f"{k}.5" for k in range(90)] + ["7 m"]}
    )
    frame.write_csv(path)
    return path


def test_a_contract_is_written_and_points_at_cells(qoa: Qoa, towns: Path, tmp_path: Path) -> None:
    """Suggest writes a file that reads; flags reads it and lists the two wrong cells, also as CSV."""
    out, cells = tmp_path / "towns.yaml", tmp_path / "cells.csv"
    said = qoa("contract", "suggest", str(towns), "--out", str(out), "--name", "towns", "--asset", "a/towns")
    assert said.code == Exit.DONE, said
    assert "doubtful on their source and only observed" in said.out
    assert read(out).name == "towns"
    said = qoa("flags", str(out), str(towns), "--json", "--out", str(cells))
    assert {(f["row"], f["column"], f["value"]) for f in said.data["flags"]} == {
        (90, "town", "Turkx"),
        (90, "size", "7 m"),
    }
    assert (said.data["cells"], said.data["rows"]) == (2, 1)
    assert pl.read_csv(cells)["value"].unique().sort().to_list() == ["7 m", "Turkx"]
    assert "2 cells in 1 rows are flagged" in qoa("flags", str(out), str(towns)).out


def test_it_is_printed_without_a_file(qoa: Qoa, towns: Path) -> None:
    """On the terminal the contract itself; with --json the evidence beside it."""
    assert qoa("contract", "suggest", str(towns)).out.startswith("# Suggested from its source")
    said = qoa("contract", "suggest", str(towns), "--json")
    assert set(said.data) == {"contract", "evidence", "notes"}
    assert {"promise", "n", "violations", "why", "mode"} <= set(said.data["evidence"][0])


def test_what_exists_is_never_replaced(qoa: Qoa, towns: Path) -> None:
    """A contract that a person wrote is not overwritten; names that are none are refused."""
    said = qoa("contract", "suggest", str(towns), "--out", str(towns))
    assert said.code == Exit.USAGE
    assert "exists. Allowed: a name that is free" in said.err
    assert qoa("contract", "suggest", str(towns), "--name", "A B").code == Exit.USAGE


def test_data_that_is_none(qoa: Qoa, tmp_path: Path, towns: Path) -> None:
    """A file of another kind says what is read; an unknown subject which there are."""
    other = tmp_path / "x.doc"
    other.write_text("x")
    assert "x.doc" in qoa("contract", "suggest", str(other)).err
    out = tmp_path / "c.yaml"
    qoa("contract", "suggest", str(towns), "--out", str(out))
    assert "unknown subject 'dta'. Did you mean 'data'?" in qoa("flags", str(out), str(towns), "--subject", "dta").err


def test_tables_beside(qoa: Qoa, tmp_path: Path) -> None:
    """A foreign key into the table beside is suggested, and its orphan is flagged; without the table nothing is."""
    items, sales, later, out = (tmp_path / name for name in ("items.csv", "sales.csv", "later.csv", "sales.yaml"))
    keys = [f"item-{n:03d}" for n in range(60)]
    pl.DataFrame({"item": keys, "price": [n / 2 for n in range(60)]}).write_csv(items)
    sold = pl.DataFrame({"sale": list(range(300)), "item": [keys[n * 7 % 60] for n in range(300)]})
    sold.write_csv(sales)
    pl.concat([sold, pl.DataFrame({"sale": [300], "item": ["item-999"]})]).write_csv(later)
    beside = f"shop/items={items}"
    said = qoa("contract", "suggest", str(sales), "--beside", beside, "--out", str(out))
    assert said.code == Exit.DONE, said
    assert f"--beside {beside}" in said.out
    (known,) = [p for s in read(out).subjects for p in s.promises if p.metric == "data.referential_integrity"]
    assert dict(known.params)["parent"] == "shop/items"
    flagged = qoa("flags", str(out), str(later), "--beside", beside, "--json").data["flags"]
    assert (300, "item", "item-999") in {
        (f["row"], f["column"], f["value"]) for f in flagged if f["promise"] == known.id
    }
    without = qoa("flags", str(out), str(later), "--json")
    assert (without.code, [f for f in without.data["flags"] if f["promise"] == known.id]) == (Exit.DONE, [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["items.csv"], "Allowed: ASSET=PATH"),
        (["../up=items.csv"], "Allowed: ASSET=PATH"),
        (["shop/items=nowhere.csv"], "there is no nowhere.csv"),
        (["a/b=towns.csv", "a/b=towns.csv"], "names a/b twice"),
    ],
)
def test_a_table_beside_that_is_none(
    qoa: Qoa, towns: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], said: str
) -> None:  # fmt: skip
    """A pair that is none, a path that leads nowhere, an asset that is named twice: what is allowed is said."""
    monkeypatch.chdir(towns.parent)
    answer = qoa("contract", "suggest", "towns.csv", *(word for g in given for word in ("--beside", g)))
    assert answer.code == Exit.USAGE
    assert said in answer.err
