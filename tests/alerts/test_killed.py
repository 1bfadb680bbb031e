"""A process that is killed while it delivers loses nothing, and repeats only under the same key."""

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.alerts import Channels, Webhook, deliver
from qoa_platform.alerts.delivering import LEASE
from qoa_platform.alerts.envelopes import envelope_of
from qoa_platform.ledger import open_ledger
from qoa_platform.records import Alert, Batch, Message

T = datetime(2017, 10, 4, 12, tzinfo=UTC)
PLACES = [
    "outbox.before_send", "outbox.after_send", "outbox.before_send:2", "outbox.after_send:2", "ledger.before_commit",
    "ledger.after_commit",
]  # fmt: skip


@pytest.mark.faults
def test_killed_anywhere_it_is_delivered_again_under_the_same_key(
    tmp_path: Path, receiver: Any, child: Callable[..., Any], make_alert: Callable[..., Alert]
) -> None:
    """SIGKILL before and after each send, and around the commit that merges: every alert under one key, none lost."""
    ledgers = {place: tmp_path / f"{place.replace(':', '-')}.db" for place in PLACES}
    for place, location in ledgers.items():
        with open_ledger(location) as ledger:
            for number in range(3):
                told = make_alert(f"{place} {number}")
                ledger.commit(Batch(messages=(Message(sink="webhook:ops", envelope=envelope_of(told)),)))
    dead = [child("once", ledgers[place], receiver.url, QOA_FAILPOINT=place) for place in PLACES]
    assert [process.wait(60) for process in dead] == [-signal.SIGKILL] * len(PLACES)
    before = [keys(receipt)[0].rsplit(" ", 1)[0] for receipt in receiver.receipts]
    assert {place: before.count(place) for place in PLACES} == {
        "outbox.before_send": 0, "outbox.after_send": 1, "outbox.before_send:2": 1, "outbox.after_send:2": 2,
        "ledger.before_commit": 1, "ledger.after_commit": 1,
    }  # fmt: skip
    time.sleep(LEASE)  # the dead had a turn
    channels = Channels({"webhook:ops": Webhook("ops", receiver.url, allow_private=True)})
    for location in ledgers.values():
        with open_ledger(location) as ledger:
            assert deliver(ledger, channels, at=T, wall=T).failures == ()
            assert ledger.outbox("webhook:ops") == []
    under: dict[str, list[str]] = {}
    for receipt in receiver.receipts:
        for key in keys(receipt):
            under.setdefault(key, []).append(receipt.key)
    assert {key: len(set(found)) for key, found in under.items()} == {f"{p} {n}": 1 for p in PLACES for n in range(3)}
    again = {key for key, found in under.items() if len(found) > 1}
    assert again == {"outbox.after_send 0", "outbox.after_send:2 1", "outbox.after_send:2 2"}


def keys(receipt: Any) -> list[str]:
    """The keys of the alerts in a receipt."""
    return list(receipt.alert["details"].get("keys", [receipt.key]))
