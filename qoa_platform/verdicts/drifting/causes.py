"""Owns root causes: which column drifted, in which segment, since when, and what of a model's loss that explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.drifting.beside import Happened, happened
from qoa_platform.verdicts.drifting.coding import Coded, coded
from qoa_platform.verdicts.drifting.multiplicity import adjusted_p
from qoa_platform.verdicts.drifting.parts import LossParts, Part, joint_parts, loss_parts, parts
from qoa_platform.verdicts.drifting.places import Place, combined, places, wildness

Floats = NDArray[np.float64]
EFFECT = 0.01
"""The default least PSI that matters: about 4 of 100 rows in another bin."""
FDR, DEEP, KEPT = 0.05, 5, 3
"""The default rate of false discoveries; so many columns are looked into, and so many segments of each are kept."""
SURE = 3.0
"""A period, a segment or a loss stands out beyond so many standard errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where(Part):
    """A segment of a column of segments, and what it adds to the shift of the column that drifted."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The period in which a shift began, and how many standard errors the periods since then lie apart from before."""

    period: str
    z: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One column, by how far it drifted above its noise.

    *psi* over all its bins (missing is one of them) beside the *floor* of one look; *p* of the whole or of its most
    surprising segment, and *adjusted* for all columns (Benjamini–Hochberg); *drifted* at the declared rate, and by
    enough; *dispersion* φ of its rows. *place* is where it is furthest above noise: all rows, or one segment; *bins*
    are those that moved most there. *where* are the segments that hold more of the shift than their rows would, *since*
    the period it began in, *loss* what reweighting by this column alone explains.
    """

    column: str
    psi: float
    floor: float
    p: float
    adjusted: float
    drifted: bool
    dispersion: float
    place: Place
    bins: tuple[str, ...]
    where: tuple[Where, ...] = ()
    since: Since | None = None
    loss: LossParts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCauses:
    """The columns, likeliest cause first; what all of them explain of a loss, and what happened to the model."""

    rows: tuple[int, int]
    fdr: float
    columns: tuple[Cause, ...]
    loss: LossParts | None = None
    happened: Happened | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def drifted(self) -> tuple[str, ...]:
        """Columns that drifted, at the declared rate of false discoveries."""
        return tuple(c.column for c in self.columns if c.drifted)


def root_causes(
    reference: Mapping[str, Any], current: Mapping[str, Any], *, columns: Sequence[str] | None = None,
    segments: Sequence[str] = (), loss: tuple[Any, Any] | None = None,
    periods: tuple[Any, Any] | Any | None = None, fdr: float = FDR, least: float = EFFECT,
    dispersion: float | None = None, seed: int = 0,
) -> RootCauses:  # fmt: skip
    """Why *current* differs from *reference* (columns by name, each as an array).

    A column drifted where its PSI, over all rows or in one segment, is at least *least*, and where that surprise is
    reported among those of all columns at the false discovery rate *fdr*, rows as wild as *dispersion* φ says (without
    it: as the 20 or more periods of the reference were, column by column, and else 1). First stand those furthest
    above their noise. The shift of each of the first five is ``Σ(q − p)·ln(q/p)``, the change of the mean of
    ``ln(q/p)``, so it splits exactly by the values of the columns of *segments* (:func:`parts`). *periods* are those
    of the current rows, or of the reference's and the current rows, in an order that sorts: where the shift began.
    *loss* is the loss of each row of both sides: what other inputs explain of its change, column by column
    (:func:`loss_parts`) and jointly (:func:`joint_parts`).

    Rows whose loss is no finite number count in the drift and not in the loss. Raises ValueError for a rate outside
    (0, 1), φ < 1, a column that is not on both sides, and arrays of other lengths.

    >>> import numpy as np
    >>> town = np.repeat(["a", "b", "c", "d"], 500)
    >>> price = np.tile(np.arange(500) / 100, 4)
    >>> dearer = np.where(town == "c", price + 2, price)
    >>> found = root_causes({"town": town, "price": price}, {"town": town, "price": dearer}, segments=["town"])
    >>> found.drifted, found.columns[0].where[0].segment, round(found.columns[0].where[0].part, 2)
    (('price',), 'c', 1.0)
    """
    names, skipped = _names(reference, current, columns, fdr, dispersion)
    codes = {c: coded(reference[c], current[c]) for c in {*names, *segments}}
    rows = _rows(codes)
    by, before = {s: codes[s] for s in segments}, periods[0] if isinstance(periods, tuple) else None
    wild = {c: wildness(codes[c], before) if dispersion is None else dispersion for c in names}
    found = _ranked({c: codes[c] for c in names}, by, rows, (fdr, least), wild)
    losses, days = _losses(loss, rows), _given(periods, rows)
    deep = [cause for cause in found[:DEEP] if cause.drifted]
    looked = {c.column: _into(c, codes, segments, days, losses) for c in deep}
    whole = None
    if losses is not None and names:
        kept, masks = losses
        whole = joint_parts(kept, [_masked(codes[c], masks) for c in names], seed=seed, dispersion=max(wild.values()))
    moved = None if whole is None else not whole.change.low <= 0 <= whole.change.high
    return RootCauses(
        rows=rows, fdr=fdr, skipped=skipped, loss=whole,
        columns=tuple(looked.get(c.column, c) for c in found),
        happened=happened(any(c.drifted for c in found), moved) if loss is not None else None,
    )  # fmt: skip


def _names(
    reference: Mapping[str, Any], current: Mapping[str, Any], columns: Sequence[str] | None, fdr: float,
    dispersion: float | None,
) -> tuple[list[str], dict[str, str]]:  # fmt: skip
    if not 0 < fdr < 1 or (dispersion is not None and dispersion < 1):
        raise ValueError(f"fdr={fdr}, dispersion={dispersion} declare no rate. Allowed: 0 < fdr < 1, dispersion ≥ 1")
    absent = [c for c in columns or () if c not in reference or c not in current]
    if absent:
        both = ", ".join(c for c in reference if c in current)
        raise ValueError(f"column {absent[0]!r} is not on both sides. Allowed: {both}")
    chosen = list(reference) if columns is None else list(columns)
    skipped = {c: "only one side has it" for c in {*reference, *current} if (c in reference) != (c in current)}
    return [c for c in chosen if c not in skipped], skipped


def _rows(codes: Mapping[str, Coded]) -> tuple[int, int]:
    sizes = {(c.reference.size, c.current.size) for c in codes.values()}
    if len(sizes) > 1:
        raise ValueError(f"columns have {sorted(sizes)} rows. Allowed: one length for each side")
    return next(iter(sizes), (0, 0))


def _ranked(
    codes: Mapping[str, Coded],
    by: Mapping[str, Coded],
    rows: tuple[int, int],
    limits: tuple[float, float],
    wild: Mapping[str, float],
) -> list[Cause]:
    """All columns: those that drifted first, those furthest above their noise before others."""
    if not min(rows):
        return []
    told = {name: places(name, each, by, wild[name]) for name, each in codes.items()}
    adjusted = adjusted_p([combined(each) for each in told.values()])
    causes = [
        _cause(name, each, q, codes[name], wild[name], limits)
        for (name, each), q in zip(told.items(), adjusted, strict=True)
    ]  # fmt: skip
    return sorted(causes, key=lambda c: (not c.drifted, -c.place.times if c.drifted else c.p, c.column))


def _cause(
    name: str, found: Sequence[Place], adjusted: float, codes: Coded, wild: float, limits: tuple[float, float]
) -> Cause:
    """One column, at its whole or at the segment that moved furthest above its noise, of those that are sure."""
    fdr, least = limits
    sure = [p for p in found if p.alone <= fdr and p.psi >= least]
    place = max(sure, key=lambda p: p.times, default=found[0])
    return Cause(
        column=name, psi=found[0].psi, floor=found[0].floor, p=combined(found), adjusted=adjusted, dispersion=wild,
        drifted=adjusted <= fdr and bool(sure), place=place, bins=_bins(codes, place),
    )  # fmt: skip


def _bins(codes: Coded, place: Place) -> tuple[str, ...]:
    """The three bins whose share moved most there, in words."""
    before, after = place.counts
    p, q = before / before.sum(), after / after.sum()
    top = sorted(range(p.size), key=lambda k: -abs(q[k] - p[k]))[:KEPT]
    return tuple(f"{codes.labels[k]}: {p[k]:.1%} → {q[k]:.1%}" for k in top if p[k] != q[k])


def _into(
    cause: Cause, codes: Mapping[str, Coded], segments: Sequence[str], periods: Any | None,
    losses: tuple[tuple[Floats, Floats], tuple[Any, Any]] | None,
) -> Cause:  # fmt: skip
    """*cause* with its segments, its beginning and its part of the loss."""
    own, dispersion = codes[cause.column], cause.dispersion
    place = cause.place
    scores = place.scores(own)
    where = [
        Where(
            column=name, segment=p.segment, mix=p.mix, within=p.within, shares=p.shares, part=p.part,
            beyond=p.beyond, z=p.z,
        )
        for name in segments if name != cause.column for p in parts(scores, codes[name])
    ]  # fmt: skip
    held = sorted((w for w in where if w.beyond > 0 and (abs(w.z) > SURE or not w.within)), key=lambda w: -w.beyond)
    part = None
    if losses is not None:
        part = loss_parts(losses[0], _masked(own, losses[1]), dispersion=dispersion)
    return Cause(
        column=cause.column, psi=cause.psi, floor=cause.floor, p=cause.p, adjusted=cause.adjusted, drifted=True,
        dispersion=dispersion, place=place,
        bins=cause.bins, where=tuple(held[:KEPT]), loss=part,
        since=None if periods is None else _began(scores, place, codes, periods, dispersion),
    )  # fmt: skip


def _began(
    scores: tuple[Floats, Floats], place: Place, codes: Mapping[str, Coded], periods: Any, dispersion: float
) -> Since | None:
    """In the rows of the place alone."""
    if place.column is None:
        return began(*scores, periods, dispersion)
    inside = codes[place.column]
    mine = inside.current == place.index
    return began(scores[0][inside.reference == place.index], scores[1][mine], periods[mine], dispersion)


def began(before: Floats, after: Floats, periods: Any, dispersion: float = 1.0) -> Since | None:
    """The period of the current rows since which the mean of a score lies furthest from all before it.

    The largest standardised difference over all splits, the reference counted as before. ``None`` where it is no sure
    difference, or no period is known.
    """
    names, codes = np.unique(np.asarray(periods).astype(str), return_inverse=True)
    if not names.size or not before.size:
        return None
    n, total = np.bincount(codes), np.bincount(codes, weights=after)
    later_n, later = np.cumsum(n[::-1])[::-1], np.cumsum(total[::-1])[::-1]
    early_n, early = before.size + n.sum() - later_n, before.sum() + total.sum() - later
    spread = float(np.sqrt((before.var() * before.size + after.var() * after.size) / (before.size + after.size)))
    if not spread:
        return None
    apart = later / later_n - early / early_n
    z = apart / (spread * np.sqrt(dispersion * (1 / later_n + 1 / early_n)))
    first = int(np.argmax(np.abs(z)))
    return Since(period=str(names[first]), z=float(z[first])) if abs(z[first]) > SURE else None


def _given(periods: Any | None, rows: tuple[int, int]) -> Any | None:
    """The periods of the current rows: given alone, or after those of the reference."""
    if periods is None:
        return None
    found = np.asarray(periods[1] if isinstance(periods, tuple) else periods)
    if found.size != rows[1]:
        raise ValueError(f"there are {found.size} periods for {rows[1]} current rows. Allowed: one for each")
    return found


def _losses(
    loss: tuple[Any, Any] | None, rows: tuple[int, int]
) -> tuple[tuple[Floats, Floats], tuple[Any, Any]] | None:
    """The losses that are numbers, and which rows they are of; ``None`` where a side has none."""
    if loss is None:
        return None
    both = [np.asarray(side, dtype=np.float64) for side in loss]
    if tuple(side.size for side in both) != rows:
        found = [side.size for side in both]
        raise ValueError(f"there are {found} losses for {list(rows)} rows. Allowed: one for each")
    masks = (np.isfinite(both[0]), np.isfinite(both[1]))
    if not masks[0].any() or not masks[1].any():
        return None
    return (both[0][masks[0]], both[1][masks[1]]), masks


def _masked(codes: Coded, masks: tuple[Any, Any]) -> Coded:
    return Coded(labels=codes.labels, reference=codes.reference[masks[0]], current=codes.current[masks[1]])
