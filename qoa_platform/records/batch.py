"""Owns Batch: what one transaction of the ledger writes, and under which guards."""

from dataclasses import dataclass, field
from typing import Protocol

from qoa_platform.records.envelope import Envelope
from qoa_platform.records.pointer import Move, Pointer, PointerKind


class Record(Protocol):
    """What the ledger keeps: found by (kind, id), told apart by revision, indexed by series and window."""

    @property
    def id(self) -> str:
        """What it is, whatever was noted of it when."""

    @property
    def series(self) -> str:
        """What it is found under, in the order of its windows."""

    @property
    def revision(self) -> int:
        """Which statement about *id* this is; the last one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerIs:
    """Guard: the pointer's generation is still *generation* (0: never set)."""

    kind: PointerKind
    key: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionIs:
    """Guard: the last revision of this record is still *revision* (``None``: no such record)."""

    kind: str
    id: str
    revision: int | None


Guard = PointerIs | RevisionIs


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A lineage edge, source → destination, of a *kind*: ``read`` (digest → trial), ``wrote`` and the like."""

    source: str
    destination: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An envelope for a sink of the outbox; one per (sink, envelope id)."""

    sink: str
    envelope: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One transaction: all of it, or nothing.

    Records that are there already with equal content are no-ops; an equal (kind, id, revision) with other content
    refuses the batch. A move whose *reaction* has already moved the same pointer is a no-op and counts as done.
    """

    records: tuple[Record, ...] = ()
    moves: tuple[Move, ...] = ()
    guards: tuple[Guard, ...] = ()
    edges: tuple[Edge, ...] = ()
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The batch is durable. *seq* is the ledger's position after it; *pointers* the heads of its moves."""

    seq: int
    pointers: tuple[Pointer, ...] = ()
    changed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was written. *reason* says which guard, move or record failed and what stands there instead."""

    reason: str
    pointer: Pointer | None = None
    guard: Guard | None = field(default=None)
