"""Owns promising: which promises follow from what was found in one frame, each with its evidence."""

import re
from collections.abc import Iterator
from dataclasses import replace

from qoa_platform.metrics.expression_nodes import Column, IsIn, Match, Matching, Not, canonical, quoted
from qoa_platform.metrics.expression_parser import parse
from qoa_platform.metrics.expression_patterns import objection
from qoa_platform.metrics.text_forms import MOJIBAKE
from qoa_platform.profiles.suggesting.dependencies import Dependency
from qoa_platform.profiles.suggesting.draft import Draft, Key, at_most, draft
from qoa_platform.profiles.suggesting.facts import NUMERIC, TEXT, of_kind
from qoa_platform.profiles.suggesting.mining import Findings
from qoa_platform.profiles.suggesting.numbers import grid
from qoa_platform.profiles.suggesting.parents import Parent

LEAST = 20
"""Of fewer rows nothing is promised about values."""
POPULATION = 0.001
"""In a history, more rows than this share that stand apart are another kind of thing, no mistakes."""
LISTED = 120
"""At most so many values are written into an expression."""
LENGTH = 3_500
MUST_BE_WHOLE = "every row has a value"


def promised(found: Findings, *, allowed: bool = False) -> Iterator[Draft]:
    """The promises that hold on one frame, or ought to: rows, missing, formats, sets, ranges, keys, dependencies.

    *allowed*: completeness is promised of columns too in which much is missing (a history says how much is usual).
    """
    yield _rows(found)
    if found.rows < LEAST:
        return
    yield from _keys(found)
    for name in found.facts:
        yield from _column(found, name, allowed=allowed)
    yield from map(_referred, found.parents)
    yield from _spilt(found)
    yield from map(_decides, found.dependencies)


def _rows(found: Findings) -> Draft:
    must, doubted = (">= 1", False) if found.rows else ("usual", True)
    why = f"{found.rows} rows; how many are usual shows with history"
    return draft("rows", "data.row_count", (), n=found.rows, violations=0, why=why, must=must, doubted=doubted)


def _keys(found: Findings) -> Iterator[Draft]:
    for key in found.keys:
        why = "no two rows agree"
        if key.expected:
            why += f", where chance alone would make {key.expected:.0f} pairs"
        yield draft("key", "data.uniqueness", key.columns, n=key.n, violations=0, why=why, must="= 100 %")


def _column(found: Findings, name: str, *, allowed: bool) -> Iterator[Draft]:
    yield from _missing(found, name, allowed=allowed)
    yield from _written(found, name)
    yield from _known(found, name)
    yield from _sized(found, name, most=POPULATION if allowed else 1.0)
    yield from _typed(found, name)
    if found.facts[name].kind == TEXT and not found.facts[name].counts["value"].str.contains(r"^[\x00-\x7F]*$").all():
        yield from _decoded(found, name)


def _missing(found: Findings, name: str, *, allowed: bool) -> Iterator[Draft]:
    gone, facts = found.absences[name], found.facts[name]
    if gone.missing == 0:
        yield draft("complete", "data.completeness", (name,), n=facts.n, violations=0, why=MUST_BE_WHOLE)
    elif gone.doubted or allowed:
        yield draft("complete", "data.completeness", (name,), n=facts.n, violations=gone.missing, why=gone.why)
    if gone.apart:
        rows = sum(c for v, c in facts.pairs if v in gone.apart)
        yield from _none_of(name, "no_words", gone.apart, facts.present, rows, gone.why)


def _written(found: Findings, name: str) -> Iterator[Draft]:
    form = found.formats.get(name)
    if form is not None and objection(form.pattern) is None:
        keys: list[Key] = [("pattern", form.pattern)]
        n = found.facts[name].present
        yield draft("format", "data.matches", (name,), n=n, violations=form.fails, why=form.why, keys=keys)
    if name in found.odd_numbers:
        values, rows = found.odd_numbers[name]
        why = "far from every other number of the column"
        yield from _none_of(name, "plausible", values, found.facts[name].present, rows, why)


def _known(found: Findings, name: str) -> Iterator[Draft]:
    held, misses, facts = found.sets.get(name), found.misses.get(name, {}), found.facts[name]
    if held is not None:
        near = ", ".join(f"{m.value!r} for {m.of!r}" for m in list(misses.values())[:3])
        why = f"{len(held.values)} values; a new one is expected in {held.new:.2%} of rows (Good and Turing)"
        why += f"; spelt wrongly: {near}" if near else ""
        values: list[Key] = [("values", list(held.values))]
        yield draft("known", "data.in_set", (name,), n=facts.present, violations=held.doubted, why=why, keys=values)
    elif misses:
        near = ", ".join(f"{m.value!r} for {m.of!r}" for m in list(misses.values())[:3])
        rows = sum(m.count for m in misses.values())
        why = f"nearly another value that is at least three times as frequent: {near}"
        yield from _none_of(name, "spelling", tuple(misses), facts.present, rows, why)


def _sized(found: Findings, name: str, *, most: float) -> Iterator[Draft]:
    fits = found.ranges.get(name)
    if fits is not None and fits.outside > most * fits.n:
        fits = replace(fits, high=None, low=None if fits.low != 0 else 0.0, outside=0)
    if fits is None or (fits.low is None and fits.high is None):
        return
    keys: list[Key] = [(end, value) for end, value in (("low", fits.low), ("high", fits.high)) if value is not None]
    why = "what lies outside stands apart from all other numbers" if fits.outside else "none is negative"
    yield draft("range", "data.in_range", (name,), n=fits.n, violations=fits.outside, why=why, keys=keys)


def _typed(found: Findings, name: str) -> Iterator[Draft]:
    """That a number stays one: of text in a number nothing else can be measured."""
    dtype, facts = found.schema[name], found.facts[name]
    if facts.kind != NUMERIC or not facts.present:
        return
    held = "integer" if dtype.is_integer() else "number"
    keys: list[Key] = [("as", held)]
    yield draft(
        "type", "data.parse_rate", (name,), n=facts.present, violations=0, why=f"its type is {dtype}", keys=keys,
        must="= 100 %", severity="critical",
    )  # fmt: skip
    if not dtype.is_float() or (step := grid(facts)) is None:
        return
    expr = canonical(parse(f"abs((col({quoted(name)}) * {step} + 0.5) % 1 - 0.5) < 0.001"))
    why = f"numbers have at most {len(str(step)) - 1} decimal places"
    yield draft("places", "data.pass_rate", (name,), n=facts.present, violations=0, why=why, keys=[("expr", expr)])


def _decoded(found: Findings, name: str) -> Iterator[Draft]:
    facts = found.facts[name]
    broken = sum(c for v, c in facts.pairs if re.search(MOJIBAKE, v))
    why = "letters beyond ASCII, none of them UTF-8 read as Latin-1" if not broken else "UTF-8 was read as Latin-1"
    must = "<= 0 %" if broken else at_most(facts.present, 0)
    yield draft("decoded", "data.mojibake_share", (name,), n=facts.present, violations=broken, why=why, must=must)


def _referred(found: Parent) -> Draft:
    """A key into another table; orphans are as frequent as they are, so the bound is below what was seen."""
    why = f"its values are keys of {found.parent}"
    return draft(
        "refers", "data.referential_integrity", (found.column,), n=found.n, violations=found.orphans, why=why,
        doubted=False, keys=[("parent", found.parent)],
    )  # fmt: skip


def _spilt(found: Findings) -> Iterator[Draft]:
    for spill in found.spills:
        expr = canonical(
            Not(operand=Match(matching=Matching.CONTAINS, operand=Column(name=spill.column), text=spill.pattern))
        )
        why = f"ends with a value of {spill.of!r}, which is empty in these rows: it was swallowed"
        n = found.facts[spill.column].present
        if objection(spill.pattern) is None and len(expr) <= LENGTH:
            yield draft(
                "unspilt", "data.pass_rate", (spill.column,), n=n, violations=spill.rows, why=why, keys=[("expr", expr)]
            )


def _none_of(name: str, word: str, values: tuple[str, ...], n: int, rows: int, why: str) -> Iterator[Draft]:
    """Observed promises that no value is one of *values*, as many as it takes to write them all."""
    left = [v for v in values if v.isprintable()]
    while left:
        some, left = left[:LISTED], left[LISTED:]
        expr = canonical(Not(operand=IsIn(operand=Column(name=name), values=tuple(sorted(some)))))
        while len(expr) > LENGTH and len(some) > 1:
            left = some[len(some) // 2 :] + left
            some = some[: len(some) // 2]
            expr = canonical(Not(operand=IsIn(operand=Column(name=name), values=tuple(sorted(some)))))
        if len(expr) <= LENGTH:
            yield draft(word, "data.pass_rate", (name,), n=n, violations=rows, why=why, keys=[("expr", expr)])


def _decides(found: Dependency) -> Draft:
    left = ", ".join(found.left)
    must = "<= 0 %" if found.removed else at_most(found.n, 0)
    why = (
        f"{left} decides it in {found.groups} groups of {found.rows} rows; {found.minority} rows are outvoted; "
        f"kappa {found.kappa:.2f}"
    )
    return draft(
        "follows", "data.fd_violation", (found.right,), n=found.n, violations=found.removed, why=why, must=must,
        keys=[("left", left if len(found.left) == 1 else list(found.left)), ("right", found.right)],
    )  # fmt: skip


def segments(found: Findings) -> tuple[str, ...]:
    """Columns that are worth a look per value: sets of two to twenty values, none of which nearly fills them."""
    return tuple(
        f.name for f in of_kind(found.facts, TEXT)
        if f.name in found.sets and 2 <= len(found.sets[f.name].values) <= 20 and f.missing == 0  # noqa: PLR2004
        and int(f.counts["count"][0]) <= 0.8 * f.present
    )[:3]  # fmt: skip
