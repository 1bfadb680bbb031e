"""Owns Cells: what the row-level promises of a contract point at in a frame, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from qoa_platform.api.listing import Listing
from qoa_platform.scans.flags import Flagged, Flags


@dataclass(frozen=True, slots=True)
class Cells(Listing):
    """The flagged cells, one row each: a promise judges a frame, its predicate points at cells, also where it holds.

    *promises* are the ids of the metrics in ``flags``, in their order. Counts are complete, however few are listed.
    """

    flags: Flags
    promises: tuple[str, ...]

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "row": pl.Int64, "column": pl.String, "value": pl.String, "expected": pl.String, "promise": pl.String,
        "metric": pl.String, "why": pl.String,
    }  # fmt: skip
    SHOWN = ("row", "column", "value", "promise", "expected", "why")

    def __iter__(self) -> Iterator[tuple[str, Flagged]]:
        """Each promise's id with what one of its metrics flags."""
        return iter(zip(self.promises, self.flags.flagged, strict=True))

    def __len__(self) -> int:
        return self.flags.table.height

    @property
    def rows(self) -> int:
        """How many rows some promise points at."""
        return self.flags.rows

    @property
    def cells_flagged(self) -> int:
        """How many cells some promise points at."""
        return self.flags.cells

    def records(self) -> list[dict[str, Any]]:
        """The listed cells as plain dictionaries: the row counts from 0, a missing value is ``None``."""
        return [
            {**{name: line[name] for name in ("row", "column", "value", "expected")},
             "promise": self.promises[line["item"]], "metric": line["metric"], "why": line["why"]}
            for line in self.flags.table.iter_rows(named=True)
        ]  # fmt: skip

    def cells(self) -> Sequence[Sequence[str]]:
        """The listed cells as a person reads them."""
        return [
            tuple("–" if row[name] is None and name == "value" else str(row[name] or "") if name != "row" else
                  f"{row[name]:,}" for name in self.SHOWN)
            for row in self.records()
        ]  # fmt: skip

    def head(self) -> str:
        """How many cells of how many rows."""
        unable = sum(f.cause is not None for f in self.flags.flagged)
        said = f"{self.flags.cells:,} cells in {self.flags.rows:,} rows are flagged"
        return f"{said}; {unable} metrics point at no cells" if unable else said
