"""Owns measure: the wanted metrics of data, read off one scan: ask, answer, read."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Protocol

import polars as pl

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Ask
from qoa_platform.scans.answering import answered
from qoa_platform.scans.arrows import Batch
from qoa_platform.scans.batches import Bounds, Scene, Streamed, gathered, streamed
from qoa_platform.scans.besides import Beside, neighbours
from qoa_platform.scans.engines import engine_of
from qoa_platform.scans.hashing import plugged
from qoa_platform.scans.kernel import Answers, Causes, prepared
from qoa_platform.scans.normalising import Missing
from qoa_platform.scans.opening import Opened, SourceError
from qoa_platform.scans.planning import WHY, Plan, Shape, plan
from qoa_platform.scans.queries import NONE, Failure
from qoa_platform.scans.reading import Wanted, asked, read
from qoa_platform.scans.scan import Scan, ScanReport
from qoa_platform.scans.sources import opened
from qoa_platform.states import State

HASHED_SLOWLY = "polars-hash does not load beside this Polars: keys were hashed one by one, some twenty times slower"
MEMORY = 1 << 30
"""Bytes that a source which is not held in memory may use, where nothing else is said."""


class Engaged(Protocol):
    """What an engine answered: *answers* of some asks, and the *passes* that it ran for them, as lines."""

    @property
    def answers(self) -> Answers:
        """Ask → its state, or why there is none; an ask that is not in it is answered by the kernel."""
        ...

    @property
    def passes(self) -> tuple[str, ...]:
        """The lines of the report."""
        ...


Engine = Callable[[Opened, Sequence[Ask], Missing], Engaged]
"""Who answers asks of a source without our reading its rows (a database); what it leaves is scanned."""
Clock = Callable[[], float]
Resident = Callable[[], int]


def measure(
    data: Any, wanted: Wanted, *, missing: Missing, beside: Beside = NONE, memory: int | None = None,
    spill: bool | str | Path = True, engine: Engine | str | None = None, clock: Clock | None = None,
    resident: Resident | None = None,
) -> Scan:  # fmt: skip
    """Every wanted metric of *data*, each with the profile it is read against, from as few passes as pay.

    *data* is whatever ``scans.opened`` opens; *missing* are the declared tokens by column; *beside* other frames that a
    metric names. A metric with ``by`` is read for the whole (group ``None``) and for every group that was seen. Never
    raises for what the rows hold: an ask that cannot be answered gives ``unknown(error)`` with its cause, for its own
    metrics and nothing else. Raises SourceError for data that cannot be opened.

    *memory* bounds, in bytes, what a scan may use beyond what the process uses already (1 GiB; a frame that is held in
    memory is then scanned as it is). Rows that take more than a fourth of it are read in batches, whose states are
    merged; less makes more batches. Keys are then counted by way of files in the folder *spill* (``True``: the
    system's for temporary files; ``False``: not at all, which makes their metrics unknown), and exact quantiles read
    the source again.

    *engine* answers what it can where the rows are, before any of them is read here: ``"database"`` (the default for a
    DuckDB relation and a ``SqlTable``), ``"ray"``, ``"spark"`` (the default for what they hold), a function of your
    own, or ``"kernel"`` for none. *clock* (seconds) and *resident* (bytes of memory in use) are
    for the report.
    """
    started = clock() if clock else 0.0
    asks = asked(wanted)
    distinct = tuple(dict.fromkeys(ask for ask in asks if isinstance(ask, Ask)))
    near = neighbours(beside, distinct, missing)
    peak = [0]

    def watch() -> None:
        peak[0] = max(peak[0], resident() if resident else 0)

    chosen = engine_of(data, engine) if engine is None or isinstance(engine, str) else engine
    if isinstance(data, pl.DataFrame) and memory is None and chosen is None:
        steps, told = _of_frame(data, distinct, missing, near, {})
    else:
        bounds = Bounds(memory=MEMORY if memory is None else memory, spill=_folder(spill))
        scene = Scene(missing=missing, beside=near, bounds=bounds, watch=watch)
        with opened(data) as source:
            steps, told = _of_source(source, distinct, scene, chosen)
    watch()
    return Scan(
        measured=read(wanted, asks, told.found),
        states={a: s for a, s in told.found.items() if isinstance(s, State) and a.state not in UNMERGEABLE},
        report=_report(len(wanted), steps, told, clock() - started if clock else None, peak[0] if resident else None),
    )


def _folder(spill: bool | str | Path) -> Path | None:  # noqa: FBT001 (on, off, or where)
    if isinstance(spill, bool):
        return Path(gettempdir()) if spill else None
    return Path(spill)


def _of_frame(
    frame: pl.DataFrame, asks: Sequence[Ask], missing: Missing, beside: Beside, broken: Causes
) -> tuple[Plan, Streamed]:
    """All rows at once."""
    steps, rows = prepared(frame, asks, missing, broken)
    return steps, Streamed(found=answered(steps, rows, beside), rows=frame.height, batches=1)


def _of_source(source: Opened, asks: Sequence[Ask], scene: Scene, engine: Engine | None) -> tuple[Plan, Streamed]:
    """What the engine answers; of the others all rows at once where they fit, else batch by batch."""
    done = engine(source, asks, scene.missing) if engine else None
    left = [ask for ask in asks if done is None or ask not in done.answers]
    steps, told = plan(left, source.schema, source.broken), Streamed(batches=0, reads=0)
    if left:
        try:
            steps, told = _scanned(source, steps, scene)
        except SourceError as error:
            told.found = dict.fromkeys(left, Failure(str(error)))
    if done is not None:
        told.found = {ask: done.answers[ask] if ask in done.answers else told.found[ask] for ask in asks}
        told.fused = getattr(done, "fused", 0)
        told.passes, told.rows = done.passes, told.rows or getattr(done, "rows", None) or 0
    return steps, told


def _scanned(source: Opened, steps: Plan, scene: Scene) -> tuple[Plan, Streamed]:
    columns = sorted(steps.columns) or list(source.schema)[:1]
    rows = gathered(source, columns, scene.bounds.memory)
    if isinstance(rows, Batch):
        planned, told = _of_frame(rows.frame, steps.asks, scene.missing, scene.beside, rows.broken)
    else:
        planned, told = steps, streamed(source, rows, steps, scene)
    told.found = {**told.found, **{ask: Failure(cause) for ask, cause in steps.refused.items()}}  # of all columns
    return planned, told


def _report(wanted: int, steps: Plan, told: Streamed, seconds: float | None, resident: int | None) -> ScanReport:
    shared = {ask for step in steps.passes if len(step.asks) > 1 for ask in step.asks}
    failed = [(f"{a.state}({', '.join(a.columns)})", s.cause) for a, s in told.found.items() if isinstance(s, Failure)]
    return ScanReport(
        rows=told.rows, columns=len(steps.columns), asks=wanted, distinct=len(told.found),
        fused=told.fused + sum(1 for ask in steps.asks if ask in shared and ask.state != "whole"),
        passes=(*told.passes, *map(str, steps.passes)),
        apart=tuple((str(p), WHY[p.shape]) for p in steps.passes if len(p.asks) == 1 or p.shape is Shape.WHOLE),
        failed=tuple(failed),
        notes=(HASHED_SLOWLY,) if any(step.shape is Shape.KEY for step in steps.passes) and not plugged() else (),
        batches=told.batches, reads=told.reads, spilled=told.spilled, seconds=seconds, resident=resident,
    )  # fmt: skip
