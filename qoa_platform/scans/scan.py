"""Owns Scan and Measured: what one scan of a frame answered, and what it did for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from qoa_platform.metrics import Metric
from qoa_platform.records import Ask, Reading
from qoa_platform.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a metric read off a scan: of the whole (*group* is ``None``), or of one group of its ``by``."""

    metric: Metric
    group: str | None
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What a scan cost: *asks* that were made, *distinct* ones, how many of those were *fused* into shared passes.

    *passes* are the plan's lines; *unfused* the asks that needed a pass of their own; *failed* ask → cause. Seconds are
    left out: no clock is read here, who calls may measure.
    """

    rows: int
    columns: int
    asks: int
    distinct: int
    fused: int
    unfused: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    passes: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = (
            f"{self.rows:,} rows, {self.columns} columns read; {self.asks} asks, {self.distinct} distinct, "
            f"{self.fused} fused, {len(self.unfused)} apart, {len(self.failed)} failed"
        )
        failed = [f"failed: {ask}: {cause}" for ask, cause in self.failed]
        return "\n  ".join([head, *self.passes, *failed])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The readings of all wanted metrics, the mergeable *states* they were read off (to be stored), and the report."""

    measured: tuple[Measured, ...]
    states: Mapping[Ask, State]
    report: ScanReport
