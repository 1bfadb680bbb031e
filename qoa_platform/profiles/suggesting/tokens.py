"""Owns missing tokens: which texts of a table mean that nothing is there, and whether that is as it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from qoa_platform.profiles.suggesting.facts import TEXT, Facts, of_kind

PLAIN = frozenset({
    "", "n/a", "#n/a", "n.a.", "nan", "null", "(null)", "\\n", "-", "--", "---", "?", "??", ".", "..", "...", "empty",
    "missing", "not available", "not applicable", "undefined", "<na>", "none given", "not specified", "no data", "*",
})  # fmt: skip
"""Texts that hardly mean anything else (compared without case and outer blanks)."""
AMBIGUOUS = frozenset(
    {"na", "none", "nil", "unknown", "unk", "nd", "n", "x", "xx", "xxx", "tbd", "blank", "other", "0"}
)
"""Texts that may be values: they need more evidence."""
ODD = frozenset({"n", "x", "xx", "xxx", "other", "0"})
"""Of those, never tokens by their word alone."""
WHOLE = 0.5
"""A token that fills so much of a column is how the table says "there is nothing": a convention, no mistake."""
OFTEN = 3
NUMERIC_COLUMN = 0.8
DOUBTED = 0.05
"""At most so much of a column is doubted when it is missing without being spelt oddly."""
EVEN_COLUMNS, HALF, EVEN_DOUBTED = 5, 0.5, 0.2
"""Where five columns and half of all miss about as much as one another, up to a fifth of each is doubted."""
EXPLAINED, FEW_VALUES, CLEARLY = 0.05, 20, 0.7
"""Gaps in so much of a column are looked for in columns of few values, which must tell most of them from the rest."""
TOGETHER = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What is missing of a column: its *tokens*, rows *missing* with them, and whether that is *doubted*, and *why*.

    *apart* are tokens that stand in a column whose nulls are as they should be: they stay values, and are refused.
    """

    column: str
    tokens: tuple[str, ...]
    missing: int
    doubted: bool
    why: str
    apart: tuple[str, ...] = ()


def absences(frame: pl.DataFrame, facts: Mapping[str, Facts]) -> Mapping[str, Absence]:
    """What is missing of every column of *frame*.

    A text is a token when it is a word for nothing, and, where the word could be a value, the other values of its
    column are numbers, or it stands in several columns. Missing cells are doubted where the rest of the column is
    filled, or where they are spelt unlike the rest of the table; they are not where the token fills whole columns, or
    where columns are missing together: such a hole is the data's own.

    >>> frame = pl.DataFrame({"n": ["1", "2", "N/A", "4", "5", "6"]})
    >>> from qoa_platform.profiles.suggesting.facts import look
    >>> absences(frame, look(frame))["n"].tokens
    ('N/A',)
    """
    found = {f.name: tokens_of(f, facts) for f in of_kind(facts, TEXT)}
    convention = {
        t for name, tokens in found.items() for t in tokens
        if _count(facts[name], t) >= WHOLE * max(1, facts[name].n)
    }  # fmt: skip
    native = any(f.missing for f in facts.values()) or any("" in tokens for tokens in found.values())
    holes = _holes(frame, facts, found)
    even = _even([f.without(found.get(name, ())).missing / max(1, f.n) for name, f in facts.items()])
    return {
        name: _absence(
            f,
            found.get(name, ()),
            convention,
            native=native,
            together=_together(name, holes) or _explained(name, holes, frame, facts),
            even=even,
        )
        for name, f in facts.items()
    }


def tokens_of(facts: Facts, others: Mapping[str, Facts]) -> tuple[str, ...]:
    """The texts of a column that mean missing, in sort order."""
    rest = max(1, facts.present)
    found = []
    for value, count in facts.pairs:
        word = value.strip().casefold()
        if word in PLAIN:
            found.append(value)
        elif word in AMBIGUOUS and word not in ODD:
            numeric = facts.numbers >= NUMERIC_COLUMN * max(1, rest - count)
            spread = sum(1 for o in of_kind(others, TEXT) if _count(o, value)) > 1
            if numeric or spread:
                found.append(value)
    return tuple(sorted(found))


def _count(facts: Facts, value: str) -> int:
    held = facts.counts.filter(pl.col("value") == value)["count"]
    return int(held[0]) if len(held) else 0


def _holes(frame: pl.DataFrame, facts: Mapping[str, Facts], tokens: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """Where something is missing, as a truth value per cell of the columns in which anything is."""
    some = [n for n, f in facts.items() if 0 < f.without(tokens.get(n, ())).missing < f.n]
    return frame.select(
        (pl.col(n).is_null() | pl.col(n).cast(pl.String).is_in(list(tokens[n]))).alias(n)
        if tokens.get(n)
        else (pl.col(n).is_null() | pl.col(n).is_nan()).alias(n)
        if frame.schema[n].is_float()
        else pl.col(n).is_null().alias(n)
        for n in some
    )


def _even(shares: Sequence[float]) -> bool:
    """Whether most columns miss about as much as one another: gaps that fell anywhere, not holes of some columns."""
    gaps = sorted(s for s in shares if s > 0)
    if len(gaps) < EVEN_COLUMNS or len(gaps) < HALF * len(shares):
        return False
    middle = gaps[len(gaps) // 2]
    return middle <= EVEN_DOUBTED and all(middle / 2 <= s <= 2 * middle for s in gaps[len(gaps) // 5 : -len(gaps) // 5])


def _together(name: str, holes: pl.DataFrame) -> str | None:
    """Another column that is missing in the same rows far more often than by chance, if there is one."""
    if name not in holes.columns:
        return None
    mine = holes[name]
    for other in holes.columns:
        both = int((mine & holes[other]).sum()) if other != name else 0
        either = int((mine | holes[other]).sum())
        chance = int(mine.sum()) * int(holes[other].sum()) / max(1, holes.height)
        if both >= TOGETHER * either and both > OFTEN * max(1.0, chance):
            return other
    return None


def _explained(name: str, holes: pl.DataFrame, frame: pl.DataFrame, facts: Mapping[str, Facts]) -> str | None:
    """A column of few values that says where *name* is missing (a cause of death where nobody died)."""
    if name not in holes.columns or (gaps := int(holes[name].sum())) < EXPLAINED * holes.height:
        return None
    least = min(gaps, holes.height - gaps)
    for other in facts.values():
        if other.name == name or not 1 < other.distinct <= FEW_VALUES:
            continue
        table = pl.DataFrame({"by": frame[other.name], "gap": holes[name]}).group_by("by").agg(
            pl.col("gap").sum().alias("gaps"), pl.len().alias("rows")
        )  # fmt: skip
        wrong = table.select(pl.min_horizontal("gaps", pl.col("rows") - pl.col("gaps")).sum()).item()
        if wrong <= (1 - CLEARLY) * least:
            return other.name
    return None


def _absence(
    facts: Facts, tokens: tuple[str, ...], convention: set[str], *, native: bool, together: str | None, even: bool
) -> Absence:
    whole = facts.without(tokens)
    missing, n = whole.missing, max(1, facts.n)
    odd = [t for t in tokens if t and t not in convention]
    shown = ", ".join(map(repr, tokens))
    if not missing:
        return Absence(column=facts.name, tokens=(), missing=0, doubted=False, why="nothing is missing")
    if tokens and set(tokens) <= convention and facts.missing == 0:
        why = f"{shown} fills most of a column of this table: it is how the table says that nothing is there"
        return Absence(column=facts.name, tokens=tokens, missing=missing, doubted=False, why=why)
    if together is not None:
        why = f"missing as {together!r} says: a hole of the data's own"
        return Absence(column=facts.name, tokens=tokens, missing=missing, doubted=False, why=why)
    if odd and (native or len(odd) > 1):
        spoken = sum(_count(facts, t) for t in odd)
        if missing - spoken > max(DOUBTED * n, spoken):
            kept = tuple(t for t in tokens if t not in odd)
            why = f"{', '.join(map(repr, odd))} is written where the table leaves a gap"
            return Absence(
                column=facts.name, tokens=kept, missing=missing - spoken, doubted=False, why=why, apart=tuple(odd)
            )
        why = f"{', '.join(map(repr, odd))} is written where the table otherwise leaves a gap"
        return Absence(column=facts.name, tokens=tokens, missing=missing, doubted=True, why=why)
    doubted = missing <= (EVEN_DOUBTED if even else DOUBTED) * n
    why = "the rest of the column is filled" if doubted else "so much is missing that it must be allowed"
    return Absence(column=facts.name, tokens=tokens, missing=missing, doubted=doubted, why=why)
