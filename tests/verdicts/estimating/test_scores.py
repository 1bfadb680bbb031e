"""Tests of metrics from probable labels: scikit-learn's, where the labels are known."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.verdicts.estimating.confidence import Labelled, realised
from qoa_platform.verdicts.estimating.scores import CLASSIFICATION


def drawn(seed: int, classes: int, n: int = 200) -> Labelled:
    """Rows with scores that tell a little, ties among them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    raw = np.round(rng.random((n, classes)) + 0.5 * np.eye(classes)[labels], 1) + 0.05
    scores = raw / raw.sum(axis=1, keepdims=True)
    return Labelled(labels=labels, predicted=scores.argmax(axis=1), scores=scores)


def oracle(known: Labelled) -> dict[str, float]:
    """The same by scikit-learn."""
    y, p, s = known.labels, known.predicted, known.scores
    two = s.shape[1] == 2
    mean = "binary" if two else "macro"
    one = s[:, 1] if two else s
    hot = y if two else np.eye(s.shape[1])[y]
    return {
        "accuracy": sk.accuracy_score(y, p), "precision": sk.precision_score(y, p, average=mean),
        "recall": sk.recall_score(y, p, average=mean), "f1": sk.f1_score(y, p, average=mean),
        "balanced_accuracy": sk.balanced_accuracy_score(y, p), "roc_auc": sk.roc_auc_score(y, one, multi_class="ovr"),
        "average_precision": sk.average_precision_score(hot, one), "log_loss": sk.log_loss(y, s),
        "brier": sk.brier_score_loss(y, one),
    }  # fmt: skip


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), classes=st.sampled_from([2, 3, 5]))
def test_known_labels_give_the_metrics_of_scikit_learn(seed: int, classes: int) -> None:
    """With one-hot weights, every metric is scikit-learn's, for two classes and for more."""
    known = drawn(seed, classes)
    assert realised(CLASSIFICATION, known) == pytest.approx(oracle(known), rel=1e-9)


def test_what_is_not_defined_has_no_value() -> None:
    """Without a positive row, recall and AUC are NaN and no warning; accuracy is there."""
    known = Labelled(
        labels=np.zeros(5, dtype=np.intp), predicted=np.zeros(5, dtype=np.intp), scores=np.full((5, 2), 0.5)
    )
    found = realised(("accuracy", "recall", "roc_auc"), known)
    assert (found["accuracy"], bool(np.isnan(found["recall"])), bool(np.isnan(found["roc_auc"]))) == (1.0, True, True)
