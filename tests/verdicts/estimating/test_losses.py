"""Tests of errors told from inputs: right where inputs shift, and intervals that hold."""

import numpy as np
import pytest
import sklearn.metrics as sk

from qoa_platform.records import Reason
from qoa_platform.verdicts.estimating import REGRESSION, LossEstimator
from qoa_platform.verdicts.estimating.losses import Outcomes, realised


def world(seed: int, n: int, shift: float = 0.0) -> Outcomes:
    """A regression whose errors grow with its input, which *shift* moves."""
    rng = np.random.default_rng(seed)
    x = rng.normal(2 + shift, 1, (n, 1))
    predicted = 10 + 3 * x[:, 0]
    return Outcomes(features=x, predicted=predicted, actual=predicted + rng.normal(size=n) * (0.5 + np.abs(x[:, 0])))


def test_realised_errors_are_those_of_scikit_learn() -> None:
    """MAE, MSE and RMSE are scikit-learn's; WAPE is Σ|e| ÷ Σ|y|."""
    known = world(1, 300)
    found = realised(REGRESSION, known)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(known.actual, known.predicted))
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(known.actual, known.predicted))
    assert found["wape"] == pytest.approx(found["mae"] * 300 / np.abs(known.actual).sum())


def test_estimates_follow_a_shift_of_inputs() -> None:
    """Where inputs move to where the model errs more, the estimate follows, within its interval."""
    known, now = world(2, 3_000), world(3, 2_000, shift=0.8)
    found = LossEstimator.fit(known).estimate(now.features, now.predicted)
    true = realised(REGRESSION, now)
    assert true["mae"] > 1.2 * realised(REGRESSION, known)["mae"]
    for metric in REGRESSION:
        told = found[metric]
        assert told.value == pytest.approx(true[metric], rel=0.15), metric
        assert (told.low or 0.0) <= true[metric] <= (told.high or 0.0), metric


def test_intervals_hold() -> None:
    """95 % intervals hold what came true in most windows without any shift."""
    estimator = LossEstimator.fit(world(4, 3_000))
    hits = []
    for seed in range(5, 45):
        now = world(seed, 300)
        found, true = estimator.estimate(now.features, now.predicted), realised(REGRESSION, now)
        hits += [(f.low or 0) <= true[m] <= (f.high or 0) for m, f in found.items()]
    assert np.mean(hits) >= 0.9


def test_what_cannot_be_told() -> None:
    """An empty window is no_data; too few outcomes to fit are an error that says how many are needed."""
    estimator = LossEstimator.fit(world(6, 200))
    assert estimator.estimate(np.empty((0, 1)), np.empty(0))["mae"].reason is Reason.NO_DATA
    with pytest.raises(ValueError, match=r"49 rows .* Allowed: 50"):
        LossEstimator.fit(world(7, 49))
