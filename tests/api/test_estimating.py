"""Tests of ``estimate_performance``: columns of all kinds, labels that come late, errors that say what is allowed."""

import numpy as np
import polars as pl
import pytest

from qoa_platform import estimate_performance


def classified(seed: int, n: int) -> pl.DataFrame:
    """A binary classification with text classes."""
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    return pl.DataFrame({
        "score": score, "predicted": np.where(score > 0.5, "yes", "no"),
        "actual": np.where(rng.random(n) < score, "yes", "no"),
    })  # fmt: skip


def test_labels_of_a_window_are_never_used_for_it() -> None:
    """Estimates are the same with and without the outcomes of the current data; only what came true is added."""
    known, now = classified(1, 1_000), classified(2, 1_000)
    told, blind = (
        estimate_performance(known, now, chunk=500),
        estimate_performance(known, now.drop("actual"), chunk=500),
    )
    assert [c.estimate.value for c in told] == [c.estimate.value for c in blind]
    assert all(c.estimate.realised is not None for c in told)
    assert all(c.estimate.realised is None and c.estimate.gap == "none" for c in blind)


def test_partly_labelled_windows_say_so() -> None:
    """Where some outcomes are missing, coverage is their share, and no gap is called."""
    now = classified(3, 400).with_columns(pl.when(pl.int_range(400) < 100).then("actual").alias("actual"))
    (found,) = estimate_performance(classified(4, 800), now, metrics=["accuracy"], chunk=400)
    assert (found.estimate.coverage, found.estimate.gap) == (0.25, "none")


def test_delayed_labels_make_later_windows_fresh() -> None:
    """With a delay of one window, a change of the relation is learnt two windows later, and not before."""
    now = classified(6, 4_000).with_columns(pl.col("actual").replace_strict({"yes": "no", "no": "yes"}).alias("actual"))
    found = estimate_performance(classified(5, 1_000), now, metrics=["accuracy"], chunk=1_000, delay=1)
    off = [abs((c.estimate.value or 0) - (c.estimate.realised or 0)) for c in found]
    assert off[0] > 0.3
    assert off[1] > 0.3
    assert off[2] < 0.05
    assert [c.estimate.gap for c in found][:2] == ["outside", "outside"]


def test_several_classes_by_list_and_by_name() -> None:
    """Scores per class may be a list in the order of the classes, or a mapping: the same estimates."""
    rng = np.random.default_rng(7)
    scores = rng.dirichlet(np.ones(3), 900)
    frame = pl.DataFrame({f"p{k}": scores[:, k] for k in range(3)}).with_columns(
        predicted=pl.Series(["a", "b", "c"]).gather(pl.Series(scores.argmax(axis=1))),
        actual=pl.Series([["a", "b", "c"][rng.choice(3, p=row)] for row in scores]),
    )
    columns = ["p0", "p1", "p2"]
    one = estimate_performance(frame[:600], frame[600:], y_score=columns, metrics=["accuracy"])
    two = estimate_performance(
        frame[:600].to_pandas(),
        frame[600:].to_pandas(),
        y_score=dict(zip("abc", columns, strict=True)),
        metrics=["accuracy"],
    )
    assert [c.estimate.value for c in one] == [c.estimate.value for c in two]


def test_a_regression_is_told_from_its_features() -> None:
    """Without a score it is a regression; numeric columns are its features."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=1_500)
    frame = pl.DataFrame({"x": x, "predicted": 5 * x, "actual": 5 * x + rng.normal(size=1_500) * (1 + np.abs(x))})
    found = estimate_performance(frame[:1_000], frame[1_000:].drop("actual"), metrics=["mae"], chunk=500)
    assert found.task == "regression"
    assert found.found[0].estimate.value == pytest.approx((frame["actual"] - frame["predicted"]).abs().mean(), rel=0.15)


def test_rows_that_lack_something_are_passed_over_where_they_stand() -> None:
    """A missing or NaN score or prediction lowers n of its own window and moves no other one."""
    now = classified(12, 1_000).with_columns(
        score=pl.when(pl.int_range(1_000) < 50).then(float("nan")).otherwise(pl.col("score"))
    )
    whole, holes = (estimate_performance(classified(13, 800), f, metrics=["accuracy"], chunk=500)
                    for f in (classified(12, 1_000), now))  # fmt: skip
    assert [(c.start, c.end, c.estimate.n) for c in holes] == [(0, 500, 450), (500, 1_000, 500)]
    assert holes.found[1].estimate == whole.found[1].estimate


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y_pred": "predicted_"}, "unknown column of the reference 'predicted_'.*Did you mean 'predicted'"),
        ({"metrics": ["acuracy"]}, "unknown metric 'acuracy'.*Did you mean 'accuracy'"),
        ({"confidence": 2}, "confidence 2"),
        ({"chunk": 0}, "chunk 0. Allowed: 1 or more"),
        ({"delay": -1}, "delay -1. Allowed: 0 or more"),
        ({"method": "platt"}, "unknown method 'platt'. Allowed: none, sigmoid, isotonic"),
        ({"positive": "maybe"}, "positive class 'maybe' does not occur"),
    ],
)
def test_errors_say_what_is_allowed(change: dict[str, object], said: str) -> None:
    """A wrong name or number is an error that says what was found, what is allowed and the nearest guess."""
    with pytest.raises(ValueError, match=said):
        estimate_performance(classified(9, 100), classified(10, 100), **change)  # type: ignore[arg-type]


def test_scores_that_are_no_probabilities() -> None:
    """Scores beyond 0 to 1 are refused with what they run from and to."""
    bad = classified(11, 100).with_columns(score=pl.col("score") * 3)
    with pytest.raises(ValueError, match="Allowed: 0 to 1"):
        estimate_performance(bad, bad)
