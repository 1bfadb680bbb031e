"""Owns Verdict: what was judged of one promise in one window, and why."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

from qoa_platform.records.identity import short
from qoa_platform.records.status import BLOCKING_REASONS, Reason, Severity, Status
from qoa_platform.records.units import Unit
from qoa_platform.records.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The acceptance interval in force; an open side is ``None``. A strict side excludes its bound."""

    low: float | None = None
    high: float | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a verdict is about, its window apart: one current verdict per key and window."""

    contract: str
    subject: str
    promise: str
    group: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        extra = "".join(f"[{x}]" for x in (self.group, self.version) if x)
        return f"{self.subject}.{self.promise}{extra}"


@lru_cache(maxsize=65_536)
def series_of(key: Key) -> str:
    """The index value of *key*, under which its verdicts and episodes are found; kept, for it is asked for often."""
    return short(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``satisfied``, ``violated`` or ``unknown(reason)`` for one promise and window, with what it rests on.

    *margin* is signed, positive on the good side, in the metric's unit. *blocks* says whether it keeps a candidate
    from being published. *imported* marks history, which never reacts (semantics 11); *provisional* a verdict on a run
    that is still active (decision 16).
    """

    KIND: ClassVar[str] = "verdict"

    key: Key
    window: Window
    status: Status
    reason: Reason | None = None
    cause: str | None = None
    severity: Severity
    blocks: bool = False
    metric: str
    unit: Unit = Unit.ONE
    value: float | None = None
    n: int = 0
    bounds: Bounds = Bounds()
    margin: float | None = None
    contract_version: int
    contract_digest: str
    measurements: tuple[str, ...] = ()
    data: str | None = None
    trial: str | None = None
    imported: bool = False
    provisional: bool = False
    evidence: dict[str, object] = field(default_factory=dict)
    at: datetime
    wall: datetime

    @property
    def id(self) -> str:
        """Judging the same measurements by the same contract at the same time again is a no-op."""
        return short(
            "verdict", self.key, self.window, self.status, self.reason, self.cause, self.value, self.bounds,
            self.contract_digest, self.measurements, self.data, self.trial, self.at,
        )  # fmt: skip

    @property
    def series(self) -> str:
        """The key as an index value."""
        return series_of(self.key)

    @property
    def revision(self) -> int:
        """Always 0: a window judged again gets a new verdict, which supersedes."""
        return 0

    @property
    def satisfied(self) -> bool:
        """Whether the promise was kept. Unknown is not."""
        return self.status is Status.SATISFIED

    @property
    def violated(self) -> bool:
        """Whether the promise was measurably broken."""
        return self.status is Status.VIOLATED

    def __str__(self) -> str:
        return f"{self.status}({self.reason})" if self.reason else str(self.status)


def gates(severity: Severity, status: Status, reason: Reason | None, *, block_on_unknown: bool = False) -> bool:
    """Whether such a verdict blocks publishing (semantics 12).

    >>> gates(Severity.CRITICAL, Status.UNKNOWN, Reason.INSUFFICIENT_N)
    False
    >>> gates(Severity.CRITICAL, Status.UNKNOWN, Reason.NO_DATA)
    True
    """
    if severity is not Severity.CRITICAL or status is Status.SATISFIED:
        return False
    return status is Status.VIOLATED or reason in BLOCKING_REASONS or block_on_unknown
