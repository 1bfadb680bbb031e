"""Owns telling: alerts that wait are sent beside the sensor's ticks, so that it needs no ``qoa react``."""

import logging
from threading import Thread
from typing import Final

from qoa_platform.alerts import deliver
from qoa_platform.workspace import Workspace

LOGGER: Final = logging.getLogger("qoa.delivery")


class Teller:
    """At most one delivery at a time, in a thread: a receiver that is slow keeps no run from being launched."""

    def __init__(self) -> None:
        self._thread: Thread | None = None

    def tell(self, workspace: Workspace, wait: float = 1.0) -> None:
        """Have sent what waits, for *wait* seconds at most; the rest goes on, and the next tick finds it under way."""
        if self._thread is None or not self._thread.is_alive():
            if not _owes(workspace):
                return
            self._thread = Thread(target=_deliver, args=(workspace,), name="qoa-teller", daemon=True)
            self._thread.start()
        self._thread.join(wait)


def _owes(workspace: Workspace) -> bool:
    """Whether something waits to be sent, or may have to be sent again by now."""
    sinks, channels = workspace.channels.sinks, workspace.channels
    return any(workspace.ledger.outbox(sink, 1) or channels.repeat(sink) is not None for sink in sinks)


def _deliver(workspace: Workspace) -> None:
    try:
        deliver(workspace.ledger, workspace.channels, at=workspace.clock.at(), wall=workspace.clock.wall())
    except Exception:
        LOGGER.exception("a delivery failed")
