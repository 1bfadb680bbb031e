"""Owns matching: which rules an episode (or an unknown verdict) meets, and on which of its windows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from qoa_platform.records import (
    Contract,
    Episode,
    Key,
    Mode,
    Rule,
    Status,
    SubjectKind,
    Verdict,
    When,
    WhenStatus,
    gates,
)


def reacts_to_unknown(contract: Contract, verdict: Verdict) -> bool:
    """Whether some rule reacts to this unknown verdict: it then opens an episode (semantics 13)."""
    return any(names(rule.when, verdict.key) and meets(contract, rule.when, verdict) for rule in contract.policy)


def names(when: When, key: Key) -> bool:
    """Whether *when* names the subject and promise of *key*."""
    return when.subject in (None, key.subject) and when.promise in (None, key.promise)


def meets(contract: Contract, when: When, verdict: Verdict) -> bool:
    """Whether *verdict* has the status (reason, severity) that *when* waits for."""
    if when.severity is not None and verdict.severity is not when.severity:
        return False
    match when.status:
        case WhenStatus.VIOLATED:
            return verdict.violated
        case WhenStatus.BLOCKED:
            return blocked(contract, verdict)
        case WhenStatus.UNKNOWN:
            return verdict.status is Status.UNKNOWN and (not when.reasons or verdict.reason in when.reasons)


def blocked(contract: Contract, verdict: Verdict) -> bool:
    """Whether *verdict* keeps its candidate back, or would if its promise were not only observed (semantics 12, 25)."""
    return verdict.blocks or (observed(contract, verdict.key) and _would_block(contract, verdict))


def observed(contract: Contract, key: Key) -> bool:
    """Whether ``mode: observe`` holds for the promise that *key* names: plans are recorded, only alerts performed."""
    subject = contract.subject(key.subject)
    promise = subject.promise(key.promise) if subject else None
    return contract.mode is Mode.OBSERVE or (promise is not None and promise.mode is Mode.OBSERVE)


def _would_block(contract: Contract, verdict: Verdict) -> bool:
    subject = contract.subject(verdict.key.subject)
    if subject is None or subject.kind is not SubjectKind.ASSET or verdict.key.group is not None:
        return False
    promise = subject.promise(verdict.key.promise)
    on_unknown = promise is not None and promise.block_on_unknown
    own_frame = promise is None or promise.over is None
    return own_frame and gates(verdict.severity, verdict.status, verdict.reason, block_on_unknown=on_unknown)


def matched(contract: Contract, rule: Rule, episode: Episode, bad: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The bad verdicts of *episode* that *rule* reacts to; empty when it does not (``for`` aside)."""
    if not names(rule.when, episode.key):
        return ()
    return tuple(v for v in bad if meets(contract, rule.when, v))


def long_enough(
    when: When, episode: Episode, found: Sequence[Verdict], current: Sequence[Verdict], now: datetime
) -> bool:
    """Whether it has lasted as long as the rule's ``for`` asks: windows in a row, or time in ``at`` (semantics 10).

    *found* are the bad verdicts that the rule waits for, *current* all current ones of the key, both in window order.
    Windows count while no satisfied one lies between them; an unknown one that the rule does not wait for neither
    extends nor breaks the row. Time counts from the opening when that is what the rule waits for, else from the first
    verdict that is.
    """
    if not found:
        return False
    if isinstance(when.streak, timedelta):
        since = episode.opened_at if _opened_so(when, episode) else min(v.at for v in found)
        return now - since >= when.streak
    windows = {v.window for v in found}
    longest = row = 0
    for verdict in current:
        if verdict.window in windows:
            row += 1
            longest = max(longest, row)
        elif verdict.status is Status.SATISFIED:
            row = 0
    return longest >= when.streak


def _opened_so(when: When, episode: Episode) -> bool:
    """Whether the verdict that opened *episode* is of the status that *when* waits for."""
    if when.status is WhenStatus.UNKNOWN:
        return episode.status is Status.UNKNOWN and (not when.reasons or episode.reason in when.reasons)
    return when.status is WhenStatus.BLOCKED or episode.status is Status.VIOLATED
