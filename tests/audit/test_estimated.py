"""Tests of promises on performance without labels: told from labelled rows, with the interval as bound."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from qoa_platform import estimate_performance
from qoa_platform.ledger import Store
from qoa_platform.records import Status, Verdict
from tests.audit.desk import Desk

SUBJECTS = """\
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: right, metric: model.estimated_accuracy, over: shop/served, must: ">= 60 %"}
      - {id: sure, metric: model.estimated_accuracy, over: shop/served, must: ">= 78 %"}
      - {id: ranks, metric: model.estimated_roc_auc, over: shop/served, by: region, min_n: 50, must: ">= 60 %"}
"""
START = datetime(2026, 1, 1, tzinfo=UTC)


def served(labelled: int, waiting: int) -> pl.DataFrame:
    """What v1 served: the oldest rows have an outcome, the newest have none yet."""
    rng = np.random.default_rng(1)
    n = labelled + waiting
    score = rng.random(n)
    outcome = (rng.random(n) < score).astype(int).tolist()
    return pl.DataFrame({
        "version": ["v1"] * n, "time": [START + timedelta(minutes=i) for i in range(n)], "score": score,
        "region": ["north", "south"] * (n // 2), "predicted": (score > 0.5).astype(int),
        "actual": [*outcome[:labelled], *([None] * waiting)],
    })  # fmt: skip


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """v1 is champion."""
    made = Desk.of(ledger, SUBJECTS)
    made.champion("v1")
    return made


def verdicts(desk: Desk, frame: pl.DataFrame) -> dict[tuple[str, str | None], Verdict]:
    """The verdicts by promise and group."""
    return {(v.key.promise, v.key.group): v for v in desk.judged("shop/served", "all", frame).verdicts}


def test_rows_without_an_outcome_are_judged(desk: Desk) -> None:
    """The value is that of ``estimate_performance`` on the rows that wait; its interval decides, or leaves it open."""
    frame = served(1_000, 400)
    found = verdicts(desk, frame)
    (told,) = estimate_performance(frame[:1_000], frame[1_000:], metrics=["accuracy"], chunk=400)
    right, sure = found["right", None], found["sure", None]
    assert (right.status, right.value, right.n) == (Status.SATISFIED, told.estimate.value, 400)
    assert str(sure) == "unknown(imprecise)"
    assert not right.blocks
    groups = {group: v for (promise, group), v in found.items() if promise == "ranks" and group}
    assert {g: v.n for g, v in groups.items()} == {"north": 200, "south": 200}
    assert all(v.status is Status.SATISFIED for v in groups.values())


@pytest.mark.parametrize(("labelled", "waiting", "said"), [(99, 301, "no_reference"), (400, 0, "not_applicable")])
def test_what_cannot_be_told_says_why(desk: Desk, labelled: int, waiting: int, said: str) -> None:
    """Too few outcomes are no_reference; nothing that waits is not_applicable: never a number."""
    assert str(verdicts(desk, served(labelled, waiting))["right", None]) == f"unknown({said})"


def test_a_missing_score_is_an_error_that_names_it(desk: Desk) -> None:
    """A frame without the score says which column is missing."""
    found = verdicts(desk, served(300, 100).drop("score"))["right", None]
    assert str(found) == "unknown(error)"
    assert found.cause is not None
    assert "'score'" in found.cause


def test_a_class_that_nobody_named(desk: Desk) -> None:
    """Of text classes the positive one has to be named, as for metrics of labelled rows."""
    words = pl.col("actual", "predicted").replace_strict({0: "no", 1: "yes"})
    found = verdicts(desk, served(300, 100).with_columns(words))["right", None]
    assert str(found) == "unknown(error)"
    assert found.cause == "column 'actual' is String: name the positive class"


def test_a_regression_is_told_from_its_columns(ledger: Store) -> None:
    """MAE without labels follows the rows that wait to where the model errs more."""
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(0, 1, 1_500), rng.normal(2, 0.5, 500)])
    actual = (10 * x + rng.normal(size=2_000) * (0.2 + np.abs(x))).tolist()
    frame = pl.DataFrame({
        "version": ["v1"] * 2_000, "time": [START + timedelta(minutes=i) for i in range(2_000)], "x": x,
        "predicted": 10 * x, "actual": [*actual[:1_500], *([None] * 500)],
    })  # fmt: skip
    subject = (
        SUBJECTS.partition("      - ")[0]
        + '      - {id: near, metric: model.estimated_mae, over: shop/served, must: "<= 1.2"}\n'
    )
    desk = Desk.of(ledger, subject)
    desk.champion("v1")
    found = verdicts(desk, frame)["near", None]
    true = float(np.abs(np.array(actual[1_500:]) - 10 * x[1_500:]).mean())
    assert found.status is Status.VIOLATED
    assert found.value == pytest.approx(true, rel=0.15)
