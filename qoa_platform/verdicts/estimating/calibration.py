"""Owns Calibration: the map from a model's score to the probability that it stands for, frozen as knots."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
FOLDS = 5
GRID = 101
"""Knots that a smooth map is kept as."""
EDGE = 1e-6


class Method(StrEnum):
    """How a score becomes a probability."""

    NONE = "none"
    """The score is one."""
    SIGMOID = "sigmoid"
    """Logistic in the score's logit (Platt)."""
    ISOTONIC = "isotonic"
    """Any map that does not fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A non-decreasing map of scores in [0, 1] to probabilities: linear between *knots* (score, probability).

    It is plain data, so that a profile can hold it.

    >>> found = Calibration.fit([0.1, 0.2, 0.8, 0.9] * 50, [0, 0, 1, 0] * 50, method=Method.ISOTONIC)
    >>> found.probabilities([0.1, 0.85, 2.0]).round(2).tolist()
    [0.0, 0.5, 0.5]
    """

    method: Method
    knots: tuple[tuple[float, float], ...]
    n: int

    @classmethod
    def fit(
        cls, scores: Sequence[float] | Floats, labels: Sequence[float] | Floats, *, method: Method | None = None
    ) -> "Calibration":
        """The map that tells *labels* (0 or 1) from *scores*; *method* by 5-fold Brier score where it is not given.

        Folds are stretches in the order given, so that rows of one time do not tell one another. Raises ValueError
        without a row.
        """
        s, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
        if not len(s) or len(s) != len(y):
            message = f"{len(s)} scores and {len(y)} labels. Allowed: as many of each, at least one"
            raise ValueError(message)
        return cls(method=(chosen := method or _chosen(s, y)), knots=_knots(s, y, chosen), n=len(s))

    def probabilities(self, scores: Sequence[float] | Floats) -> Floats:
        """The probability for each score; beyond the outer knots, that of the nearest."""
        at, p = np.array(self.knots).T
        return np.asarray(np.interp(np.asarray(scores, dtype=np.float64), at, p))


def _chosen(scores: Floats, labels: Floats) -> Method:
    if len(scores) < 2 * FOLDS or labels.min() == labels.max():
        return Method.NONE
    fold = np.arange(len(scores)) * FOLDS // len(scores)
    loss = dict.fromkeys(Method, 0.0)
    for k in range(FOLDS):
        rest, held = fold != k, fold == k
        for method in Method:
            at, p = np.array(_knots(scores[rest], labels[rest], method)).T
            loss[method] += float(((np.interp(scores[held], at, p) - labels[held]) ** 2).sum())
    return min(loss, key=loss.__getitem__)


def _knots(scores: Floats, labels: Floats, method: Method) -> tuple[tuple[float, float], ...]:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 (heavy import)
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (heavy import)

    if method is Method.SIGMOID and labels.min() != labels.max():
        model = LogisticRegression(C=1e6, max_iter=1_000).fit(_logit(scores), labels)
        at = np.unique(np.concatenate([np.linspace(0, 1, GRID), np.quantile(scores, np.linspace(0, 1, GRID))]))
        return _pairs(at, model.predict_proba(_logit(at))[:, 1])
    if method is Method.NONE:
        return ((0.0, 0.0), (1.0, 1.0))
    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, labels)
    return _pairs(model.X_thresholds_, model.y_thresholds_)


def _logit(scores: Floats) -> Floats:
    cut = np.clip(scores, EDGE, 1 - EDGE)
    return np.asarray(np.log(cut / (1 - cut))).reshape(-1, 1)


def _pairs(at: Floats, p: Floats) -> tuple[tuple[float, float], ...]:
    return tuple((float(a), float(b)) for a, b in zip(at, p, strict=True))
