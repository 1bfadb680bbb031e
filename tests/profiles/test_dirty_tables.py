"""Tests of suggest on tables whose wrong cells are known: real ones (QOA_DATA), and one that is damaged here."""

import random
from os import environ
from pathlib import Path

import polars as pl
import pytest

from qoa_platform.api import flags
from qoa_platform.profiles.suggesting import suggest

Cells = set[tuple[int, str]]


def wrong(dirty: pl.DataFrame, clean: pl.DataFrame) -> Cells:
    """The cells that differ, as (row, column)."""
    apart = {c: dirty[c].fill_null("∅") != clean[c].fill_null("∅") for c in dirty.columns}
    return {(int(row), column) for column, mask in apart.items() for row in mask.arg_true()}


def f1(dirty: pl.DataFrame, clean: pl.DataFrame) -> float:
    """Cell F1 of the flags of the contract that *dirty* alone suggests."""
    found = suggest(dirty)
    flagged = {(f["row"], f["column"]) for f in flags(found.contract, dirty, profile=found.profile).records()}
    truth = wrong(dirty, clean)
    return 2 * len(flagged & truth) / (len(flagged) + len(truth))


@pytest.mark.skipif(not environ.get("QOA_DATA"), reason="QOA_DATA names no folder of real data")
@pytest.mark.parametrize(("name", "least"), [("dirty_hospital", 0.95), ("dirty_beers", 0.95)])
def test_wrong_cells_of_real_tables_are_found_without_labels(name: str, least: float) -> None:
    """Typos and broken dependencies; units, tokens and swallowed neighbours: asked for are .85 and .80."""
    dirty, clean = (pl.read_parquet(Path(environ["QOA_DATA"], name, f"{part}.parquet")) for part in ("dirty", "clean"))
    assert f1(dirty, clean) >= least


def orders() -> pl.DataFrame:
    """A clean table: zip decides town, town decides region; amounts, dates."""
    rng = random.Random(1)
    towns = [
        ("00100", "Helsinki", "Uusimaa"), ("33100", "Tampere", "Pirkanmaa"), ("90100", "Oulu", "Pohjois-Pohjanmaa"),
        ("20100", "Turku", "Varsinais-Suomi"), ("02100", "Espoo", "Uusimaa"), ("40100", "Jyväskylä", "Keski-Suomi"),
    ]  # fmt: skip
    rows = [
        (*rng.choice(towns), str(rng.randint(100, 9_999)), f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}")
        for _ in range(800)
    ]
    return pl.DataFrame(rows, schema=["zip", "town", "region", "amount", "day"], orient="row")


def damaged(clean: pl.DataFrame) -> pl.DataFrame:
    """Typos, units, another notation of dates, tokens for missing, towns of other zips: one cell in twenty-five."""
    rng = random.Random(2)
    rows = [list(row) for row in clean.iter_rows()]
    for row in rows:
        match rng.randrange(25):
            case 0:
                at = rng.randrange(len(row[1]))
                row[1] = row[1][:at] + "x" + row[1][at + 1 :]
            case 1:
                row[3] = f"{row[3]} EUR"
            case 2:
                row[4] = "/".join(reversed(row[4].split("-")))
            case 3:
                row[rng.randrange(5)] = "N/A"
            case 4:
                row[1] = rng.choice(["Helsinki", "Oulu"])
            case _:
                pass
    return pl.DataFrame(rows, schema=clean.schema, orient="row")


def test_wrong_cells_of_a_damaged_table_are_found() -> None:
    """Five kinds of mistakes; and on the clean table hardly anything is flagged."""
    clean = orders()
    assert f1(damaged(clean), clean) >= 0.9
    assert len(flags(suggest(clean).contract, clean).records()) <= 2
