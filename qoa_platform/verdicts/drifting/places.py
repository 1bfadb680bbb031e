"""Owns places: a column over all rows and within each segment, each beside its own noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.drifting.coding import Coded, Codes
from qoa_platform.verdicts.drifting.dispersion import Past, dispersion
from qoa_platform.verdicts.drifting.surprise import Sides, p_of

Floats = NDArray[np.float64]
LEAST = 100
"""Segments with fewer rows on a side are not judged by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The drift of one column over all rows (*column* ``None``), or in the segment *label* of another column.

    *psi* beside its noise *floor*; *alone* is its chance if nothing changed, times what the other places of the column
    cost: half of the chance is spent on the whole, the other half on all segments alike (Bonferroni), so that drift of
    few rows in one place is seen there, and not in the whole. *counts* are those of the bins, before and after.
    """

    column: str | None = None
    label: str | None = None
    index: int = -1
    psi: float
    floor: float
    alone: float
    counts: tuple[Codes, Codes]

    @property
    def times(self) -> float:
        """How many times its floor it moved."""
        return self.psi / self.floor if self.floor else 0.0

    def scores(self, codes: Coded) -> tuple[Floats, Floats]:
        """``ln(q/p)`` here, of the bin of each row anywhere: a mean whose change in this place is its PSI."""
        before, after = self.counts
        held = before + after > 0
        score = np.zeros(before.size)
        score[held] = np.log(_smoothed(after[held]) / _smoothed(before[held]))
        return score[codes.reference], score[codes.current]


def places(name: str, codes: Coded, by: Mapping[str, Coded], wild: float) -> tuple[Place, ...]:
    """The whole of a column first, then the segments of the columns *by* that are large enough on both sides."""
    whole, size = _place(*codes.counts, wild), len(codes.labels)
    found = []
    for column, segments in by.items():
        if column == name:
            continue
        shape = (len(segments.labels), size)
        sides = zip((segments.reference, segments.current), (codes.reference, codes.current), strict=True)
        before, after = (np.bincount(g * size + k, minlength=shape[0] * size).reshape(shape) for g, k in sides)
        large = np.flatnonzero(np.minimum(before.sum(axis=1), after.sum(axis=1)) >= LEAST)
        found += [
            replace(_place(before[g], after[g], wild), column=column, label=segments.labels[g], index=int(g))
            for g in large
        ]  # fmt: skip
    if not found:
        return (whole,)
    cost = 2 * len(found)
    return replace(whole, alone=min(1.0, 2 * whole.alone)), *(replace(p, alone=min(1.0, cost * p.alone)) for p in found)


def combined(found: Sequence[Place]) -> float:
    """The chance of the least likely place, with all of them paid for."""
    return min(p.alone for p in found)


def wildness(codes: Coded, periods: Any | None) -> float:
    """φ of a column: how much wilder the reference's own periods were than independent rows; 1 where they are few.

    Raises ValueError for periods that are not one of each row.
    """
    if periods is None:
        return 1.0
    names, place = np.unique(np.asarray(periods).astype(str), return_inverse=True)
    rows = codes.reference.size
    if place.size != rows:
        raise ValueError(f"there are {place.size} periods for {rows} reference rows. Allowed: one for each")
    size, whole = len(codes.labels), codes.counts[0]
    each = np.bincount(place * size + codes.reference, minlength=names.size * size).reshape(-1, size)
    past = [Past(value=_place(whole, day, 1.0).psi, rows=int(day.sum())) for day in each]
    found = dispersion("drift.psi", past, reference=int(whole.sum()), bins=int((whole > 0).sum()))
    return found.phi if found.known else 1.0


def _place(before: Codes, after: Codes, wild: float) -> Place:
    """PSI over the bins that either side has, its noise floor, and its surprise."""
    rows, held = (int(before.sum()), int(after.sum())), before + after > 0
    counts, before, after = (before, after), before[held], after[held]
    if before.size < 2:  # noqa: PLR2004 (one value on both sides cannot move)
        return Place(psi=0.0, floor=0.0, alone=1.0, counts=counts)
    p, q = _smoothed(before), _smoothed(after)
    psi = float(((q - p) * np.log(q / p)).sum())
    sides = Sides(rows=rows[1], reference=rows[0], bins=before.size, dispersion=wild)
    surprise = p_of("drift.psi", psi, sides)
    return Place(
        psi=psi, floor=sides.floor("drift.psi") or 0.0, alone=1.0 if surprise is None else surprise, counts=counts
    )  # fmt: skip


def _smoothed(counts: Codes) -> Floats:
    return np.asarray((counts + 0.5) / (counts.sum() + counts.size / 2), dtype=np.float64)
