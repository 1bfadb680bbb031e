"""Owns Readings: what metrics read off a frame, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from qoa_platform.api.listing import Listing
from qoa_platform.records import show
from qoa_platform.scans import Measured, ScanReport


@dataclass(frozen=True, slots=True)
class Readings(Listing):
    """What was measured: one row per metric, column and group. *report* says what the scan did for it."""

    measured: tuple[Measured, ...]
    report: ScanReport

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "metric": pl.String, "columns": pl.String, "params": pl.String, "group": pl.String, "value": pl.Float64,
        "unit": pl.String, "n": pl.Int64, "bound": pl.Float64, "reason": pl.String, "cause": pl.String,
    }  # fmt: skip
    SHOWN = ("metric", "columns", "group", "value", "n", "unknown because")

    def __iter__(self) -> Iterator[Measured]:
        return iter(self.measured)

    def __len__(self) -> int:
        return len(self.measured)

    def value(self, metric: str, *columns: str, group: str | None = None) -> float | None:
        """The value of the first such row; ``None`` where it is unknown. Raises KeyError where nothing was asked so."""
        for item in self.measured:
            if item.metric.id == metric and item.group == group and columns in ((), item.metric.columns):
                return item.reading.value
        asked = sorted({f"{m.metric.id}({', '.join(m.metric.columns)})" for m in self.measured})
        message = f"no reading of {metric}({', '.join(columns)}), group {group!r}. There are: {', '.join(asked[:20])}"
        raise KeyError(message)

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries: values in base units (ratios 0 to 1), ``None`` where unknown."""
        return [_record(item) for item in self.measured]

    def cells(self) -> Sequence[Sequence[str]]:
        """The rows as a person reads them."""
        return [_cells(item) for item in self.measured]

    def head(self) -> str:
        """How much was asked, and of how many rows."""
        return f"{len(self.measured)} readings of {self.report.rows:,} rows ({self.report.line})"


def _record(item: Measured) -> dict[str, Any]:
    metric, reading = item.metric, item.reading
    rest = ", ".join(f"{k}={v}" for k, v in metric.params if k != "columns")
    return {
        "metric": metric.id, "columns": ", ".join(metric.columns), "params": rest, "group": item.group,
        "value": reading.value, "unit": str(metric.unit), "n": reading.n, "bound": reading.bound,
        "reason": str(reading.reason) if reading.reason else None, "cause": reading.cause,
    }  # fmt: skip


def _cells(item: Measured) -> tuple[str, ...]:
    metric, reading = item.metric, item.reading
    error = f" ± {reading.bound:.3g}" if reading.value is not None and reading.bound else ""
    why = "" if reading.reason is None else f"{reading.reason}: {reading.cause}" if reading.cause else reading.reason
    return (
        metric.id, ", ".join(metric.columns), item.group or "", show(reading.value, metric.unit) + error,
        f"{reading.n:,}", str(why),
    )  # fmt: skip
