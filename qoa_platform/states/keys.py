"""Owns Keys: which keys were seen once and which more often, by their stable 128-bit hash."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from qoa_platform.states.protocol import StateError

CAP = 10_000_000
WIDTH = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """Distinct keys as sorted 16-byte XXH3-128 digests, each marked once or more; *n* rows. Neutral: ``Keys()``.

    Exact but for hash collisions (P < n²/2¹²⁹). Over the cap there is no state: StateError.

    >>> a = Keys.count([b"x" * 16]); (a + a).once, (a + a).distinct
    (0, 1)
    """

    NAME: ClassVar[str] = "keys"

    singles: frozenset[bytes] = frozenset()
    repeated: frozenset[bytes] = frozenset()
    n: int = 0

    @classmethod
    def count(cls, hashes: Iterable[bytes]) -> "Keys":
        """The keys of rows, given the digest of each row's key."""
        seen: dict[bytes, int] = {}
        for key in hashes:
            seen[key] = seen.get(key, 0) + 1
        return cls(
            frozenset(k for k, c in seen.items() if c == 1),
            frozenset(k for k, c in seen.items() if c > 1),
            sum(seen.values()),
        )

    def zero(self) -> "Keys":
        """``Keys()``."""
        return Keys()

    def __add__(self, other: "Keys") -> "Keys":
        repeated = self.repeated | other.repeated | (self.singles & other.singles)
        singles = (self.singles | other.singles) - repeated
        if len(repeated) + len(singles) > CAP:
            message = f"more than {CAP:,} distinct keys: no state is kept"
            raise StateError(message)
        return Keys(singles, repeated, self.n + other.n)

    @property
    def distinct(self) -> int:
        """How many keys."""
        return len(self.singles) + len(self.repeated)

    @property
    def once(self) -> int:
        """How many keys stand in exactly one row."""
        return len(self.singles)

    def plain(self) -> Mapping[str, Any]:
        """Two byte strings of sorted digests."""
        return {"s": b"".join(sorted(self.singles)), "r": b"".join(sorted(self.repeated)), "n": self.n}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Keys":
        """The inverse of :meth:`plain`. Raises StateError for torn digests."""
        return cls(_cut(data["s"]), _cut(data["r"]), int(data["n"]))


def _cut(joined: bytes) -> frozenset[bytes]:
    if len(joined) % WIDTH:
        message = f"{len(joined)} bytes are no whole number of {WIDTH}-byte keys"
        raise StateError(message)
    return frozenset(joined[i : i + WIDTH] for i in range(0, len(joined), WIDTH))
