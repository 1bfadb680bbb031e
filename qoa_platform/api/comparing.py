"""Owns compare: current data against a reference, column by column, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from qoa_platform.api.frames import framed
from qoa_platform.api.listing import Listing
from qoa_platform.api.measuring import Missing, tokens_of
from qoa_platform.profiles.comparing import ColumnDrift, Compared, compared
from qoa_platform.records import Profile, Unit, show

KEY = ("drift.psi", "drift.js", "drift.ks", "drift.wasserstein_std", "drift.cramers_v", "data.unseen_share")
"""The distances that are printed; :meth:`Comparison.records` has all."""


@dataclass(frozen=True, slots=True)
class Comparison(Listing):
    """How far current data lies from a reference: one row per column and distance, and what moved."""

    found: Compared

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "column": pl.String, "kind": pl.String, "metric": pl.String, "value": pl.Float64, "unit": pl.String,
        "floor": pl.Float64, "moved": pl.Boolean, "n_reference": pl.Int64, "n_current": pl.Int64,
        "missing_reference": pl.Float64, "missing_current": pl.Float64, "reason": pl.String, "cause": pl.String,
    }  # fmt: skip
    SHOWN = ("column", "", "psi", "noise", "js", "ks", "W1/σ", "V", "unseen", "missing", "what moved")

    def __iter__(self) -> Iterator[ColumnDrift]:
        return iter(self.found.columns)

    def __getitem__(self, column: str) -> ColumnDrift:
        """What was found of one column. Raises KeyError."""
        found = next((c for c in self.found.columns if c.column == column), None)
        if found is None:
            raise KeyError(f"no column {column!r}. There are: {', '.join(c.column for c in self.found.columns)}")
        return found

    @property
    def moved(self) -> tuple[str, ...]:
        """Columns that moved by more than noise."""
        return self.found.moved

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries; a column that was not compared has one row without a metric."""
        return [row for column in self.found.columns for row in _records(column)]

    def cells(self) -> Sequence[Sequence[str]]:
        """One line per column: the distances, the noise floor of the index, and the largest changes."""
        return [_cells(column) for column in self.found.columns]

    def head(self) -> str:
        """How many columns moved."""
        found = self.found
        rest = [f"gone: {', '.join(found.gone)}"] * bool(found.gone) + [f"new: {', '.join(found.new)}"] * bool(
            found.new
        )
        said = f"{len(found.moved)} of {len(found.columns)} columns moved by more than noise"
        return "; ".join([f"{said}; {found.rows[1]:,} rows against {found.rows[0]:,} of {found.reference}", *rest])


def compare(
    reference: Any, current: Any, *, columns: Sequence[str] | None = None, missing: Missing | None = None
) -> Comparison:
    """How far *current* lies from *reference*: drift per column, its noise floor, and which values moved.

    Both are data (a frame, columns by name, a path); *reference* may also be a Profile that was frozen before, for no
    row of the reference is needed once it is frozen. Numbers are counted on the reference's own edges, categories in
    its dictionary. *moved* says that a distance lies above what sampling alone produces.

    >>> found = compare({"x": [1, 2, 3, 4] * 50}, {"x": [1, 2, 3, 4] * 25 + [9] * 100})
    >>> found.moved, found["x"].shifts[0].label
    (('x',), '> 4')
    """
    frame = framed(current)
    known = reference if isinstance(reference, Profile) else framed(reference)
    return Comparison(compared(known, frame, columns=columns, missing=tokens_of(frame.schema, missing)))


def _records(column: ColumnDrift) -> list[dict[str, Any]]:
    shared = {
        "column": column.column, "kind": column.kind, "n_reference": column.n[0], "n_current": column.n[1],
        "missing_reference": column.missing[0], "missing_current": column.missing[1],
    }  # fmt: skip
    if not column.distances:
        return [{**dict.fromkeys(Comparison.SCHEMA), **shared, "cause": column.cause}]
    return [
        {
            **shared, "metric": d.metric, "value": d.reading.value, "unit": str(d.unit), "floor": d.floor,
            "moved": d.moved, "reason": str(d.reading.reason) if d.reading.reason else None, "cause": d.reading.cause,
        }
        for d in column.distances
    ]  # fmt: skip


def _cells(column: ColumnDrift) -> tuple[str, ...]:
    values = {d.metric: show(d.reading.value, d.unit) for d in column.distances if d.reading.value is not None}
    floor = next((d.floor for d in column.distances if d.metric == "drift.psi"), None)
    word = {True: "moved", False: "as before", None: "?"}[column.moved]
    psi, *others = (values.get(name, "") for name in KEY)
    before, after = (show(share, Unit.RATIO) for share in column.missing)
    missing = after if before == after else f"{before} → {after}"
    said = "; ".join(
        f"{s.label}: {show(s.reference, Unit.RATIO)} → {show(s.current, Unit.RATIO)}" for s in column.shifts
    )
    why = column.cause or (said if column.moved else "")
    return (column.column, word, psi, "" if floor is None else f"{floor:.3g}", *others, missing, why)
