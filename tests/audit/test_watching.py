"""Tests of detectors as promises: over the past of another promise, over rows, carried from partition to partition."""

from datetime import datetime, timedelta
from random import Random

import polars as pl
import pytest

from qoa_platform.audit.watching import of_rows
from qoa_platform.contracts.problem import ContractErrors
from qoa_platform.ledger import Store
from qoa_platform.metrics import build
from qoa_platform.metrics.drift_watched import Watched
from qoa_platform.records import Fixed, Operator, Promise, Subject, SubjectKind, Verdict, Window
from qoa_platform.verdicts.detectors import Adwin
from qoa_platform.verdicts.detectors.making import fold
from tests.audit.desk import Desk, days

FIRST = "2017-06-01"


def rows(day: str, values: list[float | None]) -> pl.DataFrame:
    """A day whose rows come in the reverse of the order in which they happened."""
    start = Window.of_partition(day).start
    at = [start + timedelta(seconds=i) for i in range(len(values))]
    frame = pl.DataFrame(
        {"time": at, "x": values}, schema={"time": pl.Datetime("us", "UTC"), "x": pl.Float64}
    )  # fmt: skip
    return frame.reverse()


def desk(ledger: Store, *promises: str) -> Desk:
    """A contract with those promises about one asset."""
    lines = "".join(f"      - {p}\n" for p in promises)
    return Desk.of(ledger, f"  s:\n    asset: shop/s\n    event_time: time\n    promises:\n{lines}")


def verdict(found: list[Verdict], promise: str) -> Verdict:
    """The verdict of one promise."""
    return next(v for v in found if v.key.promise == promise)


def test_a_small_lasting_shift_of_another_promise(ledger: Store) -> None:
    """CUSUM over a daily mean is quiet, sees a shift of 1.5 deviations within a week, and says since when."""
    rng, at = Random(1), days(FIRST, 60)
    made = desk(
        ledger, '{id: mean, metric: data.mean, column: x, must: ">= 0"}',
        '{id: steady, metric: drift.cusum, of: mean, must: "<= 5"}',
    )  # fmt: skip
    found = []
    for i, day in enumerate(at):
        level = 100.0 + (1.5 if i >= 45 else 0.0) + rng.gauss(0, 1)
        found.append(verdict(list(made.publish("shop/s", day, rows(day, [level] * 3)).verdicts), "steady"))
    assert [str(v) for v in found[:20]] == ["unknown(insufficient_n)"] * 20
    assert {str(v) for v in found[20:45]} == {"satisfied"}
    first = next(i for i, v in enumerate(found) if str(v) == "violated")
    assert 45 <= first <= 52
    told = found[first].evidence["watch"]
    assert isinstance(told, dict)
    assert told["level"] == 5.0
    since = datetime.fromisoformat(str(told["since_when"]))
    assert abs((since - Window.of_partition(at[45]).start).days) <= 7
    assert str(found[-1]) == "violated"  # one episode, as long as the shift lasts


def test_what_was_not_published_is_not_folded(ledger: Store) -> None:
    """A candidate that was only judged leaves no trace in the statistic."""
    made = desk(
        ledger, '{id: mean, metric: data.mean, column: x, must: ">= 0"}',
        '{id: steady, metric: drift.ewma, of: mean, baseline: 5, must: "<= 3"}',
    )  # fmt: skip
    at = days(FIRST, 10)
    for i, day in enumerate(at[:8]):
        made.publish("shop/s", day, rows(day, [10.0 + i % 3]))
    kept = made.judged("shop/s", at[9], rows(at[9], [11.0]))
    made.judged("shop/s", at[8], rows(at[8], [500.0]))
    again = made.judged("shop/s", at[9], rows(at[9], [11.0]))
    one, two = verdict(list(kept.verdicts), "steady"), verdict(list(again.verdicts), "steady")
    assert (one.value, one.status) == (two.value, two.status)


def test_rows_are_one_fold_over_partitions(ledger: Store) -> None:
    """A column's rows are folded in the order of their time, and carried from one published partition to the next."""
    rng = Random(2)
    made = desk(ledger, '{id: errors, metric: drift.adwin, column: x, must: "<= 1"}')
    whole, at = Adwin(), days(FIRST, 8)
    for i, day in enumerate(at):
        values = [float(rng.random() < (0.1 if i < 5 else 0.4)) for _ in range(150)]
        expected = fold(whole, values)
        frame = rows(day, list(values))
        found = verdict(list(made.publish("shop/s", day, frame).verdicts), "errors")
        twice = verdict(list(made.judged("shop/s", day, frame).verdicts), "errors")
        assert found.value == twice.value == expected.statistic
        assert found.n == expected.n
        assert str(found) == ("violated" if expected.alarms else "satisfied")
    assert whole.n == 1200


def test_a_level_is_learnt_across_partitions(ledger: Store) -> None:
    """Without a reference the first 200 rows say what is normal, however many partitions they take."""
    rng = Random(3)
    made = desk(ledger, '{id: level, metric: drift.cusum, column: x, must: "<= 10"}')
    said = []
    for i, day in enumerate(days(FIRST, 6)):
        values: list[float | None] = [rng.gauss(2.0 if i == 5 else 0.0, 1.0) for _ in range(80)]
        values[7] = None
        said.append(str(verdict(list(made.publish("shop/s", day, rows(day, values)).verdicts), "level")))
    assert said == ["unknown(insufficient_n)"] * 2 + ["satisfied"] * 3 + ["violated"]


@pytest.mark.parametrize(
    ("values", "promise", "status"),
    [
        ([], "{metric: drift.adwin, column: x}", "unknown(no_data)"),
        ([None, None], "{metric: drift.ddm, column: x}", "unknown(not_applicable)"),
        ([5.0, 6.0], "{metric: drift.e_detector, column: x, p0: 0.1}", "unknown(not_applicable)"),
        ([1.0] * 300, "{metric: drift.cusum, column: x}", "unknown(not_applicable)"),
        ([1.0] * 20, "{metric: drift.page_hinkley, column: x}", "unknown(insufficient_n)"),
        ([1.0] * 20, "{metric: drift.adwin, column: nothing}", "unknown(error)"),
        ([float("nan"), float("inf")] * 20, "{metric: drift.kswin, column: x}", "unknown(no_data)"),
    ],
)  # fmt: skip
def test_what_cannot_be_said(ledger: Store, values: list[float | None], promise: str, status: str) -> None:
    """Nothing, missing, constant, out of range or too few: each is unknown for its reason."""
    made = desk(ledger, promise.replace("{", "{id: p, ", 1).replace("}", ', must: "<= 1"}'))
    found = made.publish("shop/s", FIRST, rows(FIRST, values))
    assert str(verdict(list(found.verdicts), "p")) == status


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        ("metric: drift.cusum, columns: [x, y]", "one column"),
        ("metric: drift.cusum", "one column, or of"),
        ("metric: drift.cusum, column: x, of: y", "no column"),
        ("metric: drift.adwin, column: x, by: y", "no by"),
        ("metric: drift.cusum, of: y, baseline: 2", "5 to 1 000"),
        ("metric: drift.e_detector, column: x", "p0"),
    ],
)  # fmt: skip
def test_promises_that_cannot_be_folded(ledger: Store, promise: str, said: str) -> None:
    """A detector folds one series: anything else is refused when the contract is read, and says what is allowed."""
    with pytest.raises(ContractErrors, match=said):
        desk(ledger, f'{{id: p, {promise}, must: "<= 1"}}')


def test_the_bound_is_the_alarm_level() -> None:
    """Without a parameter the bound of the promise is where the detector restarts, or stops to rise."""
    subject = Subject(id="s", kind=SubjectKind.ASSET, asset="a", promises=())

    def built(metric: str, bound: float) -> Watched:
        must = Fixed(operator=Operator.LE, bound=bound, text="")
        (found,) = build(Promise(id="p", metric=metric, columns=("x",), must=must, params=P0.get(metric, ())), subject)
        assert isinstance(found, Watched)
        return found

    assert dict(built("drift.cusum", 8.0).params)["h"] == 8.0
    assert dict(built("drift.page_hinkley", 20.0).params)["lambda"] == 20.0
    assert dict(built("drift.e_detector", 500.0).params)["alpha"] == 1 / 500


P0 = {"drift.e_detector": (("p0", 0.1),)}


def test_sensitive_columns_leave_no_state() -> None:
    """A detector's state would keep values of a sensitive column: it is not folded."""
    subject = Subject(id="s", kind=SubjectKind.ASSET, asset="a", sensitive=("x",), promises=())
    must = Fixed(operator=Operator.LE, bound=1.0, text="")
    (metric,) = build(Promise(id="p", metric="drift.adwin", columns=("x",), must=must), subject)
    assert isinstance(metric, Watched)
    found = of_rows(metric, pl.DataFrame({"x": [1.0]}), subject, None, None)
    assert (found.state, str(found.reading.reason)) == (None, "not_applicable")


def predictions(start: datetime, wrong: list[bool]) -> pl.DataFrame:
    """A prediction frame of one version, an hour apart."""
    at = [start + timedelta(hours=i) for i in range(len(wrong))]
    said = ["no" if w else "yes" for w in wrong]
    return pl.DataFrame(
        {"version": ["v1"] * len(wrong), "time": at, "actual": ["yes"] * len(wrong), "predicted": said},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )  # fmt: skip


def test_errors_of_a_model(ledger: Store) -> None:
    """Over a prediction frame the errors of a version are folded, each row once though partitions overlap."""
    made = Desk.of(ledger, """\
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: drifting, metric: drift.ddm, over: shop/scores, must: "<= 3"}
      - {id: right, metric: model.accuracy, over: shop/scores, must: ">= 1 %"}
      - {id: ever, metric: drift.e_detector, of: right, over: shop/scores, p0: 0.99, must: "< 1000"}
""")  # fmt: skip
    made.champion("v1")
    rng, start = Random(4), Window.of_partition(FIRST).start
    wrong = [rng.random() < (0.1 if i < 96 * 4 else 0.8) for i in range(96 * 5)]
    counts, said = [], []
    for i, day in enumerate(days(FIRST, 9)):
        rows_of = slice(i * 48, i * 48 + 96)  # every partition holds half of the one before again
        frame = predictions(start + timedelta(hours=i * 48), wrong[rows_of])
        found = list(made.publish("shop/scores", day, frame).verdicts)
        counts.append(verdict(found, "drifting").n)
        said.append(str(verdict(found, "drifting")))
        assert verdict(found, "ever").n == i + 1
    assert counts == [96 + 48 * i for i in range(9)]
    assert said[1:7] == ["satisfied"] * 6
    assert said[7] == "violated"
