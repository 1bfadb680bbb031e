"""A webhook gets a CloudEvents envelope under an idempotency key, and its failures are said without secrets."""

import hashlib
import hmac
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.alerts import NotDelivered, Reference, Webhook
from qoa_platform.alerts.envelopes import alert_in, envelope_of
from qoa_platform.alerts.webhook import body_of
from qoa_platform.records import Alert, AlertState, Envelope

Make = Callable[..., Alert]


def cause_of(webhook: Webhook, alert: Alert) -> NotDelivered:
    """Why *webhook* did not deliver."""
    with pytest.raises(NotDelivered) as caught:
        webhook.notify(alert)
    return caught.value


def test_the_envelope_is_a_cloudevent_under_its_key(receiver: Any, make_alert: Make) -> None:
    """Structured mode: content type, specversion, id, source, type, time; the alert's key as Idempotency-Key."""
    Webhook("ops", receiver.url, allow_private=True).notify(make_alert("k1"))
    [receipt] = receiver.receipts
    assert receipt.key == "k1"
    assert receipt.headers["Content-Type"] == "application/cloudevents+json; charset=UTF-8"
    event = receipt.event
    assert event["specversion"] == "1.0"
    assert (event["type"], event["source"], event["subject"]) == ("qoa.alert", "qoa/retail", "retail/sales_day")
    assert event["id"] == envelope_of(make_alert("k1")).id
    assert event["time"] == "2017-10-04T12:00:00+00:00"
    assert event["data"]["state"] == "opened"
    assert event["data"]["lines"] == ["k1 line"]
    assert "X-QoA-Signature-256" not in receipt.headers


def test_the_body_is_signed_with_the_secret(receiver: Any, make_alert: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """HMAC-SHA256 over the very bytes that were sent; the secret itself is nowhere."""
    monkeypatch.setenv("QOA_TEST_SECRET", "secret-word")
    webhook = Webhook("ops", receiver.url, secret=Reference.of("env:QOA_TEST_SECRET"), allow_private=True)
    webhook.notify(make_alert("k1"))
    [receipt] = receiver.receipts
    wanted = hmac.new(b"secret-word", receipt.body, hashlib.sha256).hexdigest()
    assert receipt.headers["X-QoA-Signature-256"] == f"sha256={wanted}"
    assert "secret-word" not in f"{receipt.headers} {receipt.event} {webhook!r} {vars(webhook)}"


def test_a_repetition_is_the_same_to_the_byte(make_alert: Make) -> None:
    """A receiver that hashes bodies sees no difference."""
    assert body_of(make_alert("k")) == body_of(alert_in(envelope_of(make_alert("k"))))


def test_text_from_data_cannot_break_the_json(receiver: Any, make_alert: Make) -> None:
    """Lone surrogates, control characters, NaN: the receiver parses strict JSON."""
    odd = make_alert("k\r\nX-Evil: 1", title="a\ud800\x1b[31m\nb", details={"nan": float("nan"), "inf": float("inf")})
    Webhook("ops", receiver.url, allow_private=True).notify(odd)
    [receipt] = receiver.receipts
    data = json.loads(receipt.body, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["data"]
    assert data["title"] == "a\ufffd\ufffd[31m b"
    assert data["details"] == {"nan": "nan", "inf": "inf"}
    assert "X-Evil" not in receipt.headers


@pytest.mark.parametrize(
    ("status", "unreachable"),
    [(301, False), (302, False), (307, False), (308, False), (400, False), (401, False), (404, False), (408, True),
     (429, True), (500, True), (503, True)],
)  # fmt: skip
def test_only_2xx_counts(receiver: Any, make_alert: Make, status: int, unreachable: bool) -> None:
    """Redirects are not followed; a refusal is told from a receiver that is not well; neither shows path or answer."""
    receiver.answers = [status]
    error = cause_of(Webhook("ops", receiver.url, allow_private=True), make_alert("k"))
    assert len(receiver.receipts) == 1
    assert error.unreachable is unreachable
    assert str(status) in error.cause
    assert "canary" not in error.cause


def test_this_machine_is_refused_by_default(receiver: Any, make_alert: Make) -> None:
    """Nothing is sent to a private address unless the channel says allow_private."""
    error = cause_of(Webhook("ops", receiver.url), make_alert("k"))
    assert "127.0.0.1 is a loopback address" in error.cause
    assert "allow_private" in error.cause
    assert receiver.receipts == []


def test_the_connection_goes_to_the_address_that_was_checked(
    receiver: Any, make_alert: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is resolved once: a name server that answers otherwise the second time leads nowhere."""
    port = int(receiver.url.split(":")[2].split("/")[0])
    asked: list[str] = []

    def once(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        assert len(asked) == 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda h, *a, **k: once(h) if h.isalpha() else real(h, *a, **k))
    Webhook("ops", f"http://rebinding:{port}/", allow_private=True).notify(make_alert("k"))
    [receipt] = receiver.receipts
    assert receipt.headers["Host"] == f"rebinding:{port}"
    assert asked == ["rebinding"]


def test_proxies_of_the_environment_are_not_used(
    receiver: Any, make_alert: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve the name again."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    Webhook("ops", receiver.url, allow_private=True).notify(make_alert("k"))
    assert len(receiver.receipts) == 1


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_refused_connection_is_a_cause(make_alert: Make) -> None:
    """It says who could not be reached, and why."""
    port = free_port()
    error = cause_of(Webhook("ops", f"http://127.0.0.1:{port}/canary", allow_private=True), make_alert("k"))
    assert error.cause == f"http://127.0.0.1:{port}/… cannot be reached (127.0.0.1: Connection refused)"
    assert error.unreachable


def request_in(connection: socket.socket) -> bytes:
    """A whole request: to hang up on what is unread would reset the connection."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    [length] = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
    while len(body) < length:
        body += connection.recv(65536)
    return head


@contextmanager
def talking(say: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that takes one connection and does *say* with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    connection.recv(65536)
                    say(connection)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def silent(connection: socket.socket) -> None:
    """Answers nothing until the other side gives up."""
    connection.settimeout(5)
    while connection.recv(65536):
        pass


def trickling(connection: socket.socket) -> None:
    """A header byte every 50 ms, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("say", [silent, trickling])
def test_a_delivery_takes_no_longer_than_it_may(make_alert: Make, say: Callable[[socket.socket], None]) -> None:
    """A receiver that says nothing, or a byte now and then, is cut off in time."""
    began = time.monotonic()
    with talking(say) as port:
        webhook = Webhook("ops", f"http://127.0.0.1:{port}/", allow_private=True, total=0.3)
        error = cause_of(webhook, make_alert("k"))
    assert "did not answer in time" in error.cause
    assert error.unreachable
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "said", [b"", b"\0\1\2\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n" * 300]
)
def test_what_is_no_answer_is_a_cause(make_alert: Make, said: bytes) -> None:
    """Hung up, binary, another protocol, endless headers: never counted as delivered."""
    with talking(lambda connection: connection.sendall(said)) as port:
        error = cause_of(Webhook("ops", f"http://127.0.0.1:{port}/", allow_private=True), make_alert("k"))
    assert "did not answer" in error.cause


def test_a_2xx_counts_whatever_follows_it(make_alert: Make) -> None:
    """The receiver accepted; a body that is cut off does not make it a failure."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\npart"
    with talking(lambda connection: connection.sendall(answer)) as port:
        Webhook("ops", f"http://127.0.0.1:{port}/", allow_private=True).notify(make_alert("k"))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that no authority signed."""
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=here"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return made


def over_tls(certificate: Path, notify: Callable[[str], None]) -> list[bytes]:
    """What a TLS server gets while *notify* is called with its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        got.append(request_in(secure))
                        secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                except (ssl.SSLError, OSError):
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        notify(f"https://127.0.0.1:{server.getsockname()[1]}/")
        thread.join(10)
    return got


def test_a_certificate_that_nobody_signed_is_refused(make_alert: Make, certificate: Path) -> None:
    """TLS is verified, and nothing is sent before it is."""
    causes: list[NotDelivered] = []

    def notify(url: str) -> None:
        causes.append(cause_of(Webhook("ops", url, allow_private=True), make_alert("k")))

    assert over_tls(certificate, notify) == []
    assert causes[0].unreachable
    assert "CERTIFICATE_VERIFY_FAILED" in causes[0].cause


def test_a_certificate_of_a_known_authority_is_accepted(
    make_alert: Make, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authorities are the system's; SSL_CERT_FILE names another."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    got = over_tls(certificate, lambda url: Webhook("ops", url, allow_private=True).notify(make_alert("k")))
    assert got[0].startswith(b"POST / HTTP/1.1\r\n")


def test_no_envelope_is_undeliverable() -> None:
    """What another release wrote, or nobody could have written, is told as well as it can be."""
    at = datetime(2017, 10, 4, tzinfo=UTC)
    odd: dict[str, object] = {"state": 7, "title": None, "lines": "text", "at": "yesterday", "episodes": [1, None]}
    found = alert_in(Envelope(source="qoa/x", type="qoa.odd", subject="s", key="k", time=at, data=odd))
    assert (found.key, found.group, found.contract, found.subject) == ("k", "qoa/x", "x", "s")
    assert (found.state, found.at, found.lines, found.episodes) == (AlertState.OPENED, at, (), ("1", "None"))
    assert "qoa.odd s" in found.title
