"""What waits in the outbox is delivered at least once, each alert under one key, and no channel holds up another."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.alerts import Channels, Log, NotDelivered, Webhook, couriers, deliver
from qoa_platform.alerts.envelopes import envelope_of
from qoa_platform.alerts.pace import FIRST, LONGEST, Pace
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.records import Alert, AlertState, Batch, Message

Make = Callable[..., Alert]
Tell = Callable[..., None]


class Watch:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Broken:
    """A channel with a bug."""

    name = "broken"

    def notify(self, alert: Alert, /) -> None:
        raise ZeroDivisionError(alert.key)


class Kept:
    """A channel that keeps what it was told. Refuses the keys in *refused*."""

    name = "kept"

    def __init__(self, refused: tuple[str, ...] = ()) -> None:
        self.alerts: list[Alert] = []
        self.refused = refused

    def notify(self, alert: Alert, /) -> None:
        if alert.key in self.refused:
            message = "no"
            raise NotDelivered(message, unreachable=False)
        self.alerts.append(alert)


def now(make_alert: Make) -> dict[str, Any]:
    """Both times."""
    return {"at": make_alert("").at, "wall": make_alert("").wall}


def test_an_alert_arrives_once_and_is_marked(
    ledger: Store, receiver: Any, ops: Channels, tell: Tell, make_alert: Make
) -> None:
    """A second call finds nothing to do."""
    tell(make_alert("k1"))
    first = deliver(ledger, ops, **now(make_alert))
    assert (first.sent, first.alerts, first.failures, first.deferred) == (1, 1, (), ())
    assert deliver(ledger, ops, **now(make_alert)).sent == 0
    assert receiver.keys == ["k1"]
    assert ledger.outbox("webhook:ops") == []


@pytest.mark.parametrize("answers", [[500], [503, 500, 429], [404], [302]])
def test_a_failure_is_tried_again_under_the_same_key(
    ledger: Store, receiver: Any, tell: Tell, make_alert: Make, answers: list[int]
) -> None:
    """Whatever it answered: nothing is dropped, and every repetition has one key."""
    watch = Watch()
    channels = Channels({"webhook:ops": Webhook("ops", receiver.url, allow_private=True)}, pace=Pace(watch))
    receiver.answers = list(answers)
    tell(make_alert("k1"))
    for tries, status in enumerate(answers, start=1):
        done = deliver(ledger, channels, **now(make_alert))
        [failure] = done.failures
        assert (done.sent, failure.sink, failure.key, failure.tries) == (0, "webhook:ops", "k1", tries)
        assert str(status) in failure.cause
        assert deliver(ledger, channels, **now(make_alert)).deferred  # left alone for a moment
        watch.now += failure.again_in
    assert deliver(ledger, channels, **now(make_alert)).sent == 1
    assert receiver.keys == ["k1"] * (len(answers) + 1)


def test_the_pause_grows_and_is_bounded(ledger: Store, tell: Tell, make_alert: Make) -> None:
    """Doubled at each failure in a row, never beyond 4 s; a success ends it."""
    watch = Watch()
    pace = Pace(watch)
    waits = [pace.failed("x")[1] for _ in range(100)]
    assert waits[:5] == [FIRST, FIRST * 2, FIRST * 4, FIRST * 8, LONGEST]
    assert max(waits) == LONGEST < 5
    assert pace.wait("x") == LONGEST
    assert pace.wait("y") == 0
    watch.now += LONGEST
    assert pace.wait("x") == 0
    pace.worked("x")
    assert pace.failed("x") == (1, FIRST)


def test_a_receiver_that_comes_back_gets_everything(ledger: Store, receiver: Any, tell: Tell, make_alert: Make) -> None:
    """Down for a while: connection refused; then all of it arrives, in order."""
    watch = Watch()
    url = receiver.url
    where = ["http://127.0.0.1:9/"]

    class Moving:
        name = "ops"

        def notify(self, alert: Alert, /) -> None:
            Webhook("ops", where[0], allow_private=True, connect=0.5).notify(alert)

    channels = Channels({"webhook:ops": Moving()}, pace=Pace(watch))
    tell(make_alert("k1"), make_alert("k1-over", AlertState.RESOLVED))
    [failure] = deliver(ledger, channels, **now(make_alert)).failures
    assert "Connection refused" in failure.cause
    where[0] = url
    watch.now += failure.again_in
    assert deliver(ledger, channels, **now(make_alert)).sent == 2
    assert [r.alert["state"] for r in receiver.accepted] == ["opened", "resolved"]


def test_a_failing_channel_delays_no_other(ledger: Store, receiver: Any, tell: Tell, make_alert: Make) -> None:
    """A webhook that does not answer, and one with a bug, while the log and another webhook are told."""
    receiver.delay = 0.6
    kept = Kept()
    slow = Webhook("ops", receiver.url, allow_private=True, total=0.3)
    channels = Channels({"webhook:ops": slow, "broken": Broken(), "kept": kept})
    for sink in channels.sinks:
        tell(make_alert("k"), sink=sink)
    done = deliver(ledger, channels, **now(make_alert))
    assert {f.sink: f.cause for f in done.failures}["broken"] == "ZeroDivisionError in Broken"
    assert {f.sink for f in done.failures} == {"webhook:ops", "broken"}
    assert [a.key for a in kept.alerts] == ["k"]


def test_couriers_serve_each_sink_by_itself(ledger: Store, tell: Tell, make_alert: Make) -> None:
    """One call per sink: a lane gives each its own thread."""
    kept, other = Kept(), Kept()
    channels = Channels({"a": kept, "b": other})
    tell(make_alert("k"), sink="a")
    tell(make_alert("k"), sink="b")
    first, second = couriers(ledger, channels, LedgerClock(ledger))
    assert first().sent == 1
    assert (len(kept.alerts), len(other.alerts)) == (1, 0)
    assert second().sent == 1


def test_a_refused_alert_holds_up_its_group_only(ledger: Store, tell: Tell, make_alert: Make) -> None:
    """Its resolution must not come first; other groups go on."""
    kept = Kept(refused=("bad",))
    channels = Channels({"webhook:ops": kept})
    tell(make_alert("bad"), make_alert("bad-over", AlertState.RESOLVED), make_alert("other", group="b"))
    done = deliver(ledger, channels, **now(make_alert))
    assert ([a.key for a in kept.alerts], [f.key for f in done.failures]) == (["other"], ["bad"])
    kept.refused = ()
    time.sleep(FIRST)
    assert deliver(ledger, channels, **now(make_alert)).sent == 2
    assert [a.key for a in kept.alerts] == ["other", "bad", "bad-over"]


def test_two_lanes_do_not_both_send(tmp_path: Path, receiver: Any, make_alert: Make, tell: Tell, ledger: Store) -> None:
    """A lease gives a sink to one process at a time: 4 lanes, 12 alerts of as many groups, no receipt twice."""
    tell(*[make_alert(f"k{i}", group=f"g{i}") for i in range(12)])
    start = threading.Barrier(4)

    def lane() -> None:
        channels = Channels({"webhook:ops": Webhook("ops", receiver.url, allow_private=True)})
        with open_ledger(tmp_path / "ledger.db") as mine:
            start.wait()
            for _ in range(20):
                deliver(mine, channels, **now(make_alert))

    lanes = [threading.Thread(target=lane) for _ in range(4)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert sorted(receiver.keys) == sorted(f"k{i}" for i in range(12))


def test_at_most_the_limit_is_sent_in_one_call(ledger: Store, tell: Tell, make_alert: Make) -> None:
    """The rest waits for the next."""
    kept = Kept()
    channels = Channels({"webhook:ops": kept})
    tell(*[make_alert(f"k{i}", group=f"g{i}") for i in range(5)])
    assert deliver(ledger, channels, limit=2, **now(make_alert)).sent == 2
    assert deliver(ledger, channels, limit=2, **now(make_alert)).sent == 2
    assert deliver(ledger, channels, limit=2, **now(make_alert)).sent == 1


def test_the_log_is_one_structured_line_per_alert(
    ledger: Store, tell: Tell, make_alert: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever an alert says; several that wait are several lines, by severity."""
    import logging

    tell(make_alert("k1", severity="critical"), make_alert("k2", title='say "hi"\nevil\x1b[0m'), sink="log")
    tell(make_alert("k3", AlertState.RESOLVED), sink="log")
    with caplog.at_level(logging.INFO, logger="qoa.alerts"):
        assert deliver(ledger, Channels({"log": Log()}), **now(make_alert)).sent == 3
    lines = [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "qoa.alerts"]
    assert [level for level, _ in lines] == ["ERROR", "WARNING", "INFO"]
    assert lines[0][1].startswith('alert=opened severity=critical contract=retail subject=retail/sales_day title="')
    assert 'title="say \\"hi\\" evil\ufffd[0m"' in lines[1][1]
    assert not any("\n" in text for _, text in lines)


def test_without_logging_the_line_goes_to_standard_error(tmp_path: Path) -> None:
    """A bare program is told too, resolutions included."""
    import subprocess
    import sys

    program = """
from datetime import UTC, datetime
from qoa_platform.alerts import Log
from qoa_platform.records import Alert, AlertState, Batch, Message
at = datetime(2017, 10, 4, tzinfo=UTC)
Log().notify(Alert(key="k", group="g", state=AlertState.RESOLVED, contract="c", subject="s", severity="warning",
                   title="t", lines=(), runbook="", owner="me", episodes=(), at=at, wall=at))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stderr.startswith("alert=resolved severity=warning contract=c subject=s title=t owner=me ")
    assert done.stderr.count("\n") == 1


def test_secrets_are_nowhere(
    receiver: Any, make_alert: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A seeded canary in the URL and in the secret: not in causes, logs, representations or the ledger's files."""
    where = "url: 'env:QOA_TEST_URL', secret: 'env:QOA_TEST_SECRET', allow_private: true"
    (tmp_path / "alerts.yaml").write_text(f"channels: [{{name: ops, kind: webhook, {where}}}]")
    monkeypatch.setenv("QOA_TEST_URL", receiver.url)
    monkeypatch.setenv("QOA_TEST_SECRET", "canary-secret")
    channels = Channels.of(tmp_path)
    ledger = open_ledger(tmp_path / "ledger.db")
    ledger.commit(Batch(messages=(Message(sink="webhook:ops", envelope=envelope_of(make_alert("k1"))),)))
    seen = repr(channels) + repr(channels.notifier("webhook:ops"))
    for status in (401, 500, 302):
        receiver.answers = [status]
        seen += repr(deliver(ledger, channels, **now(make_alert)))
        time.sleep(FIRST * 2.1)
    monkeypatch.setenv("QOA_TEST_URL", "http://127.0.0.1:9/canary?canary")
    seen += repr(deliver(ledger, channels, **now(make_alert)))
    ledger.close()
    seen += caplog.text + (tmp_path / "ledger.db").read_bytes().decode("latin-1")
    assert "canary" in receiver.url
    assert "500" in seen
    assert "canary" not in seen


def test_a_missing_secret_is_said_and_nothing_is_lost(
    ledger: Store, receiver: Any, tell: Tell, make_alert: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Never unsigned instead: the alert waits until the secret is there."""
    (tmp_path / "alerts.yaml").write_text(
        "channels: [{name: ops, kind: webhook, url: 'env:QOA_TEST_URL', secret: 'file:hook.key', allow_private: true}]"
    )
    monkeypatch.setenv("QOA_TEST_URL", receiver.url)
    channels = Channels.of(tmp_path)
    tell(make_alert("k1"))
    [failure] = deliver(ledger, channels, **now(make_alert)).failures
    assert failure.cause == "file:hook.key cannot be read: No such file or directory"
    assert receiver.receipts == []
    (tmp_path / "hook.key").write_text("x")
    time.sleep(failure.again_in)
    assert deliver(ledger, channels, **now(make_alert)).sent == 1


def test_deliveries_add_up(make_alert: Make) -> None:
    """The neutral element and the sum."""
    from qoa_platform.alerts import Delivered

    one = Delivered(sent=1, alerts=3, deferred=("x",))
    assert one + Delivered() == Delivered() + one == one
    assert (one + one).alerts == 6


@pytest.mark.parametrize("repeat", [timedelta(hours=4)])
def test_repeat_is_kept_per_sink(repeat: timedelta) -> None:
    """Other sinks have none."""
    channels = Channels({"log": Log(), "webhook:ops": Log()}, {"webhook:ops": repeat})
    assert (channels.repeat("log"), channels.repeat("webhook:ops")) == (None, repeat)
