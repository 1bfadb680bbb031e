"""Tests of api.model_comparison: decisions on rows, refusals with reasons, and folds that respect groups."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from qoa_platform import compare_models
from qoa_platform.verdicts.comparing import Outcome


def said(truth: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Predictions that are right where *right* is."""
    return np.where(right, truth, 1 - truth)


def test_a_better_model_is_named_and_a_worse_one_too() -> None:
    """Positive is better for the challenger, of errors as of scores."""
    draw = np.random.default_rng(0)
    truth = draw.normal(size=200)
    near, far = truth + draw.normal(0, 0.1, 200), truth + draw.normal(0, 1, 200)
    assert compare_models(truth, {"far": far, "near": near}, metric="mae")[0].outcome is Outcome.SUPERIOR
    worse = compare_models(truth, {"far": far, "near": near}, metric="rmse", champion="near")[0]
    assert worse.outcome is Outcome.INFERIOR
    assert worse.preferred == "near"


def test_what_holds_for_rows_need_not_hold_for_groups() -> None:
    """One group that is better is no proof for others: rows say so, six groups do not."""
    truth = np.tile([0, 1], 120)
    groups = np.repeat(list("abcdef"), 40)
    base = np.arange(240) % 5 != 0
    better = base | (groups == "a")
    two = {"old": said(truth, base), "new": said(truth, better)}
    assert compare_models(truth, two, metric="accuracy")[0].outcome is Outcome.SUPERIOR
    by_group = compare_models(truth, two, metric="accuracy", groups=groups)[0]
    assert by_group.outcome is Outcome.INCONCLUSIVE
    assert by_group.detectable is not None
    assert by_group.needed is not None
    assert by_group.needed > 6


def test_a_segment_that_gets_worse_is_named_though_the_whole_improves() -> None:
    """The whole is superior, and the small segment is listed as a regression with its interval."""
    truth = np.tile([0, 1], 500)
    segment = np.where(np.arange(1000) < 100, "small", "large")
    old = np.where(segment == "small", np.arange(1000) % 10 != 0, np.arange(1000) % 3 != 0)
    new = np.where(segment == "small", np.arange(1000) % 2 != 0, np.arange(1000) % 20 != 0)
    found = compare_models(truth, {"old": said(truth, old), "new": said(truth, new)}, segments={"size": segment})[0]
    assert found.outcome is Outcome.SUPERIOR
    assert [s.name for s in found.regressions] == ["size=small"]
    assert "size=small" in found.why


@pytest.mark.parametrize(
    ("truth", "new", "kw", "why"),
    [
        ([0, 1] * 20, [0, 1] * 19, {}, "not on the same rows"),
        ([0.0, 1.5] * 20, [np.nan, 1.0] * 20, {}, "not on the same rows"),
        ([0.0, 1.5] * 20, [np.inf, 1.0] * 20, {"metric": "mae"}, "not on the same rows"),
        ([1] * 40, [0, 1] * 20, {"metric": "balanced_accuracy"}, "single class"),
        ([1] * 40, [0.2, 1] * 20, {"metric": "roc_auc"}, "single class"),
        ([0, 1] * 20, [0, 1] * 20, {"groups": ["a", "b"] * 20}, "fewer than 5"),
        ([0, 1] * 20, [0, 1] * 20, {"groups": list(range(40)), "trained_groups": [3]}, "contaminated: 1 of 40"),
        ([1] * 2 + [0] * 38, [0.2, 1] * 20, {"metric": "roc_auc"}, "rows of a class"),
        (["a", "b"] * 20, [0, 1] * 20, {}, "none of the truth's labels"),
        ([0.5, 1] * 20, ["x", "y"] * 20, {"metric": "mae"}, "no numbers"),
        ([], [], {}, "no row"),
        ([np.nan] * 9, [1.0] * 9, {"metric": "mae"}, "no row"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(
    truth: list[Any], new: list[Any], kw: dict[str, Any], why: str
) -> None:
    """Nothing that data holds raises: other rows, no number, one class, few clusters, contaminated, nothing at all."""
    found = compare_models(truth, {"old": truth, "new": new}, **kw)[0]
    assert found.outcome is Outcome.REFUSED
    assert why in found.why
    assert found.reason is not None


def test_arguments_that_are_not_allowed_say_what_is() -> None:
    """A metric nearly spelt right is guessed."""
    with pytest.raises(ValueError, match="Did you mean accuracy"):
        compare_models([0, 1], {"a": [0, 1], "b": [0, 1]}, metric="acuracy")
    with pytest.raises(ValueError, match="Allowed: a, b"):
        compare_models([0, 1], {"a": [0, 1], "b": [0, 1]}, champion="c")


def test_several_challengers_get_wider_intervals() -> None:
    """What one challenger is told alone is told with more care among four."""
    draw = np.random.default_rng(1)
    truth = draw.normal(size=80)
    every = {name: truth + draw.normal(0, 1, 80) for name in "abcde"}
    alone = compare_models(truth, {k: every[k] for k in "ab"}, metric="mse")[0].effect
    among = compare_models(truth, every, metric="mse")[0].effect
    assert alone is not None
    assert among is not None
    assert among.high - among.low > alone.high - alone.low
    assert among.p >= alone.p


def test_the_same_predictions_are_no_evidence() -> None:
    """A model against itself is inconclusive, or equivalent where a margin says what does not matter."""
    truth = [0, 1] * 30
    assert compare_models(truth, {"a": truth, "b": truth})[0].outcome is Outcome.INCONCLUSIVE
    assert compare_models(truth, {"a": truth, "b": truth}, margin=0.01)[0].outcome is Outcome.EQUIVALENT


def sites(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of 15 sites, each with a label of its own that only its place in the features tells."""
    draw = np.random.default_rng(seed)
    codes = np.repeat(np.arange(15), 30)
    place = draw.normal(size=(15, 3)) * 3
    table = np.column_stack([place[codes] + draw.normal(0, 0.3, (450, 3)), draw.normal(size=450)])
    label = (draw.random(15) < 0.5)[codes] ^ (draw.random(450) < 0.1)
    return table, (label | (table[:, 3] > 1)).astype(int), codes


def test_random_folds_are_refused_where_groups_leak() -> None:
    """The column that groups alike rows is found, random folds are refused for it, and by it there is a comparison."""
    table, y, codes = sites(0)
    two = {"near": KNeighborsClassifier(1), "stump": DecisionTreeClassifier(max_depth=1, random_state=0)}
    beside = pl.DataFrame({"site": codes, "batch": np.random.default_rng(0).integers(0, 15, 450)})
    found = compare_models(two, table, y, metric="accuracy", beside=beside)
    assert found[0].outcome is Outcome.REFUSED
    assert "groups='site'" in found[0].why
    assert [leak.name for leak in found.leaks] == ["site"]
    grouped = compare_models(two, table, y, metric="accuracy", beside=beside, groups="site")
    assert grouped[0].outcome is not Outcome.REFUSED
    assert grouped.random[0].preferred == "near"
    assert grouped[0].preferred == "stump"
    assert "random folds prefer near" in str(grouped)


def test_random_folds_are_used_where_nothing_leaks() -> None:
    """A column that says nothing about the rows demands nothing."""
    draw = np.random.default_rng(2)
    table, noise = draw.normal(size=(300, 3)), draw.normal(size=300)
    y = (table[:, 0] + noise > 0).astype(int)
    two = {"near": KNeighborsClassifier(1), "many": KNeighborsClassifier(25)}
    found = compare_models(two, table, y, metric="accuracy", beside={"batch": draw.integers(0, 10, 300)})
    assert not found.leaks
    assert found[0].outcome is not Outcome.REFUSED
    assert found[0].preferred == "many"


def test_the_frame_has_a_row_for_each_challenger_and_segment() -> None:
    """to_frame() and the notebook's table show all of it."""
    truth = np.tile([0, 1], 60)
    found = compare_models(truth, [truth, 1 - truth], segments=np.repeat(["x", "y"], 60))
    assert found.to_frame()["segment"].to_list() == [None, "x", "y"]
    assert "regresses" in found._repr_html_()


def test_recipes_without_folds_are_refused_and_twins_are_warned_of() -> None:
    """One class, one group, no row: a reason; rows that are there ten times: a warning."""
    draw = np.random.default_rng(3)
    table, y = draw.normal(size=(100, 2)), draw.integers(0, 2, 100)
    two = {"near": KNeighborsClassifier(1), "many": KNeighborsClassifier(9)}
    for groups, why in ((np.zeros(100), "single group"), (None, "single class")):
        labels = np.ones(100) if groups is None else y
        found = compare_models(two, table, labels, metric="accuracy", groups=groups)[0]
        assert found.outcome is Outcome.REFUSED
        assert why in found.why
    assert compare_models(two, table[:0], y[:0])[0].why == "there is no row"
    twins = compare_models(two, np.repeat(table[:10], 10, axis=0), y, metric="accuracy")[0]
    assert any("very same features" in text for text in twins.warnings)
