"""Owns how a long command is ended: by SIGINT or SIGTERM, after what it is in the middle of."""

import signal
from threading import Event


def stopped() -> Event:
    """An event that SIGINT (Ctrl-C) and SIGTERM set, so that a round in progress ends first."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
