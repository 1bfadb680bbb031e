"""Owns ``lasting``: the shifts of windows that are too small for any one of them, and since when."""

from collections.abc import Sequence

import numpy as np

from qoa_platform.verdicts.changes.segmenting import Floats
from qoa_platform.verdicts.changes.watch import Shift, Watch

FIRST = 28
"""Windows that are taken as before any shift."""
WEEK, SURE = 7, 0.001
"""The season that is looked for in them, and how sure it has to be."""


def lasting(values: Sequence[float | None], *, run_length: float = 1_000.0) -> list[Shift]:
    """The lasting shifts of *values*, one per window in order; at most one false one in *run_length* windows.

    A :class:`Watch` over what is left when a weekly season of which the first 28 windows are sure (F test, .1 %) is
    taken out. Values that are missing or not finite are passed over; fewer than 29, or constant ones, shift nowhere.

    >>> weekend = [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 7.0]
    >>> days = [weekend[i % 7] + i * 5 % 9 / 9 + (1.5 if i >= 50 else 0.0) for i in range(80)]
    >>> [(s.since, round(s.after - s.before, 1)) for s in lasting(days)]
    [(50, 1.8)]
    """
    x = np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)
    left = x - _season(x[:FIRST])[np.arange(len(x)) % WEEK] if len(x) > FIRST else x
    watch = Watch(run_length=run_length, warm_up=FIRST)
    return [shift for value in left.tolist() if (shift := watch.update(value)) is not None]


def _season(first: Floats) -> Floats:
    """What each day of the week differs by, where an F test is sure of it; nothing where a value is missing."""
    from scipy.special import fdtrc  # noqa: PLC0415 (heavy import)

    weeks = np.clip(first, -1e100, 1e100).reshape(-1, WEEK)
    offsets, means = np.median(weeks, axis=0) - np.median(weeks), weeks.mean(axis=0)
    between = weeks.shape[0] * float(((means - means.mean()) ** 2).sum()) / (WEEK - 1)
    degrees = weeks.size - WEEK
    within = float(((weeks - means) ** 2).sum()) / degrees
    sure = within > 0 and fdtrc(WEEK - 1, degrees, between / within) < SURE
    return np.asarray(offsets if sure else np.zeros(WEEK), dtype=np.float64)
