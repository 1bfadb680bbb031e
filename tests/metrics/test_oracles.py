"""Every implemented metric of a frame against its oracle: through the scan, by group, filtered, merged from parts."""

from dataclasses import dataclass, replace
from functools import reduce
from math import isclose
from operator import add

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from qoa_platform.metrics import UNMERGEABLE, FoldMetric, Source, build, catalogue
from qoa_platform.records import Reading, Reason
from qoa_platform.scans import Measured, measure
from qoa_platform.states import decode, encode
from tests.metrics.asking import Asked, Expected
from tests.metrics.making import promised, subject
from tests.metrics.oracles import ORACLES
from tests.metrics.questions import WAYS, Question, questions
from tests.metrics.tables import CELLS, NO_GROUP, TOKENS, Table, tables

FRAMES = {Source.FRAME, Source.PREDICTIONS}


def test_every_implemented_metric_has_an_oracle() -> None:
    """A metric of a frame that is implemented without an oracle fails the build, and so does an oracle without one."""
    implemented = {spec.id for spec in catalogue().values() if spec.implemented and spec.source in FRAMES}
    implemented = {m for m in implemented if not m.startswith("model.estimated_")}  # tests/audit/test_estimated.py
    assert implemented == set(ORACLES)


@dataclass(frozen=True)
class Trial:
    """A table and a reference with the columns that a family reads, and the way it is asked."""

    table: Table
    reference: Table
    way: str


def asked(question: Question, table: Table, reference: Table, group: str | None) -> Asked:
    """What the oracle of *question* is told about the whole, or about one *group*."""
    rows, known = table.pandas, reference.pandas
    if "where" in dict(question.metric.params):
        rows, known = (part.loc[[value is True for value in part["b"]]] for part in (rows, known))
    column = question.profile.column(question.metric.columns[0]) if question.profile else None
    edges = column.bins10.edges if column and column.bins10 else ()
    whole = Asked(rows=rows, reference=known, columns=question.metric.columns, edges=edges, other=reference.pandas)
    if not question.by:
        return whole
    names = sorted({*rows["g"].fillna(NO_GROUP), *known["g"].fillna(NO_GROUP)})
    parts = {
        name: replace(whole, rows=of_group(rows, name), reference=of_group(known, name), group=name, whole=known)
        for name in names
    }
    return replace(whole, groups=tuple(parts.values())) if group is None else parts[group]


def of_group(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one group."""
    return rows[rows["g"].isna() if name == NO_GROUP else rows["g"] == name]


def agrees(reading: Reading, expected: Expected, scale: float) -> bool:
    """Whether value, n and reason are as expected: counts exactly, floats to 1e-9, sketches within their bound."""
    if reading.value is None or expected.value is None:
        return reading.value is expected.value and reading.reason is expected.reason
    if expected.within or expected.off:
        close = abs(reading.value - expected.value) <= (reading.bound or 0.0) + expected.off + 1e-9 * scale
        return close and (reading.n, reading.reason) == (expected.n, None)
    near = isclose(reading.value, expected.value, rel_tol=1e-9, abs_tol=1e-9 * scale)
    return near and (reading.n, reading.reason, reading.bound) == (expected.n, None, 0.0)


Found = tuple[Question, str | None, Reading]


def differences(found: list[Found], trial: Trial) -> list[str]:
    """What does not agree with its oracle."""
    said = []
    for question, group, reading in found:
        about = asked(question, trial.table, trial.reference, group)
        expected = question.case.expect(about)
        if not agrees(reading, expected, question.case.scale(about)):
            said.append(f"{question.id} {dict(question.metric.params)} of group {group}: {reading}, not {expected}")
    return said


READ = {
    "completeness": "xksbt", "uniqueness": "xksbt", "validity": "xksbtw", "timeliness": "ta", "volume": "",
    "consistency": "xkswyta",
    "accuracy": "kxswteb",    "distribution": "xksb", "schema": "skw", "drift": "xcs", "model": "yptlucdefob",
    "service": "eck",
}  # fmt: skip
"""The columns that the cases of a family read, beside the group and the filter."""
BESIDE = {"consistency", "accuracy"}
"""Families that read another frame beside: the reference stands for it."""
FAMILIES = sorted({catalogue()[metric].family for metric in ORACLES})
EXAMPLES = max(1, settings().max_examples // 3)
"""Every example is some dozens of readings."""
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


@st.composite
def trials(draw: st.DrawFn, family: str) -> Trial:
    """What a family is tried on; a reference only where one is needed."""
    names = frozenset(READ[family])
    needs = any(catalogue()[metric].needs_reference for metric in ORACLES if catalogue()[metric].family == family)
    way = draw(st.sampled_from(sorted(WAYS)))
    shown = names | ({"g"} if way == "by" else {"b"} if way == "where" else set())
    reference = draw(tables(shown)) if needs or family in BESIDE else Table({name: [] for name in CELLS})
    return Trial(draw(tables(shown)), reference, way)


def of_family(family: str, trial: Trial) -> list[Question]:
    """All questions of a family, each once."""
    metrics = [metric for metric in ORACLES if catalogue()[metric].family == family]
    return list({(q.metric, q.profile): q for m in metrics for q in questions(m, trial.way, trial.reference)}.values())


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=EXAMPLES, phases=PHASES)
@given(data=st.data())
def test_metrics_are_what_their_oracles_say(family: str, data: st.DataObject) -> None:
    """One scan reads every metric of the family as pandas, NumPy, SciPy or scikit-learn computes it, group by group."""
    trial = data.draw(trials(family))
    asks = of_family(family, trial)
    beside = {"other": trial.reference.polars()}
    scan = measure(trial.table.polars(), [(q.metric, q.profile) for q in asks], missing=TOKENS, beside=beside)
    groups = {NO_GROUP if g is None else g for g in trial.table.columns["g"]}
    reads: list[list[Measured]] = []
    for measured in scan.measured:
        if measured.group is None:
            reads.append([])
        reads[-1].append(measured)
    found: list[Found] = []
    for question, read in zip(asks, reads, strict=True):
        asks_rows = question.ask is not None and question.ask.state != "nothing"
        failed = read[0].reading.reason is Reason.ERROR and len(read) == 1
        own = {None, *groups} if question.by and asks_rows and not failed else {None}
        assert {m.metric for m in read} == {question.metric}
        assert {m.group for m in read} == own
        found += [(question, m.group, m.reading) for m in read]
    assert differences(found, trial) == []


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=EXAMPLES, phases=PHASES)
@given(data=st.data(), cuts=st.lists(st.integers(0, 9), max_size=3))
def test_merged_parts_read_as_the_whole(family: str, data: st.DataObject, cuts: list[int]) -> None:
    """``read(merge(parts)) = read(whole)``: stored states of parts, empty ones too, answer for the whole table."""
    trial = data.draw(trials(family))
    asks = of_family(family, trial)
    parts = trial.table.cut([min(cut, len(trial.table)) for cut in cuts])
    beside = {"other": trial.reference.polars()}
    scans = [
        measure(part.polars(), [(q.metric, q.profile) for q in asks], missing=TOKENS, beside=beside) for part in parts
    ]
    found: list[Found] = []
    for question in asks:
        if question.ask is not None and question.ask.state not in UNMERGEABLE:
            states = [scan.states[question.ask] for scan in scans if question.ask in scan.states]
            if not states:  # what stands beside cannot be joined: an error, which the other test looks at
                continue
            assert len(states) == len(scans)
            merged = reduce(add, (decode(encode(state)) for state in states))
            found.append((question, None, question.metric.read(merged, question.profile)))
    assert differences(found, trial) == []


@pytest.mark.parametrize("metric", [spec.id for spec in catalogue().values() if not spec.implemented])
def test_a_metric_without_an_engine_guesses_nothing(metric: str) -> None:
    """What is only declared reads not_applicable, whatever the frame holds."""
    spec = catalogue()[metric]
    (built,) = build(promised(metric, **{p.name: 1 for p in spec.params if p.required}), subject())
    reading = built.fold([]) if isinstance(built, FoldMetric) else built.read(None, None)
    assert (reading.value, str(reading.reason)) == (None, "not_applicable")
