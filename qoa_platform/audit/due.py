"""Owns the writing of what is due: verdicts for windows in which nothing came (semantics 9)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from qoa_platform.audit.candidate import Candidate, Judged
from qoa_platform.audit.history import usual
from qoa_platform.audit.references import References
from qoa_platform.metrics import build
from qoa_platform.ports import Clock, Ledger
from qoa_platform.records import (
    ACTIVE,
    Batch,
    Contract,
    Measurement,
    PointerKind,
    Reading,
    Reason,
    RunView,
    SubjectKind,
    Usual,
    Verdict,
    Window,
)
from qoa_platform.verdicts import Band, Context, Due, due, missed_verdict


def due_batches(
    ledger: Ledger, contracts: Sequence[Contract], runs: Sequence[RunView], clock: Clock, ends: Mapping[str, date]
) -> Iterator[Batch]:
    """One batch per subject that owes verdicts. *ends* says where an asset's partitions end (the day after the last)."""
    at, wall = clock.at(), clock.wall()
    for contract in contracts:
        for subject in contract.subjects:
            if subject.kind is SubjectKind.ASSET and subject.expected is not None:
                judged = Judged(contract=contract, subject=subject)
                verdicts = tuple(_missing(ledger, judged, runs, at, wall, ends))
                if verdicts:
                    yield Batch(records=verdicts)


def _missing(
    ledger: Ledger, judged: Judged, runs: Sequence[RunView], at: datetime, wall: datetime, ends: Mapping[str, date]
) -> Iterator[Verdict]:
    subject, asset = judged.subject, judged.subject.asset or ""
    prefix = f"{asset}|"
    published = {h.key.removeprefix(prefix) for h in ledger.pointers(PointerKind.PUBLISHED, prefix=prefix) if h.value}
    horizon = judged.contract.react_within + timedelta(days=1)
    recent = ledger.find(Verdict, ends_after=at - horizon - timedelta(days=1))
    known = {
        (v.key.promise, v.window.partition)
        for v in recent
        if v.key.contract == judged.contract.name and v.key.subject == subject.id and v.key.group is None
    }
    active = {r.partition or "" for r in runs if r.state in ACTIVE and asset in r.assets}
    first = min((date.fromisoformat(p) for p in published), default=None)
    owed = due(
        subject, known=known, first=first, end=ends.get(asset), now=at, active=active, published=published, horizon=horizon
    )
    for item in owed:
        yield _written(ledger, judged, item, at, wall)


def _written(ledger: Ledger, judged: Judged, item: Due, at: datetime, wall: datetime) -> Verdict:
    subject = judged.subject
    metric = build(item.promise, subject)[0]
    context = Context.under(judged.contract, subject.id, item.window, at=at, wall=wall)
    band: Band | Reason | None = None
    if isinstance(item.promise.must, Usual):
        band = _band(ledger, judged, item, at, wall)
    return missed_verdict(item, context=context, unit=metric.unit, direction=metric.direction, band=band)


def _band(ledger: Ledger, judged: Judged, item: Due, at: datetime, wall: datetime) -> Band | Reason:
    import polars as pl

    metric = build(item.promise, judged.subject)[0]
    asset = judged.subject.asset or ""
    nothing = Candidate(
        asset=asset, partition=item.window.partition, window=item.window, frame=pl.DataFrame(), digest="", trial="",
        at=at, wall=wall,
    )  # fmt: skip
    probe = Measurement(
        metric=metric.id, params=metric.params, subject=judged.subject.target, window=item.window,
        reading=Reading(value=0.0, n=0), unit=metric.unit, direction=metric.direction, at=at, wall=wall,
    )  # fmt: skip
    return usual(ledger, References(ledger, judged.contract, nothing), probe)


