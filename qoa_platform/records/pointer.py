"""Owns Pointer and Move: named values moved only by compare-and-set, with their whole history."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

WHOLE = "all"
"""The partition name of an asset that is one whole table."""


class PointerKind(StrEnum):
    """The families of pointers. The key's form is said for each."""

    PUBLISHED = "published"
    """``<asset>|<partition>`` → digest of the published data."""
    ALIAS = "alias"
    """``<model>|<alias>`` → version."""
    HOLD = "hold"
    """``asset:<key>`` or ``model:<name>`` → reason; no value: no hold stands."""
    PRESET = "preset"
    """``<asset>`` → name of the preset in force."""
    CONTRACT = "contract"
    """``<contract name>`` → digest of the contract in force."""
    QUARANTINE = "quarantine"
    """``<asset>|<partition>|<digest>`` → ``bad``; no value: released or dropped."""
    SET_ASIDE = "set_aside"
    """``<asset>|<partition>`` → digest of the rows that are not in what is published; no value: none are."""
    ACCEPTED = "accepted"
    """``<asset>|<partition>`` → digest that a person accepted as it is."""
    NORMAL = "normal"
    """``<asset>|<partition>`` → who said so: from this partition on a lasting shift is the new normal."""
    BAD_VERSION = "bad_version"
    """``<model>|<version>`` → reason: never rolled back into."""
    CLOCK = "clock"
    """``replay`` → time of the replay clock."""
    INJECTION = "injection"
    """``<target>|<n>`` → the fault, as canonical JSON; no value: withdrawn or used up."""
    DECIDED = "decided"
    """``<contract name>`` → when its last plan was written: of two that decide at once, one is refused."""
    MUTED = "muted"
    """``<consumer>`` → position of a cursor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """The head of a named value. *generation* only grows; a value of ``None`` means unset."""

    kind: PointerKind
    key: str
    value: str | None
    generation: int
    at: datetime
    wall: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A wanted (or past) move of a pointer. *expected* is the generation it is allowed to leave (0: never set).

    *reaction* makes it idempotent: one move per (kind, key, reaction). *verb* says what it was (publish, promote,
    rollback, hold …); *evidence* is JSON-able and tells a reader why without another store.
    """

    kind: PointerKind
    key: str
    value: str | None
    expected: int
    verb: str
    actor: str
    reason: str
    reaction: str | None = None
    evidence: dict[str, object] = field(default_factory=dict)
    at: datetime
    wall: datetime
    previous: str | None = None
    """Filled in by the ledger when the move is read back."""
    generation: int = 0
    """Filled in by the ledger when the move is read back."""
