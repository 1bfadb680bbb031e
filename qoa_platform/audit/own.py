"""Owns the audit of a frame against the promises of its own asset: one scan, one verdict per promise and group."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from qoa_platform.audit.candidate import NO_GAUGES, Audited, Candidate, Gauges, Judged
from qoa_platform.audit.failing import Failing
from qoa_platform.audit.promises import Bench
from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.audit.schema import SchemaAudit
from qoa_platform.audit.telling import Told
from qoa_platform.audit.withholding import withheld
from qoa_platform.metrics import Metric, MetricError, build
from qoa_platform.records import Ask, Measurement, Mode, Profile, Promise, StoredState, Subject
from qoa_platform.scans import Measured, Scan, measure
from qoa_platform.states import encode
from qoa_platform.verdicts import Context

SHOWN_BY_SEGMENT = frozenset({"data.row_count", "data.completeness", "data.pass_rate", "data.sum", "data.mean"})
"""Metrics that are measured per segment, and shown; only the whole is judged (semantics 3)."""

Built = tuple[Promise, Metric, Profile | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The promises of a subject that its own frame answers, with their metrics, and those *shown* per segment.

    They follow from the contract alone, so that whoever judges many frames builds them once.
    """

    promises: tuple[tuple[Promise, tuple[Metric, ...]], ...]
    shown: tuple[Built, ...] = ()

    @classmethod
    def of(cls, subject: Subject) -> "Asked":
        """Raises MetricError for a promise that a frame cannot answer."""
        own = [p for p in subject.promises if p.over is None]
        return cls(
            promises=tuple((p, frame_metrics(p, subject)) for p in own), shown=tuple(_segmented(own, subject))
        )  # fmt: skip


def audit_own(
    ledger: Reader, judged: Judged, candidate: Candidate, *, asked: Asked | None = None,
    references: References | None = None, keep: bool = True, sample: bool = True, gauges: Gauges = NO_GAUGES,
) -> Audited:  # fmt: skip
    """Measure and judge every promise of *judged* that can be read from the candidate's own frame.

    All asks of all promises (and of the segments that are shown) are answered by one scan. *asked* is what was prepared
    before, *references* where profiles come from if not from the ledger. Without *keep* no state is encoded,
    and without *sample* failing rows are looked for of the schema alone. *gauges* are for the report of the scan.
    """
    subject, references = judged.subject, references or References(ledger, judged.contract, judged.subject, candidate)
    asked = asked or Asked.of(subject)
    tell = Told.of(subject, candidate, references).metric
    built: list[Built] = [(p, tell(m), references.profile(p, m)) for p, metrics in asked.promises for m in metrics]
    declared = SchemaAudit.of(subject.schema, candidate.frame) if subject.schema is not None else None
    wanted = [(m, f) for _, m, f in (*built, *asked.shown)]
    rules = declared.wanted if declared is not None else []
    frames = {name: n.frame for name, n in candidate.beside.items()}
    found = measure(
        candidate.frame, [*wanted, *rules], missing=dict(subject.missing), beside=frames, clock=gauges.clock,
        resident=gauges.resident,
    )  # fmt: skip
    answers = _answers(found.measured)
    answers, ruled = answers[: len(wanted)], [answer[0].reading for answer in answers[len(wanted) :]]
    reads: dict[str, dict[Metric, list[Measured]]] = {}
    referred: dict[str, list[tuple[Metric, Profile | None]]] = {}
    for (promise, metric, profile), answer in zip(built, answers, strict=False):
        reads.setdefault(promise.id, {})[metric] = answer
        referred.setdefault(promise.id, []).append((metric, profile))
    context = context_of(judged, candidate)
    bench = Bench(ledger=ledger, subject=subject, candidate=candidate, references=references, context=context)
    bench.others = {p: (referred[p], reads[p]) for p in referred}
    failing = Failing(subject=subject, candidate=candidate, observed=judged.contract.mode is Mode.OBSERVE)
    verdicts = [] if declared is None else [declared.verdict(ruled, failing, context, judged.contract.source)]
    for promise, _ in asked.promises:
        metrics, read = referred.get(promise.id, []), reads[promise.id]
        whole, *groups = bench.judged(promise, metrics, read)
        if sample:
            whole = failing.beside(whole, [(m, f, read[m][0].reading) for m, f in metrics])
            groups = failing.in_groups(groups, metrics, promise.by)
        verdicts += [whole, *groups]
    return Audited(
        verdicts=tuple(verdicts),
        measurements=tuple(_with_segments(bench.measurements, bench, asked.shown, answers[len(built) :])),
        aside=tuple(failing.aside),
        profiles=() if any(v.blocks for v in verdicts) else tuple(references.frozen),
        states=_stored(found, judged, candidate, _asks(rules) - _asks(wanted) if rules else set()) if keep else (),
        scans=(found.report,),
    )


def _stored(found: Scan, judged: Judged, candidate: Candidate, left: set[Ask]) -> tuple[StoredState, ...]:
    """The states that promises were read off; *left* is what only the schema asked for: nothing merges it.

    None that holds values of a sensitive column: they live in this process alone.
    """
    return tuple(
        StoredState(
            ask=ask, asset=candidate.asset, partition=candidate.partition, window=candidate.window,
            data=candidate.digest, content=encode(state), at=candidate.at, wall=candidate.wall,
        )
        for ask, state in found.states.items()
        if ask not in left and not withheld(ask, judged.subject.sensitive)
    )  # fmt: skip


def _asks(wanted: Sequence[tuple[Metric, Profile | None]]) -> set[Ask]:
    asks: set[Ask] = set()
    for metric, profile in wanted:
        with suppress(Exception):  # a metric may be anybody's: the scan has said so already
            asks |= {ask for ask in [metric.ask(profile)] if ask is not None}
    return asks


def _answers(measured: Sequence[Measured]) -> list[list[Measured]]:
    """The readings of each wanted metric, in the order in which they were wanted: the whole's comes first.

    Equal metrics of two promises are told apart by their place, for they may be read against different references.
    """
    found: list[list[Measured]] = []
    for item in measured:
        if item.group is None:
            found.append([])
        found[-1].append(item)
    return found


def context_of(judged: Judged, candidate: Candidate) -> Context:
    """What all verdicts of one audit share."""
    context = Context.under(judged.contract, judged.subject.id, candidate.window, at=candidate.at, wall=candidate.wall)
    return replace(context, data=candidate.digest, trial=candidate.trial, imported=candidate.imported)


def frame_metrics(promise: Promise, subject: Subject) -> tuple[Metric, ...]:
    """The metrics of *promise*, which a frame must answer. Raises MetricError for one that folds records.

    One that is only declared answers for frames and runs alike: ``not_applicable``.
    """
    found = build(promise, subject)
    if folding := [m.id for m in found if not isinstance(m, Metric)]:
        message = (
            f"promise {promise.id!r} of {subject.id!r}: {folding[0]} is read off runs. Allowed: metrics of a frame"
        )
        raise MetricError(message)
    return tuple(m for m in found if isinstance(m, Metric))


def _segmented(promises: Sequence[Promise], subject: Subject) -> list[Built]:
    shown: list[Built] = []
    for segment in (s for s in subject.segments if s not in subject.sensitive):  # their names are values
        for promise in promises:
            if promise.by is None and promise.metric in SHOWN_BY_SEGMENT:
                by = replace(promise, by=segment, reference=None)
                shown += [(by, m, None) for m in frame_metrics(by, subject)]
    return shown


def _with_segments(
    measurements: list[Measurement], bench: Bench, shown: Sequence[Built], answers: Sequence[list[Measured]]
) -> list[Measurement]:
    """Segment values travel as evidence of one measurement each, so that a day stays a handful of rows.

    A promise ``by:`` the segment has measured its groups already, each as a row of its own.
    """
    known = {m.id for m in measurements} if shown else set()
    for (promise, metric, _), answer in zip(shown, answers, strict=True):
        groups = {str(r.group): [r.reading.value, r.reading.n] for r in answer if r.group is not None}
        whole = next((r.reading for r in answer if r.group is None), None)
        if whole is not None and groups:
            row = bench.measurement(metric, None, whole, None)
            if row.id not in known:
                measurements.append(replace(row, evidence={"segment": promise.by, "groups": groups}))
                known.add(row.id)
    return measurements
