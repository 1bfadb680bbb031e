"""Owns ``qoa flags``: the cells that a contract's row-level promises point at, as a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qoa_platform.cli.besides import beside_option, tables_beside
from qoa_platform.cli.exits import Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    import polars as pl

    from qoa_platform.records import Contract, Profile, Subject
    from qoa_platform.scans.flags import Flags

SHOWN = 50


@leaf(example=["qoa flags contracts/sales.yaml sales.parquet", "qoa flags sales.yaml sales.csv --out cells.csv"],
      exits=(Exit.PROJECT,))  # fmt: skip
@click.argument("contract", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--subject", help="Whose promises, where the contract has several subjects.")
@click.option("--profile", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="What promises with a reference compare with.  [default: .profile beside CONTRACT]")  # fmt: skip
@beside_option("The table of another asset that promises name (a parent, a truth)")
@click.option("--limit", type=click.IntRange(min=1), default=1000, help="At most so many rows per promise.",
              show_default=True)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write all listed cells there, as CSV.")
def flags(
    *, contract: Path, data: Path, subject: str | None, profile: Path | None, limit: int, out: Path | None,
    beside: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """List the cells that row-level promises point at, also where the promise as a whole holds.

    A promise judges a frame; its predicate points at cells: a value outside its set, range or format, a missing cell,
    a cell that is outvoted by the rows that should agree with it. Rows are counted from 0.
    """
    from qoa_platform.api.frames import framed
    from qoa_platform.cli.output import Table, emit, say, tables
    from qoa_platform.contracts import read

    document = read(contract)
    others, known = tables_beside(beside), _profile(contract, profile)
    ids, found = _flagged(_subject(document, subject), framed(data), known, limit, others)
    cells = _cells(ids, found)
    if out is not None:
        found.table.select("row", "column", "value", "expected", "why").write_csv(out)
    if as_json:
        emit({"rows": found.rows, "cells": found.cells, "promises": _counted(ids, found), "flags": cells})
    else:
        columns = ("row", "column", "value", "promise", "expected", "why")
        tables(Table(columns=columns, rows=[[cell[c] for c in columns] for cell in cells[:SHOWN]]))
        more = f", the first {SHOWN} shown (--json and --out have all)" if len(cells) > SHOWN else ""
        say(f"{found.cells} cells in {found.rows} rows are flagged{more}")


def _subject(contract: "Contract", name: str | None) -> "Subject":
    found = [s for s in contract.subjects if name in (None, s.id)]
    if len(found) != 1:
        raise unknown("subject", name or "(none given)", [s.id for s in contract.subjects])
    return found[0]


def _profile(contract: Path, given: Path | None) -> "Profile | None":
    from qoa_platform.profiles import decode

    path = given or contract.with_suffix(".profile")
    return decode(path.read_bytes()) if path.is_file() else None


def _flagged(
    subject: "Subject", frame: Any, profile: "Profile | None", limit: int, beside: "dict[str, pl.DataFrame]"
) -> "tuple[list[str], Flags]":  # fmt: skip
    """The promise of each metric, and what they flag."""
    from qoa_platform.metrics import Metric, catalogue
    from qoa_platform.metrics.facts import Facts, told
    from qoa_platform.scans.flagging import flagged

    known = catalogue()
    wanted = [(p.id, m) for p in subject.promises for m in known[p.metric].build(p, subject) if isinstance(m, Metric)]
    facts = Facts(digests=dict.fromkeys(beside, "given"))
    found = flagged(
        frame,
        [(told(m, facts), profile) for _, m in wanted],
        beside=beside,
        missing=dict(subject.missing),
        limit=limit,
        sensitive=subject.sensitive,
    )
    return [name for name, _ in wanted], found


def _cells(ids: list[str], found: "Flags") -> list[dict[str, object]]:
    return [
        {**{k: row[k] for k in ("row", "column", "value")}, "promise": ids[row["item"]], "expected": row["expected"],
         "why": row["why"]}
        for row in found.table.iter_rows(named=True)
    ]  # fmt: skip


def _counted(ids: list[str], found: "Flags") -> list[dict[str, object]]:
    return [
        {"promise": name, "metric": f.metric.id, "rows": f.rows, "cells": f.cells, "ambiguous": f.ambiguous}
        for name, f in zip(ids, found, strict=True)
    ]  # fmt: skip
