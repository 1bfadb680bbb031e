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
