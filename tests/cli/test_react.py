"""Tests of ``qoa react`` and ``qoa alerts deliver``: one round by hand, history asked for, the lane as a process."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from signal import SIGTERM

import pytest

from qoa_platform.alerts import Delivered
from qoa_platform.cli.exits import Exit
from qoa_platform.ledger import Store
from qoa_platform.records import (
    Alert,
    AlertState,
    Batch,
    Envelope,
    Message,
    Outcome,
    OutcomeState,
    Reaction,
    Window,
    plain,
)
from tests.cli.conftest import Qoa
from tests.cli.scene import ROOT, Scene
from tests.lineage.story import NOON, volume

KEYS = {"judged", "reactions", "outcomes", "requested", "launched", "refused", "stale", "delivered"}
OLD = "2017-08-01"


def settled(ledger: Store) -> dict[str, Outcome]:
    """The last outcome of every reaction."""
    return {o.reaction: o for o in ledger.find(Outcome)}


def test_one_round_takes_what_is_due(qoa: Qoa, defined: Scene) -> None:
    """What was decided is performed; a run is requested and not launched here; again, nothing is left to do."""
    said = qoa("react", "--once", "--json")
    assert said.code == Exit.DONE, said
    assert set(said.data) == KEYS
    assert [r["partition"] for r in said.data["requested"]] == ["2017-10-05"]
    assert said.data["launched"] == []
    with defined.ledger() as ledger:
        outcomes = settled(ledger)
        rerun = next(r for r in ledger.find(Reaction) if defined.episode.id in r.serves and r.kind == "rerun")
    assert outcomes[rerun.id].state is OutcomeState.REQUESTED
    again = qoa("react", "--once", "--json").data
    assert (again["reactions"], again["outcomes"], again["judged"]) == ([], [], 0)
    assert [r["partition"] for r in again["requested"]] == ["2017-10-05"]


def test_a_round_tells_it_in_words(qoa: Qoa, defined: Scene) -> None:
    """The same as text: what was done, and which run is wanted; what definitions print does not get in between."""
    said = qoa("react", "--once")
    assert said.code == Exit.DONE
    assert "requested(a run is awaited)" in said.out
    assert "a run is wanted: retail/raw_day, retail/sales_day 2017-10-05 (the sensor launches it: qoa dev)" in said.out
    assert "definitions are imported" not in said.out


def test_history_reacts_only_when_asked_for(qoa: Qoa, defined: Scene) -> None:
    """A day longer ago than react_within is left alone, until a person names it with --window."""
    with defined.ledger() as ledger:
        bad = replace(volume(None, "5" * 64, bad=True), window=Window.of_partition(OLD))
        ledger.commit(Batch(records=(bad,)))
    before = qoa("react", "--once", "--json").data
    assert not [r for r in before["reactions"] if r["target"]["partition"] == OLD]
    asked = qoa("react", "--once", "--window", OLD, "--json").data
    assert "rerun" in {r["kind"] for r in asked["reactions"] if r["target"]["partition"] == OLD}
    said = qoa("react", "--once", "--window", "yesterday")
    assert (said.code, said.err) == (Exit.USAGE, "--window: partition 'yesterday' is no day. Allowed: YYYY-MM-DD\n")


def test_an_older_contract_is_not_decided(qoa: Qoa, defined: Scene) -> None:
    """A checkout that holds an older version than the one in force decides nothing, and says so: exit code 1."""
    from qoa_platform.contracts import read
    from qoa_platform.reactions.enacting import enact

    path = defined.root / "contracts" / "retail.yaml"
    text = path.read_text()
    path.write_text(text.replace("version: 1", "version: 2", 1))
    with defined.ledger() as ledger:
        enact(ledger, read(path), at=NOON, wall=NOON, actor="test")
    path.write_text(text)
    said = qoa("react", "--once", "--json")
    assert said.code == Exit.FINDINGS
    assert (said.data["stale"], said.data["reactions"], said.data["requested"]) == (["retail-demand"], [], [])
    assert "retail-demand: this checkout holds an older version than the one in force" in qoa("react", "--once").out


def test_a_broken_project_reacts_to_nothing(qoa: Qoa, defined: Scene) -> None:
    """Definitions that do not load: exit code 3, with the place, and nothing is written."""
    (defined.root / "workspace.yaml").write_text("load_from: []\n")
    said = qoa("react", "--once")
    assert (said.code, said.out) == (Exit.PROJECT, "")
    assert "names no python_module" in said.err
    with defined.ledger() as ledger:
        assert all(o.state is not OutcomeState.REQUESTED for o in settled(ledger).values())


def test_a_contract_in_the_making_stops_nothing(qoa: Qoa, defined: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A contract that cannot be read leaves the one in force at work; people are told once, with the place."""
    (defined.root / "contracts" / "retail.yaml").write_text("load_from: [")
    assert qoa("react", "--once").code == Exit.DONE
    with defined.ledger() as ledger:
        assert any(o.state is OutcomeState.REQUESTED for o in settled(ledger).values())
    assert qoa("react", "--once").code == Exit.DONE
    told = [record.getMessage() for record in caplog.records if "retail.yaml:2:1  E002" in record.getMessage()]
    assert len(told) == 1
    assert "in force goes on" in told[0]


def test_the_lane_runs_until_it_is_stopped(defined: Scene, tmp_path: Path) -> None:
    """As a process it takes what is due at once, goes on, ends by SIGTERM with exit code 0, and says what it did."""
    command = [sys.executable, "-m", "qoa_platform.cli", "react", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DAGSTER_DISABLE_TELEMETRY": "1"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=defined.root, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            with defined.ledger() as ledger:
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline and process.poll() is None:
                    if OutcomeState.REQUESTED in {o.state for o in settled(ledger).values()}:
                        break
                    ledger.wait(ledger.seq(), 0.2)
            process.send_signal(SIGTERM)
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    said = (tmp_path / "log").read_text()
    assert process.returncode == 0, said
    assert "reacting to shop; Ctrl-C ends it" in said
    reacted = json.loads(out)["reacted"]
    assert reacted["rounds"] >= 1
    assert reacted["outcomes"] >= 1
    assert reacted["errors"] == []


def tell(scene: Scene, sink: str, key: str = "k1") -> None:
    """An alert waits in the outbox of *sink*."""
    alert = Alert(
        key=key, group="g", state=AlertState.OPENED, contract="retail-demand", subject="retail/sales_day",
        severity="critical", title="something broke", lines=(), runbook="r", owner="me", episodes=(), at=NOON,
        wall=NOON,
    )  # fmt: skip
    envelope = Envelope(
        source="qoa/retail-demand", type="qoa.alert", subject="retail/sales_day", key=key, time=NOON, data=plain(alert)
    )
    with scene.ledger() as ledger:
        ledger.commit(Batch(messages=(Message(sink=sink, envelope=envelope),)))


def test_alerts_are_delivered_once_they_wait(qoa: Qoa, scene: Scene) -> None:
    """What waits is sent through every channel and is gone from the outbox; nothing waits, nothing is sent."""
    tell(scene, "log")
    said = qoa("alerts", "deliver", "--json")
    assert said.code == Exit.DONE
    assert said.data["channels"] == ["log"]
    assert set(said.data["delivered"]) == set(Delivered.__dataclass_fields__)
    assert said.data["delivered"]["sent"] == 1
    assert qoa("alerts", "deliver").out == "0 notifications, 0 alerts in them, through log\n"


def test_an_alert_that_was_not_taken_stays(qoa: Qoa, scene: Scene) -> None:
    """A receiver that does not answer is exit code 1 with the cause; the alert stays in the outbox."""
    channel = "{name: ops, kind: webhook, url: 'http://127.0.0.1:9/hook', allow_private: true}"
    (scene.root / "alerts.yaml").write_text(f"channels:\n  - {channel}\n")
    tell(scene, "webhook:ops")
    said = qoa("alerts", "deliver")
    assert said.code == Exit.FINDINGS
    assert "not delivered to webhook:ops:" in said.out
    with scene.ledger() as ledger:
        assert len(ledger.outbox("webhook:ops")) == 1


def test_channels_that_cannot_be_read(qoa: Qoa, scene: Scene) -> None:
    """A mistake in alerts.yaml is said with its place: exit code 3."""
    (scene.root / "alerts.yaml").write_text("channels:\n  - {name: ops, kind: pigeon}\n")
    said = qoa("alerts", "deliver")
    assert said.code == Exit.PROJECT
    assert "alerts.yaml:2:" in said.err
