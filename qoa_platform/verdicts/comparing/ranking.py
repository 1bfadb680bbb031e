"""Owns the AUC of paired scores: DeLong's components by midranks, also for several classes and for clusters."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def auc(positive: Bools, scores: Floats) -> tuple[float, Floats]:
    """The AUC and each row's part in it (its influence): their sum of squares is the variance of the AUC.

    A positive's part is ``(V10 − AUC)/√(m(m−1))``, a negative's ``(V01 − AUC)/√(n(n−1))``, V the share of the other
    side that it is ranked right against, ties by half: exactly DeLong's variance. O(n log n).
    NaN without a positive, or without a negative.

    >>> round(auc(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.6, 0.1]))[0], 3)
    0.75

    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44; Sun & Xu (2014), IEEE Signal Processing Letters 21.
    """
    m, n = int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        return float("nan"), np.full(len(positive), np.nan)
    ranks = rankdata(scores)
    parts = np.empty(len(scores))
    parts[positive] = (ranks[positive] - rankdata(scores[positive])) / n
    parts[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / m
    value = float(parts[positive].mean())
    parts -= value
    parts[positive] /= np.sqrt(m * max(m - 1, 1))
    parts[~positive] /= np.sqrt(n * max(n - 1, 1))
    return value, parts


def auc_macro(truth: NDArray[np.generic], scores: Floats, labels: NDArray[np.generic]) -> tuple[float, Floats]:
    """The AUC of one column of scores (of the last label), or the mean over *labels* of each against the rest."""
    if scores.ndim == 1:
        return auc(truth == labels[-1], scores)
    found = [auc(truth == label, scores[:, k]) for k, label in enumerate(labels)]
    return float(np.mean([value for value, _ in found])), np.asarray(
        np.mean([parts for _, parts in found], axis=0), dtype=np.float64
    )
