"""Owns parcels: what waits for one sink, in order, and what of it is told together under which key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from qoa_platform.alerts.envelopes import alert_in, envelope_of
from qoa_platform.ports import Ledger
from qoa_platform.records import Alert, AlertState, Batch, Message, Refused, Severity, short

READ: Final = 10_000
"""So many messages of a sink are looked at in one call."""
MAX_LINES: Final = 100
MAX_KEYS: Final = 1_000

_MERGED: Final = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One notification: an alert, the *number* of its message in the outbox, and what it covers of it.

    *first* and *last* are the numbers of the messages that were merged into it (its own, when none were): no message of
    the same group and state in between needs to be sent any more. *size* counts the alerts in it.
    """

    alert: Alert
    number: int
    first: int
    last: int
    size: int = 1

    @classmethod
    def of(cls, number: int, alert: Alert) -> "Parcel":
        """The parcel of one message."""
        merged: Any = alert.details.get(_MERGED)
        if not isinstance(merged, dict):
            return cls(alert=alert, number=number, first=number, last=number)
        return cls(alert=alert, number=number, first=merged["first"], last=merged["last"], size=merged["alerts"])

    @property
    def is_merged(self) -> bool:
        """Whether it stands for several messages."""
        return self.number != self.first

    def covers(self, other: "Parcel") -> bool:
        """Whether *other* was merged into it."""
        same = other.alert.group == self.alert.group and other.alert.state is self.alert.state
        return same and self.is_merged and other.number != self.number and self.first <= other.number <= self.last


@dataclass(slots=True, kw_only=True)
class Queue:
    """The parcels of one group, oldest first: opened before resolved, as they were written."""

    group: str
    parcels: list[Parcel] = field(default_factory=list)


def queues(ledger: Ledger, sink: str) -> list[Queue]:
    """What waits for *sink*, by group. Messages that a merged one covers are marked and left out (after a crash)."""
    waiting = [Parcel.of(number, alert_in(envelope)) for number, envelope in ledger.outbox(sink, READ)]
    merged = [p for p in waiting if p.is_merged]
    covered = {p.number for p in waiting if any(m.covers(p) for m in merged)} if merged else set()
    if covered:
        ledger.delivered(sorted(covered))
    groups: dict[str, Queue] = {}
    for parcel in sorted((p for p in waiting if p.number not in covered), key=lambda p: (p.first, p.number)):
        groups.setdefault(parcel.alert.group, Queue(group=parcel.alert.group)).parcels.append(parcel)
    return list(groups.values())


def merge(ledger: Ledger, sink: str, queue: Queue) -> None:
    """Make one parcel of those at the head of *queue* that say the same (opened, or resolved); none: nothing happens.

    To be called when none of them was ever sent: then every alert is told under one key only, whatever crashes. That
    holds right after the parcel before them arrived, for parcels of a group are sent one after the other. The merged
    message is durable before the others are marked.
    """
    state = queue.parcels[0].alert.state if queue.parcels else None
    run = list(takewhile(lambda p: p.alert.state is state and not p.is_merged, queue.parcels))
    if len(run) < 2:  # noqa: PLR2004 (one is told as it is)
        return
    alert = together([p.alert for p in run], sink, first=run[0].number, last=run[-1].number)
    committed = ledger.commit(Batch(messages=(Message(sink=sink, envelope=envelope_of(alert)),)))
    if isinstance(committed, Refused) or not committed.changed:
        queue.parcels.clear()  # somebody was faster: the next call sees it
        return
    ledger.delivered([p.number for p in run])
    queue.parcels[: len(run)] = [Parcel.of(committed.seq, alert)]


def together(alerts: Sequence[Alert], sink: str, *, first: int, last: int) -> Alert:
    """Several alerts of one group as one: the worst severity, all episodes, each title with its lines (bounded).

    Its key follows from theirs; *details* lists them under ``keys`` (at most 1,000).
    """
    newest = alerts[-1]
    worst = max((a.severity for a in alerts), key=lambda s: s == Severity.CRITICAL)
    lines = [line for alert in alerts for line in (alert.title, *(f"  {text}" for text in alert.lines))]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"… {len(lines) - MAX_LINES} more lines"]
    subjects = tuple(dict.fromkeys(a.subject for a in alerts))
    subject = subjects[0] if len(subjects) == 1 else newest.contract
    verb = str(newest.state) if newest.state is AlertState.RESOLVED else worst
    return Alert(
        key=short("merged", sink, [a.key for a in alerts]),
        group=newest.group,
        state=newest.state,
        contract=newest.contract,
        subject=subject,
        severity=worst,
        title=f"[{verb}] {newest.contract}: {subject} — {len(alerts)} alerts, the last: {newest.title}",
        lines=tuple(lines),
        runbook=newest.runbook,
        owner=newest.owner,
        episodes=tuple(dict.fromkeys(e for a in alerts for e in a.episodes)),
        at=newest.at,
        wall=newest.wall,
        details={
            _MERGED: {"first": first, "last": last, "alerts": len(alerts)},
            "keys": [a.key for a in alerts[:MAX_KEYS]],
        },
    )
