"""Owns what is done to a series before it is segmented: outliers are cut, a proven season is taken out."""

from dataclasses import dataclass

import numpy as np

from qoa_platform.verdicts.changes.segmenting import Floats, Places

AROUND = 11
"""Points of the running median that outliers are measured from."""
CLIP = 4.0
"""Robust standard deviations from it at which a value is cut."""
MAD_TO_SIGMA = 1.4826
PERIODS = (7, 12, 24, 48, 52, 96, 144, 168, 288)
"""Seasons that are tried: days of a week, months, hours, half hours, weeks, quarter hours, ten minutes, week hours."""
CYCLES = 4
"""Whole seasons that a series must show before one is believed."""
GAIN = 0.5
"""A season is taken out when deviations are at most this share of those without it, each told by the other half."""
GRAIN_SHARE = 12.0
"""δ²/12 is the variance of rounding to a grid of δ (Sheppard): a stretch that is constant on it varies no less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A series ready to be segmented: mean 0, variance 1. *scale* turns it back; *floor* is its least variance.

    *period* is the season that was taken out, in points; ``None``: none was proven.
    """

    values: Floats
    scale: float
    floor: float
    period: int | None


def prepared(values: Floats, *, floor: float) -> Prepared | None:
    """*values* (finite) as a series that can be segmented, ``None`` where nothing in it varies.

    Values are cut at the running median of 11 ± 4 robust standard deviations, so that a few outliers are no change of
    spread; the least variance is *floor* of the whole, or that of the grid the values lie on (counts, rounded figures),
    so that a run of equal values is no change either.
    """
    period = season_of(values)
    plain = values - _season(values, period) if period else values
    cut = clipped(plain)
    scale = float(cut.std())
    if not np.isfinite(scale) or scale <= 1e-12 * max(1.0, float(np.abs(cut).max())):
        return None
    grain = _grain(values) if period is None else 0.0
    least = max(floor, grain**2 / GRAIN_SHARE / scale**2)
    return Prepared(values=(cut - cut.mean()) / scale, scale=scale, floor=least, period=period)


def clipped(values: Floats) -> Floats:
    """*values* cut at the running median ± ``CLIP`` · 1.4826 · the median deviation from it (0: nothing is cut)."""
    if len(values) < AROUND:
        return values
    middle = running_median(values, AROUND)
    off = values - middle
    reach = CLIP * MAD_TO_SIGMA * float(np.median(np.abs(off)))
    return middle + np.clip(off, -reach, reach) if reach > 0 else values


def running_median(values: Floats, width: int) -> Floats:
    """The median of the *width* (odd) points around each; the ends are mirrored."""
    half = min(width // 2, len(values) - 1)
    padded = np.pad(values, half, mode="reflect")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1))


def season_of(values: Floats) -> int | None:
    """The period whose season tells each half of the cycles from the other best, if any tells it well enough."""
    best, found = GAIN, None
    for period in PERIODS:
        if len(values) < CYCLES * period:
            break
        off = values - running_median(values, period + 1 - period % 2)
        without = float(np.median(np.abs(off)))
        cycles = np.arange(len(values)) // period
        left = np.empty_like(off)
        for half in (0, 1):
            own, other = cycles % 2 == half, cycles % 2 != half
            left[own] = off[own] - _by_phase(off, np.flatnonzero(other), period)[np.flatnonzero(own) % period]
        share = float(np.median(np.abs(left))) / without if without > 0 else 1.0
        if share < best:
            best, found = share, period
    return found


def _season(values: Floats, period: int) -> Floats:
    off = values - running_median(values, period + 1 - period % 2)
    places = np.arange(len(values))
    return _by_phase(off, places, period)[places % period]


def _by_phase(off: Floats, places: Places, period: int) -> Floats:
    return np.array([np.median(off[places[places % period == phase]]) for phase in range(period)])


def _grain(values: Floats) -> float:
    """The smallest step between two different values that occur."""
    different = np.unique(values)
    return float(np.diff(different).min()) if len(different) > 1 else 0.0
