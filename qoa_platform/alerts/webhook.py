"""Owns the webhook channel: an alert as a CloudEvents 1.0 structured envelope, posted to one pinned address."""

import hashlib
import hmac
import json
import socket
import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from qoa_platform.alerts.address import Address, BadAddress, address_of, resolve
from qoa_platform.alerts.envelopes import envelope_of
from qoa_platform.alerts.errors import NotDelivered
from qoa_platform.alerts.reference import Reference
from qoa_platform.records import Alert, printable

CONNECT: Final = 3.0
"""Seconds that a connection may take, for each address of the host."""
TOTAL: Final = 10.0
"""Seconds that a whole delivery may take, whatever the receiver trickles."""
CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
SIGNATURE: Final = "X-QoA-Signature-256"
MAX_ANSWER: Final = 64 * 1024
_OK = range(200, 300)
_REDIRECT = range(300, 400)
_BUSY = frozenset({408, 425, 429})


def body_of(alert: Alert) -> bytes:
    """The JSON of the structured envelope: UTF-8, keys sorted, no lone surrogates. Equal alerts give equal bytes."""
    envelope = envelope_of(alert)
    event = {
        "specversion": envelope.specversion, "id": envelope.id, "source": envelope.source, "type": envelope.type,
        "subject": envelope.subject, "time": envelope.time.isoformat(), "datacontenttype": "application/json",
        "partitionkey": alert.group, "data": envelope.data,
    }  # fmt: skip
    return json.dumps(_clean(event), sort_keys=True, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _clean(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case dict():
            return {printable(str(name)): _clean(held) for name, held in value.items()}
        case list():
            return [_clean(held) for held in value]
        case _:
            return value


def signature(secret: str, body: bytes) -> str:
    """``sha256=`` and the hexadecimal HMAC-SHA256 of the body: the receiver computes it too, and compares.

    >>> signature("key", b"{}")
    'sha256=a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032'
    """
    return f"sha256={hmac.new(secret.encode('utf-8'), body, hashlib.sha256).hexdigest()}"


class Webhook:
    """Posts alerts to one URL, under the header ``Idempotency-Key: <alert key>``.

    The URL is checked, its host resolved once and the connection made to that very IP address (no rebinding, no proxy);
    redirects are not followed. Only an answer 2xx counts as delivered. With a *secret* the body is signed. Built on
    ``http.client``, because a library that resolves again could be led elsewhere between check and use.
    """

    def __init__(
        self, name: str, url: Reference | str, *, secret: Reference | None = None, allow_private: bool = False,
        connect: float = CONNECT, total: float = TOTAL,
    ) -> None:  # fmt: skip
        self.name = name
        self._url = url
        self._secret = secret
        self._allow_private = allow_private
        self._connect, self._total = connect, total

    def __repr__(self) -> str:
        return f"Webhook({self.name}, {self._where()})"

    def _where(self) -> str:
        if isinstance(self._url, Reference):
            return str(self._url)
        try:
            return str(address_of(self._url))
        except BadAddress:
            return "…"

    def notify(self, alert: Alert, /) -> None:
        """Deliver *alert*. Raises NotDelivered; its text holds neither URL path, nor secret, nor answer."""
        body = body_of(alert)
        headers = {
            "Content-Type": CONTENT_TYPE, "Content-Length": str(len(body)), "Idempotency-Key": _header(alert.key),
            "User-Agent": "qoa-platform", "Connection": "close",
        }  # fmt: skip
        if self._secret is not None:
            headers[SIGNATURE] = signature(self._secret.read(), body)
        address = self._address()
        status = self._post(address, resolve(address, allow_private=self._allow_private), body, headers)
        if status in _OK:
            return
        if status in _REDIRECT:
            message = f"{address} answered {status}, a redirect: not followed. Configure where it leads to"
            raise NotDelivered(message, unreachable=False)
        message = f"{address} answered {status}"
        raise NotDelivered(message, unreachable=status >= 500 or status in _BUSY)  # noqa: PLR2004

    def _address(self) -> Address:
        try:
            return address_of(self._url.read() if isinstance(self._url, Reference) else self._url)
        except BadAddress as error:
            message = f"webhook {self.name}: {error}"
            raise NotDelivered(message) from None

    def _post(self, address: Address, ips: tuple[str, ...], body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer."""
        deadline = _Deadline(self._total)
        connection = HTTPConnection(address.host, address.port)
        try:
            connection.sock = deadline.watch(self._reach(address, ips))
            if address.scheme == "https":
                connection.sock = _tls().wrap_socket(connection.sock, server_hostname=address.host)
            connection.request("POST", address.target, body=body, headers={**headers, "Host": _host(address)})
            with connection.getresponse() as answer:
                deadline.check()  # cut off within the headers looks like their end
                with suppress(OSError, HTTPException):  # what it says does not matter any more
                    answer.read(MAX_ANSWER)
        except (OSError, HTTPException, ValueError) as error:
            late = deadline.over or isinstance(error, TimeoutError)
            said = f"in time ({self._total:g} s)" if late else f"properly: {_said(error)}"
            message = f"{address} did not answer {said}"
            raise NotDelivered(message) from None
        else:
            return answer.status
        finally:
            deadline.end()
            connection.close()

    def _reach(self, address: Address, ips: tuple[str, ...]) -> socket.socket:
        causes: list[str] = []
        for ip in ips:
            try:
                return socket.create_connection((ip, address.port), timeout=self._connect)
            except OSError as error:
                causes.append(f"{ip}: {_said(error)}")
        message = f"{address} cannot be reached ({'; '.join(causes[:4])})"
        raise NotDelivered(message)


class _Deadline:
    """Cuts a connection off after so many seconds: a socket's own timeout begins anew with every byte."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._seconds = seconds
        self._held: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> socket.socket:
        """*connected*, from now on under the deadline; by a duplicate, for TLS takes the socket itself away."""
        connected.settimeout(self._seconds)
        self._held = connected.dup()
        self._timer.start()
        return connected

    def _cut(self) -> None:
        self.over = True
        with suppress(OSError):
            if self._held is not None:
                self._held.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise TimeoutError when it is over."""
        if self.over:
            raise TimeoutError

    def end(self) -> None:
        """Stop watching."""
        self._timer.cancel()
        if self._held is not None:
            self._held.close()


def _tls() -> ssl.SSLContext:
    """The system's certificate authorities; those of certifi where the system has none."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        import certifi  # noqa: PLC0415 (comes with requests)

        context.load_verify_locations(certifi.where())
    return context


def _host(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    default = {"http": 80, "https": 443}[address.scheme]
    return host if address.port == default else f"{host}:{address.port}"


def _header(text: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)[:256]


def _said(error: Exception) -> str:
    """What an exception says that is safe to log: the system's words, or its kind; never its arguments."""
    return printable(getattr(error, "strerror", None) or type(error).__name__, 200)
