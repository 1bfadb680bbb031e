"""Owns the two forms of an alert: the record, and the CloudEvents envelope in which it waits and travels."""

from datetime import datetime
from typing import Any

from qoa_platform.records import Alert, AlertState, Envelope, Severity, canonical, plain

TYPE = "qoa.alert"
_TEXTS = ("group", "contract", "subject", "severity", "title", "runbook", "owner")


def envelope_of(alert: Alert) -> Envelope:
    """The CloudEvents envelope of *alert*: the same alert gives the same id, however often it is sent."""
    data: dict[str, object] = plain(alert)
    source = f"qoa/{alert.contract}"
    return Envelope(source=source, type=TYPE, subject=alert.subject, key=alert.key, time=alert.at, data=data)


def alert_in(envelope: Envelope) -> Alert:
    """The alert in *envelope*. What is missing or of another kind is made up for: a message is never undeliverable."""
    data = envelope.data
    texts = {name: _text(data.get(name)) for name in _TEXTS}
    at = _time(data.get("at"), envelope.time)
    details = data.get("details")
    return Alert(
        key=envelope.key,
        group=texts["group"] or envelope.source,
        state=AlertState.RESOLVED if data.get("state") == AlertState.RESOLVED else AlertState.OPENED,
        contract=texts["contract"] or envelope.source.removeprefix("qoa/"),
        subject=texts["subject"] or envelope.subject,
        severity=texts["severity"] or str(Severity.WARNING),
        title=texts["title"] or f"{envelope.type} {envelope.subject}: {canonical(data)[:400]}",
        lines=_texts(data.get("lines")),
        runbook=texts["runbook"],
        owner=texts["owner"],
        episodes=_texts(data.get("episodes")),
        at=at,
        wall=_time(data.get("wall"), at),
        details=dict(details) if isinstance(details, dict) else {},
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def _time(value: Any, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else otherwise
    except ValueError:
        return otherwise
    return found if found.tzinfo is not None else otherwise
