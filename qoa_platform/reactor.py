"""Owns the reactor lane: woken by a committed row, it reconciles at once and has the outbox delivered beside it."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Final

from qoa_platform.loop import Ports, reconcile
from qoa_platform.ports import Ledger

LOGGER: Final = logging.getLogger("qoa.reactor")
SLICE: Final = 0.25
"""Seconds after which a resting lane asks again whether it shall stop."""
LONGEST: Final = 10.0
"""Seconds at most between two rounds that fail."""
LOOK: Final = 1.0
"""Seconds after which deliveries look again without being woken: a receiver that failed may be back."""

Until = Callable[[], bool]
Courier = Callable[[], object]


@dataclass(slots=True, kw_only=True)
class Reacted:
    """What a lane did while it ran."""

    rounds: int = 0
    outcomes: int = 0
    launched: int = 0
    errors: list[str] = field(default_factory=list)
    """The last errors, at most 100."""


def react(
    ports: Ports, deliver: Courier | Sequence[Courier] = (), *, until: Until, idle: float = 5.0,
    launch: bool = False, stale: Callable[[], Sequence[str]] = tuple,
) -> Reacted:  # fmt: skip
    """Reconcile whenever something was committed, and every *idle* seconds, *until* it answers true.

    Reactions that need a run stay ``requested`` for the sensor, unless *launch*: then ``ports.runs`` executes them here
    (``qoa react --inline``). *deliver* (one, or one per sink: ``alerts.couriers``) runs in threads of its own, so that
    no receiver delays a reaction. *stale* names the contracts of which this process holds an older version.

    An error ends a round, not the lane: it is logged and the next round comes after a pause that grows to 10 s. Two
    lanes at once do no harm: whatever is applied is applied once, under its reaction's id.
    """
    done = Reacted()

    def round_() -> None:
        result = reconcile(ports, stale=stale())
        done.rounds += 1
        done.outcomes += len(result.outcomes)
        for request in result.requests if launch else ():
            ports.runs.request(request)
            done.launched += 1

    couriers = [deliver] if callable(deliver) else list(deliver)
    with ExitStack() as beside:
        for courier in couriers:
            beside.enter_context(_Beside(ports.ledger, courier, done.errors))
        _lane("a round", round_, ports.ledger, idle=idle, until=until, errors=done.errors)
    return done


def _lane(
    what: str, work: Callable[[], object], ledger: Ledger, *, idle: float, until: Until, errors: list[str]
) -> None:
    """Do *work*, then rest until something is committed or *idle* seconds are over; *until* it shall stop."""
    failures = 0
    while not until():
        try:
            seq = ledger.seq()
            work()
        except Exception as error:
            failures += 1
            errors[:-99] = []
            errors.append(f"{type(error).__name__}: {error}")
            if failures & (failures - 1) == 0:  # the first, second, fourth … in a row
                LOGGER.exception("%s failed (%d in a row)", what, failures)
            _pause(min(0.1 * 2.0 ** min(failures, 10), LONGEST), until)
        else:
            failures = 0
            _rest(ledger, seq, idle, until)


def _rest(ledger: Ledger, seq: int, seconds: float, until: Until) -> None:
    """Wait until something was committed after *seq*, for at most *seconds*."""
    end = monotonic() + seconds
    try:
        while not until() and (left := end - monotonic()) > 0:
            if ledger.wait(seq, min(left, SLICE)) > seq:
                return
    except Exception:  # noqa: BLE001 (the next round says what is wrong with the ledger)
        _pause(SLICE, until)


def _pause(seconds: float, until: Until) -> None:
    end, idle = monotonic() + seconds, Event()
    while not until() and (left := end - monotonic()) > 0:
        idle.wait(min(left, SLICE))


class _Beside:
    """A lane in a thread of its own, which delivers whenever something was committed, and at least every second."""

    def __init__(self, ledger: Ledger, courier: Courier, errors: list[str]) -> None:
        self._stop = Event()
        lane = partial(_lane, "a delivery", courier, ledger, idle=LOOK, until=self._stop.is_set, errors=errors)
        self._thread = Thread(target=lane, name="qoa-courier", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Let a delivery in progress end; one that hangs is left behind (it would be repeated under its key)."""
        self._stop.set()
        self._thread.join(2.0)
