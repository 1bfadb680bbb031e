"""Owns what two models are compared by: metrics as sums per cluster, quickly taken without any of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A metric: *sums* of (truth, prediction, labels) per row, rows × parts, and *value* of their totals (…, parts).

    *higher*: more is better.
    """

    name: str
    higher: bool
    sums: Callable[[Values, Values, Values], Floats]
    value: Callable[[Floats], Floats]

    @property
    def sign(self) -> float:
        """+1 where higher is better, −1 where lower is."""
        return 1.0 if self.higher else -1.0


def _hits(truth: Values, predicted: Values, labels: Values) -> Floats:
    """Per class: rows of it, and those that were found."""
    of = (truth[:, None] == labels[None, :]).astype(np.float64)
    return np.concatenate([of, of * (truth == predicted)[:, None]], axis=1)


def _table(truth: Values, predicted: Values, labels: Values) -> Floats:
    """Per class: rows of it, rows said to be of it, rows that are both."""
    of = (truth[:, None] == labels[None, :]).astype(np.float64)
    said = (predicted[:, None] == labels[None, :]).astype(np.float64)
    return np.concatenate([of, said, of * said], axis=1)


def _accuracy(truth: Values, predicted: Values, labels: Values) -> Floats:
    del labels
    return np.stack([np.ones(len(truth)), (truth == predicted).astype(np.float64)], axis=1)


def _mean(totals: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(totals[..., 1] / totals[..., 0])


def _balanced(totals: Floats) -> Floats:
    rows, hits = np.split(totals, 2, axis=-1)
    return _present(hits, rows)


def _f1(totals: Floats) -> Floats:
    rows, said, both = np.split(totals, 3, axis=-1)
    return _present(2 * both, rows + said)


def _present(part: Floats, whole: Floats) -> Floats:
    """The mean of part/whole over the classes that are there."""
    there = whole > 0
    ratio = np.divide(part, whole, out=np.zeros_like(part), where=there)
    count = there.sum(axis=-1)
    return np.asarray(np.divide(ratio.sum(axis=-1), count, out=np.full(count.shape, np.nan), where=count > 0))


def _loss(form: Callable[[Floats, Floats], Floats]) -> Callable[[Values, Values, Values], Floats]:
    def sums(truth: Values, predicted: Values, labels: Values) -> Floats:
        del labels
        one, other = truth.astype(np.float64), predicted.astype(np.float64)
        with np.errstate(over="ignore"):
            return np.stack([np.ones(len(one)), form(one, other)], axis=1)

    return sums


def _wape(truth: Values, predicted: Values, labels: Values) -> Floats:
    del labels
    one = truth.astype(np.float64)
    return np.stack([np.abs(one), np.abs(one - predicted.astype(np.float64))], axis=1)


def _root(totals: Floats) -> Floats:
    return np.asarray(np.sqrt(_mean(totals)))


SCORES: Mapping[str, Score] = {
    s.name: s
    for s in (
        Score(name="accuracy", higher=True, sums=_accuracy, value=_mean),
        Score(name="balanced_accuracy", higher=True, sums=_hits, value=_balanced),
        Score(name="f1_macro", higher=True, sums=_table, value=_f1),
        Score(name="mae", higher=False, sums=_loss(lambda a, b: np.abs(a - b)), value=_mean),
        Score(name="mse", higher=False, sums=_loss(lambda a, b: (a - b) ** 2), value=_mean),
        Score(name="rmse", higher=False, sums=_loss(lambda a, b: (a - b) ** 2), value=_root),
        Score(name="wape", higher=False, sums=_wape, value=_mean),
    )
}
"""The metrics of predictions by name."""
CLASSES = frozenset({"accuracy", "balanced_accuracy", "f1_macro"})
"""Those of them that compare labels."""


def added(rows: Floats, codes: Ints, count: int) -> Floats:
    """The sums of *rows* by cluster: count × parts."""
    return np.stack([np.bincount(codes, weights=column, minlength=count) for column in rows.T], axis=1)
