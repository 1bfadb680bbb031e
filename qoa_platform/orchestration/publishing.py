"""Owns write-audit-publish: run the function, store the bytes, judge them, and only then move the pointer."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from qoa_platform.audit import Audited, Candidate, Gauges, named_beside, refusal_verdicts
from qoa_platform.failpoints import failpoint
from qoa_platform.lineage import edges_of, finish
from qoa_platform.metering import FARGATE, Rates, Sampler, environment, resident_bytes
from qoa_platform.orchestration.aside import sorted_out
from qoa_platform.orchestration.models import ModelOutcome, Registered, champions, register
from qoa_platform.reactions.effects import DAGSTER_SINK
from qoa_platform.records import (
    Batch,
    Contract,
    Envelope,
    Guard,
    Message,
    ModelVersion,
    Move,
    Pointer,
    PointerKind,
    Read,
    Reason,
    Record,
    Refused,
    RevisionIs,
    Trial,
    TrialState,
    Usage,
    Verdict,
    Window,
    short,
)
from qoa_platform.scans import ScanReport
from qoa_platform.workspace import Workspace

TRIES = 5
"""So often a version's number is chosen anew when somebody else trained at the same time."""


GAUGES = Gauges(time.perf_counter, resident_bytes)
"""What scans are timed and weighed by. Their time is part of the trial's ``overhead_seconds``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One asset and partition about to be materialized, as the ledger will remember it.

    *parameters* may grow while the function runs: what it notes is part of its trial.
    """

    asset: str
    partition: str
    window: Window | None
    run: str
    attempt: int
    cause: str | None
    code: str
    imported: bool
    model: str | None = None
    parameters: dict[str, object] = field(default_factory=dict)
    rates: Rates = FARGATE
    waited: float | None = None
    """Seconds that the run waited in the queue before it started."""

    @property
    def trial(self) -> str:
        """The trial's id: one per run, asset, partition and attempt; a step that is retried is the same trial again."""
        return short("trial", self.run, self.asset, self.partition, self.attempt)

    @property
    def key(self) -> str:
        """The key of its pointer."""
        return f"{self.asset}|{self.partition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a function made: its frame, how many rows it read, and the model that it trained (if it is a trainer)."""

    frame: pl.DataFrame
    rows_in: int | None = None
    outcome: ModelOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of it: the digest (``None`` when nothing was published), all verdicts, the trial, and the scans."""

    digest: str | None
    candidate: str | None
    verdicts: tuple[Verdict, ...]
    trial: Trial
    error: str | None = None
    scans: tuple[ScanReport, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether a verdict kept it back."""
        return any(v.blocks for v in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The pointers of a partition as they stood before its function ran: of two runs at once, one loses."""

    published: Pointer | None
    set_aside: Pointer | None

    @classmethod
    def of(cls, workspace: Workspace, work: Work) -> "_Before":
        """As the ledger has them now."""
        found = (workspace.ledger.pointer(kind, work.key) for kind in (PointerKind.PUBLISHED, PointerKind.SET_ASIDE))
        return cls(**dict(zip(("published", "set_aside"), found, strict=True)))


Compute = Callable[[], Made]


def publish(
    workspace: Workspace, contracts: Sequence[Contract], work: Work, reads: Sequence[Read], compute: Compute
) -> Published:
    """Write, audit, publish one partition, and record its trial, all but the bytes in one transaction.

    The pointer is moved from the generation that was read before the function ran: of two runs that publish the same
    partition at once, one loses and says so. A function that raises leaves ``unknown(error)`` for every promise and a
    failed trial, and the error is handed on in the result.
    """
    before = _Before.of(workspace, work)
    started = _started(workspace, work, reads)
    meter = Sampler(rates=work.rates)
    try:
        with meter:
            made = compute()
            digest = workspace.write_frame(work.asset, work.partition, made.frame)
        at, wall = workspace.clock.at(), workspace.clock.wall()
        candidate = Candidate(
            asset=work.asset, partition=work.partition, window=work.window or _instant(at), frame=made.frame,
            digest=digest, trial=work.trial, rows_in=made.rows_in, imported=work.imported, at=at, wall=wall,
            size=workspace.frame_size(work.asset, work.partition, digest),
            beside=workspace.beside(named_beside(contracts, work.asset), work.partition),
        )  # fmt: skip
        began = time.perf_counter()
        sorted_ = sorted_out(
            workspace, contracts, candidate, accepted=_accepted(workspace, work, digest), gauges=GAUGES
        )
        measuring = time.perf_counter() - began
    except Exception as error:  # noqa: BLE001 (whatever it raised, or could not be judged, becomes a verdict and a failed run)
        return _failed(workspace, contracts, work, started, f"{type(error).__name__}: {error}", meter.usage)
    usage = replace(
        meter.usage, rows_in=made.rows_in, rows_out=sorted_.candidate.frame.height, queue_seconds=work.waited,
        overhead_seconds=measuring + (meter.usage.overhead_seconds or 0.0),
    )  # fmt: skip
    ended = replace(
        started, parameters=work.parameters, output=sorted_.candidate.digest, usage=usage,
        rows=sorted_.candidate.frame.height, set_aside=sorted_.set_aside,
        seed=made.outcome.seed if made.outcome is not None else None,
    )  # fmt: skip
    try:
        return _settled(workspace, contracts, work, ended, sorted_.found, made=made, before=before, at=at, wall=wall)
    except Exception as error:  # noqa: BLE001 (a model that may not be stored, a reference that cannot be frozen)
        return _failed(workspace, contracts, work, started, f"{type(error).__name__}: {error}", meter.usage)


def _settled(
    workspace: Workspace, contracts: Sequence[Contract], work: Work, trial: Trial, found: Audited, *, made: Made,
    before: _Before, at: datetime, wall: datetime,
) -> Published:  # fmt: skip
    """Commit what was found: published, kept back, or lost to another run that was faster."""
    digest = trial.output or ""
    kept_back = found.blocked and not _accepted(workspace, work, digest)
    error = ""
    for _ in range(TRIES):
        model = None
        if made.outcome is not None and work.model is not None and not kept_back:
            model = register(workspace, contracts, work.model, made.outcome, work.trial, at=at, wall=wall)
        ended = _ended(trial, TrialState.BLOCKED if kept_back else TrialState.PUBLISHED, found, at, wall, model)
        moves = () if kept_back else _moves(workspace, work, digest, before, ended)
        failpoint("publish.before_move")
        done = workspace.ledger.commit(_batch(work, ended, found, moves, model))
        failpoint("publish.after_move")
        if not isinstance(done, Refused):
            published = None if kept_back else digest
            return Published(
                digest=published, candidate=digest, verdicts=found.verdicts, trial=ended, scans=found.scans
            )
        error = done.reason
        if not (isinstance(done.guard, RevisionIs) and done.guard.kind == ModelVersion.KIND):
            break
    lost = replace(_ended(trial, TrialState.LOST, found, at, wall, None), error=error)
    workspace.ledger.commit(_batch(work, lost, found, (), None))
    return Published(digest=None, candidate=digest, verdicts=found.verdicts, trial=lost, error=error)


def refuse(
    workspace: Workspace, contracts: Sequence[Contract], work: Work, reads: Sequence[Read], cause: str
) -> Published:
    """Nothing is published upstream: ``unknown(no_data)`` for every promise, and a failed trial."""
    return _failed(workspace, contracts, work, _started(workspace, work, reads), cause, None, reason=Reason.NO_DATA)


def _failed(
    workspace: Workspace, contracts: Sequence[Contract], work: Work, started: Trial, cause: str, usage: Usage | None,
    *, reason: Reason = Reason.ERROR,
) -> Published:  # fmt: skip
    at, wall = workspace.clock.at(), workspace.clock.wall()
    verdicts = refusal_verdicts(
        contracts, work.asset, work.window or _instant(at), reason, cause, trial=work.trial, imported=work.imported,
        at=at, wall=wall, champions=champions(workspace),
    )  # fmt: skip
    found = Audited(verdicts=verdicts)
    trial = replace(started, parameters=work.parameters, usage=usage, error=cause)
    ended = _ended(trial, TrialState.FAILED, found, at, wall, None)
    workspace.ledger.commit(_batch(work, ended, found, (), None))
    return Published(digest=None, candidate=None, verdicts=verdicts, trial=ended, error=cause)


def _started(workspace: Workspace, work: Work, reads: Sequence[Read]) -> Trial:
    """The trial as it begins, durable: a run that is killed leaves its trace."""
    here = environment(workspace.home.root)
    known = workspace.ledger.last(Trial, work.trial)
    at = workspace.clock.at()
    trial = Trial(
        id=work.trial, experiment=work.asset, asset=work.asset, partition=work.partition, window=work.window,
        run=work.run, attempt=work.attempt, cause=work.cause, code=work.code, commit=here.commit,
        environment=here.digest, parameters=dict(work.parameters), reads=tuple(reads), state=TrialState.STARTED,
        imported=work.imported, fetched=at, at=at, wall=workspace.clock.wall(),
        revision=known.revision + 1 if known else 0,
    )  # fmt: skip
    if not work.imported:
        workspace.ledger.commit(Batch(records=(trial,)))
    return trial


def _ended(
    trial: Trial, state: TrialState, found: Audited, at: datetime, wall: datetime, model: Registered | None
) -> Trial:
    """The next revision of the trial: how it ended. History is imported by one write per day: it has no start row."""
    ended = finish(trial, state=state, ended=at, wall=wall, verdicts=[v.id for v in found.verdicts])
    if trial.imported:
        ended = replace(ended, revision=trial.revision)
    if model is None:
        return ended
    version = model.version
    return replace(ended, model=version.model, version=version.version, reads=(*ended.reads, *model.reads))


def _batch(work: Work, trial: Trial, found: Audited, moves: tuple[Move, ...], model: Registered | None) -> Batch:
    records: tuple[Record, ...] = (trial, *found.measurements, *found.states, *found.verdicts, *found.profiles)
    guards: tuple[Guard, ...] = ()
    if model is not None:
        records = (*records, *model.profiles, model.version)
        guards = (RevisionIs(kind=ModelVersion.KIND, id=model.version.id, revision=None),)
    messages = (_told(work, trial),) if trial.state is TrialState.PUBLISHED else ()
    return Batch(records=records, moves=moves, edges=edges_of(trial), messages=messages, guards=guards)


def _moves(
    workspace: Workspace, work: Work, digest: str, before: _Before, trial: Trial
) -> tuple[Move, ...]:  # fmt: skip
    """The pointer to the new digest, and the one to the rows that are not in it.

    A quarantine mark on that digest ends, for it is satisfied (or accepted) now.
    """
    moves = [
        Move(
            kind=PointerKind.PUBLISHED, key=work.key, value=digest, expected=_generation(before.published),
            verb="publish", actor=f"run {work.run}", reason=f"trial {trial.id}", evidence={"trial": trial.id},
            at=trial.ended or trial.at, wall=trial.wall,
        )
    ]  # fmt: skip
    aside, standing = trial.set_aside, before.set_aside
    if aside is not None or (standing is not None and standing.value is not None):
        moves.append(
            replace(
                moves[0], kind=PointerKind.SET_ASIDE, value=aside.digest if aside is not None else None,
                expected=_generation(standing),
                verb="set aside" if aside is not None else "satisfied", evidence=_set_aside(trial),
            )
        )  # fmt: skip
    mark = workspace.ledger.pointer(PointerKind.QUARANTINE, f"{work.key}|{digest}")
    if mark is not None and mark.value is not None:
        moves.append(
            replace(
                moves[0], kind=PointerKind.QUARANTINE, key=mark.key, value=None, expected=mark.generation,
                verb="satisfied",
            )
        )  # fmt: skip
    return tuple(moves)


def _generation(head: Pointer | None) -> int:
    return head.generation if head is not None else 0


def _set_aside(trial: Trial) -> dict[str, object]:
    """What tells a reader of the pointer's moves why, without another store."""
    found = trial.set_aside
    if found is None:
        return {"trial": trial.id}
    return {"trial": trial.id, "published": trial.output, "original": found.original, "rows": found.rows}


def _accepted(workspace: Workspace, work: Work, digest: str) -> bool:
    head = workspace.ledger.pointer(PointerKind.ACCEPTED, work.key)
    return head is not None and head.value == digest


def _told(work: Work, trial: Trial) -> Message:
    """What Dagster must hear of, should the process die between the move and Dagster's own event (decision 2)."""
    data: dict[str, object] = {
        "asset": work.asset, "partition": work.partition, "digest": trial.output, "trial": trial.id, "run": work.run,
        "verb": "publish",
    }  # fmt: skip
    envelope = Envelope(
        source="qoa/publish", type="qoa.publish", subject=work.asset, key=trial.id, time=trial.ended or trial.at,
        data=data,
    )  # fmt: skip
    return Message(sink=DAGSTER_SINK, envelope=envelope)


def _instant(at: datetime) -> Window:
    return Window(start=at, end=at)
