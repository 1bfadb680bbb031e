"""Owns the champion's history, read off the moves of its alias: who was champion when, and whom to go back to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from qoa_platform.records import Alias, Move, PointerKind

ROLLBACK = "rollback"
"""The verb of a move that leaves a bad version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One stretch in which *version* was champion: ``[since, until)`` in ``at``; *until* ``None``: still.

    *verb*, *actor* and *reason* say how it came to it, *ended* the verb that ended it; *wall* is when it began.
    """

    version: str
    since: datetime
    until: datetime | None
    wall: datetime
    verb: str
    actor: str
    reason: str
    ended: str | None
    generation: int


def terms(moves: Sequence[Move], model: str) -> tuple[Term, ...]:
    """All terms of the model's champions, oldest first.

    *moves* may be given in any order and may hold moves of other pointers. A move to the version that is champion
    already begins no new term.
    """
    key = f"{model}|{Alias.CHAMPION}"
    ours = sorted(
        (m for m in moves if m.kind is PointerKind.ALIAS and m.key == key), key=lambda m: (m.generation, m.at)
    )
    changes = [m for before, m in pairwise([None, *ours]) if m and (before is None or m.value != before.value)]
    return tuple(
        Term(
            version=move.value, since=move.at, until=after.at if after else None, wall=move.wall, verb=move.verb,
            actor=move.actor, reason=move.reason, ended=after.verb if after else None, generation=move.generation,
        )
        for move, after in pairwise([*changes, None])
        if move and move.value is not None
    )  # fmt: skip


def champion_at(moves: Sequence[Move], model: str, at: datetime) -> str | None:
    """The version that was champion at *at*, or ``None`` when there was none."""
    return next(
        (t.version for t in reversed(terms(moves, model)) if t.since <= at and (t.until is None or at < t.until)), None
    )


def good_versions(moves: Sequence[Move], model: str, *, bad: Collection[str] = ()) -> tuple[str, ...]:
    """Past champions that may be gone back to, the latest first: without the one in force and without bad ones.

    Bad is what the ledger marks so (*bad*), and every version that a rollback ever left, also when a person forced it
    back later: it has failed once.
    """
    all_terms = terms(moves, model)
    current = all_terms[-1].version if all_terms and all_terms[-1].until is None else None
    failed = {t.version for t in all_terms if t.ended == ROLLBACK} | set(bad) | {current}
    return tuple(dict.fromkeys(t.version for t in reversed(all_terms) if t.version not in failed))


def last_good(moves: Sequence[Move], model: str, *, bad: Collection[str] = ()) -> str | None:
    """The version a rollback of the champion goes to, or ``None``: nothing to go back to."""
    return next(iter(good_versions(moves, model, bad=bad)), None)


def to_keep(moves: Sequence[Move], model: str, *, keep: int, bad: Collection[str] = ()) -> tuple[str, ...]:
    """The versions whose artifacts stay loadable: the champion in force and the *keep* last good ones before it."""
    all_terms = terms(moves, model)
    current = [all_terms[-1].version] if all_terms and all_terms[-1].until is None else []
    return (*current, *good_versions(moves, model, bad=bad)[:keep])
