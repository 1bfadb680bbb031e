"""Owns matching: which rules an episode (or an unknown verdict) meets, and on which of its windows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from qoa_platform.records import Contract, Episode, Key, Rule, Status, Verdict, When, WhenStatus


def reacts_to_unknown(contract: Contract, verdict: Verdict) -> bool:
    """Whether some rule reacts to this unknown verdict: it then opens an episode (semantics 13)."""
    return any(names(rule.when, verdict.key) and meets(rule.when, verdict) for rule in contract.policy)


def names(when: When, key: Key) -> bool:
    """Whether *when* names the subject and promise of *key*."""
    return when.subject in (None, key.subject) and when.promise in (None, key.promise)


def meets(when: When, verdict: Verdict) -> bool:
    """Whether *verdict* has the status (reason, severity) that *when* waits for."""
    if when.severity is not None and verdict.severity is not when.severity:
        return False
    match when.status:
        case WhenStatus.VIOLATED:
            return verdict.violated
        case WhenStatus.BLOCKED:
            return verdict.blocks
        case WhenStatus.UNKNOWN:
            return verdict.status is Status.UNKNOWN and (not when.reasons or verdict.reason in when.reasons)


def matched(rule: Rule, episode: Episode, bad: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The bad verdicts of *episode* that *rule* reacts to; empty when it does not (``for`` aside)."""
    if not names(rule.when, episode.key):
        return ()
    return tuple(v for v in bad if meets(rule.when, v))


def long_enough(when: When, episode: Episode, found: Sequence[Verdict], now: datetime) -> bool:
    """Whether the episode has lasted as long as the rule's ``for`` asks: windows, or time in ``at``."""
    if isinstance(when.streak, timedelta):
        return now - episode.opened_at >= when.streak
    return len(found) >= when.streak
