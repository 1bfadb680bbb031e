"""A webhook reaches public addresses of its own URL, and nothing else."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.alerts.address import BadAddress, address_of, forbidden, resolve
from qoa_platform.alerts.errors import NotDelivered


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/x", "file:///etc/passwd", "gopher://example.org", "//example.org/x", "example.org", "",
        "http://", "http:///x", "http://user:secret-word@example.org/", "http://example.org:99999/",
        "http://example.org:x/", "http://exa mple.org/", "http://example.org/\r\nX: y", "http://[::1/",
        "http://example.org\\@127.0.0.1/", "http://exämple.org/", "https://example.org/" + "a" * 3000,
    ],
)  # fmt: skip
def test_other_schemes_and_odd_urls_are_refused_without_repeating_them(url: str) -> None:
    """Only http and https with a host; the error never repeats the URL, which may hold a secret."""
    with pytest.raises(BadAddress) as caught:
        address_of(url)
    assert "secret-word" not in str(caught.value)


def test_only_scheme_host_and_port_are_shown() -> None:
    """Paths and queries hold tokens."""
    address = address_of("https://hooks.example.org/T0/secret-word?token=secret-word#x")
    assert (address.port, address.target) == (443, "/T0/secret-word?token=secret-word")
    assert "secret-word" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "255.255.255.255", "224.0.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:db8::1", "::127.0.0.1", "192.0.2.1",
    ],
)  # fmt: skip
def test_no_private_address_is_allowed_by_default(text: str) -> None:
    """Loopback, private, link-local, shared, reserved, multicast: also hidden in an IPv6 address."""
    assert forbidden(ipaddress.ip_address(text), allow_private=False) is not None


@pytest.mark.parametrize("text", ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1", "240.0.0.1"])
def test_what_is_no_host_is_never_allowed(text: str) -> None:
    """``allow_private`` opens networks, not multicast or unspecified addresses."""
    assert forbidden(ipaddress.ip_address(text), allow_private=True) is not None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_disguise(ip: ipaddress.IPv4Address) -> None:
    """Mapped, 6to4 and NAT64 forms lead to the same machine."""
    number = int(ip)
    disguises = [(0xFFFF << 32) | number, (0x2002 << 112) | (number << 80), (0x0064FF9B << 96) | number]
    wanted = forbidden(ip, allow_private=False) is None
    assert [forbidden(ipaddress.IPv6Address(d), allow_private=False) is None for d in disguises] == [wanted] * 3


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    """It is the resolved address that is judged, not its spelling."""
    with pytest.raises(NotDelivered, match="loopback"):
        resolve(address_of(f"http://{host}:1/"), allow_private=False)


def test_a_name_that_also_leads_inside_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that mixes a public and a private address gets no connection at all (rebinding)."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(NotDelivered, match=r"10\.0\.0\.7 is a private address"):
        resolve(address_of("http://rebind.example/"), allow_private=False)


def test_a_name_that_does_not_resolve_is_a_cause() -> None:
    """The error names the host, and is no OSError."""
    with pytest.raises(NotDelivered, match="cannot be resolved"):
        resolve(address_of("http://nowhere.invalid/"), allow_private=False)
