"""Owns what the scans of a partition did, as its materialization shows it."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from qoa_platform.records import printable
from qoa_platform.scans import ScanReport

LINES, WIDE = 20, 160
"""At most so many lines of a kind are shown, and so many characters of one."""
HEADS = ("rows", "columns", "asks", "distinct", "fused", "apart", "passes", "seconds", "rows/s", "peak memory")


def scanned(scans: Sequence[ScanReport]) -> dict[str, Any]:
    """``qoa/scan``, a text in Markdown, and ``qoa/rows_per_second``, a number; nothing without a scan.

    Of several subjects of one asset there is one scan each: their rows and seconds are added.
    """
    if not scans:
        return {}
    seconds = sum(s.seconds or 0.0 for s in scans)
    pace = {"qoa/rows_per_second": sum(s.rows for s in scans) / seconds} if seconds else {}
    return {"qoa/scan": dg.MetadataValue.md(markdown(scans)), **pace}


def markdown(scans: Sequence[ScanReport]) -> str:
    """A table with a line per scan; below it the asks that shared no pass, with why, and what failed."""
    rows = [HEADS, ("---",) * len(HEADS), *map(_row, scans)]
    apart = dict.fromkeys(f"{what} ({why})" for s in scans for what, why in s.apart)
    failed = dict.fromkeys(f"{what}: {cause}" for s in scans for what, cause in s.failed)
    notes = dict.fromkeys(note for s in scans for note in s.notes)
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    lists = (("Apart", apart), ("Failed", failed), ("Notes", notes))
    return "\n\n".join([table, *(f"{head}:\n\n{_listed(lines)}" for head, lines in lists if lines)])


def _row(scan: ScanReport) -> tuple[str, ...]:
    pace = scan.rows_per_second
    return (
        f"{scan.rows:,}", f"{scan.columns}", f"{scan.asks}", f"{scan.distinct}", f"{scan.fused}", f"{scan.unfused}",
        f"{len(scan.passes)}", "" if scan.seconds is None else f"{scan.seconds:.4f}", f"{pace:,.0f}" if pace else "",
        "" if scan.resident is None else f"{scan.resident / 1e6:,.0f} MB",
    )  # fmt: skip


def _listed(lines: Iterable[str]) -> str:
    """The lines as code, for names of columns are anybody's."""
    every = [f"    {printable(line, WIDE)}" for line in lines]
    more = [f"    and {len(every) - LINES} more"] if len(every) > LINES else []
    return "\n".join([*every[:LINES], *more])
