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

    *passes* are the lines of the plan, *apart* those of a single ask, with why; *failed* are (ask, cause); *notes* say
    what was done in a slower way. A source that does not fit in memory is read in *batches*, and again (*reads*) where
    quantiles are exact; *spilled* bytes of keys went to disk. *seconds* and *resident* (the most bytes of memory that
    were seen in use) are ``None`` where no clock and no memory reader were handed in: none is read here.
    """

    rows: int
    columns: int
    asks: int
    distinct: int
    fused: int
    passes: tuple[str, ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    batches: int = 1
    reads: int = 1
    spilled: int = 0
    seconds: float | None = None
    resident: int | None = None

    @property
    def rows_per_second(self) -> float | None:
        """Rows of the source, each counted once, per second; ``None`` without a clock."""
        return self.rows / self.seconds if self.seconds else None

    @property
    def unfused(self) -> int:
        """Distinct asks that needed a pass of their own, or none."""
        return self.distinct - self.fused

    @property
    def line(self) -> str:
        """The gist of it in one line: what was asked, and in how many passes; the same every time."""
        ways = f"{len(self.passes)} pass{'es' if len(self.passes) != 1 else ''}"
        return f"{self.asks} asks, {self.distinct} distinct: {self.fused} fused, {self.unfused} apart; {ways}"

    def __str__(self) -> str:
        head = (
            f"{self.rows:,} rows, {self.columns} columns read; {self.asks} asks, {self.distinct} distinct: "
            f"{self.fused} fused, {self.unfused} apart"
        )
        return "\n  ".join(
            [head, *self._took(), *self.passes, *self.notes, *(f"failed: {ask}: {cause}" for ask, cause in self.failed)]
        )

    def _took(self) -> list[str]:
        """What it took, as far as somebody looked."""
        many = f"{self.batches:,} batches, the source read {self.reads} times" if self.batches > 1 else ""
        spilled = f"{self.spilled / 1e6:,.1f} MB of keys spilled" if self.spilled else ""
        pace = f"{self.seconds:.3f} s, {self.rows_per_second or 0:,.0f} rows/s" if self.seconds is not None else ""
        peak = f"at most {self.resident / 1e6:,.0f} MB in memory" if self.resident is not None else ""
        said = "; ".join(filter(None, (many, spilled, pace, peak)))
        return [said] if said else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The readings of all wanted metrics, the mergeable *states* they were read off (to be stored), and the report."""

    measured: tuple[Measured, ...]
    states: Mapping[Ask, State]
    report: ScanReport
