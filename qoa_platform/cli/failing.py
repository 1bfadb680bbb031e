"""Owns how the command line shows failing rows: those that verdicts keep as evidence, one line a row."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qoa_platform.cli.output import Table
    from qoa_platform.records import Verdict
    from qoa_platform.records.failing import Cells

FEW = 3
"""So many rows of one verdict are shown where several verdicts are; ``--json`` has all that are kept."""


def failing_table(verdicts: "Iterable[Verdict]", few: int = FEW) -> "Table | None":
    """The failing rows of *verdicts* that are not satisfied, of each promise and window the last; or ``None``."""
    from qoa_platform.cli.output import Table
    from qoa_platform.records import FailingRows

    rows: list[tuple[object, ...]] = []
    for verdict in {(v.key, v.window): v for v in verdicts}.values():
        found = FailingRows.of(verdict.evidence)
        if found is None or verdict.satisfied:
            continue
        name = f"{verdict.key.subject}.{verdict.key.promise}"
        rows += [
            (name, verdict.window, r.row, _said(r.key), _said(r.cells, dict(r.expected)), r.why)
            for r in found.sample[:few]
        ]
        rest = found.count - len(found.sample[:few])
        if rest > 0:
            rows.append((name, verdict.window, f"+{rest:,}", "", "", "more of them"))
    columns = ("promise", "window", "row", "key", "cells", "why")
    return Table(title="Failing rows", columns=columns, rows=rows) if rows else None


def _said(cells: "Cells", expected: "dict[str, str | None] | None" = None) -> str:
    meant = expected or {}
    return ", ".join(
        f"{name} = {'(missing)' if value is None else value}"
        + (f" (most likely {meant[name]})" if meant.get(name) else "")
        for name, value in cells
    )
