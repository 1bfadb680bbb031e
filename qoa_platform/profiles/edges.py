"""Owns bins and fences: how the frozen edges of a numeric column follow from its reference values (metrics.md 4.10)."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from qoa_platform.records import Edges, Fences

Floats = NDArray[np.float64]
FEW_VALUES = 20
"""Up to so many distinct values each has a bin of its own."""
FENCE_K = 3.0


def edges(values: Floats, bins: int, *, ends: bool = False) -> Edges | None:
    """Frozen edges of *bins* bins, right-closed ``(e_{j−1}, e_j]``, outer bins open, with the reference's counts.

    The edges are the quantiles j/B by inverted CDF: observed values, without repetition. A value with a share of at
    least 1/B has a bin of its own (the previous distinct value is added as an edge). Up to 20 distinct values have one
    bin each, and the open last bin is for what is larger than all. *values* are the present ones, **sorted**; ±inf is
    counted in an outer bin and is never an edge. With *ends* the least and the greatest value are edges too, so that
    nothing of the reference lies beyond them. ``None`` without a finite value.

    >>> edges(np.array([0.0, 0.0, 0.0, 1.0, 2.0]), 10)
    Edges(edges=(0.0, 1.0, 2.0), counts=(3, 1, 1, 0))

    Reference: Siddiqi (2006) bins by reference quantiles; Hyndman & Fan (1996), definition 1.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    distinct, counts = np.unique(finite, return_counts=True)
    if distinct.size <= FEW_VALUES:
        chosen = distinct
    else:
        ranks = [ceil(finite.size * j / bins) - 1 for j in range(1, bins)]
        often = np.flatnonzero(counts * bins >= finite.size)
        chosen = np.union1d(finite[ranks], distinct[often[often > 0] - 1])
        chosen = np.union1d(chosen, finite[[0, -1]]) if ends else chosen
    return counted(tuple(chosen.tolist()), values)


def counted(frozen: tuple[float, ...], values: Floats) -> Edges:
    """The counts of the **sorted** present *values* in the bins of *frozen* edges."""
    below = np.searchsorted(values, np.array(frozen), side="right")
    return Edges(edges=frozen, counts=tuple(np.diff(below, prepend=0, append=values.size).tolist()))


def fences(values: Floats, k: float = FENCE_K) -> Fences | None:
    """``[Q1 − k·IQR, Q3 + k·IQR]`` of the finite *values*; with IQR = 0 the 0.5 % and 99.5 % quantiles.

    Quantiles by linear interpolation (type 7). k = 3 marks what Tukey calls *far out*; a column that is mostly one
    value (zero-inflated) has IQR 0, and fences without width would call every other value an outlier.

    >>> fences(np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
    Fences(low=-5.0, high=9.0)

    Reference: Tukey (1977), Exploratory Data Analysis.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    q1, q3 = np.quantile(finite, [0.25, 0.75]).tolist()
    if q1 == q3:
        low, high = np.quantile(finite, [0.005, 0.995]).tolist()
        return Fences(low=low, high=high)
    return Fences(low=q1 - k * (q3 - q1), high=q3 + k * (q3 - q1))
