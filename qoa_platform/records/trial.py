"""Owns Trial: the lineage record of one materialization, with the digests really read."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from qoa_platform.records.window import Window


class TrialState(StrEnum):
    """How the materialization ended."""

    STARTED = "started"
    PUBLISHED = "published"
    BLOCKED = "blocked"
    """Measured and judged, but kept back: the candidate was not published."""
    FAILED = "failed"
    LOST = "lost"
    """Another run published the same partition meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One input as it was really read: the digest that the pointer named at that moment."""

    asset: str
    partition: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a step used: *seconds* by a monotonic clock, CPU of its own process tree, peak memory, and its price.

    *read_bytes* and *write_bytes* are those of its system calls (from caches too), *rows_in* and *rows_out* those of
    the frames, *overhead_seconds* our own measuring of it, *queue_seconds* its wait before it started. ``None`` is what
    was not measured.
    """

    seconds: float
    cpu_seconds: float | None = None
    peak_bytes: int | None = None
    vcpus: float | None = None
    gigabytes: float | None = None
    usd: float | None = None
    read_bytes: int | None = None
    write_bytes: int | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    overhead_seconds: float | None = None
    queue_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """A usage with what it was for: what cost is folded over, put together when it is folded and never stored.

    *outcome* is how it ended (``None``: it has not), *requests* how many were answered with it, *preset* the trade-off
    that it ran under and *quality* what that gave, higher being better.
    """

    usage: Usage
    run: str | None = None
    outcome: TrialState | None = None
    requests: int | None = None
    preset: str | None = None
    quality: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Rows that were set aside before publishing: how many, their *digest*, and that of the *original* frame."""

    digest: str
    original: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One materialization (or experiment run) of one asset and partition.

    *environment* is the digest of interpreter and packages; *code* the asset's code version, *commit* the git commit;
    *output* the content digest (the data version Dagster is told). *cause* is the reaction that asked for the run.
    *set_aside* are the rows that are not in the output.
    """

    KIND: ClassVar[str] = "trial"

    id: str
    experiment: str
    asset: str
    partition: str
    window: Window | None = None
    run: str
    attempt: int = 1
    cause: str | None = None
    code: str
    commit: str | None = None
    environment: str
    parameters: dict[str, object] = field(default_factory=dict)
    seed: int | None = None
    reads: tuple[Read, ...] = ()
    output: str | None = None
    model: str | None = None
    version: str | None = None
    state: TrialState
    error: str | None = None
    usage: Usage | None = None
    rows: int | None = None
    set_aside: SetAside | None = None
    verdicts: tuple[str, ...] = ()
    imported: bool = False
    fetched: datetime | None = None
    at: datetime
    wall: datetime
    ended: datetime | None = None
    revision: int = 0

    @property
    def series(self) -> str:
        """Trials of one asset and partition."""
        return f"{self.asset}|{self.partition}"
