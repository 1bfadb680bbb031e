"""Owns mining: everything that is found in one frame, from which promises are drafted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType

import polars as pl

from qoa_platform.profiles.suggesting.dependencies import Dependency, decided, dependencies
from qoa_platform.profiles.suggesting.facts import NUMBER, TEXT, Facts, look, of_kind
from qoa_platform.profiles.suggesting.formats import Format, formats
from qoa_platform.profiles.suggesting.keys import CandidateKey, candidate_keys
from qoa_platform.profiles.suggesting.numbers import Range, implausible, plausible
from qoa_platform.profiles.suggesting.parents import Parent, parents
from qoa_platform.profiles.suggesting.sets import ClosedSet, closed_set
from qoa_platform.profiles.suggesting.spelling import NearMiss, near_misses, respelt
from qoa_platform.profiles.suggesting.spills import Spill, spills
from qoa_platform.profiles.suggesting.tokens import Absence, absences
from qoa_platform.scans.normalising import normal

LETTERS = re.compile(r"a-z\]|A-Z\]|\[\^")
"""What the pattern of a format holds where letters vary."""
NOTHING: Mapping[str, pl.DataFrame] = MappingProxyType({})
HOLLOW = 0.4
"""Where more of a column is missing, that is the rule, and no other column says what is gone."""
DECIDED = 0.5
"""Missing values of which so many are decided by another column are doubted."""
ONCE = 3
"""A number that stands more often is no slip of the pen."""
BROAD, ALIKE = 0.5, 1.5
"""A dependency is kept beside the best one (of those that see half of the rows) when it loses hardly more rows."""
LEFTS = 3
"""At most so many dependencies say what decides one column."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What one frame tells: *facts* per column (tokens taken out), and everything mined from them."""

    rows: int
    schema: pl.Schema
    facts: Mapping[str, Facts]
    absences: Mapping[str, Absence]
    formats: Mapping[str, Format]
    misses: Mapping[str, Mapping[str, NearMiss]]
    sets: Mapping[str, ClosedSet]
    ranges: Mapping[str, Range]
    odd_numbers: Mapping[str, tuple[tuple[str, ...], int]]
    spills: tuple[Spill, ...]
    keys: tuple[CandidateKey, ...]
    dependencies: tuple[Dependency, ...]
    parents: tuple[Parent, ...]

    @property
    def missing(self) -> dict[str, tuple[str, ...]]:
        """The tokens that mean missing, by column."""
        return {name: a.tokens for name, a in self.absences.items() if a.tokens}


def mine(frame: pl.DataFrame, columns: tuple[str, ...], beside: Mapping[str, pl.DataFrame] = NOTHING) -> Findings:
    """Everything that is found in the *columns* of *frame*. Deterministic; cost is bounded (see each search)."""
    schema = frame.select(columns).schema
    texts = [c for c in columns if isinstance(frame.schema[c], pl.Categorical | pl.Enum)]
    frame = frame.select(columns).with_columns(pl.col(texts).cast(pl.String)) if columns else frame.select([])
    raw = look(frame)
    gone = absences(frame, raw)
    facts = {name: f.without(gone[name].tokens) for name, f in raw.items()}
    rows = normal(frame, frame.columns, {name: a.tokens for name, a in gone.items() if a.tokens})
    found = {f.name: form for f in of_kind(facts, TEXT) if (form := formats(f)) is not None}
    misses = {f.name: near for f in of_kind(raw, TEXT) if not _counting(f, found) and (near := near_misses(f))}
    swallowed = spills(rows, facts)
    depends = dependencies(rows, facts)
    gone = {**gone, **_hidden(rows, gone, depends)}
    misses |= {f.name: near for f in of_kind(facts, TEXT) if _counting(f, found) and (near := respelt(f.pairs))}
    return Findings(
        rows=frame.height, schema=schema, facts=facts, absences=gone, formats=found, misses=misses,
        sets={
            f.name: held for f in of_kind(facts, TEXT) if not _counting(f, found)
            and (held := closed_set(f, _doubtful(f, found, misses, swallowed) | set(gone[f.name].apart))) is not None
        },
        ranges={f.name: r for f in facts.values() if (r := plausible(f)) is not None},
        odd_numbers={f.name: odd for f in of_kind(facts, TEXT) if _counting(f, found) and (odd := _odd(f))[0]},
        spills=swallowed, keys=candidate_keys(rows, facts), dependencies=chosen(depends),
        parents=tuple(parents(rows, facts, beside)),
    )  # fmt: skip


def _hidden(rows: pl.DataFrame, gone: Mapping[str, Absence], depends: tuple[Dependency, ...]) -> dict[str, Absence]:
    """Columns that are missing where another column decides what they hold: that is a gap, not a hole."""
    found = {}
    for item in depends:
        hole = gone[item.right]
        filled = hole.missing <= HOLLOW * rows.height
        if hole.missing and filled and not hole.doubted and item.right not in found:
            known = decided(rows, item)
            if known >= DECIDED * hole.missing:
                why = f"{known} of {hole.missing} missing values are decided by {', '.join(item.left)}"
                found[item.right] = replace(hole, doubted=True, why=why)
    return found


def chosen(found: tuple[Dependency, ...]) -> tuple[Dependency, ...]:
    """Of the dependencies with the same right side the strongest: one where nothing breaks it, else up to three."""
    picked: list[Dependency] = []
    ordered = sorted(found, key=lambda d: (d.right, len(d.left), d.removed / d.rows, -d.rows, d.left))
    for _, same in groupby(ordered, key=lambda d: d.right):
        items = list(same)
        most = max(d.rows for d in items)
        best = next(d for d in items if d.rows >= BROAD * most)
        alike = [d for d in items if d.removed * best.rows <= ALIKE * max(1, best.removed) * d.rows]
        picked += [d for d in alike if d.removed][:LEFTS] or [best]
    return tuple(picked)


def _counting(facts: Facts, found: Mapping[str, Format]) -> bool:
    """Whether a text column holds numbers, or numbers with a unit: they are not compared letter by letter."""
    form = found.get(facts.name)
    return form is not None and (form.what == "number" or not LETTERS.search(form.pattern))


def _doubtful(
    facts: Facts, found: Mapping[str, Format], misses: Mapping[str, Mapping[str, NearMiss]],
    swallowed: tuple[Spill, ...],
) -> set[str]:  # fmt: skip
    """Values that something else speaks against."""
    form = found.get(facts.name)
    wrong = {v for v, _ in facts.pairs if re.search(form.pattern, v) is None} if form is not None else set()
    spilt = {v for s in swallowed if s.column == facts.name for v, _ in facts.pairs if re.search(s.pattern, v)}
    return wrong | set(misses.get(facts.name, {})) | spilt


def _odd(facts: Facts) -> tuple[tuple[str, ...], int]:
    """The texts of numbers that stand apart from all others, and their rows."""
    numbers = sorted((float(v), v, c) for v, c in facts.pairs if re.search(NUMBER, v) is not None)
    ends = implausible([x for x, _, _ in numbers], [c for _, _, c in numbers])
    if ends is None:
        return (), 0
    odd = [(v, c) for x, v, c in numbers if not ends[0] <= x <= ends[1] and c <= ONCE]
    return tuple(sorted(v for v, _ in odd)), sum(c for _, c in odd)
