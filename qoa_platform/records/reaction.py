"""Owns Reaction, its kinds and targets, and the published order in which conflicts are resolved."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

from qoa_platform.records.identity import short
from qoa_platform.records.status import Severity


class ReactionKind(StrEnum):
    """The closed set of typed steps. The value is the spelling in a contract."""

    ALERT = "alert"
    HOLD = "hold"
    TERMINATE = "terminate"
    RERUN = "rerun"
    RETRAIN = "retrain"
    QUARANTINE = "quarantine"
    REJECT = "reject"
    REROUTE = "reroute"
    ROLLBACK = "rollback"
    PROMOTE = "promote"
    SHIFT = "shift"
    DEGRADE = "degrade"
    UPGRADE = "upgrade"
    SCALE = "scale"
    START_WORKFLOW = "start_workflow"
    RELEASE = "release"
    """Releases the Hold of the rule whose episode ended (``on_recovery: release``)."""


RUN_BACKED = frozenset({ReactionKind.RERUN, ReactionKind.RETRAIN, ReactionKind.START_WORKFLOW})
"""Reactions that need a run: ``perform`` only marks them requested; the reconcile sensor launches (decision 7)."""

CONFLICTS: tuple[tuple[str, tuple[ReactionKind, ...]], ...] = (
    ("asset", (ReactionKind.HOLD, ReactionKind.TERMINATE, ReactionKind.RERUN, ReactionKind.RETRAIN)),
    ("model", (ReactionKind.HOLD, ReactionKind.ROLLBACK, ReactionKind.PROMOTE, ReactionKind.SHIFT)),
    ("preset", (ReactionKind.DEGRADE, ReactionKind.UPGRADE)),
)
"""The published order (semantics 16): on one thing of a scope, the earlier kind wins and the later is superseded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a reaction acts on. What is set makes it distinct (semantics 14).

    *asset* (+ *partition*: rerun, quarantine; + *digest* of the candidate: quarantine), *model* (+ *version* left by a
    rollback, gained by a promotion), *preset* left by a degrade or upgrade (of *asset*), *run* ended by a terminate.
    """

    asset: str | None = None
    partition: str | None = None
    digest: str | None = None
    model: str | None = None
    version: str | None = None
    preset: str | None = None
    run: str | None = None
    episode: str | None = None

    def __str__(self) -> str:
        name = self.asset or (f"model {self.model}" if self.model else None) or self.run or "everyone"
        extras = [x for x in (self.partition, self.version, self.preset) if x]
        return " ".join([name, *extras])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One step of the policy on one target, caused by an episode, a release stage or another reaction.

    Its id is H(cause, rule, step, target, firing): it is applied at most once, whatever crashes. *serves* lists every
    episode it serves; one that opens while it is in flight is added by a later revision.
    """

    KIND: ClassVar[str] = "reaction"

    contract: str
    contract_digest: str
    subject: str = ""
    rule: str
    step: int
    kind: ReactionKind
    target: Target
    cause: str
    serves: tuple[str, ...] = ()
    firing: int = 1
    attempts: int = 1
    backoff: timedelta = timedelta(0)
    severity: Severity = Severity.WARNING
    reason: str
    evidence: dict[str, object] = field(default_factory=dict)
    at: datetime
    wall: datetime
    revision: int = 0

    @property
    def id(self) -> str:
        """H(cause, rule, step, target, firing), semantics 14."""
        return _id(self.cause, self.rule, self.step, self.kind, self.target, self.firing)

    @property
    def series(self) -> str:
        """Reactions of one kind on one target: what coalesces."""
        return short(self.kind, self.target)


@lru_cache(maxsize=65_536)
def _id(cause: str, rule: str, step: int, kind: ReactionKind, target: Target, firing: int) -> str:
    """Kept, because a lane asks for it again and again: it was most of the time of deciding over a long history."""
    return short("reaction", cause, rule, step, kind, target, firing)
