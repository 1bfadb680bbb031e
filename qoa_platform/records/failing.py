"""Owns FailingRows: how many rows failed a promise, and a bounded sample of them, as a verdict's evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EVIDENCE = "rows"
"""The key of a verdict's evidence under which its failing rows stand."""

Cells = tuple[tuple[str, str | None], ...]
"""Column and value as text; ``None`` where it is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingRow:
    """One row that failed: its position in the frame (from 0), its key, the cells at fault, and why they are.

    *expected* holds what the cells should most likely hold, where that is known.
    """

    row: int
    key: Cells = ()
    cells: Cells = ()
    why: str = ""
    expected: Cells = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingRows:
    """*count* rows failed, all of them counted; *sample* shows the first. *ambiguous*: rows of which nobody can say."""

    count: int
    ambiguous: int = 0
    sample: tuple[FailingRow, ...] = ()

    def plain(self) -> dict[str, object]:
        """As plain data, to be stored with a verdict.

        >>> found = FailingRows(count=1, sample=(FailingRow(row=3, cells=(("price", "-1"),), why="outside [0, ∞)"),))
        >>> FailingRows.of({EVIDENCE: found.plain()}) == found
        True
        """
        rows = [
            {
                "row": r.row, "why": r.why,
                **{n: dict(c) for n, c in (("key", r.key), ("cells", r.cells), ("expected", r.expected)) if c},
            }
            for r in self.sample
        ]  # fmt: skip
        return {"count": self.count, **({"ambiguous": self.ambiguous} if self.ambiguous else {}), "sample": rows}

    @classmethod
    def of(cls, evidence: Mapping[str, object]) -> "FailingRows | None":
        """The failing rows in a verdict's *evidence*; ``None`` where there are none."""
        form: Any = evidence.get(EVIDENCE)
        if not isinstance(form, Mapping):
            return None
        return cls(
            count=int(form["count"]), ambiguous=int(form.get("ambiguous", 0)),
            sample=tuple(
                FailingRow(
                    row=int(r["row"]), why=str(r["why"]), key=_cells(r.get("key")), cells=_cells(r.get("cells")),
                    expected=_cells(r.get("expected")),
                )
                for r in form.get("sample", ())
            ),
        )  # fmt: skip


def _cells(form: Mapping[str, str | None] | None) -> Cells:
    return tuple((form or {}).items())
