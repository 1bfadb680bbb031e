"""Metrics of one's own: fused into the scan, merged, by group, in a contract; what is wrong with one says so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import narwhals as nw
import polars as pl
import pytest

from qoa_platform.contracts import ContractErrors, read
from qoa_platform.metrics import MetricError, build, catalogue
from qoa_platform.metrics.class_metric import ClassOf
from qoa_platform.metrics.expr_metric import ExprMetric
from qoa_platform.metrics.expressions import ExpressionError
from qoa_platform.metrics.own import of_project, own, spec_of
from qoa_platform.records import Ask, Direction, Reason, Unit
from qoa_platform.scans import measure
from qoa_platform.scans.kernel import answers, merged
from qoa_platform.scans.lawful import broken
from qoa_platform.states import decode, encode

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ORDERS = pl.DataFrame({
    "ordered": [NOON] * 5, "arrived": [NOON + timedelta(minutes=m) for m in (5, 61, 90, 30)] + [None],
    "shop": ["a", "a", "b", "b", "b"], "price": [1.0, 2.0, float("nan"), None, 4.0],
})  # fmt: skip


def metric(**changed: Any) -> ExprMetric:
    """The share of late orders, as text."""
    given = {
        "id": "shop.late_share", "unit": "ratio", "direction": "lower", "read": "late / n",
        "fields": {"late": "sum(col('arrived') - col('ordered') > 3600)", "n": "count(col('arrived'))"},
    }  # fmt: skip
    return ExprMetric(**{**given, **changed})


def late_in_narwhals(**changed: Any) -> ExprMetric:
    """The same in narwhals."""
    late = (nw.col("arrived") - nw.col("ordered") > nw.lit(timedelta(hours=1))).sum()
    return metric(fields={"late": late, "n": nw.col("arrived").count()}, **changed)


def values(found: ExprMetric | Any, frame: pl.DataFrame = ORDERS) -> dict[str | None, float | None]:
    """What a metric reads of a frame, by group."""
    return {m.group: m.reading.value for m in measure(frame, [(found, None)], missing={}).measured}


def test_text_and_narwhals_say_the_same() -> None:
    """Both are fused into one pass, by group too."""
    for found in (metric(by=("shop",)), late_in_narwhals(by=("shop",))):
        assert values(found) == {None: 0.5, "a": 0.5, "b": 0.5}
    scan = measure(ORDERS, [(metric(), None), (late_in_narwhals(), None)], missing={})
    assert scan.report.fused == 2
    assert len(scan.report.passes) == 1


def test_states_of_days_merge() -> None:
    """A state is stored, read back and merged: the reading is that of all rows."""
    found = metric(fields={"late": "sum(col('price'))", "worst": "max(col('price'))", "n": "count()"}, read="worst + n")
    ask = found.ask()
    parts = [answers(part, [ask], missing={}) for part in (ORDERS[:2], ORDERS[2:2], ORDERS[2:])]
    stored = [{ask: decode(encode(part[ask]))} for part in parts]  # type: ignore[arg-type]
    assert found.read(merged(stored)[ask]).value == 4.0 + 5


def test_nothing_to_divide_by_is_no_number() -> None:
    """Divided by 0 it is not_applicable, without rows no_data; never 0, NaN or an exception."""
    (found,) = measure(ORDERS[4:], [(metric(), None)], missing={}).measured
    assert (found.reading.value, found.reading.reason) == (None, Reason.NOT_APPLICABLE)
    (found,) = measure(ORDERS[:0], [(metric(), None)], missing={}).measured
    assert (found.reading.value, found.reading.reason) == (None, Reason.NO_DATA)


def test_what_is_not_finite_stays_what_it_is() -> None:
    """NaN and ±inf of a user's metric are values (they violate every promise); NaN of a column is missing."""
    frame = pl.DataFrame({"price": [float("inf"), float("-inf"), float("nan")]})
    found = metric(fields={"total": "sum(col('price'))", "n": "count(col('price'))"}, read="total")
    (total,) = values(found, frame).values()
    assert total is not None
    assert isnan(total)
    assert values(metric(fields={"n": "count(col('price'))"}, read="n"), frame) == {None: 2.0}


def test_whole_numbers_do_not_wrap() -> None:
    """A sum beyond 64 bits is the sum."""
    frame = pl.DataFrame({"x": [2**62, 2**62, 2**62]})
    assert values(metric(fields={"total": "sum(col('x'))"}, read="total"), frame) == {None: 3.0 * 2**62}


def test_one_broken_metric_breaks_no_other() -> None:
    """A column that is not there, a text that is no number and rows that are no aggregate fail alone, with a cause."""
    wrong = [
        metric(fields={"n": "sum(col('nope'))"}, read="n"), metric(fields={"n": "max(col('shop'))"}, read="n"),
        metric(fields={"n": nw.col("price")}, read="n"),
    ]  # fmt: skip
    scan = measure(ORDERS, [(found, None) for found in (*wrong, metric())], missing={})
    *failed, good = scan.measured
    assert [m.reading.reason for m in failed] == [Reason.ERROR] * 3
    assert "column 'nope' is not in the frame" in str(failed[0].reading.cause)
    assert "Allowed: one aggregate" in str(failed[2].reading.cause)
    assert good.reading.value == 0.5


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"id": "Late"}, "is no id"), ({"unit": "percent"}, "unit 'percent'. Allowed: ratio"),
        ({"direction": "up"}, "direction 'up'. Allowed: higher, lower, target"),
        ({"fields": {"n": "mean(col('x'))"}}, "Allowed: sum"), ({"fields": {"n": "sum()"}}, "Allowed: sum"),
        ({"fields": {"N": "count()"}}, "no name of a field"), ({"fields": {"abs": "count()"}}, "no name of a field"),
        ({"fields": {"n": "sum(col('x')"}}, "expected"), ({"fields": {"n": nw.len()}, "merge": "mean"}, "merges by"),
        ({"read": "late / m"}, "expression"), ({"read": "'late'"}, "has no text"), ({"read": "1"}, "reads its fields"),
        ({"read": "__import__('os')"}, "text"),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_be_says_why(changed: dict[str, Any], cause: str) -> None:
    """Where, what was found, what is allowed."""
    with pytest.raises((MetricError, ExpressionError), match=cause):
        metric(**changed)


def test_two_definitions_are_two_series() -> None:
    """The definition is part of the parameters and of the ask: states of another one do not merge with them."""
    other = metric(fields={"late": "sum(col('arrived') - col('ordered') > 60)", "n": "count(col('arrived'))"})
    assert other.params != metric().params
    assert other.ask() != metric().ask()


class Gini:
    """How unequal the values of a column are."""

    id, unit, direction = "shop.gini", "ratio", "target"

    def __init__(self, column: str, scale: float = 1.0) -> None:
        self.column, self.scale = column, scale

    def ask(self) -> Ask:
        return Ask(state="whole", columns=(self.column,))

    def read(self, state: Any, profile: Any) -> float | None:
        found = sorted(x for x in state.frame[self.column].to_list() if x is not None)
        total = sum(found) * len(found)
        return sum((2 * k - len(found) + 1) * x for k, x in enumerate(found)) / total * self.scale if total else None


class Range:
    """The greatest value less the least, of a state that merges."""

    id: ClassVar[str] = "shop.range"
    unit: ClassVar[str] = "=x"
    direction: ClassVar[str] = "target"

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns

    def ask(self, profile: Any) -> Ask:
        return Ask(state="span", columns=self.columns[:1])

    def read(self, state: Any) -> float | None:
        return state.high - state.low if state.n else None


def test_a_class_is_a_metric_like_any_other() -> None:
    """A class over whole rows is reported as unfused; one over a mergeable state is fused and merges; both by group."""
    gini, spread = ClassOf(Gini).build(("price",), {}), ClassOf(Range).build(("price",), {}, by=("shop",))
    scan = measure(ORDERS, [(gini, None), (spread, None)], missing={})
    assert [m.reading.value for m in scan.measured] == [pytest.approx(2 / 7), 3.0, 1.0, 0.0]
    assert scan.report.unfused >= 1
    assert (gini.unit, gini.direction, gini.params) == (Unit.RATIO, Direction.TARGET, (("columns", ("price",)),))


def test_a_class_that_lacks_something_says_what() -> None:
    """Without read it is no metric."""
    with pytest.raises(MetricError, match="has no read"):
        spec_of(type("Half", (), {"id": "a.b", "unit": "ratio", "direction": "lower", "ask": lambda _: None}))


YAML = """
metrics:
  - use: tests.metrics.test_own_metrics:Gini
  - id: shop.late_share
    text: Orders that took longer than an hour
    fields: {late: "sum(col('arrived') - col('ordered') > 3600)", n: count()}
    read: late / n
    unit: ratio
    direction: lower
  - use: tests.metrics.nowhere:Nothing
  - id: shop.bad
    fields: {n: mean()}
    read: n
    unit: ratio
    direction: lower
  - id: shop.half
"""
CONTRACT = """apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: shop
runbook: docs/metrics/own.md
stakeholders: [{name: readers, role: data_consumer}]
subjects:
  orders:
    asset: orders
    promises:
      - {id: late, metric: shop.late_share, by: shop, must: "<= 20 %", severity: warning}
      - {id: gini, metric: shop.gini, column: price, scale: 2.0, must: "<= 0.9", severity: warning}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a metrics.yaml, in which the process stands."""
    (tmp_path / "metrics.yaml").write_text(YAML, "utf-8")
    (tmp_path / "contracts").mkdir()
    monkeypatch.chdir(tmp_path / "contracts")
    yield tmp_path
    of_project.cache_clear()


def test_a_project_adds_metrics_to_the_catalogue(project: Path) -> None:
    """What metrics.yaml holds is known to the catalogue; what it cannot be read of is a problem, with its place."""
    assert set(own().specs) == {"shop.gini", "shop.late_share"}
    assert catalogue()["shop.late_share"].definition == "Orders that took longer than an hour"
    assert "shop.gini" in set(catalogue())
    found = {where.rpartition(", ")[2]: why for where, why in own().problems}
    assert set(found) == {"metric 3", "metric 4", "metric 5"}
    assert found["metric 3"].startswith("ModuleNotFoundError")
    assert "Allowed: sum" in found["metric 4"]
    assert "lacks direction, fields, read, unit" in found["metric 5"]


def test_a_contract_promises_something_about_them(project: Path) -> None:
    """Reader, builder and scan know them: parameters, groups and all."""
    contract = read(CONTRACT)
    (subject,) = contract.subjects
    late, gini = (built for promise in subject.promises for built in build(promise, subject))
    assert values(late) == {None: 2 / 5, "a": 0.5, "b": 1 / 3}
    assert values(gini) == {None: pytest.approx(4 / 7)}


def test_an_unknown_metric_says_what_was_not_loaded(project: Path) -> None:
    """A promise on a metric whose definition is broken is an error that names the definition and why."""
    with pytest.raises(
        ContractErrors, match=r"unknown metric 'shop\.bad'.*Not loaded: .*metric 4: shop.bad: field 'n'"
    ):
        read(CONTRACT.replace("shop.late_share", "shop.bad"))


def test_a_file_that_is_no_list_is_a_problem(tmp_path: Path) -> None:
    """Broken YAML and another shape are said; the built-in catalogue stands."""
    for text in ("metrics: [", "other: 1", "metrics: {a: b}", "metrics: [1]"):
        folder = tmp_path / str(hash(text))
        folder.mkdir()
        (folder / "metrics.yaml").write_text(text, "utf-8")
        found = of_project(folder)
        assert not found.specs
        assert len(found.problems) == 1


LAWS = [
    (metric(), set()),
    (late_in_narwhals(), set()),
    (metric(fields={"m": nw.col("price").mean()}, read="m"), {"parts merge to the whole"}),
    (metric(fields={"m": nw.col("price").max()}, read="m"), {"parts merge to the whole"}),
    (metric(fields={"m": nw.col("price").max()}, merge="max", read="m"), set()),
    (ClassOf(Gini).build(("price",), {}), set()),
]


@pytest.mark.parametrize(("found", "laws"), LAWS)
def test_laws_are_tried(found: Any, laws: set[str]) -> None:
    """A mean that is added up, and a maximum that is, are found out, each by a frame of two rows."""
    failures = broken(found, Random(1), frames=20)
    assert {failure.law for failure in failures} == laws
    assert all(failure.frame.height == 2 for failure in failures)


def test_a_read_that_raises_is_found_with_the_smallest_frame() -> None:
    """A class that divides by the number of rows fails on the empty frame, which is shown."""

    class Careless(Gini):
        def read(self, state: Any, profile: Any) -> float:
            return 1.0 / int(state.n)

    (failure,) = broken(ClassOf(Careless).build(("x",), {}), Random(1), frames=20)
    assert "ZeroDivisionError" in failure.cause
    assert failure.frame.height == 0
