"""Owns RunRequest and RunView: what is asked of, and seen of, the orchestrator's runs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RunState(StrEnum):
    """What a run is seen to be."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run that a reaction needs. Its key is ``<reaction id>:<attempt>``, in the run's tags too (decision 7)."""

    reaction: str
    attempt: int
    assets: tuple[str, ...]
    partition: str | None
    reason: str
    presets: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """``<reaction id>:<attempt>``."""
        return f"{self.reaction}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as the orchestrator tells it. Times are wall-clock."""

    id: str
    state: RunState
    assets: tuple[str, ...]
    partition: str | None = None
    reaction: str | None = None
    attempt: int | None = None
    started: datetime | None = None
    ended: datetime | None = None
    by_person: bool = False
    """Whether a person canceled it."""
