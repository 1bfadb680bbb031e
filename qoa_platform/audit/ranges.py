"""Owns ranges: the metrics of a subject over any stretch of published partitions, folded from their stored states."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from qoa_platform.audit.candidate import Candidate
from qoa_platform.audit.promises import series_params
from qoa_platform.audit.references import References
from qoa_platform.audit.stored import States, Stored
from qoa_platform.metrics import UNMERGEABLE, FoldMetric, Metric, MetricError, build
from qoa_platform.profiles.stretches import Every, Folded, fold, readings, rolling, stretches
from qoa_platform.records import (
    Ask,
    Contract,
    Direction,
    Profile,
    Promise,
    Reading,
    Reason,
    Subject,
    Unit,
    Usual,
    Window,
    short,
)
from qoa_platform.states import Tally

MERGE = frozenset({"uniqueness"})
"""Asks whose metrics keep a mergeable state when the promise says ``merge: true``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a range: a metric (with the profile that it is read against), or why it cannot be asked."""

    promise: Promise
    metric: Metric | None
    profile: Profile | None = None
    cause: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.metric.columns if self.metric is not None else self.promise.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found of one question in one stretch (of one group)."""

    question: Question
    folded: Folded

    @property
    def unit(self) -> Unit:
        """The unit of the value."""
        return self.question.metric.unit if self.question.metric is not None else Unit.ONE

    @property
    def direction(self) -> Direction:
        """Which side is the good one."""
        return self.question.metric.direction if self.question.metric is not None else Direction.TARGET


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a range is cut: into stretches of time, by groups of a *column*, or *rolling* over so many days."""

    every: Every = Every.ALL
    column: str | None = None
    rolling: int | None = None


def questions(
    contract: Contract, subject: Subject, stored: Stored, now: datetime, *, named: Sequence[str] = (),
    columns: Sequence[str] = (), by: str | None = None,
) -> list[Question]:  # fmt: skip
    """What the promises of *subject* measure (those *named*: ids of promises or of metrics), as questions of a range.

    A named metric that nothing promises is asked of *columns*: it has an answer where the state that it reads is kept
    for some other promise. With *by* a column, everything is asked by its groups. References are those in force; a
    moving one is that before the range.
    """
    first = next(iter(stored.published), None)
    references = References(stored.ledger, contract, _nothing(stored.asset, first, now))
    return [q for p in _chosen(subject, named, columns) for q in _asked(p, subject, references, by)]


def _chosen(subject: Subject, named: Sequence[str], columns: Sequence[str]) -> list[Promise]:
    """The promises that are asked for, and one for every named metric of *columns*, or that nothing promises."""
    own = [p for p in subject.promises if p.over is None]
    chosen = [p for p in own if not named or p.id in named or (p.metric in named and not columns)]
    known = {p.id for p in own} | (set() if columns else {p.metric for p in own})
    asked = [Promise(id=name, metric=name, columns=tuple(columns), must=Usual()) for name in named if name not in known]
    return [*chosen, *asked]


def _nothing(asset: str, partition: str | None, now: datetime) -> Candidate:
    """A candidate without rows, in whose place the references are looked up."""
    window = Window(start=now, end=now)
    return Candidate(
        asset=asset, partition=partition or "", window=window, frame=pl.DataFrame(), digest="", trial="", at=now,
        wall=now,
    )  # fmt: skip


def _asked(promise: Promise, subject: Subject, references: References, by: str | None) -> Iterator[Question]:
    grouped = promise if by is None or promise.by == by else replace(promise, by=by, reference=None)
    try:
        for metric in build(grouped, subject):
            if isinstance(metric, FoldMetric) and not isinstance(metric, Metric):
                yield Question(promise=promise, metric=None, cause=f"{metric.id} is read off runs: no state is kept")
            else:
                yield Question(promise=grouped, metric=metric, profile=references.profile(grouped, metric))
    except MetricError as error:
        yield Question(promise=promise, metric=None, cause=str(error))


def answers(stored: Stored, asked: Sequence[Question], shape: Shape, now: datetime) -> list[Answer]:
    """The answers, stretch by stretch in the order of the questions. No row of the data is read."""
    stored.fetch(a for q in asked if (a := _ask(q)) is not None)
    return [Answer(question=q, folded=f) for q in asked for f in _answered(stored, q, shape, now)]


def _ask(question: Question) -> Ask | None:
    return question.metric.ask(question.profile) if question.metric is not None else None


def _answered(stored: Stored, question: Question, shape: Shape, now: datetime) -> Iterator[Folded]:
    cut = stretches(tuple(stored.published), Every.ALL if shape.rolling else shape.every)
    if question.metric is None:
        yield from _without(cut, question.cause or "no metric")
        return
    told, states, why = _states(stored, question, now)
    if why is not None:
        yield from _single(stored, question, cut, why)
        return
    if shape.rolling:
        parts = ((p, s, n, shape.rolling) for p, s, n in rolling(states, tuple(stored.published), shape.rolling))
    else:
        parts = ((name, fold([states[p] for p in those if p in states]), sum(p in states for p in those), len(those))
                 for name, those in cut.items())  # fmt: skip
    for name, state, found, of in parts:
        if state is None:
            nothing = Reading.unknown(Reason.NO_DATA, cause="no published partition of it has kept this state")
            yield Folded(stretch=name, group=None, reading=nothing, found=0, of=of)
            continue
        for group, reading in readings(told, question.profile, state, groups=shape.column is not None):
            yield Folded(stretch=name, group=group, reading=reading, found=found, of=of)


def _states(stored: Stored, question: Question, now: datetime) -> tuple[Metric, States, str | None]:
    """The metric told the range, the states that it reads by partition, and why there are none."""
    metric = question.metric
    assert metric is not None  # noqa: S101 (a question without a metric has no states)
    ask = metric.ask(question.profile)
    if ask is None:
        return metric, {}, "nothing is frozen that it could be read against"
    if ask.state == "nothing":
        return metric, {}, metric.read(Tally(), question.profile).cause or "there is nothing to read"
    if ask.state in UNMERGEABLE:
        hint = ". A promise with merge: true keeps what merges" if ask.state in MERGE else ""
        return metric, {}, f"what it reads ({ask.state}) cannot be merged over partitions{hint}"
    published = tuple(stored.published)
    if not published:
        return metric, {}, None
    ends = [_told(metric, now, p) for p in (published[0], published[-1])]
    if ends[0].ask(question.profile) != ends[1].ask(question.profile) or ends[0].ask(question.profile) != ask:
        return ends[1], stored.each(lambda p: _told(metric, now, p).ask(question.profile)), None
    states = stored.states(ask)
    return metric.at(now, _window(published[-1], now)), states, None if states else _unkept(ask)


def _told(metric: Metric, now: datetime, partition: str) -> Metric:
    return metric.at(now, _window(partition, now))


def _window(partition: str, now: datetime) -> Window:
    try:
        return Window.of_partition(partition)
    except ValueError:
        return Window(start=now, end=now)


def _unkept(ask: Ask) -> str:
    by = f" by {', '.join(ask.by)}" if ask.by else ""
    how = "name it in segments:, or promise something by: it" if ask.by else "promise something that reads it"
    return f"no state {ask.state}({', '.join(ask.columns)}){by} is kept of what is published: {how}"


def _without(cut: Mapping[str, Sequence[str]], cause: str) -> Iterator[Folded]:
    unknown = Reading.unknown(Reason.NOT_APPLICABLE, cause=cause)
    for name, those in cut.items():
        yield Folded(stretch=name, group=None, reading=unknown, found=0, of=len(those))


def _single(stored: Stored, question: Question, cut: Mapping[str, Sequence[str]], cause: str) -> Iterator[Folded]:
    """Where a stretch is one partition its measurement says it all; else that nothing merges, and why."""
    metric = question.metric
    assert metric is not None  # noqa: S101 (a question without a metric is answered before)
    params = series_params(metric.params, question.promise.reference)
    for name, those in cut.items():
        kept = None
        if len(those) == 1 and question.profile is None:
            kept = stored.measurement(short(metric.id, params, stored.asset, None, None), those[0])
        if kept is not None:
            yield Folded(stretch=name, group=None, reading=kept.reading, found=1, of=1)
        else:
            yield from _without({name: those}, cause)
