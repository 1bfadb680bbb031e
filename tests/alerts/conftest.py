"""Owns the fixtures of the alerts' tests: a real ledger, a real webhook on loopback, children that die."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.alerts import Channels, Webhook
from qoa_platform.alerts.envelopes import envelope_of
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.records import Alert, AlertState, Batch, Message

T = datetime(2017, 10, 4, 12, tzinfo=UTC)


@dataclass
class Receipt:
    """One POST that arrived, and what it was answered."""

    key: str
    event: dict[str, Any]
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def alert(self) -> dict[str, Any]:
        data: dict[str, Any] = self.event["data"]
        return data


@dataclass
class Receiver:
    """A webhook that records what it gets. *answers* are given in turn, then 204; *delay* before each."""

    answers: list[int] = field(default_factory=list)
    delay: float = 0.0
    receipts: list[Receipt] = field(default_factory=list)
    url: str = ""

    @property
    def accepted(self) -> list[Receipt]:
        return [r for r in self.receipts if 200 <= r.status < 300]

    @property
    def keys(self) -> list[str]:
        return [r.key for r in self.receipts]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running webhook on a free port of the loopback."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.answers.pop(0) if found.answers else 204
            key, headers = self.headers["Idempotency-Key"], dict(self.headers)
            found.receipts.append(Receipt(key, json.loads(body), headers, body, status))
            time.sleep(found.delay)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return  # a client that was killed or lost patience

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/hook/canary-in-the-path?q=1"
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Store]:
    """A fresh ledger in a file."""
    with open_ledger(tmp_path / "ledger.db") as opened:
        yield opened


def alert(key: str, state: AlertState = AlertState.OPENED, **more: Any) -> Alert:
    """An alert of one group, unless told otherwise."""
    facts: dict[str, Any] = {
        "group": "retail/sales", "contract": "retail", "subject": "retail/sales_day", "severity": "warning",
        "title": f"[warning] retail: {key}", "lines": (f"{key} line",), "runbook": "docs/runbook.md", "owner": "me",
        "episodes": (f"e-{key}",), "at": T, "wall": T, **more,
    }  # fmt: skip
    return Alert(key=key, state=state, **facts)


@pytest.fixture
def make_alert() -> Callable[..., Alert]:
    """Makes alerts."""
    return alert


@pytest.fixture
def tell(ledger: Store) -> Callable[..., None]:
    """Writes alerts into the outbox of a sink, as a reaction does."""

    def write(*alerts: Alert, sink: str = "webhook:ops") -> None:
        for one in alerts:
            ledger.commit(Batch(messages=(Message(sink=sink, envelope=envelope_of(one)),)))

    return write


@pytest.fixture
def ops(receiver: Receiver) -> Channels:
    """One webhook channel, to the receiver."""
    return Channels({"webhook:ops": Webhook("ops", receiver.url, allow_private=True)})


@pytest.fixture
def child() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a function of ``alerts_children.py`` in a process of its own; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(function: str, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        program = Path(__file__).with_name("alerts_children.py")
        command = [sys.executable, str(program), function, *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
