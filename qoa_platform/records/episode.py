"""Owns Episode: one continuous stretch in which one promise of one subject stays bad."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

from qoa_platform.records.identity import short
from qoa_platform.records.status import Reason, Severity, Status
from qoa_platform.records.verdict import Key, series_of
from qoa_platform.records.window import Window


class Closing(StrEnum):
    """Why an episode ended. A closed episode never reopens."""

    REPAIRED = "repaired"
    """Every bad window in it was superseded by a satisfied verdict."""
    CLEARED = "cleared"
    """``clear_after`` later windows were satisfied."""
    UNREPAIRED = "resolved(unrepaired)"
    """As cleared, but a bad window in it never got a satisfied verdict."""
    CHAMPION_CHANGED = "champion changed"
    SUPERSEDED = "superseded"
    """Its promise left the contract in force."""
    ACCEPTED = "accepted"
    """A person accepted the bad windows as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A stretch of bad windows of one key. It causes each of its reactions once per target.

    *windows* are all bad windows it ever held; *opening* the id of the opening verdict. Changes are revisions.
    """

    KIND: ClassVar[str] = "episode"

    key: Key
    opening: str
    severity: Severity
    status: Status
    reason: Reason | None = None
    windows: tuple[Window, ...]
    opened_at: datetime
    opened_wall: datetime
    changed_at: datetime
    closed_at: datetime | None = None
    closed_wall: datetime | None = None
    closing: Closing | None = None
    revision: int = 0

    @property
    def id(self) -> str:
        """H(contract name, subject, promise, id of the opening verdict), semantics 13."""
        return _id(self.key.contract, self.key.subject, self.key.promise, self.opening)

    @property
    def series(self) -> str:
        """The key as an index value."""
        return series_of(self.key)

    @property
    def open(self) -> bool:
        """Whether it still lasts."""
        return self.closed_at is None

    @property
    def at(self) -> datetime:
        """When this revision was decided."""
        return self.changed_at

    @property
    def wall(self) -> datetime:
        """Wall-clock time of opening or closing."""
        return self.closed_wall or self.opened_wall


@lru_cache(maxsize=65_536)
def _id(contract: str, subject: str, promise: str, opening: str) -> str:
    """Kept, because a lane asks for it again and again."""
    return short("episode", contract, subject, promise, opening)
