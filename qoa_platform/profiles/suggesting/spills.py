"""Owns spills: values that swallowed that of another column (``San Francisco CA`` beside an empty state)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from qoa_platform.profiles.suggesting.facts import TEXT, Facts, of_kind

LONGEST = 64
VALUES = 200
"""The swallowed column has at most so many values."""
LEAST = 3
EMPTY = 0.8
"""In so many of the rows the other column is empty: its value has gone into this one."""
PATTERN = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Spill:
    """*column* ends with a value of *of* in *rows* rows, in which *of* is empty; *pattern* finds it."""

    column: str
    of: str
    rows: int
    pattern: str


def spills(rows: pl.DataFrame, facts: Mapping[str, Facts]) -> tuple[Spill, ...]:
    """The spills between text columns of *rows* (missing is null)."""
    texts = [f for f in of_kind(facts, TEXT) if f.distinct > 1]
    found: list[Spill] = []
    for other in texts:
        values = [v for v, c in other.pairs if c > 1 and 0 < len(v) <= LONGEST]
        if not other.missing or not LEAST <= len(values) <= VALUES or other.distinct > VALUES:
            continue
        empty = rows.filter(pl.col(other.name).is_null())
        tried = [_spill(empty, rows, f.name, other.name, values) for f in texts if f.name != other.name]
        found += [spill for spill in tried if spill is not None]
    return tuple(found)


def _spill(empty: pl.DataFrame, rows: pl.DataFrame, column: str, other: str, values: list[str]) -> Spill | None:
    pattern = _pattern(values)
    swallowed = pl.col(column).str.contains(pattern)
    hit = int(empty.select(swallowed.sum()).item())
    if hit < LEAST:
        return None
    ever = int(rows.select(swallowed.sum()).item())
    return Spill(column=column, of=other, rows=hit, pattern=pattern) if hit >= EMPTY * ever else None


def _pattern(values: list[str]) -> str:
    """The end of a value that is one of *values*; where they are too many to list, that has their shape."""
    listed = "|".join(re.escape(v) for v in sorted(values))
    if len(listed) <= PATTERN:
        return f"[ ,;/]+({listed})$"
    lengths = sorted({len(v) for v in values})
    letters = "[A-Z]" if all(v.isupper() for v in values) else r"\S"
    return f"[ ,;/]+{letters}{{{lengths[0]},{lengths[-1]}}}$"
