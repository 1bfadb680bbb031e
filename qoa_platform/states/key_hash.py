"""Owns the key hash: XXH3-128 (seed 0) of a value, and of several values in their order (metrics.md, section 3)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from struct import pack, unpack

MASK = (1 << 128) - 1
MISSING = b"\xff"
"""A missing part that counts as a value: a byte that no UTF-8 text contains."""

Part = str | int | float | bool | Decimal | date | datetime | None


def value_bytes(value: Part) -> bytes:
    r"""The bytes of a value that are hashed, by its logical type, so that every engine hashes the same.

    Text as it is (UTF-8); integers and decimals in plain decimal without trailing zeros after the point; booleans
    ``true``/``false``; dates ``2017-10-04``; times ``2017-10-04T12:00:00.000000`` in UTC with microseconds (a naive
    time is UTC); floats as their 64 IEEE bits read as a signed integer, −0.0 being 0.0. A missing part is 0xFF.

    >>> value_bytes("é"), value_bytes(Decimal("12.50")), value_bytes(-0.0), value_bytes(None)
    (b'\xc3\xa9', b'12.5', b'0', b'\xff')
    """
    match value:
        case None:
            return MISSING
        case str():
            return value.encode("utf-8", "surrogatepass")
        case bool():
            return b"true" if value else b"false"
        case int():
            return str(value).encode()
        case float():
            return str(unpack("<q", pack("<d", value + 0.0))[0]).encode()
        case Decimal():
            return _decimal(value).encode()
        case date():
            return _moment(value).encode()


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _moment(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    moment = value.astimezone(UTC) if value.tzinfo is not None else value
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def key_hash(parts: Sequence[Part]) -> bytes:
    """The 16 big-endian bytes of a key's hash.

    One part: XXH3-128 of its bytes. Several, in declared order: s = Σ K_j·h_j mod 2¹²⁸, j = 1, 2, …; then s ^= s ≫ 64,
    s ·= K_0, s ^= s ≫ 64. The last steps matter: a plain sum of row hashes does not see two cells swapped in a column.

    >>> key_hash(["a"]).hex()
    'a96faf705af16834e6c632b61e964e1f'
    >>> key_hash(["a", "b"]) == key_hash(["b", "a"])
    False
    """
    from xxhash import xxh3_128_digest, xxh3_128_intdigest  # noqa: PLC0415 (only where keys are hashed)

    if len(parts) == 1:
        return xxh3_128_digest(value_bytes(parts[0]))
    total = sum(factor(j) * xxh3_128_intdigest(value_bytes(part)) for j, part in enumerate(parts, 1)) & MASK
    total ^= total >> 64
    total = total * factor(0) & MASK
    return (total ^ (total >> 64)).to_bytes(16, "big")


@cache
def factor(index: int) -> int:
    """K_j: XXH3-128 of ``qoa/key/<j>`` with its lowest bit set."""
    from xxhash import xxh3_128_intdigest  # noqa: PLC0415 (only where keys are hashed)

    return xxh3_128_intdigest(f"qoa/key/{index}".encode()) | 1
