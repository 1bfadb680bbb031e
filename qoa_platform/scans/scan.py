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
    """What a scan did: *asks* made, *distinct* ones, how many of those were *fused* (shared a pass with others).

    *passes* are the lines of the plan; *failed* are (ask, cause); *notes* say what was done in a slower way. Seconds
    are left out, for no clock is read here: who wants rows per second holds one.
    """

    rows: int
    columns: int
    asks: int
    distinct: int
    fused: int
    passes: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unfused(self) -> int:
        """Distinct asks that needed a pass of their own, or none."""
        return self.distinct - self.fused

    def __str__(self) -> str:
        head = (
            f"{self.rows:,} rows, {self.columns} columns read; {self.asks} asks, {self.distinct} distinct: "
            f"{self.fused} fused, {self.unfused} apart"
        )
        return "\n  ".join(
            [head, *self.passes, *self.notes, *(f"failed: {ask}: {cause}" for ask, cause in self.failed)]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The readings of all wanted metrics, the mergeable *states* they were read off (to be stored), and the report."""

    measured: tuple[Measured, ...]
    states: Mapping[Ask, State]
    report: ScanReport
