"""Owns the judging of runs: elapsed time, memory and cost, provisionally while a run is active (decision 16)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from qoa_platform.metrics import build, catalogue
from qoa_platform.metrics.protocol import AnyMetric, FoldMetric
from qoa_platform.metrics.specs import stand_in
from qoa_platform.ports import Clock, Ledger
from qoa_platform.records import (
    ACTIVE,
    Batch,
    Contract,
    Direction,
    Measurement,
    Promise,
    Reading,
    Reason,
    RunView,
    Spend,
    Subject,
    SubjectKind,
    Trial,
    Unit,
    Usage,
    Verdict,
    Window,
)
from qoa_platform.verdicts import Context, judge

RECENT = 500
"""How many of the newest trials are looked at for runs that are not judged yet."""


def run_batches(
    ledger: Ledger, contracts: Sequence[Contract], runs: Sequence[RunView], clock: Clock
) -> Iterator[Batch]:
    """Verdicts on finished runs that have none yet, and provisional ones on active runs, for every run subject.

    A run subject's window is its start–end in ``at``; the steps of one run are summed (decision 10).
    """
    subjects = [(c, s) for c in contracts for s in c.subjects if s.kind is SubjectKind.RUN]
    if not subjects:
        return
    trials = [t for t in ledger.find(Trial, newest_first=True, limit=RECENT) if t.usage is not None or t.ended is None]
    for contract, subject in subjects:
        by_run: dict[str, list[Trial]] = {}
        for trial in trials:
            if trial.asset in subject.run and not trial.imported:
                by_run.setdefault(trial.run, []).append(trial)
        for run, steps in by_run.items():
            yield from _finished(ledger, contract, subject, run, steps, clock)
        for view in runs:
            if view.state in ACTIVE and set(view.assets) & set(subject.run):
                yield from _active(ledger, contract, subject, view, by_run.get(view.id, []), clock)


def _finished(
    ledger: Ledger, contract: Contract, subject: Subject, run: str, steps: Sequence[Trial], clock: Clock
) -> Iterator[Batch]:
    done = [t for t in steps if t.usage is not None]
    if {t.asset for t in done} != set(subject.run):
        return
    window = Window(start=min(t.at for t in done), end=max(t.ended or t.at for t in done))
    usages = [Spend(usage=t.usage, run=run, outcome=t.state) for t in done if t.usage is not None]
    records: list[Measurement | Verdict] = []
    at, wall, last = clock.at(), clock.wall(), done[-1].id
    for measurement, verdict in _judged(contract, subject, run, window, usages, at=at, wall=wall, trial=last):
        if ledger.last(Measurement, measurement.id) is None:
            records += [measurement, verdict]
    if records:
        yield Batch(records=tuple(records))


def _active(
    ledger: Ledger, contract: Contract, subject: Subject, view: RunView, steps: Sequence[Trial], clock: Clock
) -> Iterator[Batch]:
    """Provisional: what is known so far, in a window of no length at the run's start.

    Only a violation is written, and once: a run that is well within says nothing yet.
    """
    if view.started is None:
        return
    at, wall = clock.at(), clock.wall()
    usages = [Spend(usage=t.usage, run=view.id, outcome=t.state) for t in steps if t.usage is not None]
    rest = max((wall - view.started).total_seconds() - sum(s.usage.seconds for s in usages), 0.0)
    start = min((t.at for t in steps), default=at - (wall - view.started))
    window = Window(start=start, end=start)
    spent = [*usages, Spend(usage=Usage(seconds=rest), run=view.id)]
    judged = _judged(contract, subject, view.id, window, spent, at=at, wall=wall, trial=None)
    violated = [v for _, v in judged if v.violated]
    said = {
        v.key.promise
        for v in ledger.find(Verdict, series=[v.series for v in violated])
        if v.evidence.get("run") == view.id
    }
    fresh = tuple(v for v in violated if v.key.promise not in said)
    if fresh:
        yield Batch(records=fresh)


def _judged(
    contract: Contract, subject: Subject, run: str, window: Window, usages: Sequence[Spend], *, at: datetime,
    wall: datetime, trial: str | None,
) -> Iterator[tuple[Measurement, Verdict]]:  # fmt: skip
    context = replace(
        Context.under(contract, subject.id, window, at=at, wall=wall), provisional=trial is None, trial=trial
    )
    for promise in subject.promises:
        metric, reading = _read(promise, subject, usages)
        measurement = Measurement(
            metric=metric.id, params=metric.params, subject=subject.target, window=window, reading=reading,
            unit=metric.unit, direction=metric.direction, trial=run, at=at, wall=wall,
        )  # fmt: skip
        verdict = judge(
            promise, context=context, reading=reading, unit=metric.unit, direction=metric.direction,
            measurements=(measurement.id,), gate=False,
        )  # fmt: skip
        yield measurement, replace(verdict, evidence={**verdict.evidence, "run": run})


def _read(promise: Promise, subject: Subject, usages: Sequence[Spend]) -> tuple[AnyMetric, Reading]:
    """The reading of the run; a promise that no metric of runs can be built from is unknown(error), and it alone."""
    try:
        metric = build(promise, subject)[0]
    except ValueError as error:
        spec = catalogue().get(promise.metric)
        unit, direction = (spec.unit, spec.direction) if spec else (Unit.ONE, Direction.TARGET)
        return stand_in(promise.metric, unit, direction, promise, subject), _failed(str(error))
    if isinstance(metric, FoldMetric):
        return metric, metric.fold(usages)
    return metric, _failed(f"{metric.id} is read off a frame. Allowed: metrics of runs")


def _failed(cause: str) -> Reading:
    return Reading.unknown(Reason.ERROR, cause=cause)
