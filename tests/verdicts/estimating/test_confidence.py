"""Tests of estimates from confidence: right where scores shift, with intervals that hold, and fresh as labels come."""

import numpy as np
import pytest

from qoa_platform.records import Reason
from qoa_platform.verdicts.estimating import Calibration, ConfidenceEstimator
from qoa_platform.verdicts.estimating.calibration import Method
from qoa_platform.verdicts.estimating.confidence import Labelled, realised

METRICS = ("accuracy", "f1", "roc_auc", "log_loss")


def world(seed: int, n: int, shift: float = 0.0, classes: int = 2) -> Labelled:
    """Rows whose scores are overconfident; *shift* moves the inputs, never the outcome given them."""
    rng = np.random.default_rng(seed)
    logits = np.column_stack([np.zeros(n), rng.normal(shift, 1.5, (n, classes - 1))])
    true = np.exp(logits)
    true /= true.sum(axis=1, keepdims=True)
    labels = np.minimum((rng.random((n, 1)) > true.cumsum(axis=1)).sum(axis=1), classes - 1)
    sure = np.exp(1.7 * logits)
    sure /= sure.sum(axis=1, keepdims=True)
    return Labelled(labels=labels, predicted=sure.argmax(axis=1), scores=sure)


@pytest.mark.parametrize("classes", [2, 3])
def test_estimates_follow_a_shift_of_inputs(classes: int) -> None:
    """Accuracy moves with the inputs, and is told within its interval, unlike by the bare scores."""
    known, now = world(1, 8_000, classes=classes), world(2, 8_000, shift=-1.5, classes=classes)
    found = ConfidenceEstimator.fit(known).estimate(now.predicted, now.scores, metrics=METRICS)
    true, before = realised(METRICS, now), realised(METRICS, known)
    assert abs(true["accuracy"] - before["accuracy"]) > 0.03
    assert found["accuracy"].value == pytest.approx(true["accuracy"], abs=0.012)
    for metric in METRICS:
        told = found[metric]
        assert (told.low or 0.0) <= true[metric] <= (told.high or 0.0), metric
    assert now.scores.max(axis=1).mean() - true["accuracy"] > 0.05


def covered(seeds: int, n: int = 500) -> float:
    """The share of windows and metrics whose realised value lies in the 95 % interval."""
    hits = []
    for seed in range(seeds):
        estimator, now = ConfidenceEstimator.fit(world(3 * seed, 1_500)), world(3 * seed + 1, n, shift=0.7)
        found, true = estimator.estimate(now.predicted, now.scores, metrics=METRICS, seed=seed), realised(METRICS, now)
        hits += [(f.low or 0) <= true[m] <= (f.high or 0) for m, f in found.items()]
    return float(np.mean(hits))


def test_intervals_hold() -> None:
    """95 % intervals hold what came true in at least nine windows of ten, small references included."""
    assert covered(25) >= 0.90


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_intervals_hold_in_many_draws() -> None:
    """95 % intervals hold what came true in 93 to 99.5 % of many windows."""
    assert 0.93 <= covered(300) <= 0.995


def test_fresh_labels_mend_what_concept_drift_broke() -> None:
    """After outcomes turned, estimates are off and the gap says so; refreshed on the newest labels they are right."""
    known, later = world(5, 3_000), world(6, 6_000)
    turned = Labelled(labels=1 - later.labels, predicted=later.predicted, scores=later.scores)
    first, now = turned.rows(slice(0, 3_000)), turned.rows(slice(3_000, 6_000))
    estimator = ConfidenceEstimator.fit(known)
    true = realised(("accuracy",), now)["accuracy"]
    stale = estimator.estimate(now.predicted, now.scores, metrics=("accuracy",))["accuracy"]
    fresh = estimator.refreshed(first).estimate(now.predicted, now.scores, metrics=("accuracy",))["accuracy"]
    assert not (stale.low or 0) <= true <= (stale.high or 0)
    assert fresh.value == pytest.approx(true, abs=0.03)


def test_a_method_that_was_asked_for_stays() -> None:
    """Refreshed on new labels, an estimator keeps the calibration that it was asked for."""
    fresh = ConfidenceEstimator.fit(world(9, 500), method=Method.ISOTONIC).refreshed(world(10, 500))
    assert {m.method for maps in (fresh.maps, *fresh.replicates) for m in maps} == {Method.ISOTONIC}


def test_a_calibration_is_chosen_by_what_it_tells() -> None:
    """Overconfident scores are mended by a map that never falls; good scores are left as they are, or nearly."""
    known = world(7, 4_000)
    found = Calibration.fit(known.scores[:, 1], known.labels.astype(float))
    assert found.method is Method.SIGMOID
    assert np.all(np.diff([p for _, p in found.knots]) >= 0)
    assert found.probabilities([0.9])[0] == pytest.approx(1 / (1 + (1 / 9) ** (1 / 1.7)), abs=0.03)


def test_a_window_that_says_nothing() -> None:
    """No row is no_data; a metric that the scores cannot define is not_applicable; neither raises."""
    estimator = ConfidenceEstimator.fit(world(8, 500))
    none = np.empty(0, dtype=np.intp)
    assert estimator.estimate(none, np.empty((0, 2)))["accuracy"].reason is Reason.NO_DATA
    certain = Labelled(
        labels=np.zeros(50, dtype=np.intp), predicted=np.zeros(50, dtype=np.intp), scores=np.eye(2)[[0] * 50]
    )
    found = ConfidenceEstimator.fit(certain).estimate(certain.predicted, certain.scores, metrics=("accuracy", "recall"))
    assert (found["accuracy"].value, found["recall"].reason) == (1.0, Reason.NOT_APPLICABLE)
