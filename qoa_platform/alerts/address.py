"""Owns addresses: which URL a webhook may have, and which IP addresses it may be reached at."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from qoa_platform.alerts.errors import NotDelivered

PORTS: Final = {"http": 80, "https": 443}
"""The allowed schemes, with their default ports."""

MAX_URL: Final = 2048
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(ValueError):
    """A URL that no webhook may have. The text says why, and never repeats the URL: it may hold a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A checked URL: where to connect, and what to ask for there. Only scheme, host and port are ever shown."""

    scheme: str
    host: str
    port: int
    target: str

    def __repr__(self) -> str:
        return f"Address({self})"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/…"


def address_of(url: str) -> Address:
    """The address that *url* names. Raises BadAddress with what is allowed.

    >>> address_of("https://hooks.example.org/T0/secret?x=1")
    Address(https://hooks.example.org:443/…)
    >>> address_of("ftp://example.org")
    Traceback (most recent call last):
        ...
    qoa_platform.alerts.address.BadAddress: scheme 'ftp' is not allowed. Allowed: http, https
    """
    if len(url) > MAX_URL:
        message = f"a URL of {len(url):,} characters. Allowed: at most {MAX_URL:,}"
        raise BadAddress(message)
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        message = "a URL with blanks, control characters, backslashes or text beyond ASCII. Percent-encode them"
        raise BadAddress(message)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        message = "no URL: its host or port is malformed. Allowed: http(s)://host[:port]/path"
        raise BadAddress(message) from None
    if parts.scheme not in PORTS:
        found = f"scheme {parts.scheme!r} is not allowed" if parts.scheme else "no scheme is given"
        message = f"{found}. Allowed: {', '.join(PORTS)}"
        raise BadAddress(message)
    if not parts.hostname:
        message = "the URL names no host. Allowed: http(s)://host[:port]/path"
        raise BadAddress(message)
    if parts.username is not None or parts.password is not None:
        message = "a name or password before the host. Put a token into the path, or sign with: secret: env:NAME"
        raise BadAddress(message)
    query = f"?{parts.query}" if parts.query else ""
    return Address(
        scheme=parts.scheme, host=parts.hostname, port=PORTS[parts.scheme] if port is None else port,
        target=f"{parts.path or '/'}{query}",
    )  # fmt: skip


def resolve(address: Address, *, allow_private: bool) -> tuple[str, ...]:
    """The IP addresses of the host, resolved once: the caller connects to one of them and to nothing else.

    A name that resolves to any forbidden address is refused whole (an attacker's name server would mix them). Raises
    NotDelivered.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        message = f"{address}: the host cannot be resolved ({getattr(error, 'strerror', None) or 'malformed name'})"
        raise NotDelivered(message) from None
    names = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    for name in names:
        if (why := forbidden(ipaddress.ip_address(name), allow_private=allow_private)) is not None:
            message = f"{address}: {name} is {why}"
            raise NotDelivered(message)
    return names


def forbidden(ip: IP, *, allow_private: bool) -> str | None:
    """Why no webhook may be at *ip*; ``None`` when it may. IPv4 inside IPv6 counts as what it leads to.

    >>> forbidden(ipaddress.ip_address("127.0.0.1"), allow_private=False)
    'a loopback address. Allowed: public ones, or set allow_private: true for this channel'
    >>> forbidden(ipaddress.ip_address("::ffff:10.0.0.1"), allow_private=True) is None
    True
    """
    inner = _embedded(ip)
    if inner is not None:
        return forbidden(inner, allow_private=allow_private)
    if ip.is_multicast or ip.is_unspecified or (ip.is_reserved and not ip.is_loopback):
        return "no address of a host"
    if ip.is_global or allow_private:
        return None
    kind = "loopback" if ip.is_loopback else "link-local" if ip.is_link_local else "private"
    return f"a {kind} address. Allowed: public ones, or set allow_private: true for this channel"


def _embedded(ip: IP) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to: mapped, 6to4, NAT64."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
