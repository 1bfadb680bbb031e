"""Tests of the face's flags and suggest: thin over what flags and suggests, and one contract through all of them."""

import polars as pl

from qoa_platform.api import flags, judge, prepare, suggest
from qoa_platform.profiles import suggesting
from qoa_platform.scans.flagging import flagged
from tests.audit.desk import HEAD, NOW

TOWNS = pl.DataFrame({"town": ["Oulu"] * 40 + ["Turku"] * 40 + ["Oulx"], "people": list(range(100, 181))})
SALES = """\
  sales:
    asset: shop/sales
    sensitive: [customer]
    missing: {item: ["?"]}
    promises:
      - {id: range, metric: data.in_range, column: amount, low: 0, must: ">= 50 %"}
      - {id: set, metric: data.in_set, column: customer, values: [ada], must: ">= 50 %"}
      - {id: full, metric: data.completeness, column: item, must: ">= 10 %"}
      - {id: rows, metric: data.row_count, must: ">= 1 rows"}
      - {id: known, metric: data.unseen_share, column: item, reference: training, must: "<= 100 %"}
"""
DAY = pl.DataFrame({"amount": [1.0, -2.0, 3.0], "customer": ["ada", "ada", "bob"], "item": ["ale", "?", "eel"]})


def test_cells_are_those_that_flagging_finds() -> None:
    """Nothing is found anew: with the metrics of the contract, its tokens, its references and its sensitive columns."""
    found = flags(
        HEAD + SALES, DAY, profile={"item": ["ale", "bun"], "amount": [1.0, 2.0], "customer": ["ada"] * 2}, now=NOW
    )
    assert [(r["row"], r["column"], r["promise"]) for r in found.records()] == [
        (1, "amount", "range"), (2, "customer", "set"), (1, "item", "full"), (2, "item", "known"),
    ]  # fmt: skip
    assert "bob" not in str(found)
    assert (found.rows, found.cells_flagged) == (2, 4)
    assert judge(HEAD + SALES, DAY, now=NOW)["range"].satisfied
    asked = prepare(HEAD + SALES)._built(prepare(HEAD + SALES).subject()).promises
    plain = flagged(
        DAY, [(m, None) for _, metrics in asked for m in metrics], missing={"item": ("?",)}, sensitive=["customer"]
    )
    without = flags(HEAD + SALES, DAY, now=NOW)
    assert without.flags.table.equals(plain.table)
    assert "point at no cells" in without.head()


def test_counts_are_complete_however_few_are_listed() -> None:
    """A bound on what is listed is none on what is counted."""
    found = flags(HEAD + SALES, pl.concat([DAY] * 100), limit=2, now=NOW)
    assert found.cells_flagged == 300
    assert len(found) == len(found.records()) == found.to_polars().height == 6
    assert "–" in [row[2] for row in found.cells()] or "?" in [row[2] for row in found.cells()]


def test_a_suggestion_judges_and_flags() -> None:
    """What is suggested is read as a contract at once: it holds on its source and points at what is doubtful."""
    found = suggest(TOWNS.to_pandas(), name="towns", asset="geo/towns", owner="maps")
    assert found.text == suggesting.suggest(TOWNS, name="towns", asset="geo/towns", owner="maps").text
    assert [r["value"] for r in flags(found, TOWNS, now=NOW).records()] == ["Oulx"]
    assert [r["value"] for r in flags(found.text, TOWNS, now=NOW).records()] == ["Oulx"]
    assert not judge(found, TOWNS, now=NOW).blocked


def test_no_cell_is_a_table_too() -> None:
    """A clean frame: no row, the same columns."""
    found = flags(HEAD + SALES, DAY[:1], now=NOW)
    assert found.to_polars().schema == flags(HEAD + SALES, DAY, now=NOW).to_polars().schema
    assert (len(found), str(found).splitlines()[0][:7]) == (0, "0 cells")
