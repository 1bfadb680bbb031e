"""Owns sets: which columns take few known values, and which of those seen are to be trusted."""

from collections.abc import Collection
from dataclasses import dataclass

from qoa_platform.profiles.suggesting.facts import TEXT, Facts
from qoa_platform.profiles.suggesting.spelling import known_words, words_of

MOST = 300
"""At most so many values are written down."""
NEW = 0.01
"""A set is closed when a new row brings a new value with less than this chance (Good and Turing: once ÷ rows)."""
TIMES = 5
"""Rows per value, at least."""
EXCESS = 3
HEAVY = 50
"""So many rows per value make a value seen once suspicious by itself."""
LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedSet:
    """The values of a column that are trusted; *doubted* rows hold another one; *new* is the chance of a new value."""

    column: str
    values: tuple[str, ...]
    doubted: int
    new: float


def closed_set(facts: Facts, doubtful: Collection[str]) -> ClosedSet | None:
    """The set of a text column, or ``None`` where new values are to be expected.

    *doubtful* are values that something else speaks against (near-misses, odd formats): they are not trusted. Nor are
    values seen once, where hardly any is seen twice or three times: a tail that jumps is no tail. The chance of a new
    value is estimated by Good and Turing: values seen once ÷ rows.
    """
    if facts.kind != TEXT or facts.distinct > MOST + len(doubtful) + MOST or facts.present == 0:
        return None
    trusted = [(v, c) for v, c in facts.pairs if v not in doubtful]
    words = words_of(v for v, _ in facts.pairs)
    once = [v for v, c in trusted if c == 1 and not known_words(v, words)]
    few = sum(1 for _, c in trusted if c in (2, 3))
    often = [(v, c) for v, c in trusted if c > 1]
    rows_often = sum(c for _, c in often)
    jumps = len(once) > EXCESS * (few + 1) or rows_often >= HEAVY * len(often)
    dense = rows_often >= TIMES * (1 + EXCESS) * len(often) and len(once) <= EXCESS * NEW * facts.present
    if once and jumps and dense and len(often) >= 2:  # noqa: PLR2004 (one value is no set)
        trusted, once = [(v, c) for v, c in trusted if v not in once], []
    new = len(once) / facts.present
    rows = sum(c for _, c in trusted)
    fits = 1 < len(trusted) <= MOST and rows >= TIMES * len(trusted) and new <= NEW
    if not fits or any(len(v) > LONGEST or _unwritable(v) for v, _ in trusted):
        return None
    return ClosedSet(column=facts.name, values=tuple(v for v, _ in trusted), doubted=facts.present - rows, new=new)


def _unwritable(value: str) -> bool:
    return not value.isprintable()
