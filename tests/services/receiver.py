"""Owns Receiver: a real webhook on the loopback, which counts what arrives there by idempotency key."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Receiver:
    """Which alert arrived under which ``Idempotency-Key``, and how often; *titles* by alert."""

    url: str = ""
    arrived: Counter[tuple[str, str]] = field(default_factory=Counter)
    titles: dict[str, str] = field(default_factory=dict)

    def keys(self, contract: str) -> dict[str, set[str]]:
        """Alert of *contract* → the idempotency keys under which it came."""
        found: dict[str, set[str]] = {}
        for alert, key in list(self.arrived):
            if f"] {contract}: " in self.titles[alert]:
                found.setdefault(alert, set()).add(key)
        return found

    def take(self, key: str, event: dict[str, object]) -> None:
        """Note a receipt: of one alert, or of several that were told together."""
        data = event["data"]
        assert isinstance(data, dict)
        for alert in data["details"].get("keys", [key]):
            self.titles.setdefault(alert, data["title"])
            self.arrived[alert, key] += 1


class Server(ThreadingHTTPServer):
    """Threads that end with the test, and no traceback when a sender dies."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Senders are killed here: nothing to say."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A running webhook on a free port."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.take(
                self.headers["Idempotency-Key"], json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
