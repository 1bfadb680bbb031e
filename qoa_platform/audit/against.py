"""Owns the comparison of two ranges: what changed, and how far the counts of one lie from those of the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from qoa_platform.audit.ranges import Answer, Question, Shape, answers
from qoa_platform.audit.stored import Stored
from qoa_platform.metrics import UNMERGEABLE, Metric, MetricError, MetricSpec, Source, build, catalogue
from qoa_platform.metrics.drift_bins import counts_of
from qoa_platform.profiles.merged import merged_reference
from qoa_platform.profiles.stretches import WHOLE, Folded, fold, readings
from qoa_platform.records import Ask, ColumnProfile, Profile, Promise, Reference, ReferenceKind, Subject, Usual, Window
from qoa_platform.states import State
from qoa_platform.verdicts import floor_of

CHANGES = frozenset({"drift", "data.unseen_share"})
"""Families and metrics that compare counts with those of a reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One metric in both ranges; of a drift metric *then* is ``None``, and *floor* is its noise floor."""

    now: Answer
    then: Answer | None = None
    floor: float | None = None


def changes(
    this: Stored, that: Stored, asked: Sequence[Question], subject: Subject, shape: Shape, now: datetime
) -> list[Change]:
    """What *asked* reads in both ranges, and the drift of *this* against *that* wherever counts are kept.

    The other range's merged counts are the reference; no row of either is read.
    """
    whole = Shape(column=shape.column)
    plain = [q for q in asked if q.profile is None]
    before = {_key(a): a for a in answers(that, plain, whole, now)}
    found = [Change(now=a, then=before.get(_key(a))) for a in answers(this, plain, whole, now)]
    return [*found, *_drifts(this, that, asked, subject, whole, now)]


def _key(answer: Answer) -> tuple[object, ...]:
    question = answer.question
    return question.promise.id, question.columns, answer.folded.group


def _drifts(
    this: Stored, that: Stored, asked: Sequence[Question], subject: Subject, shape: Shape, now: datetime
) -> Iterator[Change]:
    """Drift by columns: per set of rows (``where``, ``by``), every metric whose counts both ranges keep."""
    kept = _counts(that, asked)
    for _, asks in groupby(sorted(kept, key=_rows), key=_rows):
        states = {ask: kept[ask] for ask in asks}
        profile = merged_reference(
            states, name=f"{next(iter(that.published))} …", subject=this.asset,
            window=Window(start=now, end=now), source=tuple(that.published.values()), at=now, wall=now,
        )  # fmt: skip
        yield from _of_rows(this, states, profile, [q for q in asked if q.metric is not None], subject, shape)


def _rows(ask: Ask) -> tuple[str, tuple[str, ...]]:
    return ask.where or "", ask.by


def _counts(stored: Stored, asked: Sequence[Question]) -> dict[Ask, State]:
    """The merged state of every ask of *asked* that is kept."""
    asks = [a for q in asked if q.metric is not None and (a := q.metric.ask(q.profile)) is not None]
    stored.fetch(a for a in asks if a.state not in UNMERGEABLE)
    found = {a: fold(list(stored.states(a).values())) for a in dict.fromkeys(asks) if a.state not in UNMERGEABLE}
    return {ask: state for ask, state in found.items() if state is not None}


def _of_rows(
    this: Stored, states: dict[Ask, State], profile: Profile, asked: Sequence[Question], subject: Subject, shape: Shape
) -> Iterator[Change]:
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for question in asked:
        metric = question.metric
        if metric is None or metric.ask(question.profile) not in states:
            continue
        for spec in catalogue().values():
            for drift in _metrics(spec, question.promise, subject, metric.columns):
                ask = drift.ask(profile)
                if ask not in states or (drift.id, drift.columns) in seen:
                    continue
                seen.add((drift.id, drift.columns))
                yield from _read(this, replace(question, metric=drift, profile=profile), ask, shape)


def _metrics(spec: MetricSpec, promise: Promise, subject: Subject, columns: tuple[str, ...]) -> list[Metric]:
    """The metrics of *spec* over the rows and columns of *promise*; none where they do not fit."""
    fits = spec.implemented and spec.needs_reference and spec.source is Source.FRAME and not CHANGES.isdisjoint(
        {spec.family, spec.id}
    )  # fmt: skip
    if not fits or not columns:
        return []
    other = replace(
        promise, id=spec.id, metric=spec.id, columns=columns, expr=None, params=(), weight=None, aggregate=None,
        compat=None, must=Usual(), reference=Reference(kind=ReferenceKind.PREVIOUS),
    )  # fmt: skip
    try:
        return [m for m in build(other, subject) if isinstance(m, Metric)]
    except MetricError:
        return []


def _read(this: Stored, question: Question, ask: Ask, shape: Shape) -> Iterator[Change]:
    found = this.states(ask)
    state = fold(list(found.values()))
    if state is None or question.metric is None or question.profile is None:
        return
    for group, reading in readings(question.metric, question.profile, state, groups=shape.column is not None):
        folded = Folded(stretch=WHOLE, group=group, reading=reading, found=len(found), of=len(this.published))
        known = question.profile.column(question.columns[0], group)
        yield Change(now=Answer(question=question, folded=folded), floor=_floor(question.metric.id, folded, known))


def _floor(metric: str, folded: Folded, known: ColumnProfile | None) -> float | None:
    if known is None:
        return None
    bins = len(counts_of(known))
    return floor_of(metric, folded.reading.n, known.n - known.missing, bins, noise=known.noise, spread=known.std)
