"""Owns LossEstimator: the error of a regression told from its inputs by a model of the error (DLE)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from qoa_platform.records import Reason
from qoa_platform.verdicts.estimating.calibration import Floats, Places
from qoa_platform.verdicts.estimating.estimate import Estimate

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

FOLDS = 5
LEAST_WINDOWS = 6
WINDOWS = 40
LEAST = 50
"""Rows of a reference below which no model of the error is fitted."""
REGRESSION = ("mae", "mse", "rmse", "wape")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Rows of a regression whose outcome is known: *features* ``(n, m)`` (NaN is missing), *predicted*, *actual*."""

    features: Floats
    predicted: Floats
    actual: Floats

    def __len__(self) -> int:
        return len(self.predicted)

    def rows(self, chosen: slice | Places) -> "Outcomes":
        """Some of the rows."""
        return Outcomes(
            features=self.features[chosen], predicted=self.predicted[chosen], actual=self.actual[chosen]
        )  # fmt: skip

    def before(self, later: "Outcomes", most: int) -> "Outcomes":
        """These rows and *later* ones, of which the newest *most* are kept."""
        pairs = [(self.features, later.features), (self.predicted, later.predicted), (self.actual, later.actual)]
        features, predicted, actual = (np.concatenate(pair)[-most:] for pair in pairs)
        return Outcomes(features=features, predicted=predicted, actual=actual)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossEstimator:
    """What the inputs and predictions of a regression say of its errors: gradient boosting of |e|, and of e².

    Fitted on rows that the model did not train on. MAE is the mean predicted |e|, MSE and RMSE that of e²; WAPE is
    ``Σ predicted |e| ÷ (ρ · Σ|ŷ|)`` with ρ = Σ|y| ÷ Σ|ŷ| of the reference. Intervals are those of the realised metric:
    how far cross-fitted estimates of windows of the reference strayed from what came true, or what the variance of
    single errors gives for as many independent rows, whichever is wider.

    Source: NannyML documentation, How it works (DLE).
    """

    reference: Outcomes
    absolute: "HistGradientBoostingRegressor"
    squared: "HistGradientBoostingRegressor"
    held: Floats
    """Cross-fitted predictions of |e| and e² of the reference, ``(2, n)``."""

    @classmethod
    def fit(cls, reference: Outcomes, *, seed: int = 0) -> "LossEstimator":
        """Fit on *reference*, rows in the order of their time. Raises ValueError for fewer than 50 rows."""
        if len(reference) < LEAST:
            message = f"{len(reference)} rows of the reference have an outcome. Allowed: {LEAST} or more"
            raise ValueError(message)
        inputs, errors = _inputs(reference.features, reference.predicted), _errors(reference)
        fold = np.arange(len(reference)) * FOLDS // len(reference)
        held = np.empty_like(errors)
        for k in range(FOLDS):
            for i in (0, 1):
                held[i, fold == k] = (
                    _model(seed).fit(inputs[fold != k], errors[i, fold != k]).predict(inputs[fold == k])
                )
        absolute, squared = (_model(seed).fit(inputs, errors[i]) for i in (0, 1))
        return cls(reference=reference, absolute=absolute, squared=squared, held=np.maximum(held, 0.0))

    def refreshed(self, later: Outcomes, *, seed: int = 0) -> "LossEstimator":
        """The same after outcomes came in: fitted on as many rows as before, the newest ones."""
        return LossEstimator.fit(self.reference.before(later, len(self.reference)), seed=seed)

    def estimate(
        self, features: Floats, predicted: Floats, *, metrics: Sequence[str] = REGRESSION, confidence: float = 0.95
    ) -> dict[str, Estimate]:
        """Each of *metrics* in a window without outcomes."""
        if not len(predicted):
            return {
                m: Estimate(metric=m, value=None, n=0, confidence=confidence, reason=Reason.NO_DATA) for m in metrics
            }
        inputs = _inputs(features, predicted)
        told = np.maximum(np.stack([self.absolute.predict(inputs), self.squared.predict(inputs)]), 0.0)
        ratio = _share(np.abs(self.reference.actual).sum(), np.abs(self.reference.predicted).sum())
        found = {}
        for m in metrics:
            value = _told(m, told, np.abs(predicted).sum() * ratio)
            reach = self._reach(m, len(predicted), confidence)
            n, known = len(predicted), np.isfinite(value)
            found[m] = Estimate(
                metric=m, value=value if known else None, low=max(value * (1 - reach), 0.0) if known else None,
                high=value * (1 + reach) if known else None, n=n, confidence=confidence,
                reason=None if known else Reason.NOT_APPLICABLE,
            )  # fmt: skip
        return found

    def _reach(self, metric: str, n: int, confidence: float) -> float:
        """The half width of the interval, as a share of the value."""
        known, size = self.reference, max(1, min(n, len(self.reference) // LEAST_WINDOWS))
        starts = np.linspace(0, len(known) - size, min(WINDOWS, len(known) // size)).astype(int)
        ratio = _share(np.abs(known.actual).sum(), np.abs(known.predicted).sum())
        errors, misses = _errors(known), []
        for start in starts:
            rows = slice(int(start), int(start) + size)
            told = _told(metric, self.held[:, rows], np.abs(known.predicted[rows]).sum() * ratio)
            true = _told(metric, errors[:, rows], np.abs(known.actual[rows]).sum())
            if told > 0 and np.isfinite(true):
                misses.append((true / told - 1) ** 2)
        row = 0 if metric in ("mae", "wape") else 1
        mean = float(errors[row].mean())
        alone = float((errors[row] - self.held[row]).std()) / mean / sqrt(n) if mean > 0 else 0.0
        alone = alone / 2 if metric == "rmse" else alone
        spread = max(sqrt(float(np.mean(misses))) if misses else 0.0, alone)
        return NormalDist().inv_cdf((1 + confidence) / 2) * spread


def realised(metrics: Sequence[str], known: Outcomes) -> dict[str, float]:
    """The metrics of rows whose outcomes are known; NaN where one is not defined."""
    return {m: _told(m, _errors(known), float(np.abs(known.actual).sum())) for m in metrics}


def _told(metric: str, errors: Floats, total: float) -> float:
    """A metric of rows with such |e| and e² whose |y| sum to *total*."""
    formulas: dict[str, Callable[[], float]] = {
        "mae": lambda: float(errors[0].mean()), "mse": lambda: float(errors[1].mean()),
        "rmse": lambda: sqrt(float(errors[1].mean())), "wape": lambda: _share(float(errors[0].sum()), total),
    }  # fmt: skip
    return formulas[metric]()


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _errors(known: Outcomes) -> Floats:
    off = known.predicted - known.actual
    return np.stack([np.abs(off), off * off])


def _inputs(features: Floats, predicted: Floats) -> Floats:
    return np.column_stack([features.reshape(len(predicted), -1), predicted])


def _model(seed: int) -> "HistGradientBoostingRegressor":
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 (heavy import)

    return HistGradientBoostingRegressor(random_state=seed, early_stopping=False, max_iter=100, min_samples_leaf=20)
