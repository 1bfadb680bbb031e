"""Owns the ports: the Protocols that a shell is handed, so that decisions stay pure and hosts stay replaceable."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from qoa_platform.records import (
    Alert,
    Batch,
    Committed,
    Edge,
    Envelope,
    Move,
    Pointer,
    PointerKind,
    Refused,
    RunRequest,
    RunView,
)  # fmt: skip

R = TypeVar("R")


class Clock(Protocol):
    """Two times: ``at()`` drives cool-down, due windows and timeliness; ``wall()`` is only shown."""

    def at(self) -> datetime: ...
    def wall(self) -> datetime: ...


class Ledger(Protocol):
    """The system of record: append-only records, compare-and-set pointers, edges, outbox, leases."""

    def commit(self, batch: Batch, /) -> Committed | Refused: ...
    def seq(self) -> int: ...
    def wait(self, seq: int, timeout: float) -> int: ...
    def last(self, kind: type[R], id: str, /) -> R | None: ...  # noqa: A002
    def find(
        self, kind: type[R], /, *, series: str | Sequence[str] | None = None, ids: Sequence[str] | None = None,
        ends_after: datetime | None = None, since_seq: int = 0, all_revisions: bool = False, limit: int | None = None,
        newest_first: bool = False,
    ) -> list[R]: ...  # fmt: skip
    def pointer(self, kind: PointerKind, key: str, /) -> Pointer | None: ...
    def pointers(self, kind: PointerKind, /, prefix: str = "") -> list[Pointer]: ...
    def moves(
        self, kind: PointerKind, /, key: str | None = None, since: int = 0, reaction: str | None = None
    ) -> list[Move]: ...
    def edges(self, /, *, source: str | None = None, destination: str | None = None) -> list[Edge]: ...
    def outbox(self, sink: str, /, limit: int = 100) -> list[tuple[int, Envelope]]: ...
    def delivered(self, seqs: Sequence[int], /) -> None: ...
    def lease(self, name: str, holder: str, seconds: float, /) -> bool: ...
    def close(self) -> None: ...


class Artifacts(Protocol):
    """Content-addressed files. Nothing is parsed before its SHA-256 matches the digest that was asked for."""

    def put(self, name: str, content: bytes, /, suffix: str) -> str: ...
    def get(self, name: str, digest: str, /, suffix: str) -> bytes: ...
    def exists(self, name: str, digest: str, /, suffix: str) -> bool: ...


class Runs(Protocol):
    """The orchestrator's runs, as a reaction needs them (decision 7)."""

    def request(self, request: RunRequest, /) -> str | None: ...
    def by_key(self, key: str, /) -> RunView | None: ...
    def active(self) -> Sequence[RunView]: ...
    def terminate(self, run: str, /) -> bool: ...


class Notifier(Protocol):
    """A channel for alerts. Raises when the receiver did not accept; a repetition carries the same idempotency key."""

    name: str

    def notify(self, alert: Alert, /) -> None: ...
