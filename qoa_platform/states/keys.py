"""Owns Keys: which keys were seen once and which more often, by their stable 128-bit hash."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State, StateError

CAP = 10_000_000
WIDTH = 16


class _Body(TypedDict):
    s: bytes
    r: bytes
    n: Count


@dataclass(frozen=True, slots=True)
class Keys(State):
    """Distinct keys as 16-byte digests (``states.key_hash``), each marked once or "2+"; *n* rows. Neutral: ``Keys()``.

    Exact but for hash collisions (P < n²/2¹²⁹). Over the cap (10 M keys) there is no state, but a StateError: the
    question is then answered by a re-scan, never silently by an estimate.

    >>> a = Keys.count([b"x" * 16])
    >>> (a + a).once, (a + a).distinct, (a + a).n
    (0, 1, 2)
    """

    NAME: ClassVar[str] = "keys"

    singles: frozenset[bytes] = frozenset()
    repeated: frozenset[bytes] = frozenset()
    n: int = 0

    @classmethod
    def count(cls, hashes: Iterable[bytes]) -> "Keys":
        """The keys of rows, given the digest of each row's key. Raises StateError over the cap."""
        seen = Counter(hashes)
        singles = frozenset(key for key, count in seen.items() if count == 1)
        return _capped(singles, frozenset(seen.keys() - singles), seen.total())

    @classmethod
    def zero(cls) -> "Keys":
        """``Keys()``."""
        return Keys()

    def _merged(self, other: "Keys") -> "Keys":
        repeated = self.repeated | other.repeated | (self.singles & other.singles)
        return _capped((self.singles | other.singles) - repeated, repeated, self.n + other.n)

    @property
    def distinct(self) -> int:
        """How many keys."""
        return len(self.singles) + len(self.repeated)

    @property
    def once(self) -> int:
        """How many keys stand in exactly one row."""
        return len(self.singles)

    def plain(self) -> Mapping[str, Any]:
        """Two byte strings of sorted digests, and the rows."""
        return {"s": b"".join(sorted(self.singles)), "r": b"".join(sorted(self.repeated)), "n": self.n}

    @classmethod
    def of(cls, data: Any) -> "Keys":
        """The inverse of :meth:`plain`. Raises StateError for torn digests and for rows that cannot be."""
        body = msgspec.convert(data, _Body)
        singles, repeated = _cut(body["s"]), _cut(body["r"])
        rest = body["n"] - len(singles)
        if singles & repeated or rest < 2 * len(repeated) or (rest and not repeated):
            message = f"{len(singles)} keys once and {len(repeated)} more often cannot be of {body['n']} rows"
            raise StateError(message)
        return _capped(singles, repeated, body["n"])


def _capped(singles: frozenset[bytes], repeated: frozenset[bytes], n: int) -> Keys:
    if len(singles) + len(repeated) > CAP:
        message = f"{len(singles) + len(repeated):,} distinct keys. Allowed: {CAP:,}; no state is kept"
        raise StateError(message)
    return Keys(singles, repeated, n)


def _cut(joined: bytes) -> frozenset[bytes]:
    if len(joined) % WIDTH:
        message = f"{len(joined)} bytes are no whole number of {WIDTH}-byte keys"
        raise StateError(message)
    keys = frozenset(joined[i : i + WIDTH] for i in range(0, len(joined), WIDTH))
    if len(keys) * WIDTH != len(joined):
        message = f"{len(joined) // WIDTH} keys of which {len(keys)} differ. Allowed: every key once"
        raise StateError(message)
    return keys
