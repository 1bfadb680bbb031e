"""Owns what child processes of the reactor's tests do: be a lane until they are told to stop, or killed."""

import signal
import sys
from pathlib import Path
from threading import Event

from qoa_platform.alerts import Channels, Webhook, couriers
from qoa_platform.ledger import open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.reactor import react
from tests.reactor.reactor_world import ports


def lane(location: str, url: str = "") -> None:
    """React until SIGTERM; alerts go to *url*, or to the log."""
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    channels = Channels({"webhook:ops": Webhook("ops", url, allow_private=True)}) if url else Channels.default()
    with open_ledger(Path(location)) as ledger:
        print("ready", flush=True)
        handed = ports(ledger, sinks=channels.sinks)
        done = react(handed, couriers(ledger, channels, LedgerClock(ledger)), until=stop.is_set, idle=1.0)
    print(done.rounds, done.outcomes, done.errors, flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
