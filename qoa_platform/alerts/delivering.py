"""Owns delivery: what waits in the outbox is sent through the channels, at least once, and marked when it arrived."""

import logging
import os
import secrets
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

from qoa_platform.alerts.channels import Channels
from qoa_platform.alerts.errors import NotDelivered
from qoa_platform.alerts.pace import Pace
from qoa_platform.alerts.parcels import Parcel, Queue, merge, queues
from qoa_platform.alerts.reminding import remind
from qoa_platform.failpoints import failpoint
from qoa_platform.ports import Clock, Ledger, Notifier
from qoa_platform.records import printable

LOGGER: Final = logging.getLogger("qoa.delivery")
LEASE: Final = 2.0
"""Seconds for which one process has a sink to itself, renewed as it goes. After a SIGKILL another waits so long."""
_MAX_WORKERS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What was not delivered: where, which alert, why, after how many tries in a row, and in how many seconds again."""

    sink: str
    key: str
    cause: str
    tries: int
    again_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one call did. *sent*: notifications that arrived; *alerts*: those in them (grouped ones count each)."""

    sent: int = 0
    alerts: int = 0
    failures: tuple[Failure, ...] = ()
    deferred: tuple[str, ...] = ()
    """Sinks (or ``sink: group``) that were left alone: they failed a moment ago, or another process has them."""

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(
            sent=self.sent + other.sent, alerts=self.alerts + other.alerts,
            failures=(*self.failures, *other.failures), deferred=(*self.deferred, *other.deferred),
        )  # fmt: skip


def deliver(
    ledger: Ledger, channels: Channels, *, at: datetime, wall: datetime, limit: int = 100,
    sinks: Sequence[str] | None = None,
) -> Delivered:  # fmt: skip
    """Send what waits in the outbox, through every channel (or those of *sinks*) at once; at most *limit* each.

    Level-triggered: it asks the ledger what is not delivered yet. A message is marked after the channel accepted it,
    so a crash in between sends it again, under the same idempotency key. One process at a time has a sink (a lease);
    alerts of one group that wait together are told together. A channel that fails delays no other, and is tried again
    after a growing pause (at most 4 s). Raises LedgerError when the ledger itself cannot be used.
    """
    names = channels.sinks if sinks is None else tuple(sinks)
    work = partial(_deliver_sink, ledger, channels, at=at, wall=wall, limit=limit)
    if len(names) <= 1:
        return sum(map(work, names), Delivered())
    with ThreadPoolExecutor(min(len(names), _MAX_WORKERS), thread_name_prefix="qoa-alerts") as pool:
        return sum(pool.map(work, names), Delivered())


def couriers(ledger: Ledger, channels: Channels, clock: Clock) -> tuple[Callable[[], Delivered], ...]:
    """One delivery per sink, for a lane that gives each its own thread: the slowest receiver delays nobody."""

    def courier(sink: str) -> Delivered:
        return deliver(ledger, channels, at=clock.at(), wall=clock.wall(), sinks=(sink,))

    return tuple(partial(courier, sink) for sink in channels.sinks)


def _deliver_sink(
    ledger: Ledger, channels: Channels, sink: str, *, at: datetime, wall: datetime, limit: int
) -> Delivered:
    repeat = channels.repeat(sink)
    if repeat is not None and channels.pace.due((sink, "repeat"), at, repeat / 20):
        remind(ledger, sink, repeat, at, wall)
    if channels.pace.wait(sink) > 0:
        return Delivered(deferred=(sink,))
    if not ledger.outbox(sink, 1):
        return Delivered()
    turn = _Turn(ledger, channels, sink, limit)
    if not turn.take():
        return Delivered(deferred=(sink,))
    try:
        return sum((turn.through(queue) for queue in queues(ledger, sink)), Delivered())
    finally:
        turn.end()


class _Turn:
    """One process's turn at a sink: a short lease, so that two lanes do not both send."""

    def __init__(self, ledger: Ledger, channels: Channels, sink: str, limit: int) -> None:
        self._ledger, self._pace, self._sink, self._left = ledger, channels.pace, sink, limit
        self._notifier = channels.notifier(sink)
        self._name = f"deliver:{sink}"
        self._holder = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._fresh = 0.0
        self._ended = False

    def take(self) -> bool:
        """Take the turn, or stay in it; whether it is ours."""
        if self._ended:
            return False
        if monotonic() >= self._fresh:
            asked = monotonic()
            self._ended = not self._ledger.lease(self._name, self._holder, LEASE)
            self._fresh = asked + LEASE / 4
        return not self._ended

    def end(self) -> None:
        """Give it back."""
        if self._fresh:
            self._ledger.lease(self._name, self._holder, 0)

    def through(self, queue: Queue) -> Delivered:
        """Send the parcels of one group in order. A refused one stops the group, an unreachable receiver the sink.

        What waits behind a parcel is merged after that parcel arrived, and not before.
        """
        done = Delivered()
        place = (self._sink, queue.group)
        if self._pace.wait(place) > 0:
            return Delivered(deferred=(f"{self._sink}: {queue.group}",))
        while queue.parcels and self._left > 0 and self.take():
            parcel = queue.parcels.pop(0)
            try:
                _send(self._ledger, self._notifier, parcel)
            except NotDelivered as error:
                self._ended = error.unreachable
                where = self._sink if error.unreachable else place
                return done + _failed(self._pace, where, self._sink, parcel, error.cause)
            self._left -= 1
            self._pace.worked(self._sink)
            self._pace.worked(place)
            done += Delivered(sent=1, alerts=parcel.size)
            if getattr(self._notifier, "grouped", True) and self.take():
                merge(self._ledger, self._sink, queue)
        return done


def _send(ledger: Ledger, notifier: Notifier, parcel: Parcel) -> None:
    failpoint("outbox.before_send")
    try:
        notifier.notify(parcel.alert)
    except NotDelivered:
        raise
    except Exception as error:  # a channel is somebody else's code: whatever it raises, the others go on
        message = f"{type(error).__name__} in {type(notifier).__name__}"
        raise NotDelivered(message, unreachable=False) from error
    failpoint("outbox.after_send")
    ledger.delivered([parcel.number])


def _failed(pace: Pace, place: Hashable, sink: str, parcel: Parcel, cause: str) -> Delivered:
    times, wait = pace.failed(place)
    failure = Failure(sink=sink, key=parcel.alert.key, cause=printable(cause, 400), tries=times, again_in=wait)
    if times & (times - 1) == 0:  # the first, second, fourth … in a row
        LOGGER.warning("%s did not take alert %s (try %d): %s", sink, failure.key, times, failure.cause)
    return Delivered(failures=(failure,))
