"""Owns the audit of a prediction frame: what every version did, against its baseline and against the champion."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from qoa_platform.audit.candidate import Audited, Candidate, Judged
from qoa_platform.audit.estimating import estimated
from qoa_platform.audit.own import context_of, frame_metrics
from qoa_platform.audit.promises import Bench, Referred
from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.metrics import Metric
from qoa_platform.metrics.drift_watched import Watched
from qoa_platform.records import (
    DAY,
    Baseline,
    ModelVersion,
    PointerKind,
    Promise,
    Reading,
    Reason,
    ReferenceKind,
    ReleasePolicy,
    Verdict,
    Versus,
    Window,
)
from qoa_platform.scans import Measured, measure
from qoa_platform.verdicts import Interval, Pair, objective_verdict, paired

VALUES = ("version", "origin", "actual", "predicted")
"""Columns of a prediction frame that are no key of its rows: whose it is, when it was made, and what it says."""


def audit_predictions(ledger: Reader, judged: Judged, candidate: Candidate) -> Audited:
    """Judge every promise ``over:`` the candidate's asset, for every registered version that the frame holds.

    A prediction frame is long: ``version, time, actual, predicted`` and grouping columns. A baseline is read on the
    very rows (times and groups) that the judged version predicted. Nothing here gates (semantics 12).
    """
    model = judged.subject.model
    frame = candidate.frame
    if model is None or "version" not in frame.columns or frame.is_empty():
        return Audited()
    present = set(frame.get_column("version").unique().to_list())
    versions = [v.version for v in ledger.find(ModelVersion, series=model) if v.version in present]
    head = ledger.pointer(PointerKind.ALIAS, f"{model}|champion")
    champion = head.value if head else None
    result = Audited()
    for version in versions:
        for promise in judged.subject.promises:
            if promise.over == candidate.asset:
                result += _judge(ledger, judged, candidate, promise, version, champion)
        policy = judged.contract.release
        if policy is not None and policy.model == model and policy.objective.over == candidate.asset:
            result += _objective(judged, candidate, policy, version, champion)
    return result


def _judge(
    ledger: Reader, judged: Judged, candidate: Candidate, promise: Promise, version: str, champion: str | None
) -> Audited:
    window = window_of(candidate.frame, promise.window)
    rows = _rows(candidate.frame, version, window)
    metrics = frame_metrics(promise, judged.subject)
    pairs = _referred(ledger, judged, candidate, promise, metrics)
    known = candidate.frame.filter(pl.col("version") == version)
    reads = _measured(rows, pairs) | estimated(metrics, known, rows, promise.by)
    baselines = None
    if isinstance(promise.must, Versus):
        name = _baseline(promise.must, champion)
        baselines = _measured(_same_rows(candidate.frame, rows, name), pairs) if name and name != version else {}
    context = replace(context_of(judged, candidate), window=window, version=version)
    bench = Bench(
        ledger=ledger, subject=judged.subject, candidate=candidate, references=None, context=context, gate=False
    )
    if any(isinstance(m, Watched) for m, _ in pairs):
        bench.past, bench.rows = References(ledger, judged.contract, judged.subject, candidate), rows
        bench.others = _named(ledger, judged, candidate, metrics, rows)
    if baselines == {}:
        verdicts = [_no_reference(v) for v in bench.judged(promise, pairs, reads, _nothing(metrics))]
    else:
        verdicts = bench.judged(promise, pairs, reads, baselines)
    return Audited(verdicts=tuple(verdicts), measurements=tuple(bench.measurements))


def _named(
    ledger: Reader, judged: Judged, candidate: Candidate, metrics: Sequence[Metric], rows: pl.DataFrame
) -> dict[str, tuple[Sequence[Referred], dict[Metric, list[Measured]]]]:
    """What is read of the promises that detectors among *metrics* are ``of:``, on the same *rows*."""
    found: dict[str, tuple[Sequence[Referred], dict[Metric, list[Measured]]]] = {}
    for metric in metrics:
        name = metric.of_ if isinstance(metric, Watched) else None
        promise = judged.subject.promise(name) if name is not None else None
        if promise is not None and promise.over == candidate.asset:
            pairs = _referred(ledger, judged, candidate, promise, frame_metrics(promise, judged.subject))
            found[promise.id] = (pairs, _measured(rows, pairs))
    return found


def _no_reference(verdict: Verdict) -> Verdict:
    return replace(verdict, cause="there is no champion to compare with yet, or it is the version itself")


def _nothing(metrics: Sequence[Metric]) -> dict[Metric, list[Measured]]:
    unknown = Reading.unknown(Reason.NO_REFERENCE)
    return {m: [Measured(metric=m, group=None, reading=unknown)] for m in metrics}


def _baseline(must: Versus, champion: str | None) -> str | None:
    match must.baseline:
        case Baseline.CHAMPION | Baseline.PREVIOUS:
            return champion
        case Baseline.REFERENCE | Baseline.TRIAL:
            return must.name


def window_of(frame: pl.DataFrame, length: timedelta | None) -> Window:
    """The whole days that the frame's ``time`` spans, or the last *length* of them."""
    times = frame.get_column("time")
    first, last = times.min(), times.max()
    assert isinstance(first, datetime) and isinstance(last, datetime)  # noqa: PT018, S101
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + DAY
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Window(start=max(start, end - length) if length else start, end=end)


def _rows(frame: pl.DataFrame, version: str, window: Window) -> pl.DataFrame:
    inside = (pl.col("time") >= window.start) & (pl.col("time") < window.end)
    return frame.filter((pl.col("version") == version) & inside)


def _same_rows(frame: pl.DataFrame, rows: pl.DataFrame, version: str) -> pl.DataFrame:
    """The rows of *version* on the keys (time, groups) of *rows*: a comparison never mixes different days."""
    keys = [c for c in frame.columns if c not in VALUES]
    return frame.filter(pl.col("version") == version).join(rows.select(keys).unique(), on=keys, how="semi")


def _referred(
    ledger: Reader, judged: Judged, candidate: Candidate, promise: Promise, metrics: Sequence[Metric]
) -> list[Referred]:
    """Each metric with the profile that it is read against: one that was frozen by name, or none."""
    if promise.reference is None or promise.reference.kind is not ReferenceKind.PROFILE:
        return [(metric, None) for metric in metrics]
    references = References(ledger, judged.contract, judged.subject, candidate)
    return [(metric, references.profile(promise, metric)) for metric in metrics]


def _measured(rows: pl.DataFrame, wanted: Sequence[Referred]) -> dict[Metric, list[Measured]]:
    found: dict[Metric, list[Measured]] = {}
    for item in measure(rows, wanted, missing={}).measured:
        found.setdefault(item.metric, []).append(item)
    return found


def _objective(
    judged: Judged, candidate: Candidate, policy: ReleasePolicy, version: str, champion: str | None
) -> Audited:
    """``release.objective`` of *version* against the champion, on pairs (semantics 20)."""
    if champion is None or champion == version:
        return Audited()
    window = window_of(candidate.frame, None)
    rows = _rows(candidate.frame, version, window)
    theirs = _same_rows(candidate.frame, rows, champion)
    objective = policy.objective
    promise = Promise(
        id="objective", metric=objective.metric, over=objective.over, params=objective.params,
        must=Versus(baseline=Baseline.CHAMPION, margin=objective.margin),
    )  # fmt: skip
    metric = frame_metrics(promise, judged.subject)[0]
    pairs = tuple(_pairs(metric, rows, theirs, objective.pair_by))
    found: Interval | Reason = paired(pairs, confidence=objective.confidence, direction=metric.direction)
    context = replace(context_of(judged, candidate), window=window, version=version)
    cause = None if pairs else f"{version} and {champion} predicted the very same wherever both can be compared"
    verdict = objective_verdict(objective, found, context=context, champion=champion, unit=metric.unit, cause=cause)
    return Audited(verdicts=(verdict,))


def _same_predictions(one: pl.DataFrame, two: pl.DataFrame) -> bool:
    keys = [c for c in one.columns if c not in VALUES]
    return one.sort(keys).get_column("predicted").equals(two.sort(keys).get_column("predicted"))


def _pairs(metric: Metric, rows: pl.DataFrame, theirs: pl.DataFrame, pair_by: Sequence[str]) -> Iterator[Pair]:
    """One pair per group of *pair_by* that both have: their values of the metric, as ratios over 1.

    Where both predicted the very same (weeks before the champion was trained, in which one recipe stands for both), a
    pair is no evidence about how the two differ: it would only water the mean down, and is left out.
    """
    other = dict(theirs.group_by(list(pair_by), maintain_order=True))
    for keys, part in rows.group_by(list(pair_by), maintain_order=True):
        if keys not in other or _same_predictions(part, other[keys]):
            continue
        mine = _measured(part, [(metric, None)])[metric][0].reading.value
        champions = _measured(other[keys], [(metric, None)])[metric][0].reading.value
        if mine is not None and champions is not None:
            yield Pair(
                keys=tuple(str(k) for k in keys), champion_num=champions, champion_den=1.0, candidate_num=mine,
                candidate_den=1.0,
            )  # fmt: skip
