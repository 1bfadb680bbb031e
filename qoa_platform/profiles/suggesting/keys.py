"""Owns the search for keys: minimal sets of up to three columns whose values together name a row (bounded)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod

import polars as pl

from qoa_platform.profiles.suggesting.facts import OTHER, Facts

LEAST = 20
KEYS = 3
"""At most so many keys are suggested."""
TRIED = 60
"""At most so many sets of one size are counted."""
COLLISIONS = 10.0
"""So many pairs of equal keys would be expected by chance, or uniqueness says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateKey:
    """*columns* that name a row: no two of *n* rows agree; *expected* pairs would, were the columns independent."""

    columns: tuple[str, ...]
    n: int
    expected: float


def candidate_keys(rows: pl.DataFrame, facts: Mapping[str, Facts]) -> tuple[CandidateKey, ...]:
    """Minimal keys among the columns that are never missing: single columns, else pairs, else triples.

    Numbers with fractions are no keys. A set of several columns counts only where chance alone would have made at
    least ten equal pairs (n·(n − 1)/2 · Π Σ p²): else it is unique because it has so many values, not because it names.
    """
    n = rows.height
    if n < LEAST:
        return ()
    usable = [
        f for f in facts.values()
        if f.kind != OTHER and not f.missing and f.distinct > 1 and not rows.schema[f.name].is_float()
    ]  # fmt: skip
    single = [CandidateKey(columns=(f.name,), n=n, expected=0.0) for f in usable if f.distinct == n]
    if single:
        return tuple(single[:KEYS])
    for size in (2, 3):
        found = list(_unique(rows, {f.name: f for f in usable}, size))
        if found:
            return tuple(found[:KEYS])
    return ()


def _unique(rows: pl.DataFrame, facts: Mapping[str, Facts], size: int) -> Iterator[CandidateKey]:
    n = rows.height
    sets = [c for c in combinations(facts, size) if prod(facts[name].distinct for name in c) >= n]
    sets.sort(key=lambda c: (-max(facts[name].distinct for name in c), sum(facts[name].distinct for name in c)))
    for columns in sets[:TRIED]:
        expected = n * (n - 1) / 2 * prod(_agreeing(facts[name]) for name in columns)
        if expected >= COLLISIONS and rows.select(pl.struct(columns).n_unique()).item() == n:
            yield CandidateKey(columns=columns, n=n, expected=expected)


def _agreeing(facts: Facts) -> float:
    """The chance that two rows agree in a column: Σ p²."""
    counts = facts.counts["count"].cast(pl.Float64)
    return float((counts * counts).sum()) / max(1, facts.present) ** 2
