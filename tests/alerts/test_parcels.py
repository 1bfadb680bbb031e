"""What waits together is told together, and every alert is told under one key only, wherever a process dies."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qoa_platform.alerts import Channels, NotDelivered, deliver
from qoa_platform.alerts.envelopes import alert_in, envelope_of
from qoa_platform.alerts.pace import Pace
from qoa_platform.alerts.parcels import MAX_LINES, together
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.records import Alert, AlertState, Batch, Message

Make = Callable[..., Alert]
Tell = Callable[..., None]
SINK = "webhook:ops"
T = datetime(2017, 10, 4, 12, tzinfo=UTC)


class Killed(BaseException):
    """The process dies here."""


class Mortal:
    """A channel, and a ledger in front of a real one, that die at the n-th step of a delivery; 0: never."""

    name = "mortal"

    def __init__(self, store: Store, dies_at: int = 0, refuses_at: int = 0) -> None:
        self.store, self.steps, self.dies_at, self.refuses_at = store, 0, dies_at, refuses_at
        self.told: list[Alert] = []

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.dies_at:
            raise Killed

    def notify(self, alert: Alert, /) -> None:
        self._step()
        if self.steps == self.refuses_at:
            message = "no"
            raise NotDelivered(message)
        self.told.append(alert)
        self._step()

    def commit(self, batch: Batch) -> Any:
        self._step()
        done = self.store.commit(batch)
        self._step()
        return done

    def delivered(self, numbers: Any) -> None:
        self._step()
        self.store.delivered(numbers)
        self._step()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def once(self) -> Self:
        """Deliver, in a process that was just started."""
        channels = Channels({SINK: self}, pace=Pace(lambda: 0.0))
        with suppress(Killed):
            deliver(self, channels, at=T, wall=T)
        return self


def members(told: Alert) -> list[str]:
    """The keys of the alerts in a notification."""
    keys: Any = told.details.get("keys", [told.key])
    return list(keys)


ALERTS = st.tuples(st.sampled_from(["g1", "g2"]), st.sampled_from(list(AlertState)))
STEPS = st.one_of(
    st.lists(ALERTS, min_size=1, max_size=5),
    st.tuples(st.sampled_from(["dies", "refuses"]), st.integers(1, 14)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=8))
def test_every_alert_is_told_under_one_key_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, make_alert: Make, steps: list[Any]
) -> None:
    """Alerts come in, deliveries die or are refused at any step; in the end each was told, under exactly one key."""
    told: list[Alert] = []
    written: list[Alert] = []
    with open_ledger(tmp_path_factory.mktemp("law") / "ledger.db") as ledger:
        for step in steps:
            if isinstance(step, list):
                for group, state in step:
                    written.append(make_alert(f"k{len(written):03}", state, group=group))
                    ledger.commit(Batch(messages=(Message(sink=SINK, envelope=envelope_of(written[-1])),)))
            else:
                how, when = step
                told += Mortal(ledger, **{f"{how}_at": when}).once().told
        told += Mortal(ledger).once().told
        told += Mortal(ledger).once().told
        assert ledger.outbox(SINK) == []
    under: dict[str, set[str]] = {a.key: set() for a in written}
    for notification in told:
        for key in members(notification):
            under[key].add(notification.key)
    assert {key: len(keys) for key, keys in under.items()} == {a.key: 1 for a in written}
    first_told = list(dict.fromkeys(key for n in told for key in members(n)))
    for group in ("g1", "g2"):
        wanted = [a.key for a in written if a.group == group]
        assert [key for key in first_told if key in wanted] == wanted
    for notification in told:
        states = {a.state for a in written if a.key in members(notification)}
        assert states == {notification.state}


def test_what_waits_behind_an_alert_is_one_notification(ledger: Store, tell: Tell, make_alert: Make) -> None:
    """The oldest is told as it is; the rest of its group together; resolutions apart, and after them."""
    mortal = Mortal(ledger)
    tell(*[make_alert(f"k{i}", severity="critical" if i == 3 else "warning") for i in range(5)])
    tell(*[make_alert(f"k{i}-over", AlertState.RESOLVED) for i in range(5)])
    assert [members(n) for n in mortal.once().told] == [
        ["k0"], ["k1", "k2", "k3", "k4"], [f"k{i}-over" for i in range(5)]
    ]  # fmt: skip
    merged = mortal.told[1]
    assert (merged.severity, merged.state) == ("critical", AlertState.OPENED)
    assert merged.episodes == ("e-k1", "e-k2", "e-k3", "e-k4")
    assert merged.title == "[critical] retail: retail/sales_day — 4 alerts, the last: [warning] retail: k4"
    assert merged.lines[:2] == ("[warning] retail: k1", "  k1 line")


def test_a_storm_is_two_notifications(tmp_path: Path, make_alert: Make) -> None:
    """3,000 alerts of one cause that came while nobody delivered; another group is told for itself."""
    with open_ledger(tmp_path / "ledger.db") as ledger:
        storm = [make_alert(f"k{i}") for i in range(3000)]
        messages = tuple(Message(sink=SINK, envelope=envelope_of(a)) for a in [*storm, make_alert("x", group="other")])
        ledger.commit(Batch(messages=messages))
        mortal = Mortal(ledger).once()
        assert ledger.outbox(SINK) == []
    assert [len(members(n)) for n in mortal.told] == [1, 1000, 1]
    assert mortal.told[1].details["merged"] == {"first": 2, "last": 3000, "alerts": 2999}
    assert len(mortal.told[1].lines) == MAX_LINES + 1


def test_a_merged_alert_survives_the_outbox(make_alert: Make) -> None:
    """What it covers is read back from the envelope."""
    merged = together([make_alert("a"), make_alert("b", subject="elsewhere")], SINK, first=1, last=2)
    assert alert_in(envelope_of(merged)) == merged
    assert merged.subject == "retail"
