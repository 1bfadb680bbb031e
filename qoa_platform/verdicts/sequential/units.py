"""Owns Units: who is assigned to which arm, whose outcome is due, and whether the comparison is a fair one."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from qoa_platform.metrics.split_evidence import split_log_e, split_p
from qoa_platform.verdicts.sequential.batch import Batch, Floats
from qoa_platform.verdicts.sequential.decision import Arms

Ints = NDArray[np.int64]
LARGEST = 1e60
"""What is larger cannot be summed in fourth powers: it counts as infinite."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows that may be used at this look: the number of their *unit*, its *arm* and *stage*, the *value*, the kind."""

    unit: Ints
    arm: NDArray[np.int8]
    stage: Ints
    value: Floats
    kind: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.value)

    def only(self, mask: NDArray[np.bool_]) -> "Rows":
        """Those of *mask*."""
        return Rows(
            unit=self.unit[mask], arm=self.arm[mask], stage=self.stage[mask], value=self.value[mask],
            kind=None if self.kind is None else self.kind[mask],
        )  # fmt: skip


def grown(array: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    """*array* with room for *size* entries, zeros behind; at least doubled when it has to grow."""
    if size <= len(array):
        return array
    found = np.zeros(max(size, 2 * len(array), 1024), dtype=array.dtype)
    found[: len(array)] = array
    return found


@dataclass(slots=True, kw_only=True)
class Units:
    """The units seen so far, each in the arm and the stage (declared split) in which it first came.

    A unit counts once in the split, however many rows it has; rows under another arm than its first are *crossed* and
    left out. It is *due* when a row of it has matured, *labelled* when one of its values is known.
    """

    splits: list[tuple[float, float]]
    binary: bool = False
    bounds: tuple[float, float] | None = None
    index: dict[Hashable, int] = field(default_factory=dict)
    size: int = 0
    arm: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    stage: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    due: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    labelled: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    assigned: list[list[int]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("rows", "crossed", "foreign", "unusable"), 0))
    due_of: list[int] = field(default_factory=lambda: [0, 0])
    labelled_of: list[int] = field(default_factory=lambda: [0, 0])

    def place(self, batch: Batch) -> tuple[Rows, NDArray[np.bool_]]:
        """The rows of the two arms with their units, and which rows of the batch these are."""
        known = batch.arm >= 0
        self.counts["foreign"] += int((~known).sum())
        if batch.unit is None:
            unit = np.arange(self.size, self.size + int(known.sum()), dtype=np.int64)
            self._assign(unit, batch.arm[known])
            kept = known
        else:
            numbers, first = self._numbers(batch.unit, known)
            self._assign(numbers[first], batch.arm[first])
            kept = known.copy()
            kept[known] = self.arm[numbers[known]] == batch.arm[known]
            self.counts["crossed"] += int(known.sum()) - int(kept.sum())
            unit = numbers[kept]
        kind = None if batch.kind is None else np.asarray(batch.kind, dtype=np.object_)[kept]
        found = Rows(unit=unit, arm=self.arm[unit], stage=self.stage[unit], value=batch.value[kept], kind=kind)
        return found, kept

    def _numbers(self, units: object, known: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """The number of every row's unit, and the rows in which a unit comes for the first time."""
        index, size = self.index, self.size
        numbers = np.full(len(known), -1, dtype=np.int64)
        first: list[int] = []
        for row, (key, use) in enumerate(zip(units, known.tolist(), strict=True)):  # type: ignore[call-overload]
            if use:
                number = index.get(key)
                if number is None:
                    number = index[key] = size
                    size += 1
                    first.append(row)
                numbers[row] = number
        return numbers, np.array(first, dtype=np.int64)

    def _assign(self, numbers: Ints, arms: NDArray[np.int8]) -> None:
        self.size += len(numbers)
        for name in ("arm", "stage", "due", "labelled"):
            setattr(self, name, grown(getattr(self, name), self.size))
        self.arm[numbers], self.stage[numbers] = arms, len(self.splits) - 1
        while len(self.assigned) < len(self.splits):
            self.assigned.append([0, 0])
        ones = int((arms == 1).sum())
        self.assigned[-1][0] += len(arms) - ones
        self.assigned[-1][1] += ones

    def mark(self, rows: Rows) -> Rows:
        """Count units as due, and as labelled where a value is known; those rows with a usable value."""
        self._count("due", rows)
        good = np.abs(rows.value) <= LARGEST
        bad = np.abs(rows.value) > LARGEST
        if self.binary:
            odd = good & (rows.value != 0) & (rows.value != 1)
            good, bad = good & ~odd, bad | odd
        if self.bounds is not None:
            odd = good & ((rows.value < self.bounds[0]) | (rows.value > self.bounds[1]))
            good, bad = good & ~odd, bad | odd
        self.counts["unusable"] += int(bad.sum())
        used = rows.only(good)
        self._count("labelled", used)
        self.counts["rows"] += len(used)
        return used

    def _count(self, name: str, rows: Rows) -> None:
        flags = getattr(self, name)
        fresh = np.unique(rows.unit[~flags[rows.unit]])
        flags[fresh] = True
        ones = int((self.arm[fresh] == 1).sum())
        counts = getattr(self, f"{name}_of")
        counts[0] += len(fresh) - ones
        counts[1] += ones

    def arms(self) -> Arms:
        """The counts, and what they say of the split and of what is missing."""
        totals = (sum(n for n, _ in self.assigned), sum(n for _, n in self.assigned))
        logs = [split_log_e(n, split) for n, split in zip(self.assigned, self.splits, strict=False)]
        missing = tuple(d - n for d, n in zip(self.due_of, self.labelled_of, strict=True))
        return Arms(
            assigned=totals, due=(self.due_of[0], self.due_of[1]), labelled=(self.labelled_of[0], self.labelled_of[1]),
            split_e=_exp(sum(logs)), split_p=split_p(self.assigned[-1], self.splits[-1]) if self.assigned else None,
            missing_e=_exp(_differing(missing, self.due_of)), **self.counts,
        )  # fmt: skip


def _exp(value: float) -> float:
    return exp(value) if value < log(1e308) else float("inf")


def _differing(missing: tuple[int, ...], due: list[int]) -> float:
    """The log e-value that outcomes are missing in one arm rather than in the other.

    Of those that miss (of those that do not, where they are fewer) the arms' shares should be those of the due. 0 while
    an arm has none due.
    """
    if min(due) == 0:
        return 0.0
    there = tuple(d - m for d, m in zip(due, missing, strict=True))
    fewer = missing if sum(missing) <= sum(there) else there
    control = due[0] / sum(due)
    return split_log_e(fewer, (control, 1 - control))
