"""Owns Outcome: what became of a reaction. Append-only; the last one counts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from qoa_platform.records.identity import short


class OutcomeState(StrEnum):
    """What became of a reaction, or of one attempt of it."""

    REQUESTED = "requested"
    """A run is awaited (attempt n)."""
    RUNNING = "running"
    """A run with the reaction's tag was seen and adopted."""
    RETRY = "retry"
    """The run of this attempt failed; another attempt follows after the backoff."""
    APPLIED = "applied"
    SKIPPED = "skipped"
    FAILED = "failed"
    SUPERSEDED = "superseded"


FINAL = frozenset({OutcomeState.APPLIED, OutcomeState.SKIPPED, OutcomeState.FAILED, OutcomeState.SUPERSEDED})
"""After one of these a reaction is never touched again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One step in a reaction's life. Its *revision* counts from 0 per reaction, so two processes cannot both write n.

    *detail* says why (the reason of skipped, the cause of failed); *effect* what was done (alias generation, run id).
    """

    KIND: ClassVar[str] = "outcome"

    reaction: str
    state: OutcomeState
    attempt: int = 1
    detail: str = ""
    run: str | None = None
    effect: dict[str, object] = field(default_factory=dict)
    actor: str = "qoa"
    at: datetime
    wall: datetime
    revision: int = 0

    @property
    def id(self) -> str:
        """Outcomes of one reaction share it; the revision tells them apart."""
        return short("outcome", self.reaction)

    @property
    def series(self) -> str:
        """The reaction's id."""
        return self.reaction

    @property
    def final(self) -> bool:
        """Whether nothing more will follow."""
        return self.state in FINAL

    def __str__(self) -> str:
        return f"{self.state}({self.detail})" if self.detail else str(self.state)
