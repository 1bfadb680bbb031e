"""Models: errors of predictions, by hand; what is undefined, and what is infinite."""

from functools import reduce
from operator import add

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from qoa_platform.metrics import MetricError
from qoa_platform.records import Reading, Reason
from qoa_platform.scans import measure
from qoa_platform.states import Comoments, Confusion, Grouped, Sums
from tests.metrics.making import one

ERRORS = Sums.of_terms(4, absolute=6.0, squared=12.0, error=-2.0, truth=24.0)


def comoments(*rows: tuple[float, float]) -> Comoments:
    """Of (truth, prediction) pairs."""
    return reduce(add, (Comoments(1, *row) for row in rows), Comoments())


def test_errors_by_hand() -> None:
    """Four rows with Σ|e| = 6, Σe² = 12, Σe = −2 and Σ|y| = 24."""
    assert one("model.wape").read(ERRORS, None) == Reading(value=0.25, n=4)
    assert one("model.mae").read(ERRORS, None) == Reading(value=1.5, n=4)
    assert one("model.rmse").read(ERRORS, None) == Reading(value=3**0.5, n=4)
    assert one("model.bias").read(ERRORS, None) == Reading(value=-1 / 12, n=4)


def test_errors_share_one_ask() -> None:
    """WAPE, MAE, RMSE and bias are read off one state."""
    assert len({one(f"model.{name}").ask(None) for name in ("wape", "mae", "rmse", "bias")}) == 1


def test_a_perfect_model_and_the_mean() -> None:
    """R² of the truth itself is 1, of the mean 0, of something worse below 0."""
    assert one("model.r2").read(comoments((1, 1), (2, 2), (4, 4)), None).value == pytest.approx(1.0)
    assert one("model.r2").read(comoments((1, 2), (3, 2)), None).value == pytest.approx(0.0)
    assert one("model.r2").read(comoments((1, 5), (3, 5)), None).value == pytest.approx(-9.0)


@pytest.mark.parametrize("metric", ["wape", "mae", "rmse", "bias", "r2"])
def test_no_pair_is_no_data(metric: str) -> None:
    """Without a row that has both truth and prediction there is nothing to compare."""
    state = Comoments() if metric == "r2" else Sums()
    assert one(f"model.{metric}").read(state, None) == Reading.unknown(Reason.NO_DATA)


def test_what_divides_by_nothing_is_not_applicable() -> None:
    """WAPE and bias of a truth that is all 0, R² of a constant truth: a reason, and n."""
    flat = Sums.of_terms(2, absolute=1.0, squared=1.0, error=1.0, truth=0.0)
    assert one("model.wape").read(flat, None) == Reading.unknown(Reason.NOT_APPLICABLE, 2, "Σ|y| is 0")
    assert one("model.bias").read(flat, None).reason is Reason.NOT_APPLICABLE
    for constant in (comoments((0.1, 1), (0.1, 2), (0.1, 3)), comoments((0, 1), (0, 2)), comoments((5, 5))):
        assert one("model.r2").read(constant, None).reason is Reason.NOT_APPLICABLE


def test_an_infinite_prediction_is_an_error_of_every_metric() -> None:
    """A model that predicts ±inf somewhere has no WAPE, and no R² of its other rows either."""
    infinite = Sums.of_terms(2, absolute=float("inf"), squared=float("inf"), error=float("inf"), truth=3.0)
    for name in ("wape", "mae", "rmse", "bias"):
        assert one(f"model.{name}").read(infinite, None).reason is Reason.ERROR
    reading = one("model.r2").read(comoments((1, 1), (2, 2)) + Comoments(n_nonfinite=1), None)
    assert (reading.value, reading.reason) == (None, Reason.ERROR)
    assert "1 of 3 rows hold ±inf" in str(reading.cause)


def test_groups_add_numerators_and_denominators() -> None:
    """The whole's WAPE is that of all rows, not the mean of the groups' WAPEs."""
    a, b = Sums.of_terms(1, absolute=1.0, truth=1.0), Sums.of_terms(1, absolute=1.0, truth=99.0)
    metric, state = one("model.wape", by="g"), Grouped(a + b, (("a", a), ("b", b)))
    assert metric.read(state, None).value == 0.02
    assert metric.read(state, None, "a").value == 1.0
    assert metric.read(state, None, "b").value == 1 / 99


def test_columns_of_truth_and_prediction_can_be_named() -> None:
    """They are ``actual`` and ``predicted`` unless the promise says otherwise; a column of its own is refused."""
    assert one("model.mae", over="retail/backtest").columns == ("actual", "predicted")
    assert one("model.mae", truth="sold", prediction="forecast").columns == ("sold", "forecast")
    with pytest.raises(MetricError, match=r"is given x. Allowed: no column"):
        one("model.mae", "x")


def test_what_scikit_learn_calls_zero_is_not_applicable() -> None:
    """Nothing predicted positive has no precision, nothing positive no recall, one class no correlation: n is kept."""
    never = Confusion.count([("1", "0"), ("0", "0")])
    assert one("model.precision").read(never, None).reason is Reason.NOT_APPLICABLE
    assert one("model.recall").read(never, None) == Reading(value=0.0, n=2)
    assert one("model.mcc").read(never, None).reason is Reason.NOT_APPLICABLE
    same = Confusion.count([("0", "0"), ("0", "0")])
    for name in ("precision", "recall", "f1", "mcc", "kappa"):
        reading = one(f"model.{name}").read(same, None)
        assert (reading.value, reading.n, reading.reason) == (None, 2, Reason.NOT_APPLICABLE), name


def test_the_positive_class_of_words_has_to_be_named() -> None:
    """Of yes and no nobody knows which is meant; of 0 and 1, and of truth values, everybody does."""
    words = Confusion.count([("yes", "yes"), ("no", "yes")])
    reading = one("model.precision").read(words, None)
    assert (reading.value, reading.cause) == (None, "the classes are no, yes: name the positive one")
    assert one("model.precision", positive="yes").read(words, None) == Reading(value=0.5, n=2)
    assert one("model.precision").read(Confusion.count([("true", "true"), ("false", "true")]), None).value == 0.5
    assert one("model.recall", positive="maybe").read(words, None).reason is Reason.NOT_APPLICABLE


def test_shares_of_an_interval_are_between_its_ends() -> None:
    """A quantile, a level and a weight that make no sense are refused with what is allowed."""
    for metric, own in (("pinball", {"q": 1.0}), ("coverage", {"level": 0.0}), ("interval_score", {"level": 80.0})):
        with pytest.raises(MetricError, match="Allowed: between 0 and 1"):
            one(f"model.{metric}", **own)
    with pytest.raises(MetricError, match=r"beta is 0\.0. Allowed: above 0"):
        one("model.f1", beta=0)


def test_rows_that_relative_errors_leave_out_are_counted() -> None:
    """MAPE says how many rows have a truth of 0."""
    state = Sums.of_terms(5, kept=2.0, share=1.0, symmetric=2.0)
    assert one("model.mape").read(state, None) == Reading(value=0.5, n=2, cause="3 rows with y = 0 are left out")
    assert one("model.mape").read(Sums.of_terms(5, kept=0.0), None).reason is Reason.NOT_APPLICABLE


scores = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0, 1) | st.integers(0, 2_000).map(lambda i: i / 2_000)),
    min_size=2, max_size=60,
)  # fmt: skip


@given(scores)
def test_the_area_lies_within_its_bound(rows: list[tuple[int, float]]) -> None:
    """Off 1 024 bins, however dense the scores are: never further from scikit-learn's than the bound says."""
    y, s = zip(*rows, strict=True)
    frame, metric = pl.DataFrame({"actual": y, "score": s}), one("model.roc_auc")
    reading = measure(frame, [(metric, None)], missing={}).measured[0].reading
    if len(set(y)) == 1:
        assert reading.reason is Reason.NOT_APPLICABLE
    else:
        assert reading.value is not None
        assert reading.bound is not None
        assert abs(reading.value - roc_auc_score(y, s)) <= reading.bound + 1e-12


def test_a_metric_over_groups_needs_groups_and_a_known_metric() -> None:
    """Without ``by``, of an unknown metric, of one without a worst side: refused with what is allowed."""
    with pytest.raises(MetricError, match=r"compares groups. Allowed: by: a column"):
        one("model.group_gap", of="model.recall")
    with pytest.raises(MetricError, match=r"of 'model.recal'. Did you mean 'model.recall'"):
        one("model.group_gap", of="model.recal", by="g")
    with pytest.raises(MetricError, match=r"no value of model.selection_rate is the worst. Allowed: model.group_gap"):
        one("model.worst_group", of="model.selection_rate", by="g")
    with pytest.raises(MetricError, match=r"takes no parameter 'beta'"):
        one("model.worst_group", of="model.recall", by="g", beta=2.0)


def test_groups_that_are_too_small_do_not_count() -> None:
    """The gap is that of groups with at least ``min_n`` rows; one such group has none, and nothing has no data."""
    a, b, c = (Confusion.count(pairs) for pairs in ([("1", "1")] * 5, [("1", "0"), ("1", "1")] * 3, [("1", "0")]))
    state = Grouped(a + b + c, (("a", a), ("b", b), ("c", c)))
    gap = one("model.group_gap", of="model.recall", by="g", min_n=5)
    assert gap.read(state, None) == Reading(value=0.5, n=11)
    assert one("model.group_gap", of="model.recall", by="g").read(state, None).value == 1.0
    few = one("model.group_gap", of="model.recall", by="g", min_n=6).read(state, None)
    assert (few.reason, few.cause) == (Reason.NOT_APPLICABLE, "only group 'b' has a model.recall")
    worst = one("model.worst_group", of="model.recall", by="g", min_n=5).read(state, None)
    assert (worst.value, worst.cause) == (0.5, "the worst group is 'b'")
    assert gap.read(Grouped(Confusion()), None).reason is Reason.NO_DATA


def test_scores_that_are_no_probabilities_are_errors() -> None:
    """Where a probability is meant, a score of 1.2 is a mistake of the column, not a large loss; AUC only ranks."""
    frame = pl.DataFrame({"actual": [0, 1, 1], "score": [0.1, 0.5, 1.2]})
    names = ["log_loss", "brier", "ece", "mce", "calibration_ratio", "confidence", "roc_auc", "average_precision"]
    found = measure(frame, [(one(f"model.{name}"), None) for name in names], missing={}).measured
    assert [m.reading.reason for m in found[:6]] == [Reason.ERROR] * 6
    assert [m.reading.value for m in found[6:]] == [1.0, 1.0]
