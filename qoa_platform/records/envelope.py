"""Owns Envelope: a CloudEvents 1.0 message, as it waits in the outbox."""

from dataclasses import dataclass, field
from datetime import datetime

from qoa_platform.records.identity import short


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A CloudEvents 1.0 event (spec 1.0.2). (source, id) is the deduplication key; *data* is JSON-able."""

    source: str
    type: str
    subject: str
    key: str
    time: datetime
    data: dict[str, object] = field(default_factory=dict)
    specversion: str = "1.0"

    @property
    def id(self) -> str:
        """Deterministic: the same fact gives the same id, however often it is sent."""
        return short(self.source, self.type, self.key)
