"""Owns the oracles of completeness, uniqueness and validity: what pandas and plain Python say of cells and keys."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from tests.metrics.asking import NO_DATA, NO_REFERENCE, Asked, Case, Expect, Expected, bounded, holds, ratio


def segments(*, rows: bool = False, at_least: int = 1) -> Expect:
    """Reference segments seen, counted or weighed by their reference rows."""

    def expect(asked: Asked) -> Expected:
        known, seen = asked.known.value_counts(), asked.present.value_counts()
        if known.empty:
            return NO_REFERENCE
        weights = known if rows else known.clip(upper=1)
        there = weights[[bool(seen.get(value, 0) >= at_least) for value in known.index]]
        return Expected(there.sum() / weights.sum(), len(known))

    return expect


def keyed(of: Callable[[pd.Series], float], *, skip: bool = True, count: bool = False) -> Expect:
    """A number of the series of key tuples."""

    def expect(asked: Asked) -> Expected:
        cells = asked.rows[list(asked.columns)] if asked.columns else asked.rows
        cells = cells.dropna() if skip else cells
        keys = pd.Series(list(cells.itertuples(index=False, name=None)), dtype=object)
        return Expected(of(keys), len(keys)) if len(keys) or count else NO_DATA

    return expect


def distinct(keys: pd.Series) -> int:
    """Different keys."""
    return int(keys.nunique())


def once(keys: pd.Series) -> int:
    """Keys that stand in exactly one row."""
    return int((~keys.duplicated(keep=False)).sum())


KEYED: dict[str, tuple[Callable[[pd.Series], float], bool]] = {
    "data.distinct_count": (distinct, True),
    "data.uniqueness": (lambda keys: float((~keys.duplicated(keep=False)).mean()), False),
    "data.distinctness": (lambda keys: keys.nunique() / len(keys), False),
    "data.unique_value_ratio": (lambda keys: once(keys) / keys.nunique(), False),
    "data.duplicate_rows": (lambda keys: int(keys.duplicated(keep="first").sum()), True),
    "data.key_violations": (lambda keys: int(keys.duplicated(keep=False).sum()), True),
}


def of_keys(metric: str) -> tuple[Case, ...]:
    """One column, several, all of them with missing parts as values; counted, and by hashes that merge."""
    of, count = KEYED[metric]
    return (
        Case(columns=("x",), expect=keyed(of, count=count)),
        Case(columns=("t",), given={"merge": True}, expect=keyed(of, count=count)),
        Case(columns=("s", "k"), expect=keyed(of, count=count)),
        Case(columns=("s", "x", "b"), given={"merge": True}, expect=keyed(of, count=count)),
        Case(given={"missing_keys": "value"}, expect=keyed(of, skip=False, count=count)),
        Case(
            columns=("k", "g"),
            given={"missing_keys": "value", "merge": True},
            expect=keyed(of, skip=False, count=count),
        ),
    )


# -------------------------------------------------------------------------------------------------------- validity


def rowwise(columns: Iterable[str], holds: Callable[[Any], bool], *, violations: bool = False) -> Expect:
    """Rows in which a Python function holds, among those in which *columns* are present."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows.dropna(subset=list(columns))
        hits = sum(holds(row) for row in rows.itertuples())
        return Expected(len(rows) - hits, len(rows)) if violations else ratio(hits, len(rows))

    return expect


def expressions(*, violations: bool) -> tuple[Case, ...]:
    """A comparison of two columns, one that may divide by zero, and one that asks whether a value is missing."""
    both = rowwise(("x", "k"), lambda r: r.x >= 0 and r.k < 5, violations=violations)
    divided = rowwise(("k",), lambda r: r.k != 0 and 6 / r.k > 1, violations=violations)
    absent = rowwise(("k",), lambda r: r.x is None or r.k > 0, violations=violations)
    text = rowwise(("s",), lambda r: len(r.s) <= 1 or r.s.startswith("a"), violations=violations)
    return (
        Case(given={"expr": "col('x') >= 0 and col('k') < 5"}, expect=both),
        Case(given={"expr": "6 / col('k') > 1"}, expect=divided),
        Case(given={"expr": "col('x').is_null() or col('k') > 0"}, expect=absent),
        Case(given={"expr": "col('s').str.len_chars() <= 1 or col('s').str.starts_with('a')"}, expect=text),
    )


def between(low: float | None, high: float | None, inclusive: Any = "both") -> Expect:
    """Pandas' between, with open ends."""
    ends = (-np.inf if low is None else low), (np.inf if high is None else high)
    return holds(lambda v: v.astype(float).between(*ends, inclusive=inclusive))


def fences(asked: Asked) -> Expected:
    """Tukey's far fences of the reference, NumPy's quantiles; of a ``by:`` promise the sum over groups with fences."""
    if asked.groups is not None:
        parts = [part for part in map(Fenced, asked.groups) if part.reference_finite.size]
        hits, n = sum(part.counts[0] for part in parts), sum(part.counts[1] for part in parts)
        return ratio(hits, n) if parts else NO_REFERENCE
    found = Fenced(asked)
    return ratio(*found.counts) if found.reference_finite.size else NO_REFERENCE


class Fenced:
    """The rows of one group beside its own fences."""

    def __init__(self, asked: Asked) -> None:
        known = asked.known.astype(float).to_numpy()
        self.reference_finite = known[np.isfinite(known)]
        self.own = asked.present.astype(float).to_numpy()

    @property
    def counts(self) -> tuple[int, int]:
        """Values inside, and values."""
        if self.reference_finite.size == 0:
            return 0, 0
        q1, q3 = np.quantile(self.reference_finite, [0.25, 0.75])
        low, high = q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)
        if q1 == q3:
            low, high = np.quantile(self.reference_finite, [0.005, 0.995])
        return int(((self.own >= low) & (self.own <= high)).sum()), len(self.own)


def code_points(pattern: str) -> Expect:
    """A regular expression found by ``re``, whose ``$`` is spelled as the end of the text."""
    return holds(lambda v: [re.search(pattern, text) is not None for text in v])


PARSERS: dict[str, Callable[[str], object]] = {
    "integer": lambda text: int(ascii_only(text, "_ ")),
    "number": lambda text: float(ascii_only(text, "_ naifNAIF")),
    "date": lambda text: date.fromisoformat(ascii_only(text) if len(text) == 10 else ""),
    "time": lambda text: datetime.fromisoformat(whole_moment(text)),
}
"""How Python reads a text as a type; what it accepts beyond (blanks, ``1_0``, ``nan``, dates of weeks) is left out."""


def ascii_only(text: str, without: str = "") -> str:
    """*text*, if it is of ASCII characters other than *without*. Raises ValueError."""
    if not text.isascii() or set(text) & set(without):
        raise ValueError(text)
    return text


def whole_moment(text: str) -> str:
    """*text*, if it is ten characters of a date, ``T`` or a blank, hours and minutes. Raises ValueError."""
    clock = re.split("[Z+-]", text[11:])[0]
    if text[4:5] + text[7:8] != "--" or text[10:11] not in {"T", " "} or clock[2:3] != ":" or not text.isascii():
        raise ValueError(text)
    fraction = clock.partition(".")[2]
    return text if not fraction else text.replace(fraction, fraction[:6].ljust(6, "0"))


def parsed(parse: Callable[[str], object]) -> Expect:
    """Texts that *parse* reads without a complaint."""

    def reads(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return holds(lambda v: [reads(text) for text in v])


def broken(text: str) -> bool:
    """U+FFFD, or two to four characters that are one character once they are bytes again."""
    if "\ufffd" in text:
        return True
    for i, size in product(range(len(text)), (2, 3, 4)):
        part = text[i : i + size]
        if len(part) == size and part[0] >= "\u00c2" and not (part[0] > "\u00c3" and part[1] in "\u00a0\u00ab\u00bb"):
            for encoding in ("latin-1", "cp1252"):
                try:
                    part.encode(encoding).decode("utf-8")
                except UnicodeError:
                    continue
                return True
    return False


DATA: dict[str, tuple[Case, ...]] = {
    "data.missing_count": (
        Case(columns=("x", "k", "s", "b", "t"), expect=lambda a: Expected(len(a.rows) - len(a.present), len(a.rows))),
    ),
    "data.completeness": (
        Case(columns=("x", "k", "s", "b", "t"), expect=lambda a: ratio(len(a.present), len(a.rows))),
    ),
    "data.row_completeness": (
        Case(columns=("x", "s", "t"), expect=lambda a: ratio(len(a.rows.dropna(subset=a.columns)), len(a.rows))),
    ),
    "data.cell_completeness": (
        Case(
            columns=("x", "s", "t"),
            expect=lambda a: ratio(a.rows[list(a.columns)].notna().sum().sum(), 3 * len(a.rows)),
        ),
    ),
    "data.segment_completeness": (
        Case(columns=("s", "k"), expect=segments()),
        Case(columns=("s",), given={"weight": "rows"}, expect=segments(rows=True)),
        Case(columns=("k",), given={"min_rows": 2}, expect=segments(at_least=2)),
    ),
    **{metric: of_keys(metric) for metric in KEYED},
    "data.distinct_count": (
        *of_keys("data.distinct_count"),
        Case(columns=("x",), given={"sketch": True}, expect=bounded(keyed(distinct, count=True))),
        Case(
            columns=("s", "k"), given={"sketch": True, "missing_keys": "value"},
            expect=bounded(keyed(distinct, skip=False, count=True)),
        ),
    ),
    "data.pass_rate": expressions(violations=False),
    "data.violation_count": expressions(violations=True),
    "data.in_range": (
        Case(columns=("x", "k"), given={"low": -1, "high": 2.5}, expect=between(-1, 2.5)),
        Case(columns=("x", "k"), given={"low": 0, "closed": "right"}, expect=between(0, None, "right")),
        Case(columns=("x", "k"), given={"low": -3, "high": 2, "closed": "left"}, expect=between(-3, 2, "left")),
        Case(columns=("x",), given={"low": 0, "high": 1, "closed": "none"}, expect=between(0, 1, "neither")),
        Case(columns=("k",), given={"high": 2**53}, expect=holds(lambda v: [x <= 2**53 for x in v])),
    ),
    "data.in_set": (
        Case(columns=("x", "k"), given={"values": (0, 1, 2.5)}, expect=holds(lambda v: v.isin([0, 1, 2.5]))),
        Case(columns=("s",), given={"values": ("a", "é", "")}, expect=holds(lambda v: v.isin(["a", "é", ""]))),
        Case(columns=("k",), given={"values": (2**53 + 1, 7)}, expect=holds(lambda v: v.isin([2**53 + 1, 7]))),
        Case(columns=("b",), given={"values": (True,)}, expect=holds(lambda v: v.isin([True]))),
    ),
    "data.matches": (
        Case(columns=("s",), given={"pattern": "^[abé]+$"}, expect=code_points(r"\A[abé]+\Z")),
        Case(columns=("s",), given={"pattern": "(?i)a"}, expect=code_points("[aA]")),
    ),
    "data.parse_rate": (
        *(Case(columns=("w",), given={"as": name}, expect=parsed(parse)) for name, parse in PARSERS.items()),
        Case(
            columns=("w",), given={"as": "number", "decimal": ","},
            expect=parsed(lambda text: float(ascii_only(text, "_. naifNAIF").replace(",", "."))),
        ),
        Case(
            columns=("w",), given={"as": "date", "format": "%d.%m.%Y"},
            expect=parsed(lambda text: datetime.strptime(ascii_only(text), "%d.%m.%Y")),  # noqa: DTZ007 (no zone)
        ),
        Case(
            columns=("w",), given={"as": "time", "format": "%d.%m.%Y %H:%M"},
            expect=parsed(lambda text: datetime.strptime(ascii_only(text), "%d.%m.%Y %H:%M")),  # noqa: DTZ007 (no zone)
        ),
        Case(columns=("k",), given={"as": "integer"}, expect=holds(lambda v: v.notna())),
        Case(columns=("x",), given={"as": "integer"}, expect=holds(lambda v: v.astype(float) % 1 == 0)),
        Case(columns=("t",), given={"as": "time"}, expect=holds(lambda v: v.notna())),
    ),
    "data.length_in_range": (
        Case(columns=("s",), given={"low": 1}, expect=holds(lambda v: [len(text) >= 1 for text in v])),
        Case(columns=("s", "w"), given={"low": 1, "high": 5}, expect=holds(lambda v: [1 <= len(x) <= 5 for x in v])),
    ),
    "data.finite_share": (Case(columns=("x", "k"), expect=holds(lambda v: np.isfinite(v.astype(float)))),),
    "data.in_fences": (Case(columns=("x", "k"), expect=fences),),
}  # fmt: skip
"""By id."""
