"""Owns the closed sets in which a judgement is expressed: status, reason, severity, mode."""

from enum import StrEnum


class Status(StrEnum):
    """What a verdict says. Silence is never compliance: unknown is not satisfied."""

    SATISFIED = "satisfied"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a reading has no (usable) value, or why a verdict is unknown."""

    NO_DATA = "no_data"
    STALE = "stale"
    INSUFFICIENT_N = "insufficient_n"
    NO_REFERENCE = "no_reference"
    LABEL_PENDING = "label_pending"
    IMPRECISE = "imprecise"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


BLOCKING_REASONS = frozenset({Reason.ERROR, Reason.NO_DATA, Reason.STALE})
"""Unknown reasons for which a critical promise blocks publishing (contract language, semantics 12)."""


class Severity(StrEnum):
    """How much a promise matters. Only a critical promise blocks publishing."""

    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for warning, 1 for critical: most severe first is descending rank."""
        return 1 if self is Severity.CRITICAL else 0


class Mode(StrEnum):
    """Whether a contract (or promise) acts, or only records its plans and alerts."""

    ENFORCE = "enforce"
    OBSERVE = "observe"
