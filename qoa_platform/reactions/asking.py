"""Owns who asked for a reaction: its own rule and cause, and every equal step that coalesced into it (semantics 15)."""

from collections.abc import Iterable, Sequence
from typing import cast

from qoa_platform.records import Reaction

Asked = tuple[str, str, str]
"""(cause, rule, subject): for whom a step was wanted."""
ALSO, OBSERVED = "also", "observed"
"""Entries of a reaction's evidence: who asked beside its own rule; that nothing was performed (``mode: observe``)."""


def asked(reaction: Reaction) -> tuple[Asked, ...]:
    """Everybody who asked for *reaction*: the rule in its id first, then those whose equal steps joined it."""
    also = cast(Sequence[Sequence[str]], reaction.evidence.get(ALSO, ()))
    return ((reaction.cause, reaction.rule, reaction.subject), *((c, r, s) for c, r, s in also))


def asked_by(reaction: Reaction, rule: str, subject: str | None = None) -> bool:
    """Whether *rule* (about *subject*) asked for *reaction*, first or by joining."""
    return any(r == rule and subject in (None, s) for _, r, s in asked(reaction))


def causes(reaction: Reaction) -> frozenset[str]:
    """The episodes, releases and reactions that caused it."""
    return frozenset(c for c, _, _ in asked(reaction))


def with_also(evidence: dict[str, object], also: Iterable[Asked]) -> dict[str, object]:
    """*evidence* with *also* noted in it; unchanged when nobody else asked."""
    noted = [list(a) for a in dict.fromkeys(also)]
    return {**evidence, ALSO: noted} if noted else evidence


def was_observed(reaction: Reaction) -> bool:
    """Whether *reaction* was only recorded, because ``mode: observe`` was in force."""
    return bool(reaction.evidence.get(OBSERVED))
