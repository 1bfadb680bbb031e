"""Owns the tests of prediction frames: every registered version judged, baselines on the same rows, the objective."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from qoa_platform.audit.evidence import window_of
from qoa_platform.ledger import Store
from qoa_platform.records import Batch, Move, PointerKind, Status, Verdict, Window
from tests.audit.desk import Desk, said

SUBJECTS = """\
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: useful, metric: model.wape, over: shop/backtest, versus: {reference: weekday_mean}, margin: 0 %}
      - {id: honest, metric: model.wape, over: shop/backtest, by: item, versus: champion, margin: 0.01}
      - {id: good, metric: model.wape, over: shop/backtest, must: "<= 25 %"}
      - {id: live, metric: model.wape, over: shop/scorecard, window: 7 d, min_n: 4, must: "<= 25 %", severity: critical}
release:
  model: demand
  stages: [backtest, full]
  objective: {metric: model.wape, over: shop/backtest, pair_by: [week, item], confidence: 95 %, margin: 0 %}
"""
START = datetime(2017, 10, 2, tzinfo=UTC)
Errors = dict[str, tuple[float, float]]


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """v1 is champion, v2 and v3 are registered."""
    made = Desk.of(ledger, SUBJECTS)
    made.champion("v1", "v2", "v3")
    return made


def forecast(errors: Errors, weeks: int = 6, step: int = 7) -> pl.DataFrame:
    """Forecasts of items a and b over some weeks: too high by a version's *errors* (ratios), and some noise."""
    rng = np.random.default_rng(3)
    rows = []
    for n in range(weeks):
        when = START + timedelta(days=step * n)
        for k, item in enumerate(("a", "b")):
            actual = 100.0 * (1 + k)
            for version, error in errors.items():
                predicted = actual * (1 + error[k] * (1 + 0.1 * float(rng.standard_normal())))
                rows.append((version, when, when.date(), item, actual, predicted))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


SCHEMA = pl.Schema({
    "version": pl.String(), "time": pl.Datetime("us", "UTC"), "week": pl.Date(), "item": pl.String(),
    "actual": pl.Float64(), "predicted": pl.Float64(),
})  # fmt: skip
THREE: Errors = {"v1": (0.2, 0.2), "v2": (0.1, 0.1), "v3": (0.4, 0.1), "weekday_mean": (0.22, 0.22)}


def whole(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    """The verdicts of the whole."""
    return said(v for v in verdicts if v.key.group is None)


def test_every_registered_version_is_judged(desk: Desk) -> None:
    """A verdict per promise and registered version; the reference and strangers in the frame are nobody's version."""
    found = desk.judged("shop/backtest", "all", forecast({**THREE, "stranger": (0.9, 0.9)}))
    keys = {(v.key.promise, v.key.version) for v in found.verdicts if v.key.subject == "demand" and not v.key.group}
    assert keys == {(p, v) for p in ("useful", "honest", "good") for v in ("v1", "v2", "v3")}
    assert not any(v.blocks for v in found.verdicts)


def test_wape_is_pooled_over_the_rows_of_the_version(desk: Desk) -> None:
    """The value is Σ|error| ÷ Σ actual of the version's own rows, to the last digit that numpy gives."""
    frame = forecast(THREE)
    found = desk.judged("shop/backtest", "all", frame)
    for version in ("v1", "v2", "v3"):
        mine = frame.filter(pl.col("version") == version)
        wanted = np.abs(mine["predicted"] - mine["actual"]).sum() / mine["actual"].sum()
        verdict = next(v for v in found.verdicts if (v.key.promise, v.key.version) == ("good", version))
        assert verdict.value == pytest.approx(wanted, rel=1e-12)
        assert verdict.n == mine.height


def test_against_a_reference(desk: Desk) -> None:
    """Each version against the reference forecast of the same rows, with the margin."""
    found = whole(desk.judged("shop/backtest", "all", forecast(THREE)).verdicts)
    assert {k: v for k, v in found.items() if "useful" in k} == {
        "demand.useful[v1]": "satisfied", "demand.useful[v2]": "satisfied", "demand.useful[v3]": "satisfied",
    }  # fmt: skip
    worse = {**THREE, "v3": (0.5, 0.5)}
    assert whole(desk.judged("shop/backtest", "all", forecast(worse)).verdicts)["demand.useful[v3]"] == "violated"


def test_a_baseline_is_read_on_the_same_rows(desk: Desk) -> None:
    """The champion forecast more weeks than the candidate, and those badly: they do not count against it."""
    frame = forecast(THREE)
    good_weeks = frame.filter((pl.col("version") != "v2") | (pl.col("time") < START + timedelta(days=21)))
    bad = pl.when((pl.col("version") == "v1") & (pl.col("time") >= START + timedelta(days=21))).then(9999.0)
    spoilt = good_weeks.with_columns(bad.otherwise(pl.col("predicted")).alias("predicted"))
    found = desk.judged("shop/backtest", "all", spoilt)
    verdict = next(v for v in found.verdicts if (v.key.promise, v.key.version, v.key.group) == ("honest", "v2", None))
    baseline = verdict.evidence["baseline"]
    assert isinstance(baseline, dict)
    assert baseline["value"] < 0.3
    assert verdict.status is Status.SATISFIED


def test_against_the_champion_by_group(desk: Desk) -> None:
    """Worse in one item, better in the other: that group is violated, whatever the whole says."""
    found = said(desk.judged("shop/backtest", "all", forecast(THREE)).verdicts)
    assert (found["demand.honest[a][v3]"], found["demand.honest[b][v3]"]) == ("violated", "satisfied")
    assert (found["demand.honest[a][v2]"], found["demand.honest[b][v2]"]) == ("satisfied", "satisfied")


def test_the_champion_has_nobody_to_be_compared_with(desk: Desk) -> None:
    """``versus: champion`` of the champion itself is unknown(no_reference), and says so."""
    found = desk.judged("shop/backtest", "all", forecast(THREE))
    own = next(v for v in found.verdicts if (v.key.promise, v.key.version, v.key.group) == ("honest", "v1", None))
    assert str(own) == "unknown(no_reference)"
    assert "the version itself" in str(own.cause)


def test_without_a_champion_there_is_no_reference(ledger: Store) -> None:
    """Nobody is champion yet: no comparison, no objective; what needs no champion is judged."""
    desk = Desk.of(ledger, SUBJECTS)
    desk.champion("v9")
    head = desk.ledger.pointer(PointerKind.ALIAS, "demand|champion")
    assert head is not None
    unset = Move(
        kind=PointerKind.ALIAS, key="demand|champion", value=None, expected=head.generation, verb="unset", actor="test",
        reason="test", at=desk.clock.now, wall=desk.clock.now,
    )  # fmt: skip
    desk.write(Batch(moves=(unset,)))
    found = whole(
        desk.judged("shop/backtest", "all", forecast({"v9": (0.1, 0.1), "weekday_mean": (0.2, 0.2)})).verdicts
    )
    assert found == {
        "demand.useful[v9]": "satisfied", "demand.honest[v9]": "unknown(no_reference)", "demand.good[v9]": "satisfied",
    }  # fmt: skip


def test_the_objective(desk: Desk) -> None:
    """Better beyond doubt is satisfied, worse is violated, the same recipe in other numbers is unknown(imprecise)."""
    found = whole(desk.judged("shop/backtest", "all", forecast({**THREE, "v3": (0.2, 0.201)})).verdicts)
    assert found["release.objective[v2]"] == "satisfied"
    assert found["release.objective[v3]"] == "unknown(imprecise)"
    assert "release.objective[v1]" not in found
    worse = whole(desk.judged("shop/backtest", "all", forecast({**THREE, "v3": (0.5, 0.5)})).verdicts)
    assert worse["release.objective[v3]"] == "violated"


def test_the_objectives_evidence(desk: Desk) -> None:
    """The interval, both means, the differences per item, and whom it was compared with; clusters are weeks."""
    frame = forecast(THREE)
    found = desk.judged("shop/backtest", "all", frame)
    verdict = next(v for v in found.verdicts if v.key.promise == "objective" and v.key.version == "v2")
    told = verdict.evidence
    assert (told["champion"], told["n"], told["clusters"]) == ("v1", 12, 6)
    wapes = frame.group_by("version", "week", "item").agg(
        ((pl.col("predicted") - pl.col("actual")).abs().sum() / pl.col("actual").sum()).alias("wape")
    )
    wide = wapes.pivot(on="version", index=["week", "item"], values="wape")
    assert verdict.value == pytest.approx(float((wide["v1"] - wide["v2"]).mean() or 0), rel=1e-9)  # type: ignore[arg-type]
    low, high = told["low"], told["high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < (verdict.value or 0) < high


def test_equal_forecasts_are_no_evidence(desk: Desk) -> None:
    """Where both predicted the very same nothing is learnt: those pairs are left out; if all are, it is unknown."""
    same = forecast({"v1": (0.2, 0.2), "weekday_mean": (0.2, 0.2)})
    twin = pl.concat([same, same.filter(pl.col("version") == "v1").with_columns(pl.lit("v2").alias("version"))])
    found = desk.judged("shop/backtest", "all", twin)
    verdict = next(v for v in found.verdicts if v.key.promise == "objective")
    assert (verdict.status, verdict.n) == (Status.UNKNOWN, 0)


def test_a_window_looks_at_the_last_days(desk: Desk) -> None:
    """``window: 7 d`` judges the last seven days that the frame holds, not a lucky past."""
    frame = forecast({"v1": (0.1, 0.1)}, weeks=14, step=1)
    late = frame.with_columns(
        pl.when(pl.col("time") >= START + timedelta(days=7)).then(pl.col("actual") * 1.4).otherwise("predicted")
        .alias("predicted")
    )  # fmt: skip
    verdict = desk.judged("shop/scorecard", "all", late).verdicts[0]
    assert verdict.value == pytest.approx(0.4)
    assert verdict.n == 14
    assert verdict.window == Window(start=START + timedelta(days=7), end=START + timedelta(days=14))
    assert (str(verdict), verdict.blocks) == ("violated", False)


def test_too_few_rows_are_insufficient(desk: Desk) -> None:
    """A version with fewer rows than ``min_n`` is not judged by luck."""
    verdict = desk.judged("shop/scorecard", "all", forecast({"v1": (0.9, 0.9)}, weeks=1)).verdicts[0]
    assert str(verdict) == "unknown(insufficient_n)"


@pytest.mark.parametrize("frame", [pl.DataFrame(schema=SCHEMA), forecast(THREE).drop("version")])
def test_nothing_predicted_is_nothing_judged(desk: Desk, frame: pl.DataFrame) -> None:
    """An empty frame, and one that names no version, hold nobody's predictions."""
    assert desk.judged("shop/backtest", "all", frame).verdicts == ()


def test_predictions_that_are_no_numbers(desk: Desk) -> None:
    """NaN for a forecast is never satisfied."""
    frame = forecast(THREE).with_columns(
        pl.when(pl.col("version") == "v2").then(float("nan")).otherwise("predicted").alias("predicted")
    )
    found = whole(desk.judged("shop/backtest", "all", frame).verdicts)
    assert "satisfied" not in {v for k, v in found.items() if "v2" in k}


def test_the_days_that_a_frame_spans() -> None:
    """From the first midnight to the midnight after the last row; or the last so many days of that."""
    frame = forecast({"v1": (0.1, 0.1)}, weeks=3, step=1)
    assert window_of(frame, None) == Window(start=START, end=START + timedelta(days=3))
    assert window_of(frame, timedelta(days=2)) == Window(start=START + timedelta(days=1), end=START + timedelta(days=3))
    assert window_of(frame, timedelta(days=20)).start == START
