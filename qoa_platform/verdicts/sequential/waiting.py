"""Owns Waiting: outcomes that come late, and when they count."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.sequential.batch import Batch, Floats
from qoa_platform.verdicts.sequential.units import Rows, Units, grown


class PerUnit(StrEnum):
    """What a unit with several rows counts for."""

    ROWS = "rows"
    """Every row counts, the variance is that of units."""
    FIRST = "first"
    """Its first known value only."""
    MEAN = "mean"
    SUM = "sum"
    """All its rows in one value, once: when it has matured."""


@dataclass(slots=True, kw_only=True)
class Waiting:
    """Rows that are not used yet.

    With a *window* (seconds) a unit is observed from its first row on for so long: it counts once that has passed (by
    the latest time seen), with the rows inside. So every unit is observed alike, whichever arm brings outcomes sooner.
    Without one, rows that are marked as not matured are no outcomes yet; those that follow are.
    """

    window: float | None = None
    per_unit: PerUnit = PerUnit.ROWS
    held: list[tuple[Rows, Floats]] = field(default_factory=list)
    began: Floats = field(default_factory=lambda: np.zeros(0))
    done: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    clock: float = -np.inf
    late: int = 0

    def ready(self, rows: Rows, kept: NDArray[np.bool_], batch: Batch, units: Units, now: float | None) -> Rows:
        """The rows whose outcome is final at this look, in their order."""
        if self.window is not None:
            found = self._observed(rows, batch, kept, units, now, self.window)
        elif batch.matured is not None:
            found = rows.only(batch.matured[kept])
        else:
            found = rows
        return self._single(found, units)

    def _observed(
        self, rows: Rows, batch: Batch, kept: NDArray[np.bool_], units: Units, now: float | None, window: float
    ) -> Rows:
        if batch.time is None:
            message = "an observation window needs the times of rows. Allowed: a column of times, or no window"
            raise ValueError(message)
        times = batch.time[kept]
        self.clock = max([self.clock, *([now] if now is not None else []), *times[np.isfinite(times)].tolist()])
        old = len(self.began)
        self.began, self.done = grown(self.began, units.size), grown(self.done, units.size)  # type: ignore[assignment]
        self.began[old:] = np.inf
        known = np.isfinite(times)
        np.minimum.at(self.began, rows.unit[known], times[known])
        self.held.append((rows, times))
        every = _joined([part for part, _ in self.held])
        stamps = np.concatenate([part for _, part in self.held])
        begun = self.began[every.unit]
        gone = self.done[every.unit]
        self.late += int(gone.sum())
        over = (begun + window <= self.clock) & ~gone
        inside = over & (stamps < begun + window)
        rest = ~over & ~gone
        self.held = [(every.only(rest), stamps[rest])]
        self.done[every.unit[over]] = True
        return every.only(inside)

    def _single(self, rows: Rows, units: Units) -> Rows:
        """One row per unit, where that is asked for; a unit that has counted does not count again."""
        if self.per_unit is PerUnit.ROWS or not len(rows):
            return rows
        known = np.isfinite(rows.value) & ~units.labelled[rows.unit]
        missing = rows.only(~known & ~units.labelled[rows.unit])
        usable = rows.only(known)
        numbers, first, where = np.unique(usable.unit, return_index=True, return_inverse=True)
        single = usable.only(np.isin(np.arange(len(usable)), first))
        if self.per_unit is not PerUnit.FIRST and len(numbers):
            total: Floats = np.bincount(where, usable.value).astype(np.float64)
            values: Floats = total if self.per_unit is PerUnit.SUM else total / np.bincount(where)
            value = values[np.searchsorted(numbers, single.unit)]
            single = Rows(unit=single.unit, arm=single.arm, stage=single.stage, value=value, kind=single.kind)
        return _joined([missing, single])


def _joined(parts: list[Rows]) -> Rows:
    kinds = [part.kind for part in parts if part.kind is not None]
    return Rows(
        unit=np.concatenate([part.unit for part in parts]), arm=np.concatenate([part.arm for part in parts]),
        stage=np.concatenate([part.stage for part in parts]), value=np.concatenate([part.value for part in parts]),
        kind=np.concatenate(kinds) if len(kinds) == len(parts) else None,
    )  # fmt: skip
