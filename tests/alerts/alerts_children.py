"""Owns what child processes of the alerts' tests do: deliver, until done or dead."""

import sys
from datetime import UTC, datetime

from qoa_platform.alerts import Channels, Webhook, deliver
from qoa_platform.ledger import open_ledger

T = datetime(2017, 10, 4, 12, tzinfo=UTC)


def once(location: str, url: str) -> None:
    """Deliver what waits, once; print how much arrived."""
    channels = Channels({"webhook:ops": Webhook("ops", url, allow_private=True)})
    with open_ledger(location) as ledger:
        print(deliver(ledger, channels, at=T, wall=T).sent)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
