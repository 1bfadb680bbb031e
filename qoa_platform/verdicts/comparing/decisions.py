"""Owns Comparison: what one challenger is found to be against the champion, why, and on which evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isnan

from qoa_platform.records import Reason


class Outcome(StrEnum):
    """What a comparison found of the challenger."""

    SUPERIOR = "superior"
    """The whole interval of the difference lies above 0."""
    NON_INFERIOR = "non-inferior"
    """It lies above −margin, and holds 0."""
    EQUIVALENT = "equivalent"
    """It lies within ±margin, the region of practical equivalence."""
    INFERIOR = "inferior"
    """It lies below 0, and not within the margin."""
    INCONCLUSIVE = "inconclusive"
    """It holds what would have to be excluded."""
    REFUSED = "refused"
    """There is no fair comparison: see the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A difference (positive: the challenger is better), its standard error with *df* degrees of freedom, its interval.

    *p* is two-sided (NaN of an interval alone); *n* rows in *clusters* that are independent of one another.
    """

    estimate: float
    error: float
    df: float
    low: float
    high: float
    p: float
    confidence: float
    n: int
    clusters: int
    method: str

    def evidence(self) -> dict[str, object]:
        """The numbers, plain."""
        return {
            "estimate": self.estimate, "error": self.error, "df": self.df, "low": self.low, "high": self.high,
            "p": None if isnan(self.p) else self.p, "confidence": self.confidence, "n": self.n,
            "clusters": self.clusters, "method": self.method,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment's difference; *p* is adjusted for how many segments were looked at (Holm).

    *regresses*: the challenger is worse there beyond chance. *reason* where the segment is too small to be judged.
    """

    name: str
    effect: Effect | None
    p: float | None
    regresses: bool
    share: float
    reason: Reason | None = None

    def evidence(self) -> dict[str, object]:
        """The segment, plain."""
        found = {} if self.effect is None else self.effect.evidence()
        return {
            **found, "segment": self.name, "p": self.p, "regresses": self.regresses, "share": self.share,
            "reason": None if self.reason is None else str(self.reason),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The decision on one *challenger*. Differences are positive where it is better, whichever way the metric runs.

    *effect* is what decides (``None`` if refused), *others* are second looks by name (Wilcoxon, McNemar, BCa …).
    *within* is the probability that the difference lies within ±margin (a flat prior). *detectable* is the least
    difference that is found with 80 % power on as many clusters, *needed* how many clusters would decide if the
    difference stays what it is. Of several looks at growing data nothing is promised: that is the sequential test's.
    """

    challenger: str
    champion: str
    metric: str
    outcome: Outcome
    why: str
    reason: Reason | None = None
    effect: Effect | None = None
    margin: float = 0.0
    champion_value: float | None = None
    challenger_value: float | None = None
    within: float | None = None
    detectable: float | None = None
    needed: int | None = None
    others: tuple[Effect, ...] = ()
    segments: tuple[Segment, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def preferred(self) -> str | None:
        """The model with the better value, also where the difference is no proof; ``None`` if refused or equal."""
        if self.effect is None or self.effect.estimate == 0:
            return None
        return self.challenger if self.effect.estimate > 0 else self.champion

    @property
    def regressions(self) -> tuple[Segment, ...]:
        """The segments in which the challenger is worse beyond chance."""
        return tuple(s for s in self.segments if s.regresses)

    def evidence(self) -> Mapping[str, object]:
        """The whole decision, plain."""
        return {
            "challenger": self.challenger, "champion": self.champion, "metric": self.metric,
            "outcome": str(self.outcome), "why": self.why, "reason": None if self.reason is None else str(self.reason),
            "margin": self.margin, "champion_value": self.champion_value, "challenger_value": self.challenger_value,
            "within": self.within, "detectable": self.detectable, "needed": self.needed,
            "preferred": self.preferred, "effect": None if self.effect is None else self.effect.evidence(),
            "others": [e.evidence() for e in self.others], "segments": [s.evidence() for s in self.segments],
            "warnings": list(self.warnings),
        }  # fmt: skip


def outcome(low: float, high: float, margin: float) -> Outcome:
    """What the interval *low* to *high* of a difference says, with a margin of equivalence.

    >>> [str(outcome(*interval, 0.02)) for interval in [(0.01, 0.05), (-0.01, 0.01), (-0.01, 0.03), (-0.05, 0.01)]]
    ['superior', 'equivalent', 'non-inferior', 'inconclusive']
    """
    if low > 0:
        return Outcome.SUPERIOR
    if low > -margin:
        return Outcome.EQUIVALENT if high < margin else Outcome.NON_INFERIOR
    return Outcome.INFERIOR if high < 0 else Outcome.INCONCLUSIVE
