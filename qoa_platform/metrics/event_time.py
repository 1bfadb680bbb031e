"""Owns which column holds the event times that a promise is about."""

from qoa_platform.metrics.protocol import MetricError
from qoa_platform.records import Promise, Subject


def event_column(metric_id: str, named: tuple[str, ...], promise: Promise, subject: Subject) -> tuple[str, ...]:
    """The one column of times that is *named*, else the subject's event time. Raises MetricError."""
    found = named or ((subject.event_time,) if subject.event_time else ())
    if len(found) != 1:
        said = ", ".join(found) or f"no column, and subject {subject.id!r} has no event_time"
        raise MetricError(f"promise {promise.id!r}: {metric_id} is given {said}. Allowed: one column of times")
    return found
