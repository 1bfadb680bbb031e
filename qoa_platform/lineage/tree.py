"""Owns the answer of ``why``: a tree as plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    """Which way lineage is walked: *up* to what it came from, *down* to what was built on it."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Cut(StrEnum):
    """Why a branch ends although more may follow."""

    SHOWN = "shown above"
    DEPTH = "depth reached"
    FULL = "too many nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One verdict in short."""

    id: str
    key: str
    window: str
    status: str
    value: str
    allowed: str
    severity: str
    blocks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One node of the answer: what it is, when and by which run, how it was judged, and what lies beyond.

    *link* is the kind of the edge from the branch above (empty at the root). *members* stands for many alike nodes
    (the partitions that a whole table read) that are listed and not walked. *missing* says that an edge names this
    node but the ledger has no record of it.
    """

    node: str
    link: str = ""
    title: str
    at: datetime | None = None
    wall: datetime | None = None
    run: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    parameters: dict[str, object] = field(default_factory=dict)
    verdicts: tuple[Judged, ...] = ()
    members: tuple[str, ...] = ()
    missing: bool = False
    cut: Cut | None = None
    branches: tuple["Branch", ...] = ()

    def __iter__(self) -> Iterator["Branch"]:
        """The branch itself and all below it, top down."""
        yield self
        for branch in self.branches:
            yield from branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What *subject* came from (*up*) and what was built on it (*down*). *full*: the bound on nodes was reached."""

    subject: str
    root: Branch
    up: tuple[Branch, ...] = ()
    down: tuple[Branch, ...] = ()
    full: bool = False

    def __iter__(self) -> Iterator[Branch]:
        """Every branch of the answer, the root first."""
        yield self.root
        for branch in (*self.up, *self.down):
            yield from branch
