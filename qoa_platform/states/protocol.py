"""Owns State: what every mergeable sufficient statistic does, and the error of a wrong merge or of wrong bytes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from struct import Struct
from typing import Annotated, Any, ClassVar, Self, final
from zlib import crc32

import msgspec

CHECKSUM = Struct(">I")
VERSION = 1
"""Of the encoding. A newer one is refused, an older one would be read here."""
LIMIT = 512 * 1024 * 1024
"""No more bytes than these are decoded."""

Count = Annotated[int, msgspec.Meta(ge=0)]
"""A count as it is read: an integer ≥ 0."""


class StateError(ValueError):
    """Two states that do not merge, or bytes that are no state."""


class State(ABC):
    """A commutative monoid: ``zero + a = a``, ``a + b = b + a``, ``(a + b) + c = a + (b + c)``, and a codec.

    States are immutable values: merging makes a new one. The laws hold bit for bit for counts, up to rounding for
    floats (rel 1e-9; 1e-6 for third and fourth moments), and within the printed error for what is cut at a cap. The law
    suite runs over every registered state (``states.STATES``).
    """

    __slots__ = ()
    NAME: ClassVar[str]

    @abstractmethod
    def zero(self) -> Self:
        """The neutral element that merges with this state: it shares edges and caps.

        Where it needs neither, it is a class method too: ``Tally.zero()``.
        """

    @abstractmethod
    def _merged(self, other: Self) -> Self: ...

    @abstractmethod
    def plain(self) -> Mapping[str, Any]:
        """The state as plain data for the codec."""

    @classmethod
    @abstractmethod
    def of(cls, data: Any) -> Self:
        """The state that plain *data* describes; strict. Raises StateError or msgspec.ValidationError."""

    @final
    def __add__(self, other: "State") -> Self:
        if type(other) is not type(self):
            message = f"a {self.NAME} does not merge with {type(other).__name__}. Allowed: another {self.NAME}"
            raise StateError(message)
        return self._merged(other)

    @final
    def to_bytes(self) -> bytes:
        """A checksum (CRC-32), then tag, version and body as MessagePack; the same state gives the same bytes.

        Raises StateError for what cannot be written: a whole number of more than 64 bits, half a surrogate pair.
        """
        try:
            content = msgspec.msgpack.encode([self.NAME, VERSION, self.plain()])
        except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError) as error:
            message = f"this {self.NAME} cannot be written: {error}"
            raise StateError(message) from error
        return CHECKSUM.pack(crc32(content)) + content

    @classmethod
    @final
    def from_bytes(cls, content: bytes) -> Self:
        """The inverse of :meth:`to_bytes`. Raises StateError for anything else, another kind of state included."""
        tag, body = opened(content)
        if tag != cls.NAME:
            message = f"these bytes are a {tag}, asked for was a {cls.NAME}"
            raise StateError(message)
        return cls.closed(body)

    @classmethod
    @final
    def closed(cls, body: Any) -> Self:
        """:meth:`of`, in which every error is a StateError."""
        try:
            return cls.of(body)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"not the body of a {cls.NAME}: {error}"
            raise StateError(message) from error


def opened(content: bytes) -> tuple[str, Any]:
    """Tag and body of an encoded state. Raises StateError."""
    if not CHECKSUM.size < len(content) <= LIMIT:
        message = f"a state of {len(content):,} bytes. Allowed: more than {CHECKSUM.size}, at most {LIMIT:,}"
        raise StateError(message)
    written = content[CHECKSUM.size :]
    if CHECKSUM.unpack_from(content) != (crc32(written),):
        message = f"these {len(content):,} bytes are no state, or a damaged one: their checksum does not fit"
        raise StateError(message)
    try:
        tag, version, body = msgspec.msgpack.decode(written, type=tuple[str, int, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, TypeError, ValueError) as error:
        message = f"these {len(content):,} bytes are no state: {error}"
        raise StateError(message) from error
    if not 1 <= version <= VERSION:
        message = f"a {tag[:32]} in version {version} of the encoding. Allowed: 1 to {VERSION}"
        raise StateError(message)
    return tag, body
