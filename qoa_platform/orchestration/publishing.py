"""Owns write-audit-publish: run the function, store the bytes, judge them, and only then move the pointer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import polars as pl

from qoa_platform.audit import Audited, Candidate, audit, refusal_verdicts
from qoa_platform.failpoints import failpoint
from qoa_platform.lineage import edges_of
from qoa_platform.metering import environment, price, sampled
from qoa_platform.workspace import Workspace
from qoa_platform.records import (
    Batch,
    Contract,
    Move,
    PointerKind,
    Read,
    Reason,
    Refused,
    Trial,
    TrialState,
    Usage,
    Verdict,
    Window,
    short,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One asset and partition about to be materialized, as the ledger will remember it."""

    asset: str
    partition: str
    window: Window | None
    run: str
    attempt: int
    cause: str | None
    code: str
    imported: bool
    parameters: dict[str, object] = field(default_factory=dict)
    seed: int | None = None
    experiment: str = ""

    @property
    def trial(self) -> str:
        """The trial's id: one per run, asset and partition, so that a retried step is the same trial again."""
        return short("trial", self.run, self.asset, self.partition, self.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of it: the digest (``None`` when nothing was published), all verdicts, the trial."""

    digest: str | None
    candidate: str | None
    verdicts: tuple[Verdict, ...]
    trial: Trial
    error: str | None = None

    @property
    def blocked(self) -> bool:
        """Whether a verdict kept it back."""
        return any(v.blocks for v in self.verdicts)


Compute = Callable[[], pl.DataFrame]


def publish(
    workspace: Workspace, contracts: Sequence[Contract], work: Work, reads: Sequence[Read], compute: Compute,
    *, extra: Callable[[pl.DataFrame, str], Batch] | None = None,
) -> Published:  # fmt: skip
    """Write, audit, publish one partition, and record its trial, in one transaction.

    The pointer is moved from the generation that was read before the function ran: of two runs that publish the same
    partition at once, one loses and says so. A function that raises leaves ``unknown(error)`` for every promise and
    a failed trial, and the error is handed on in the result. *extra* adds records to the same transaction (a model's
    version).
    """
    before = workspace.ledger.pointer(PointerKind.PUBLISHED, f"{work.asset}|{work.partition}")
    at, wall = workspace.clock.at(), workspace.clock.wall()
    with sampled() as meter:
        try:
            frame = compute()
        except Exception as error:  # noqa: BLE001 (whatever it raised becomes a verdict and a failed run)
            return _failed(workspace, contracts, work, reads, f"{type(error).__name__}: {error}", meter.usage(), at, wall)
    digest = workspace.write_frame(work.asset, work.partition, frame)
    candidate = Candidate(
        asset=work.asset, partition=work.partition, window=work.window or _now(at), frame=frame, digest=digest,
        trial=work.trial, rows_in=_rows_in(workspace, reads), imported=work.imported, at=at, wall=wall,
    )  # fmt: skip
    found = audit(workspace.ledger, contracts, candidate)
    bad = workspace.ledger.pointer(PointerKind.QUARANTINE, f"{work.asset}|{work.partition}|{digest}")
    quarantined = bad is not None and bad.value is not None and found.blocked
    kept_back = found.blocked or quarantined
    trial = _trial(
        workspace, work, reads, TrialState.BLOCKED if kept_back else TrialState.PUBLISHED, at, wall, output=digest,
        usage=meter.usage(), rows=frame.height, verdicts=found.verdicts,
    )  # fmt: skip
    failpoint("publish.before_move")
    more = extra(frame, digest) if extra is not None and not kept_back else Batch()
    batch = _batch(trial, found, None if kept_back else _move(work, digest, before.generation if before else 0, trial), more)
    done = workspace.ledger.commit(batch)
    failpoint("publish.after_move")
    if isinstance(done, Refused):
        lost = replace(trial, state=TrialState.LOST, error=done.reason)
        workspace.ledger.commit(_batch(lost, found, None, Batch()))
        return Published(digest=None, candidate=digest, verdicts=found.verdicts, trial=lost, error=done.reason)
    return Published(
        digest=None if kept_back else digest, candidate=digest, verdicts=found.verdicts, trial=trial
    )


def refuse(
    workspace: Workspace, contracts: Sequence[Contract], work: Work, reads: Sequence[Read], cause: str
) -> Published:
    """Nothing is published upstream: ``unknown(no_data)`` for every promise, and a failed trial."""
    at, wall = workspace.clock.at(), workspace.clock.wall()
    return _failed(workspace, contracts, work, reads, cause, None, at, wall, reason=Reason.NO_DATA)


def _failed(
    workspace: Workspace, contracts: Sequence[Contract], work: Work, reads: Sequence[Read], cause: str,
    usage: Usage | None, at: datetime, wall: datetime, *, reason: Reason = Reason.ERROR,
) -> Published:  # fmt: skip
    verdicts = refusal_verdicts(
        contracts, work.asset, work.window or _now(at), reason, cause, trial=work.trial, imported=work.imported, at=at,
        wall=wall,
    )  # fmt: skip
    trial = _trial(
        workspace, work, reads, TrialState.FAILED, at, wall, usage=usage, verdicts=verdicts, error=cause
    )
    workspace.ledger.commit(_batch(trial, Audited(verdicts=verdicts), None, Batch()))
    return Published(digest=None, candidate=None, verdicts=verdicts, trial=trial, error=cause)


def _trial(
    workspace: Workspace, work: Work, reads: Sequence[Read], state: TrialState, at: datetime, wall: datetime, *,
    output: str | None = None, usage: Usage | None = None, rows: int | None = None,
    verdicts: Sequence[Verdict] = (), error: str | None = None,
) -> Trial:  # fmt: skip
    here = environment()
    return Trial(
        id=work.trial, experiment=work.experiment or work.asset, asset=work.asset, partition=work.partition,
        window=work.window, run=work.run, attempt=work.attempt, cause=work.cause, code=work.code, commit=here.commit,
        environment=here.digest, parameters=work.parameters, seed=work.seed, reads=tuple(reads), output=output,
        state=state, error=error, usage=_priced(usage), rows=rows, verdicts=tuple(v.id for v in verdicts),
        imported=work.imported, fetched=at, at=at, wall=wall, ended=workspace.clock.at(),
    )  # fmt: skip


def _priced(usage: Usage | None) -> Usage | None:
    return None if usage is None else replace(usage, usd=price(usage))


def _batch(trial: Trial, found: Audited, move: Move | None, more: Batch) -> Batch:
    return Batch(
        records=(trial, *found.measurements, *found.states, *found.verdicts, *more.records),
        moves=((move,) if move else ()) + more.moves,
        edges=(*edges_of(trial, found.verdicts), *more.edges),
        messages=more.messages,
        guards=more.guards,
    )


def _move(work: Work, digest: str, generation: int, trial: Trial) -> Move:
    return Move(
        kind=PointerKind.PUBLISHED, key=f"{work.asset}|{work.partition}", value=digest, expected=generation,
        verb="publish", actor=f"run {work.run}", reason=f"trial {trial.id}", evidence={"trial": trial.id}, at=trial.at,
        wall=trial.wall,
    )  # fmt: skip


def _rows_in(workspace: Workspace, reads: Sequence[Read]) -> int | None:
    """Rows of the inputs that were read as frames; ``None`` when there was none."""
    heights = [workspace.read_frame(r.asset, r.partition, r.digest).height for r in reads if r.partition != "model"]
    return sum(heights) if heights else None


def _now(at: datetime) -> Window:
    return Window(start=at, end=at)


Inputs = Mapping[str, Any]
