"""Owns ranges: the metrics of a subject over any stretch of published partitions, folded from their stored states."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import polars as pl

from qoa_platform.audit.candidate import Candidate
from qoa_platform.audit.promises import series_params
from qoa_platform.audit.references import References
from qoa_platform.audit.stored import States, Stored
from qoa_platform.metrics import UNMERGEABLE, FoldMetric, Metric, MetricError, Source, build, catalogue
from qoa_platform.metrics.facts import Facts, beside, told
from qoa_platform.profiles.stretches import Every, Folded, fold, readings, rolling, stretches
from qoa_platform.records import (
    Ask,
    Contract,
    Direction,
    Measurement,
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
from qoa_platform.states import State, Tally

MERGE = frozenset({"uniqueness"})
"""Asks whose metrics keep a mergeable state when the promise says ``merge: true``."""


SHOWN = 3
"""So many contents of another asset are named, where states were counted beside several."""


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
    references = References(stored.ledger, contract, subject, _nothing(stored.asset, first, now))
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
    metric, kept, why = _kept(stored, question, now)
    if why is not None:
        yield from _single(stored, question, cut, why)
        return
    by_content = {content: list(_parts(stored, states, cut, shape)) for content, states in kept.items()}
    for parts in zip(*by_content.values(), strict=True):
        seen = {c: part for c, part in zip(by_content, parts, strict=True) if part.state is not None}
        content, part = next(iter(seen.items()), ("", parts[0]))
        found = sum(p.found for p in seen.values())
        if part.state is None or len(seen) > 1:
            reading = _apart(metric, {c: p.partitions for c, p in seen.items()}) if seen else _nothing_kept()
            yield Folded(stretch=part.name, group=None, reading=reading, found=found, of=part.of)
            continue
        metric = _beside(metric, content)
        for group, reading in readings(metric, question.profile, part.state, groups=shape.column is not None):
            yield Folded(stretch=part.name, group=group, reading=reading, found=found, of=part.of)


class Part(NamedTuple):
    """The merged state of one stretch, the *partitions* it was merged of, and how many there could have been."""

    name: str
    state: State | None
    partitions: tuple[str, ...]
    of: int

    @property
    def found(self) -> int:
        """How many were merged."""
        return len(self.partitions)


def _parts(stored: Stored, states: States, cut: Mapping[str, Sequence[str]], shape: Shape) -> Iterator[Part]:
    published = tuple(stored.published)
    if shape.rolling:
        held = sorted(states)
        for name, state, count in rolling(states, published, shape.rolling):
            end = bisect_right(held, name)
            yield Part(name, state, tuple(held[end - count : end]), shape.rolling)
        return
    for name, those in cut.items():
        held = [p for p in those if p in states]
        yield Part(name, fold([states[p] for p in held]), tuple(held), len(those))


def _nothing_kept() -> Reading:
    return Reading.unknown(Reason.NO_DATA, cause="no published partition of it has kept this state")


def _apart(metric: Metric, seen: Mapping[str, Sequence[str]]) -> Reading:
    """What was counted beside different contents of another asset is not of one measure: which, and on which days."""
    said = [f"{c[:12]} ({d[0] if len(d) == 1 else f'{d[0]} … {d[-1]}, {len(d)} partitions'})" for c, d in seen.items()]
    more = f" and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    cause = (
        f"counted beside {len(said)} contents of {beside(metric)}, which do not merge: {', '.join(said[:SHOWN])}"
        f"{more}. "
        "A stretch in which it stood still has a value (--by day)"
    )
    return Reading.unknown(Reason.NOT_APPLICABLE, cause=cause)


def _beside(metric: Metric, content: str) -> Metric:
    other = beside(metric)
    return metric if other is None else told(metric, Facts(digests={other: content}))


def _kept(stored: Stored, question: Question, now: datetime) -> tuple[Metric, Mapping[str, States], str | None]:
    """The metric told the range, the states that it reads by partition, and why there are none.

    They are kept apart by the content of the asset that they were counted beside: ``""`` where there is none beside.
    """
    metric = question.metric
    assert metric is not None  # noqa: S101 (a question without a metric has no states)
    ask = metric.ask(question.profile)
    published = tuple(stored.published)
    if (why := _unmerged(metric, ask, question.profile)) is not None or not published or ask is None:
        return metric, {"": {}}, why
    if (other := beside(metric)) is not None:
        asked = stored.beside(
            lambda p, content: _beside(_told(metric, now, p), content).ask(question.profile), stored.contents(other)
        )
        apart: dict[str, dict[str, State]] = {}
        for partition, (content, state) in asked.items():
            apart.setdefault(content, {})[partition] = state
        return _told(metric, now, published[-1]), apart, None if apart else _unkept(ask)
    ends = [_told(metric, now, p) for p in (published[0], published[-1])]
    if ends[0].ask(question.profile) != ends[1].ask(question.profile) or ends[0].ask(question.profile) != ask:
        return ends[1], {"": stored.each(lambda p: _told(metric, now, p).ask(question.profile))}, None
    states = stored.states(ask)
    return metric.at(now, _window(published[-1], now)), {"": states}, None if states else _unkept(ask)


def _unmerged(metric: Metric, ask: Ask | None, profile: Profile | None) -> str | None:
    """Why there is nothing to merge, if so."""
    if ask is None:
        return "nothing is frozen that it could be read against"
    if (known := catalogue().get(metric.id)) is not None and known.source is Source.PUBLICATION:
        return f"{metric.id} is about one publication: every day has its own (--by day), several have none together"
    if ask.state == "nothing":
        return metric.read(Tally(), profile).cause or "there is nothing to read"
    if ask.state in UNMERGEABLE:
        hint = ". A promise with merge: true keeps what merges" if ask.state in MERGE else ""
        return f"what it reads ({ask.state}) cannot be merged over partitions{hint}"
    return None


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
    kept: Mapping[str, Measurement] = {}
    if question.profile is None and any(len(those) == 1 for those in cut.values()):
        params = series_params(metric.params, question.promise.reference)
        kept = stored.measured(short(metric.id, params, stored.asset, None, None))
    for name, those in cut.items():
        if len(those) == 1 and those[0] in kept:
            yield Folded(stretch=name, group=None, reading=kept[those[0]].reading, found=1, of=1)
        else:
            yield from _without({name: those}, cause)
