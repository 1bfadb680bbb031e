"""Owns the metrics of classification from probable labels: weights of classes in place of classes.

*weights* are ``(…, n, K)``: for each row how much it is of each class; one-hot for labels that are known, probabilities
for those that are not. The same formula so gives the realised and the expected value, and that of many draws at once.
"""

from collections.abc import Callable

import numpy as np

from qoa_platform.verdicts.estimating.calibration import Floats, Places

EDGE = 1e-15


def confusion(weights: Floats, predicted: Places) -> Floats:
    """``(…, K, K)``: Σ of the weights of each true class (rows) by predicted class (columns)."""
    taken = np.eye(weights.shape[-1])[predicted]
    return np.asarray(np.swapaxes(weights, -1, -2) @ taken)


def accuracy(table: Floats) -> Floats:
    """The share of rows whose class was predicted."""
    return _ratio(np.trace(table, axis1=-2, axis2=-1), table.sum(axis=(-2, -1)))


def precision(table: Floats) -> Floats:
    """Of those predicted positive, those that are; the mean over classes where there are more than two."""
    return _one_or_mean(_ratio(_diagonal(table), table.sum(axis=-2)))


def recall(table: Floats) -> Floats:
    """Of those that are positive, those predicted so; the mean over classes where there are more than two."""
    return _one_or_mean(_ratio(_diagonal(table), table.sum(axis=-1)))


def f1(table: Floats) -> Floats:
    """The harmonic mean of precision and recall."""
    return _one_or_mean(_ratio(2 * _diagonal(table), table.sum(axis=-1) + table.sum(axis=-2)))


def balanced_accuracy(table: Floats) -> Floats:
    """The mean recall over classes."""
    return np.asarray(_ratio(_diagonal(table), table.sum(axis=-1)).mean(axis=-1))


def roc_auc(weights: Floats, scores: Floats) -> Floats:
    """The area under the ROC curve (one class against the rest, the mean over classes where more than two)."""
    return _by_class(weights, scores, _auc)


def average_precision(weights: Floats, scores: Floats) -> Floats:
    """The area under precision by recall, equal scores as one step; the mean over classes where more than two."""
    return _by_class(weights, scores, _average_precision)


def log_loss(weights: Floats, scores: Floats) -> Floats:
    """The mean −ln of the score of the true class, scores cut at 1e-15."""
    cut = np.log(np.clip(scores / scores.sum(axis=-1, keepdims=True), EDGE, 1.0))
    return np.asarray(-(weights * cut).sum(axis=-1).mean(axis=-1))


def brier(weights: Floats, scores: Floats) -> Floats:
    """The mean squared distance of scores and classes (of the positive class where there are two)."""
    squares = (weights * (1 - scores) ** 2 + (1 - weights) * scores**2).mean(axis=-2)
    return np.asarray(squares[..., 1] if scores.shape[-1] == 2 else squares.sum(axis=-1))  # noqa: PLR2004


BY_TABLE: dict[str, Callable[[Floats], Floats]] = {
    "accuracy": accuracy, "precision": precision, "recall": recall, "f1": f1, "balanced_accuracy": balanced_accuracy,
}  # fmt: skip
BY_SCORE: dict[str, Callable[[Floats, Floats], Floats]] = {
    "roc_auc": roc_auc, "average_precision": average_precision, "log_loss": log_loss, "brier": brier,
}  # fmt: skip
CLASSIFICATION = (*BY_TABLE, *BY_SCORE)


def _diagonal(table: Floats) -> Floats:
    return np.asarray(np.diagonal(table, axis1=-2, axis2=-1))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0))


def _one_or_mean(by_class: Floats) -> Floats:
    return np.asarray(by_class[..., 1] if by_class.shape[-1] == 2 else by_class.mean(axis=-1))  # noqa: PLR2004


def _by_class(weights: Floats, scores: Floats, area: Callable[[Floats, Floats], Floats]) -> Floats:
    classes = [1] if scores.shape[-1] == 2 else range(scores.shape[-1])  # noqa: PLR2004
    return np.asarray(np.mean([area(weights[..., k], scores[:, k]) for k in classes], axis=0))


def _steps(positive: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Σ of positives and negatives for each different score, the highest first."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    up = np.add.reduceat(positive[..., order], starts, axis=-1)
    return up, np.add.reduceat(1 - positive[..., order], starts, axis=-1)


def _auc(positive: Floats, score: Floats) -> Floats:
    up, down = _steps(positive, score)
    above = np.cumsum(up, axis=-1) - up / 2
    return _ratio((down * above).sum(axis=-1), up.sum(axis=-1) * down.sum(axis=-1))


def _average_precision(positive: Floats, score: Floats) -> Floats:
    up, down = _steps(positive, score)
    hits, seen = np.cumsum(up, axis=-1), np.cumsum(up + down, axis=-1)
    return _ratio((up * hits / seen).sum(axis=-1), up.sum(axis=-1))
