"""Owns re-judging: what a contract says of what was measured in the past (semantics 25). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from qoa_platform.metrics import build
from qoa_platform.reactions.episodes import find_promise, schema_promise
from qoa_platform.records import (
    Contract,
    Key,
    Measurement,
    Mode,
    Params,
    Promise,
    Reading,
    Reason,
    Subject,
    SubjectKind,
    Verdict,
    Window,
    gates,
)
from qoa_platform.releases.evidence import OBJECTIVE
from qoa_platform.verdicts import Band, Context, Observed, judge_columns

Series = tuple[str, Params, str, str | None, str | None]
"""(metric, parameters, subject, group, version): one line of measurements."""
SCHEMA = "schema"
NOT_MEASURED = "not measured then, so nothing can be said"


class How(StrEnum):
    """Where a verdict of a replay comes from."""

    RECORDED = "as recorded"
    """The promise is unchanged: the verdict that was given."""
    REJUDGED = "judged again"
    """The promise changed: what was measured then, by what is promised now."""
    UNMEASURED = "not measured"
    """Nothing was measured that could tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Stored measurements by series and window, and the contracts under which verdicts were given."""

    contracts: Mapping[str, Contract]
    measured: Mapping[tuple[Series, Window], Sequence[Measurement]] = field(default_factory=dict)
    by_id: Mapping[str, Measurement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything that was judged at one moment about one subject, window, version and candidate."""

    subject: Subject
    window: Window
    at: datetime
    wall: datetime
    version: str | None
    data: str | None
    verdicts: tuple[tuple[Verdict, Promise | None], ...]
    """Each with its promise, as the contract of then had it."""


def past_of(contracts: Iterable[Contract], measurements: Iterable[Measurement]) -> Past:
    """The past, indexed."""
    measured: dict[tuple[Series, Window], list[Measurement]] = {}
    by_id: dict[str, Measurement] = {}
    for m in measurements:
        by_id[m.id] = m
        measured.setdefault(((m.metric, m.params, m.subject, m.group, m.version), m.window), []).append(m)
    return Past(contracts={c.digest: c for c in contracts}, measured=measured, by_id=by_id)


def audits(past: Past, verdicts: Iterable[Verdict]) -> list[Audit]:
    """The verdicts as they were given together, in order of ``at``; those under a contract nobody kept are left out."""
    groups: dict[tuple[object, ...], list[tuple[Verdict, Promise | None]]] = {}
    subjects: dict[tuple[object, ...], Subject] = {}
    for v in verdicts:
        held = past.contracts.get(v.contract_digest)
        subject = held.subject(v.key.subject) if held else None
        if held is None or subject is None:
            continue
        place = (subject.target, subject.kind, v.window, v.at, v.key.version, v.data, v.trial)
        groups.setdefault(place, []).append((v, find_promise(held, v.key)))
        subjects[place] = subject
    made = [
        Audit(
            subject=subjects[place], window=found[0][0].window, at=found[0][0].at, wall=found[0][0].wall,
            version=found[0][0].key.version, data=found[0][0].data, verdicts=tuple(found),
        )
        for place, found in groups.items()
    ]  # fmt: skip
    return sorted(made, key=lambda a: a.at)


def objectives(contract: Contract, past: Past, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """The verdicts on release objectives that *contract* would have given too: those whose objective it has."""
    mine = contract.release
    for v in verdicts:
        held = past.contracts.get(v.contract_digest)
        theirs = held.release if held else None
        if (v.key.subject, v.key.promise) != OBJECTIVE or mine is None or theirs is None:
            continue
        if (theirs.model, theirs.objective) == (mine.model, mine.objective):
            yield replace(v, key=replace(v.key, contract=contract.name))


def rejudged(contract: Contract, past: Past, audit: Audit) -> Iterator[tuple[Verdict, How]]:
    """What *contract* says of what was measured at *audit*: one verdict per promise (and group) that it makes.

    An unchanged promise keeps its verdict. A changed one is judged again where the same thing was measured: fixed
    bounds always, ``versus`` and ``usual`` with the baseline and the band that were stored with the verdict. What was
    not measured is unknown(not_applicable).
    """
    for subject in contract.subjects:
        if (subject.target, subject.kind) != (audit.subject.target, audit.subject.kind):
            continue
        ids = [p.id for p in subject.promises] + ([SCHEMA] if subject.schema is not None else [])
        for name in ids:
            key = Key(contract=contract.name, subject=subject.id, promise=name, version=audit.version)
            promise = find_promise(contract, key)
            if promise is not None and _asked(audit, promise):
                yield from _judged(contract, past, audit, subject, promise)


def _asked(audit: Audit, promise: Promise) -> bool:
    """Whether this audit is of what *promise* is read over: the asset's own frame, or an evidence frame."""
    return (audit.version is None) == (promise.over is None)


def _judged(
    contract: Contract, past: Past, audit: Audit, subject: Subject, promise: Promise
) -> Iterator[tuple[Verdict, How]]:
    first = audit.verdicts[0][0]
    context = replace(
        Context.under(contract, subject.id, audit.window, at=audit.at, wall=audit.wall), version=audit.version,
        data=audit.data, trial=first.trial, imported=first.imported, provisional=first.provisional,
    )  # fmt: skip
    gate = subject.kind is SubjectKind.ASSET and promise.over is None
    comparable = _same_data(audit.subject, subject, promise)
    found = [(v, p) for v, p in audit.verdicts if comparable and p is not None and same_measure(p, promise)]
    own = comparable and any(p.id == promise.id and same_measure(p, promise) for p in _promised(audit.subject))
    chosen = promise.id if own else next((p.id for _, p in found), None)
    for verdict, before in (pair for pair in found if pair[1].id == chosen):
        if (before.must, before.min_n, before.fdr) == (promise.must, promise.min_n, promise.fdr):
            yield _kept(contract, verdict, subject, promise, gate=gate), How.RECORDED
        else:
            yield _again(past, promise, context, verdict, subject, gate=gate), How.REJUDGED
    if chosen is None and (audit.version is None or promise.over in {p.over for _, p in audit.verdicts if p}):
        yield _measured(past if comparable else Past(contracts={}), promise, context, subject, gate=gate)


def _promised(subject: Subject) -> tuple[Promise, ...]:
    return subject.promises if subject.schema is None else (schema_promise(), *subject.promises)


def _same_data(one: Subject, two: Subject, promise: Promise) -> bool:
    """Whether a promise about the subject as it is now is about the rows that were measured then."""
    rows = [(s.where, s.missing, s.event_time, s.timezone) for s in (one, two)]
    return rows[0] == rows[1] and (promise.id != SCHEMA or one.schema == two.schema)


def same_measure(one: Promise, two: Promise) -> bool:
    """Whether two promises are about the same measurement, whatever they demand of it."""
    plain = {"id": "", "must": two.must, "streak": 1, "clear_after": 2, "severity": two.severity, "mode": two.mode,
             "min_n": None, "block_on_unknown": False, "unusual_intent": False, "fdr": None}  # fmt: skip
    return replace(one, **cast(Any, plain)) == replace(two, **cast(Any, plain))


def _kept(contract: Contract, verdict: Verdict, subject: Subject, promise: Promise, *, gate: bool) -> Verdict:
    """The verdict that was given, under the name, severity and mode that the promise has now."""
    enforced = contract.mode is Mode.ENFORCE and promise.mode is Mode.ENFORCE
    blocks = gates(promise.severity, verdict.status, verdict.reason, block_on_unknown=promise.block_on_unknown)
    key = replace(verdict.key, contract=contract.name, subject=subject.id, promise=promise.id)
    return replace(
        verdict, key=key, severity=promise.severity, blocks=blocks and gate and enforced and key.group is None
    )  # fmt: skip


def _again(
    past: Past, promise: Promise, context: Context, verdict: Verdict, subject: Subject, *, gate: bool
) -> Verdict:  # fmt: skip
    """The readings behind *verdict*, judged by *promise*."""
    stored = [past.by_id[m] for m in verdict.measurements if m in past.by_id]
    direction = stored[0].direction if stored else build(promise, subject)[0].direction
    read: list[tuple[Reading, tuple[str, ...]]] = [(m.reading, (m.id,)) for m in stored]
    if not stored:
        told = Reading(value=verdict.value, n=verdict.n, reason=verdict.reason, cause=verdict.cause)
        read = [(told, verdict.measurements)]
    floor = verdict.evidence.get("floor")
    columns = {
        str(index): Observed(
            reading=reading, measurements=ids, baseline=_baseline(verdict), band=_band(verdict),
            floor=floor if isinstance(floor, float) else None,
        )
        for index, (reading, ids) in enumerate(read)
    }  # fmt: skip
    return judge_columns(
        promise, context=context, columns=columns, unit=verdict.unit, direction=direction, group=verdict.key.group,
        gate=gate,
    )  # fmt: skip


def _measured(past: Past, promise: Promise, context: Context, subject: Subject, *, gate: bool) -> tuple[Verdict, How]:
    """A promise that nobody made then: judged where its very metric was measured for another one, else unknown."""
    metrics = build(promise, subject)
    stored: list[Measurement] = []
    for metric in metrics:
        series: Series = (metric.id, metric.params, subject.target, None, context.version)
        stored += [m for m in past.measured.get((series, context.window), ()) if m.data == context.data][-1:]
    how = How.REJUDGED if len(stored) == len(metrics) else How.UNMEASURED
    unknown = Reading.unknown(Reason.NOT_APPLICABLE, cause=NOT_MEASURED)
    observed = [(m.reading, (m.id,)) for m in stored] if how is How.REJUDGED else [(unknown, ())]
    verdict = judge_columns(
        promise, context=context, unit=metrics[0].unit, direction=metrics[0].direction, gate=gate,
        columns={str(i): Observed(reading=r, measurements=ids) for i, (r, ids) in enumerate(observed)},
    )  # fmt: skip
    return verdict, how


def _baseline(verdict: Verdict) -> Reading | None:
    """The baseline that was stored with the verdict."""
    told = verdict.evidence.get("baseline")
    if not isinstance(told, Mapping):
        return None
    reason = told.get("reason")
    return Reading(value=told.get("value"), n=int(told.get("n") or 0), reason=Reason(reason) if reason else None)


def _band(verdict: Verdict) -> Band | None:
    """The learnt band that was stored with the verdict."""
    told = verdict.evidence.get("band")
    return Band(**told) if isinstance(told, Mapping) else None
