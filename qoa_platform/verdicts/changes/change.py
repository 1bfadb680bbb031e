"""Owns Change: a place where a series changed for good, in words and as data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What changed."""

    LEVEL = "level"
    """The value around which the series moves."""
    SPREAD = "spread"
    """How far it moves around an unchanged level."""
    TREND = "trend"
    """How fast it rises or falls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A lasting change that begins at position *index* (the first point of what is new), or at *at* where times exist.

    *before* and *after* are what changed: medians for a level, standard deviations for a spread, slopes per point for a
    trend; *spreads* is the size in standard deviations of the series around its level (natural logarithm of the ratio
    for a spread). The change began between *earliest* and *latest* (95 % of what the evidence leaves open). *p* is how
    often a series without any change would show one as clear at any place: small is sure.
    """

    index: int
    at: datetime | None = None
    kind: Kind
    before: float
    after: float
    spreads: float
    earliest: int
    latest: int
    p: float

    @property
    def relative(self) -> float | None:
        """After ÷ before − 1, where *before* is not 0."""
        return self.after / self.before - 1 if self.before else None

    def evidence(self) -> dict[str, object]:
        """The change as plain data."""
        return {
            "index": self.index, "at": self.at.isoformat() if self.at else None, "kind": str(self.kind),
            "before": self.before, "after": self.after, "relative": self.relative, "spreads": self.spreads,
            "earliest": self.earliest, "latest": self.latest, "p": self.p,
        }  # fmt: skip

    def __str__(self) -> str:
        """``since 2017-06-03: 3,872 → 4,410 (+14 %, 6.1 spreads)``."""
        since = f"since {_moment(self.at)}" if self.at else f"since point {self.index:,}"
        share = f"{self.relative:+.0%}, " if self.relative is not None and self.kind is Kind.LEVEL else ""
        share = share.replace("%", " %")
        size = f"{share}{abs(self.spreads):.1f} spreads" if self.kind is not Kind.SPREAD else f"x {_ratio(self):.2g}"
        what = "" if self.kind is Kind.LEVEL else f"{self.kind} "
        return f"{since}: {what}{_number(self.before)} → {_number(self.after)} ({size})"


def _ratio(change: Change) -> float:
    return change.after / change.before if change.before else float("inf")


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d") if (at.hour, at.minute, at.second) == (0, 0, 0) else at.strftime("%Y-%m-%d %H:%M")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"  # noqa: PLR2004 (more needs no digits after it)
