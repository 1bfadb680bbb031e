"""Owns Frequencies: how often each value occurs, exact up to a cap, bounded above it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from qoa_platform.states.protocol import StateError

CAP = 10_000


@dataclass(frozen=True, slots=True)
class Frequencies:
    """value (as text) → count, as sorted pairs; *n* present values, *missing* others. Neutral: ``Frequencies()``.

    Above *cap* distinct values the smallest counters are dropped (Misra & Gries 1982): every kept count is then too
    small by at most *error*, and a value with more than *error* occurrences is never dropped.

    >>> (Frequencies.count(["a", "b"]) + Frequencies.count(["a"])).get("a")
    2
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
        missing = n = 0
        for value in values:
            if value is None:
                missing += 1
                continue
            n += 1
            found[value] = found.get(value, 0) + 1
        return cls.exact(found, n=n, missing=missing, cap=cap)

    @classmethod
    def exact(
        cls, found: Mapping[str, int], *, n: int, missing: int = 0, error: int = 0, cap: int = CAP
    ) -> "Frequencies":
        """From full counts; cut down to *cap* where there are more."""
        if len(found) > cap:
            cut = sorted(found.values(), reverse=True)[cap]
            found, error = {k: c - cut for k, c in found.items() if c > cut}, error + cut
        return cls(tuple(sorted(found.items())), n, missing, error, cap)

    def zero(self) -> "Frequencies":
        """Empty, with the same cap."""
        return Frequencies(cap=self.cap)

    def __add__(self, other: "Frequencies") -> "Frequencies":
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
        """How often *value* was seen (at least)."""
        return dict(self.counts).get(value, 0)

    def plain(self) -> Mapping[str, Any]:
        """Pairs and totals."""
        return {
            "c": [list(pair) for pair in self.counts],
            "n": self.n,
            "m": self.missing,
            "e": self.error,
            "k": self.cap,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Frequencies":
        """The inverse of :meth:`plain`."""
        pairs = tuple((str(k), int(v)) for k, v in data["c"])
        return cls(pairs, int(data["n"]), int(data["m"]), int(data["e"]), int(data["k"]))
