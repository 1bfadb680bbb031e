"""Owns named: the changes of a whole history, each with when, how large and how sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import log, sqrt

import numpy as np
from scipy.special import gammaincc

from qoa_platform.verdicts.changes.change import Change, Kind
from qoa_platform.verdicts.changes.preparing import Prepared, prepared
from qoa_platform.verdicts.changes.segmenting import LEAST, SLOPE, SLOPED, Cost, Floats, Places, segment

ALARMS = 0.05
"""The share of series without a change in which one is named, at most, for up to moderate autocorrelation."""
BASE = 6.0
"""A change costs ``6 · ln n``: twice what its place, mean and variance cost by the Bayesian information criterion."""
FLOOR = 1e-3
"""The least variance of a stretch, as a share of the whole series': a constant stretch is not infinitely likely."""
ROUNDS = 10
OPEN = 6.0
"""−2 · Δ log-likelihood within which a place is still possible (95 %, two unknowns: χ²₂ = 5.99)."""
HUGE = 1e100
"""Larger values are taken for this, so that their squares are numbers."""
RHO_MAX = 0.95
SPREAD_ONLY = 0.5
"""A level that moved by less than so many standard deviations is not what changed."""


def named(values: Sequence[float], at: Sequence[datetime] | None = None) -> tuple[Change, ...]:
    """The lasting changes of *values*, in order; *at* says when each was measured.

    The division into stretches of a constant level, or a line, each with a variance of its own, whose penalised
    likelihood is best. A change costs ``6 · ln n · √((1 + ρ)/(1 − ρ))``, where ρ is the autocorrelation (lag 1) of what
    the stretches leave, estimated with them until both stand: waves of a sluggish series are no changes. Outliers are
    cut first, a season that is proven is taken out (:mod:`.preparing`). Values that are not finite are left out;
    positions are those of *values*. Fewer than ten values, or values that do not vary, have no changes.

    >>> found = named([10.0, 11, 9, 10, 12, 10, 9, 11, 10, 10, 11, 9] * 2 + [15.0, 16, 14, 15, 17, 15, 14, 16] * 3)
    >>> [(c.index, str(c.kind), c.before, c.after) for c in found]
    [(24, 'level', 10.0, 15.0)]

    Raises ValueError where *at* has another length. Source: Killick, Fearnhead & Eckley (2012), JASA 107(500); the
    price under autocorrelation: Romano et al. (2022), JASA 117(540), by the variance of a mean of such a series.
    """
    if at is not None and len(at) != len(values):
        message = f"{len(values)} values and {len(at)} times. Allowed: a time for each value"
        raise ValueError(message)
    given = np.asarray(values, dtype=np.float64)
    given = np.where(np.isfinite(given), np.clip(given, -HUGE, HUGE), given)
    kept = np.flatnonzero(np.isfinite(given))
    ready = prepared(given[kept], floor=FLOOR) if len(kept) >= 2 * LEAST else None
    if ready is None:
        return ()
    places, rho = _places(ready)
    cost = Cost.of(ready.values, floor=ready.floor, slope=0.0)
    edges = [0, *places, len(ready.values)]
    scene = _Scene(values=ready.values, given=given, kept=kept, cost=cost, wave=_wave(rho), at=at)
    return tuple(_change(scene, (edges[i - 1], edges[i], edges[i + 1])) for i in range(1, len(edges) - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What every change is described by: *kept* are the places in *given* of the prepared *values*."""

    values: Floats
    given: Floats
    kept: Places
    cost: Cost
    wave: float
    at: Sequence[datetime] | None


def _places(ready: Prepared) -> tuple[list[int], float]:
    """The changes and the autocorrelation that agree with one another."""
    n, rho = len(ready.values), 0.0
    found: list[int] | None = None
    for _ in range(ROUNDS):
        penalty = BASE * log(n) * _wave(rho)
        cost = Cost.of(ready.values, floor=ready.floor, slope=SLOPE * penalty)
        again = segment(cost, penalty)
        if found is not None and len(again) >= len(found):
            break
        found, rho = again, _autocorrelation(ready.values, again)
    return found or [], rho


def _wave(rho: float) -> float:
    """By what autocorrelation widens a mean: √((1 + ρ)/(1 − ρ))."""
    return sqrt((1 + rho) / (1 - rho))


def _autocorrelation(values: Floats, places: Sequence[int]) -> float:
    """Lag 1, pooled over the stretches (each to variance 1), with the bias (1 + 3ρ)/n of every stretch put back."""
    edges = [0, *places, len(values)]
    product = square = 0.0
    for start, end in pairwise(edges):
        left = _residual(values[start:end])
        spread = float(left.std())
        if spread > 0:
            left = left / spread
            product, square = product + float(left[1:] @ left[:-1]), square + float(left @ left)
    if square == 0:
        return 0.0
    raw = product / square
    return float(np.clip(raw + (1 + 3 * max(raw, 0.0)) * (len(edges) - 1) / len(values), 0.0, RHO_MAX))


def _residual(stretch: Floats) -> Floats:
    if len(stretch) < SLOPED:
        return np.asarray(stretch - stretch.mean())
    places = np.arange(len(stretch)) - (len(stretch) - 1) / 2
    return np.asarray(stretch - stretch.mean() - places * float(places @ stretch) / float(places @ places))


def _change(scene: _Scene, edges: tuple[int, int, int]) -> Change:
    """What happened between two neighbouring stretches."""
    start, place, end = edges
    cost, kept, wave = scene.cost, scene.kept, scene.wave**2
    possible = np.arange(start + LEAST, end - LEAST + 1)
    split = cost.between(np.full_like(possible, start), possible) + cost.between(possible, np.full_like(possible, end))
    here = float(cost.between(start, place) + cost.between(place, end))
    gained = (float(cost.between(start, end)) - here) / wave
    open_ = possible[split <= here + OPEN * wave]
    sides = scene.given[kept[start:place]], scene.given[kept[place:end]]
    kind, before, after, spreads = _what(*sides, scene, edges)
    index = int(kept[place])
    return Change(
        index=index, at=scene.at[index] if scene.at is not None else None, kind=kind, before=before, after=after,
        spreads=spreads, earliest=int(kept[open_.min()]), latest=int(kept[open_.max()]),
        p=min(1.0, len(possible) * float(gammaincc(1.5, max(gained, 0.0) / 2))),
    )  # fmt: skip


def _what(
    before: Floats, after: Floats, scene: _Scene, edges: tuple[int, int, int]
) -> tuple[Kind, float, float, float]:
    """What changed, from what to what, and by how many spreads."""
    start, place, end = edges
    cost, left, right = scene.cost, scene.values[start:place], scene.values[place:end]
    sides = [(start, place), (place, end)]
    lines = [bool(many) and float(level - sloped) > BASE * log(cost.n) for level, sloped, many in
             (cost.parts(a, b) for a, b in sides)]  # fmt: skip
    spread = sqrt((_residual(left) @ _residual(left) + _residual(right) @ _residual(right)) / (end - start)) or 1.0
    if any(lines):
        slopes = [_slope(before), _slope(after)]
        moved = (_slope(right) - _slope(left)) * min(len(left), len(right)) / spread
        return Kind.TREND, slopes[0], slopes[1], moved
    moved = float(np.median(right) - np.median(left)) / spread
    widths = float(left.std()), float(right.std())
    if abs(moved) < SPREAD_ONLY and min(widths) > 0:
        return Kind.SPREAD, float(before.std()), float(after.std()), log(widths[1] / widths[0])
    return Kind.LEVEL, float(np.median(before)), float(np.median(after)), moved


def _slope(values: Floats) -> float:
    places = np.arange(len(values)) - (len(values) - 1) / 2
    return float(places @ (values - values.mean())) / float(places @ places)
