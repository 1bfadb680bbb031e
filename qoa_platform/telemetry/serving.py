"""Owns the ways out: the metrics as text once, or over HTTP on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any, Self

from prometheus_client import CollectorRegistry, generate_latest, start_http_server

from qoa_platform.ports import Clock, Ledger
from qoa_platform.telemetry.collecting import LedgerCollector


def registry(ledger: Ledger, *, clock: Clock, sinks: Sequence[str] = ()) -> CollectorRegistry:
    """A registry of its own that holds the metrics of *ledger*; *sinks* are those whose backlog is shown."""
    made = CollectorRegistry()
    made.register(LedgerCollector(ledger, clock, sinks))
    return made


def render(ledger: Ledger, *, clock: Clock, sinks: Sequence[str] = ()) -> bytes:
    """The metrics of this moment in Prometheus' text format."""
    return generate_latest(registry(ledger, clock=clock, sinks=sinks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running endpoint. Also a context manager that closes it."""

    url: str
    port: int
    _http: Any
    _thread: Thread

    def close(self) -> None:
        """Stop answering."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(
    ledger: Ledger, *, clock: Clock, port: int = 9464, host: str = "127.0.0.1", sinks: Sequence[str] = ()
) -> Server:
    """Answer scrapes at ``http://host:port/metrics`` in a thread; port 0 takes a free one.

    There is no authentication: it listens on this machine unless told otherwise. Raises OSError when the port is taken.
    """
    http, thread = start_http_server(port, host, registry(ledger, clock=clock, sinks=sinks))
    name = f"[{host}]" if ":" in host else host
    return Server(url=f"http://{name}:{http.server_port}/metrics", port=http.server_port, _http=http, _thread=thread)
