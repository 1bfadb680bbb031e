"""Owns Alert: what a person is told of an episode, when it opens and when it is resolved."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AlertState(StrEnum):
    """Resolved always follows opened."""

    OPENED = "opened"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One notification. *key* is its idempotency key; *group* what is told together (one alert per evaluation)."""

    key: str
    group: str
    state: AlertState
    contract: str
    subject: str
    severity: str
    title: str
    lines: tuple[str, ...]
    runbook: str
    owner: str
    episodes: tuple[str, ...]
    at: datetime
    wall: datetime
    details: dict[str, object] = field(default_factory=dict)
