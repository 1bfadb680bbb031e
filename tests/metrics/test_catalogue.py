"""The catalogue: every id once, all that a contract is linted by, and promises that become metrics or are refused."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from qoa_platform.metrics import FAMILIES, Arity, FoldMetric, Metric, MetricError, MetricSpec, Source, build, catalogue
from qoa_platform.metrics.declaring import seconds
from qoa_platform.records import Direction, Unit, canonical
from tests.metrics.making import DAY, NOW, of_run, one, promised, subject
from tests.metrics.oracles import ORACLES
from tests.metrics.questions import WAYS, questions
from tests.metrics.tables import CELLS, Table

SPECS = list(catalogue().values())
REFERENCE = Table({name: [None, 1.0, 2.5] if name in "xyp" else [None] * 3 for name in CELLS} | {"s": ["a", "b", "a"]})
KINDS = {"number", "integer", "text", "flag", "duration", "values", "columns"}
PLAIN: dict[str, object] = {"values": ("a",), "columns": ("c",), "number": 0.5, "duration": 60}
"""A value of each kind of parameter; of the others it is a text."""
SHAPED: dict[str, dict[str, object]] = {
    "data.in_range": {"low": 1.0},
    "data.length_in_range": {"low": 1.0},
    "data.dc_violation_share": {"order": ("a", "<", "b")},
    "data.fd_violation": {"right": ("d",)},
    "data.fd_conflict_share": {"right": ("d",)},
}
TWO = {"data.balance_gap", "data.correlation"}
"""Metrics of two columns."""
"""What a metric cannot be built without, beyond what is required."""
HEAVY = {"polars", "pandas", "numpy", "scipy", "sklearn", "pandera", "dagster", "pydantic", "xxhash"}


def test_there_are_sixteen_families() -> None:
    """One per file and docs page; ids are unique (the catalogue would raise), lower case, with the family's prefix."""
    prefixes = {"drift", "model", "service", "resource", "cost", "chain", "r3e"}
    assert len(FAMILIES) == 16
    for spec in SPECS:
        assert re.fullmatch(r"[a-z0-9]+\.[a-z][a-z0-9_]*", spec.id)
        assert spec.id.partition(".")[0] == (spec.family if spec.family in prefixes else "data")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_a_row_says_all_that_a_linter_needs(spec: MetricSpec) -> None:
    """Unit, direction, a definition of one sentence, parameters of a known kind with a text; choices of text only."""
    assert isinstance(spec.unit, Unit)
    assert isinstance(spec.direction, Direction)
    assert spec.definition.endswith(".")
    assert "\n" not in spec.definition
    assert len({p.name for p in spec.params}) == len(spec.params)
    for param in spec.params:
        assert param.kind in KINDS
        assert param.text
        assert not param.choices or param.kind == "text"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_every_row_builds_what_it_says(spec: MetricSpec) -> None:
    """The metrics of a promise carry the row's id, unit and direction; a run's are folds, a frame's are asked."""
    columns = {Arity.NONE: (), Arity.ANY: ()}.get(spec.columns, ("x", "y") if spec.id in TWO else ("x",))
    given: dict[str, object] = {
        p.name: p.choices[0] if p.choices else PLAIN.get(p.kind, "a") for p in spec.params if p.required
    }
    given |= {"expr": "col('x') > 0"} if spec.needs_expr else SHAPED.get(spec.id, {})
    given |= {"by": "g"} if spec.id in {"model.group_gap", "model.worst_group"} else {}
    given |= {"of": "a"} if spec.id.startswith("drift.") and "of" in {p.name for p in spec.params} else {}
    about = subject()
    for metric in build(promised(spec.id, *columns, **given), about):
        assert (metric.id, metric.unit, metric.direction) == (spec.id, spec.unit, spec.direction)
        assert isinstance(metric, FoldMetric if spec.source in {Source.RUN, Source.LEDGER} else Metric)
        assert metric.params == tuple(sorted(metric.params))
        assert hash(metric) == hash(replace(metric))  # type: ignore[type-var]


@pytest.mark.parametrize("metric", ORACLES)
@pytest.mark.parametrize("way", WAYS)
def test_asks_and_series_are_plain(metric: str, way: str) -> None:
    """Parameters are scalars or flat tuples of them, so a stored ask can be read back; equal ones are equal."""
    for question, again in zip(questions(metric, way, REFERENCE), questions(metric, way, REFERENCE), strict=True):
        assert question.metric == again.metric
        assert question.ask == again.ask
        assert hash(question.metric) == hash(again.metric)
        for name, value in (*question.metric.params, *(question.ask.params if question.ask else ())):
            assert isinstance(name, str)
            for item in value if isinstance(value, tuple) else (value,):
                assert item is None or isinstance(item, str | int | float | bool)
        assert canonical(question.ask)
        assert question.metric.at(NOW, DAY, 3).params == question.metric.params


@pytest.mark.parametrize(
    ("metric", "columns", "given", "says"),
    [
        ("data.completness", ("x",), {}, "unknown metric 'data.completness'. Did you mean 'data.completeness'?"),
        ("data.completeness", (), {}, "data.completeness is given no column. Allowed: one or more"),
        ("data.row_count", ("x",), {}, "data.row_count is given x. Allowed: no column"),
        ("data.segment_completeness", ("x",), {"min_row": 2}, "takes no parameter 'min_row'. Did you mean 'min_rows'?"),
        ("data.segment_completeness", ("x",), {"min_rows": True}, "'min_rows' of data.segment_completeness is True"),
        ("data.segment_completeness", ("x",), {"min_rows": 1.5}, "is 1.5. Allowed: integer"),
        ("data.segment_completeness", ("x",), {"weight": "mass"}, "is 'mass'. Allowed: segments | rows"),
        ("data.completeness", ("x",), {"weight": "rows"}, "takes no parameter 'weight'. Allowed: none"),
        ("data.uniqueness", ("x",), {"merge": "yes"}, "'merge' of data.uniqueness is 'yes'. Allowed: flag"),
        ("data.timeliness", (), {"skew": "soon"}, "'skew' of data.timeliness is 'soon'. Allowed: duration"),
        ("data.matches", ("x",), {}, "needs the parameter 'pattern' (a regular expression"),
        ("data.matches", ("x",), {"pattern": 3}, "is 3. Allowed: text"),
        ("cost.usd", (), {"vcpu_hour": float("inf")}, "is inf. Allowed: number"),
        ("resource.elapsed", ("x",), {}, "resource.elapsed is given x. Allowed: no column"),
    ],
)  # fmt: skip
def test_what_no_metric_can_be_built_of_is_refused(
    metric: str, columns: tuple[str, ...], given: dict[str, object], says: str
) -> None:
    """The error names the promise, what was found, what is allowed and the nearest guess."""
    with pytest.raises(MetricError) as caught:
        build(promised(metric, *columns, **given), subject())
    assert says in str(caught.value)


def test_a_peers_variant_is_not_computed() -> None:
    """A variant that does not follow from what is frozen is another series, never answered by our own formula."""
    metric = one("drift.tvd", "x", compat="evidently-0.7")
    reading = metric.read(None, None)
    assert str(reading.reason) == "not_applicable"
    assert "evidently-0.7" in str(reading.cause)
    assert metric.params != one("drift.psi", "x").params


def test_a_subjects_filter_holds_for_its_own_asset_only() -> None:
    """A subject's and a promise's ``where`` are joined; over another asset only the promise's own counts."""
    about = subject(where="col('a') > 0")
    (own,) = build(promised("data.row_count", where="col('b') or col('c')"), about)
    (other,) = build(promised("model.mae", over="retail/backtest", where="col('b')"), about)
    assert dict(own.params)["where"] == "col('a') > 0 and (col('b') or col('c'))"
    assert dict(other.params)["where"] == "col('b')"


def test_durations_are_seconds() -> None:
    """Text with a unit of time, or a number of seconds; anything else is none."""
    assert (seconds("5 min"), seconds("2 h"), seconds(3), seconds("250 ms")) == (300.0, 7200.0, 3.0, 0.25)
    assert [seconds(value) for value in ("5", "5 rows", "min", True, None, ("5 min",))] == [None] * 6


def test_defaults_are_no_part_of_the_series() -> None:
    """A parameter that is spelled out with its default goes on as the same series."""
    assert one("data.uniqueness", "x", missing_keys="skip", merge=False).params == one("data.uniqueness", "x").params
    assert of_run("cost.usd", vcpu_hour=0.04048).params == of_run("cost.usd").params == ()


def test_the_catalogue_imports_nothing_heavy() -> None:
    """Linting a contract needs no data frames: importing metrics loads neither Polars nor its kin."""
    code = f"import qoa_platform.metrics, sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
