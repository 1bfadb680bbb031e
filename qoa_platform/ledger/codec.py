"""Owns the codec of ledger rows: record ⇄ bytes, the registry of kinds, and the checksum of a row."""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache, partial
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from zlib import crc32

import msgspec

from qoa_platform.ledger.errors import LedgerCorrupt, LedgerError
from qoa_platform.records import (
    Enacted,
    Envelope,
    Episode,
    Fixed,
    Measurement,
    ModelVersion,
    Outcome,
    Profile,
    Reaction,
    Record,
    Release,
    StoredState,
    Trial,
    Usual,
    Verdict,
    Versus,
)  # fmt: skip

R = TypeVar("R")

KINDS: Mapping[str, type] = {
    kind.KIND: kind
    for kind in (
        Enacted, Episode, Measurement, ModelVersion, Outcome, Profile, Reaction, Release, StoredState, Trial, Verdict,
    )
}  # fmt: skip
"""Every kind of record a ledger keeps, by the name in its ``kind`` column."""

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types that MessagePack decodes to themselves."""
NOTED = ("at", "wall")
"""When a fact was noted is no part of the fact: records that differ only here are equal content."""

_encoder = msgspec.msgpack.Encoder(order="deterministic")
_envelopes = msgspec.msgpack.Decoder(Envelope)


def kind_of(record: object) -> str:
    """The name of the kind of a record (or of its class). LedgerError when no ledger keeps such a thing."""
    name = getattr(record, "KIND", None)
    if isinstance(name, str) and KINDS.get(name) is (record if isinstance(record, type) else type(record)):
        return name
    found = record.__name__ if isinstance(record, type) else type(record).__name__
    allowed = {kind.__name__ for kind in KINDS.values()}
    near = get_close_matches(found, allowed, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    message = f"a ledger keeps no {found}.{hint} Allowed: {', '.join(sorted(allowed))}"
    raise LedgerError(message)


def encode(record: Record | Envelope) -> bytes:
    """A record as MessagePack. Equal records give equal bytes; NaN and infinities stay what they are."""
    return _encoder.encode(record)


def decode(kind: type[R], body: bytes) -> R:
    """The record of *kind* in *body*. LedgerCorrupt when the bytes are no such record."""
    try:
        return cast(R, _decoder(cast(Any, kind))(body))
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError) as error:
        message = f"{len(body)} bytes of the ledger are no {kind.__name__}: {error}. Restore the ledger from a copy"
        raise LedgerCorrupt(message) from error


def decode_envelope(body: bytes) -> Envelope:
    """The envelope in *body*. LedgerCorrupt when the bytes are none."""
    try:
        return _envelopes.decode(body)
    except msgspec.MsgspecError as error:
        message = f"{len(body)} bytes of the outbox are no envelope: {error}. Restore the ledger from a copy"
        raise LedgerCorrupt(message) from error


def same_content(kind: type, stored: bytes, offered: bytes) -> bool:
    """Whether two bodies state the same fact, whenever it was noted (see ``NOTED``) and by whichever release.

    Both are decoded and encoded again, so that a field added since with a default does not make a difference.
    """
    return _fact(kind, stored) == _fact(kind, offered)


def _fact(kind: type, body: bytes) -> bytes:
    content = msgspec.msgpack.decode(encode(cast(Record, decode(kind, body))))
    for name in NOTED:
        content.pop(name, None)
    return _encoder.encode(content)


def checksum(row: Sequence[str | int | None], body: bytes = b"") -> int:
    """CRC-32 over a row: any flipped bit, and any burst of up to 32, is found when the row is read.

    >>> checksum(("outcome", "a1", 0), b"x") == checksum(("outcome", "a1", 1), b"x")
    False
    """
    return crc32(body, crc32(ascii(tuple(row)).encode("ascii")))


@cache
def _decoder(kind: type) -> Any:
    if kind is Enacted:
        build = _builder(Enacted)
        return lambda body: build(msgspec.msgpack.decode(body))
    return msgspec.msgpack.Decoder(kind).decode


@cache
def _builder(hint: Any) -> Callable[[Any], Any]:
    """What makes a *hint* of plain data. A union of dataclasses, which msgspec cannot type, is told by its fields.

    Only what holds such a union is built field by field; msgspec converts the rest as a whole.
    """
    if not _holds_union(hint):
        return _converter(hint)
    members = _members(hint)
    if Versus in members:
        fixed, versus, usual = _builder(Fixed), _builder(Versus), _builder(Usual)
        return lambda value: (fixed if "operator" in value else versus if "baseline" in value else usual)(value)
    if members:
        inner = _builder(next(m for m in members if m is not type(None)))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        item = _builder(get_args(hint)[0])
        return lambda value: tuple(item(v) for v in value)
    made = [(field.name, _builder(_hints(hint)[field.name])) for field in fields(hint)]
    return lambda value: hint(**{name: build(value[name]) for name, build in made if name in value})


def _converter(hint: Any) -> Callable[[Any], Any]:
    """``msgspec.convert`` to *hint*, asked only where there is something to convert."""
    convert, plain = partial(msgspec.convert, type=hint), tuple(_members(hint) or (hint,))
    if set(plain) <= PLAIN:
        return lambda value: value if isinstance(value, plain) else convert(value)
    if get_origin(hint) is tuple:
        return lambda value: () if value == [] else convert(value)
    return convert


@cache
def _holds_union(hint: Any) -> bool:
    """Whether *hint* is, or holds, a union of dataclasses (the ``must`` of a promise)."""
    if Versus in _members(hint):
        return True
    if is_dataclass(hint):
        return any(_holds_union(inner) for inner in _hints(cast(type, hint)).values())
    return any(_holds_union(inner) for inner in get_args(hint))


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if isinstance(hint, types.UnionType) or get_origin(hint) is Union else ()


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
