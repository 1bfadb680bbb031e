"""Owns Incident, the W4H record (what, when, where, how, who) folded from an episode group."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from qoa_platform.records.window import Window


class IncidentState(StrEnum):
    """How far it has come."""

    OPEN = "open"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


class IncidentType(StrEnum):
    """What broke."""

    DATA = "data"
    PROCESSING = "processing"
    MODEL = "model"
    SERVICE = "service"


class Effect(StrEnum):
    """What it did to the analytics."""

    INTERRUPTION = "unplanned_interruption"
    REDUCED_QUALITY = "reduction_of_quality"
    NO_IMPACT = "failure_without_impact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """One reaction with what became of it, as a line of the incident."""

    reaction: str
    kind: str
    target: str
    rule: str
    outcome: str
    attempts: int
    at: datetime
    wall: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What, when, where, how and who of one group of coalesced episodes (decision 17)."""

    id: str
    number: int
    state: IncidentState
    resolution: str | None = None
    type: IncidentType
    effect: Effect
    promises: tuple[str, ...]
    windows: tuple[Window, ...]
    started: datetime
    detected: datetime
    mitigated: datetime | None = None
    recovered: datetime | None = None
    time_to_detect: timedelta | None = None
    """In wall-clock time."""
    time_to_recover: timedelta | None = None
    """In wall-clock time."""
    subject: str
    downstream: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    cause: str | None = None
    owner: str
    responsible: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    runbook: str
    handled: tuple[Handled, ...] = ()
    episodes: tuple[str, ...]
    recovered_by: str | None = None
    details: dict[str, object] = field(default_factory=dict)
