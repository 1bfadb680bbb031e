"""Owns the oracles of distribution and schema: moments, extremes, categories and text, by NumPy, SciPy and pandas."""

from collections.abc import Callable

import numpy as np

from tests.metrics.asking import NO_DATA, NO_REFERENCE, NOT_APPLICABLE, Asked, Case, Expect, Expected, ratio


def of_finite(of: Callable[[np.ndarray], float], at_least: int = 1) -> Expect:
    """A number of the finite values."""

    def expect(asked: Asked) -> Expected:
        n = len(asked.finite)
        return Expected(float(of(asked.finite)), n) if n >= at_least else NOT_APPLICABLE if n else NO_DATA

    return expect


def magnitude(asked: Asked) -> float:
    """The sum of the magnitudes: what rounding of a sum is relative to."""
    return float(np.abs(asked.finite).sum())


def unseen(*, distinct: bool) -> Expect:
    """Values that are not in the reference, as a share of rows or as distinct values."""

    def expect(asked: Asked) -> Expected:
        if asked.known.empty:
            return NO_REFERENCE
        alien = asked.present[~asked.present.isin(set(asked.known))]
        return Expected(alien.nunique(), len(asked.present)) if distinct else ratio(len(alien), len(asked.present))

    return expect


SHAPE: dict[str, tuple[Case, ...]] = {
    "data.mean": (Case(columns=("x", "k"), expect=of_finite(np.mean), scale=magnitude),),
    "data.sum": (Case(columns=("x", "k"), expect=of_finite(np.sum), scale=magnitude),),
    "data.std": (Case(columns=("x", "k"), expect=of_finite(lambda v: np.std(v, ddof=1), at_least=2), scale=magnitude),),
    "data.min": (Case(columns=("x", "k"), expect=of_finite(np.min)),),
    "data.max": (Case(columns=("x", "k"), expect=of_finite(np.max)),),
    "data.unseen_share": (Case(columns=("s", "k"), expect=unseen(distinct=False)),),
    "data.unseen_count": (Case(columns=("s", "k"), expect=unseen(distinct=True)),),
}  # fmt: skip
"""By id."""
