"""Owns the writing of what is due: verdicts for windows in which nothing came (semantics 9)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from qoa_platform.audit.candidate import Candidate, Judged
from qoa_platform.audit.history import usual
from qoa_platform.audit.references import References
from qoa_platform.metrics import build
from qoa_platform.ports import Clock, Ledger
from qoa_platform.reactions.recall import recall_of
from qoa_platform.reactions.snapshot import MARGIN, horizon_of
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
)
from qoa_platform.verdicts import Band, Context, Due, due, missed_verdict
from qoa_platform.verdicts.budget import spread

Known = Mapping[tuple[str, str], set[tuple[str, str]]]
"""(contract, subject) → the (promise, partition) that have a current verdict of the whole."""


def due_batches(
    ledger: Ledger, contracts: Sequence[Contract], runs: Sequence[RunView], clock: Clock, ends: Mapping[str, date]
) -> Iterator[Batch]:
    """One batch per subject that owes verdicts. *ends* says where an asset's partitions end: the day after the last."""
    at, wall = clock.at(), clock.wall()
    subjects = [
        Judged(contract=c, subject=s)
        for c in contracts
        for s in c.subjects
        if s.kind is SubjectKind.ASSET and s.expected is not None
    ]
    known = _known(ledger, contracts, at) if subjects else {}
    for judged in subjects:
        verdicts = tuple(_missing(ledger, judged, known, (at, wall), runs=runs, ends=ends))
        if verdicts:
            yield Batch(records=verdicts)


def _known(ledger: Ledger, contracts: Sequence[Contract], at: datetime) -> Known:
    """What was judged already, of all contracts at once, from what this process has read of the ledger."""
    recall, horizon = recall_of(ledger), horizon_of(contracts, at)
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    with recall.lock:
        recall.refresh(ledger, horizon)
        for name, heads in recall.verdicts.items():
            for key, window in heads:
                if key.group is None and window.end > horizon:
                    found.setdefault((name, key.subject), set()).add((key.promise, window.partition))
    return found


def _missing(
    ledger: Ledger, judged: Judged, known: Known, moment: tuple[datetime, datetime], *, runs: Sequence[RunView],
    ends: Mapping[str, date],
) -> Iterator[Verdict]:  # fmt: skip
    at, wall = moment
    subject, asset = judged.subject, judged.subject.asset or ""
    seen = known.get((judged.contract.name, subject.id), set())
    horizon = judged.contract.react_within + MARGIN
    active = {r.partition or "" for r in runs if r.state in ACTIVE and asset in r.assets}
    end, earliest = ends.get(asset), (at - horizon).date()
    if not due(subject, known=seen, first=earliest, end=end, now=at, active=active, horizon=horizon):
        return  # whatever was published, nothing is owed: no need to ask what was
    prefix = f"{asset}|"
    published = {h.key.removeprefix(prefix) for h in ledger.pointers(PointerKind.PUBLISHED, prefix=prefix) if h.value}
    first = min((date.fromisoformat(p) for p in published), default=None)
    owed = due(
        subject, known=seen, first=first, end=end, now=at, active=active, published=published, horizon=horizon
    )  # fmt: skip
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
    import polars as pl  # noqa: PLC0415 (only where a band is missing)

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
    share = spread(judged.contract).of(judged.subject.id, item.promise.id)
    references = References(ledger, judged.contract, judged.subject, nothing)
    return usual(ledger, references, probe, alpha=share.per_look if share is not None else None)
