"""Owns Frequencies: how often each value occurs, exact up to a cap, bounded above it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State, StateError

CAP = 10_000


class _Body(TypedDict):
    c: dict[str, Count]
    n: Count
    m: Count
    e: Count
    k: Count


@dataclass(frozen=True, slots=True)
class Frequencies(State):
    """value (as text) → count, as sorted pairs; *n* present values, *missing* others. Neutral: ``Frequencies()``.

    Above *cap* distinct values the smallest counters are dropped: every kept count is then too small by at most *error*
    ≤ n/(cap + 1), and a value that occurs more often than *error* is never dropped. Exact while *error* is 0.

    >>> (Frequencies.count(["a", "b"]) + Frequencies.count(["a"])).get("a")
    2
    >>> Frequencies.count(["a", "a", "a", "b", "b", "c"], cap=2)
    Frequencies(counts=(('a', 2), ('b', 1)), n=6, missing=0, error=1, cap=2)

    References: Misra & Gries (1982), Sci. Comput. Program. 2, 143-152; Agarwal et al. (2013), Mergeable summaries.
    """

    NAME: ClassVar[str] = "frequencies"

    counts: tuple[tuple[str, int], ...] = ()
    n: int = 0
    missing: int = 0
    error: int = 0
    cap: int = CAP

    @classmethod
    def count(cls, values: Iterable[str | None], cap: int = CAP) -> "Frequencies":
        """The frequencies of *values*; ``None`` is missing."""
        found: dict[str, int] = {}
        missing = 0
        for value in values:
            if value is None:
                missing += 1
            else:
                found[value] = found.get(value, 0) + 1
        return cls.exact(found, n=sum(found.values()), missing=missing, cap=cap)

    @classmethod
    def exact(
        cls, found: Mapping[str, int], *, n: int, missing: int = 0, error: int = 0, cap: int = CAP
    ) -> "Frequencies":
        """From counts by value; cut down to *cap* where there are more."""
        kept = {value: count for value, count in found.items() if count}
        if len(kept) > cap:
            cut = sorted(kept.values(), reverse=True)[cap]
            kept, error = {value: count - cut for value, count in kept.items() if count > cut}, error + cut
        return cls(tuple(sorted(kept.items())), n, missing, error, cap)

    def zero(self) -> "Frequencies":
        """Empty, with the same cap."""
        return Frequencies(cap=self.cap)

    def _merged(self, other: "Frequencies") -> "Frequencies":
        if self.cap != other.cap:
            message = f"frequencies with cap {self.cap} do not merge with cap {other.cap}"
            raise StateError(message)
        found = dict(self.counts)
        for value, count in other.counts:
            found[value] = found.get(value, 0) + count
        return Frequencies.exact(
            found,
            n=self.n + other.n,
            missing=self.missing + other.missing,
            error=self.error + other.error,
            cap=self.cap,
        )

    def get(self, value: str) -> int:
        """How often *value* was seen: at least this, and at most *error* more."""
        return dict(self.counts).get(value, 0)

    def plain(self) -> Mapping[str, Any]:
        """Counts by value, and totals."""
        return {"c": dict(self.counts), "n": self.n, "m": self.missing, "e": self.error, "k": self.cap}

    @classmethod
    def of(cls, data: Any) -> "Frequencies":
        """The inverse of :meth:`plain`. Raises StateError for counts that cannot be."""
        body = msgspec.convert(data, _Body)
        counts, n, error, cap = list(body["c"].values()), body["n"], body["e"], body["k"]
        lost = n - sum(counts)
        if len(counts) > cap or 0 in counts or lost < error * (cap + 1) or bool(lost) != bool(error):
            message = (
                f"{len(counts)} counts of {sum(counts)} with an error of {error}, among {n} values under a cap of {cap}"
            )
            raise StateError(message)
        return cls(tuple(sorted(body["c"].items())), body["n"], body["m"], body["e"], body["k"])
