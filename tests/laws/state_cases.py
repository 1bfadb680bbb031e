"""Owns the cases of the law suite of states: for every registered state, rows and the state of those rows.

A case builds the state of *all* its rows at once, from counting or from exact rational arithmetic, and never by
merging: so that ``merge(parts) == whole`` compares the merge with something else than itself.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from math import fsum, hypot, isfinite
from typing import Any

from hypothesis import strategies as st

from qoa_platform.states import (
    Comoments,
    Confusion,
    DistinctSketch,
    Fields,
    Frequencies,
    Grouped,
    Histogram,
    Keys,
    Moments,
    QuantileSketch,
    Span,
    State,
    Sums,
    Tally,
    key_hash,
)

Rows = Sequence[Any]
Close = Callable[[Any, Any, Rows], bool]

FLOAT = 1e-9
"""Tolerance of float sums, relative to the sum of the terms' magnitudes."""
SHAPE = 1e-6
"""Tolerance of third and fourth central sums, relative to the sum of |x|³ and x⁴."""
TINY = 1e-290
"""Below it floats lose their relative precision."""
EDGES = (-10.0, 0.0, 1.0, 250.0)
SMALL_CAP = 4


def equal(a: State, b: State, rows: Rows) -> bool:
    """Bit for bit: whole numbers, text and times."""
    return a == b


@dataclass(frozen=True)
class Case:
    """A state's kind, rows for it, the state of rows, and what equal means (exactly, unless it holds floats)."""

    name: str
    row: st.SearchStrategy[Any]
    build: Callable[[Rows], State]
    close: Close = equal


numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1.0, 1e6, 1e-300])
values = numbers | st.sampled_from([float("inf"), float("-inf")])
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
times = st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2099, 1, 1)).map(
    lambda t: t.replace(tzinfo=UTC)
)


def near(a: float, b: float, scale: float, tolerance: float = FLOAT) -> bool:
    """Whether *a* and *b* differ by no more than *tolerance* of *scale*."""
    return abs(a - b) <= tolerance * scale + TINY


# ------------------------------------------------------------------------------------------------------- exact states


def tally(rows: Rows) -> State:
    """Truths among rows."""
    return Tally(sum(rows), len(rows))


def span(rows: Rows) -> State:
    """Least and greatest."""
    return Span(len(rows), min(rows), max(rows)) if rows else Span()


def keys(rows: Rows) -> State:
    """Keys of pairs, once or more often."""
    counts = Counter(key_hash(row) for row in rows)
    once = frozenset(k for k, n in counts.items() if n == 1)
    return Keys(once, frozenset(counts) - once, len(rows))


def confusion(rows: Rows) -> State:
    """Sorted cells."""
    return Confusion(tuple(sorted((t, p, n) for (t, p), n in Counter(rows).items())))


def frequencies(rows: Rows) -> State:
    """Counts of words; None is missing."""
    found = Counter(row for row in rows if row is not None)
    return Frequencies(tuple(sorted(found.items())), found.total(), len(rows) - found.total())


# ------------------------------------------------------------------------------------------------------- float states


def sums(rows: Rows) -> State:
    """Two named sums, exactly rounded."""
    return Sums.of_terms(len(rows), e=fsum(rows), absolute=fsum(abs(x) for x in rows)) if rows else Sums()


def sums_close(a: Sums, b: Sums, rows: Rows) -> bool:
    """Counts and names exactly; sums relative to Σ|x|."""
    scale = fsum(abs(x) for x in rows)
    return (a.n, set(dict(a.values))) == (b.n, set(dict(b.values))) and all(
        near(a.get(name), b.get(name), scale) for name, _ in a.values
    )


def fields(rows: Rows) -> State:
    """Whole numbers: how many, their sum, and both ends."""
    if not rows:
        return Fields()
    ends = {"least": ("min", min(rows)), "most": ("max", max(rows)), "sum": ("sum", sum(rows))}
    return Fields(len(rows), tuple((name, rule, value) for name, (rule, value) in sorted(ends.items())))


def moments(rows: Rows) -> State:
    """Central sums in exact rational arithmetic, rounded once."""
    xs = [Fraction(x) for x in rows if isfinite(x)]
    nonfinite = len(rows) - len(xs)
    if not xs:
        return Moments(n_nonfinite=nonfinite)
    mean = sum(xs) / len(xs)
    m2, m3, m4 = (float(sum((x - mean) ** k for x in xs)) for k in (2, 3, 4))
    return Moments(len(xs), float(mean), m2, m3, m4, nonfinite)


def moments_close(a: Moments, b: Moments, rows: Rows) -> bool:
    """Counts exactly; mean and M2 to 1e-9, M3 and M4 to 1e-6, of the data's own powers."""
    xs = [abs(x) for x in rows if isfinite(x)]
    powers = [fsum(x**k for x in xs) for k in (2, 3, 4)]
    return (
        (a.n, a.n_nonfinite) == (b.n, b.n_nonfinite)
        and near(a.mean, b.mean, max(xs, default=0.0))
        and near(a.m2, b.m2, powers[0])
        and all(
            x == y if x is None or y is None else near(x, y, power, SHAPE)
            for x, y, power in ((a.m3, b.m3, powers[1]), (a.m4, b.m4, powers[2]))
        )
    )


def comoments(rows: Rows) -> State:
    """Central sums of pairs in exact rational arithmetic, rounded once."""
    pairs = [(Fraction(x), Fraction(y)) for x, y in rows if isfinite(x) and isfinite(y)]
    n, nonfinite = len(pairs), len(rows) - len(pairs)
    if not n:
        return Comoments(n_nonfinite=nonfinite)
    mx, my = sum(x for x, _ in pairs) / n, sum(y for _, y in pairs) / n
    central = (
        float(sum((x - mx) ** 2 for x, _ in pairs)), float(sum((y - my) ** 2 for _, y in pairs)),
        float(sum((x - mx) * (y - my) for x, y in pairs)),
    )  # fmt: skip
    return Comoments(n, float(mx), float(my), *central, nonfinite)


def comoments_close(a: Comoments, b: Comoments, rows: Rows) -> bool:
    """Counts exactly; means and central sums to 1e-9 of the data's own powers."""
    pairs = [(abs(x), abs(y)) for x, y in rows if isfinite(x) and isfinite(y)]
    norm_x, norm_y = hypot(*(x for x, _ in pairs)), hypot(*(y for _, y in pairs))
    return (
        (a.n, a.n_nonfinite) == (b.n, b.n_nonfinite)
        and near(a.mean_x, b.mean_x, max((x for x, _ in pairs), default=0.0))
        and near(a.mean_y, b.mean_y, max((y for _, y in pairs), default=0.0))
        and near(a.m2x, b.m2x, norm_x**2)
        and near(a.m2y, b.m2y, norm_y**2)
        and near(a.cxy, b.cxy, norm_x * norm_y)
    )


def histogram(rows: Rows) -> State:
    """Counts and Σy in right-closed bins, counted one by one; a pair whose x is None is missing."""
    bins: list[list[float]] = [[] for _ in range(len(EDGES) + 1)]
    missing = 0
    for x, y in rows:
        if x is None:
            missing += 1
        else:
            bins[bisect_left(EDGES, x)].append(y)
    return Histogram("edges", tuple(map(len, bins)), missing, (("y", tuple(map(fsum, bins))),))


def counted(values: Sequence[float | None]) -> State:
    """Counts without sums; None is missing."""
    present = [x for x in values if x is not None]
    bins = Counter(bisect_left(EDGES, x) for x in present)
    return Histogram("edges", tuple(bins[i] for i in range(len(EDGES) + 1)), len(values) - len(present))


def histogram_close(a: Histogram, b: Histogram, rows: Rows) -> bool:
    """Counts exactly; sums relative to Σ|y|."""
    scale = fsum(abs(y) for _, y in rows)
    (_, mine), (_, theirs) = a.sums[0], b.sums[0]
    same = (a.digest, a.counts, a.missing) == (b.digest, b.counts, b.missing)
    return same and all(near(x, y, scale) for x, y in zip(mine, theirs, strict=True))


# -------------------------------------------------------------------------------------------------------- sketches


def quantile_sketch(rows: Rows) -> State:
    """A sketch of the finite values; so few that all are retained."""
    finite = [x for x in rows if isfinite(x)]
    return QuantileSketch.of_values(finite, len(rows) - len(finite))


def quantile_sketch_close(a: QuantileSketch, b: QuantileSketch, rows: Rows) -> bool:
    """Counts and ends exactly; every quantile within the bounds of both (of so few values there are none)."""
    found = [(a.quantile(q), b.quantile(q)) for q in (0.0, 0.1, 0.5, 0.77, 1.0)]
    within = all(x == y or (x and y and x.low <= y.value <= x.high) for x, y in found)
    return (a.n, a.n_nonfinite) == (b.n, b.n_nonfinite) and within


def distinct_sketch(rows: Rows) -> State:
    """Registers of the hashes of pairs."""
    return DistinctSketch.count(key_hash(row) for row in rows)


# --------------------------------------------------------------------------------------------------------- grouped


def grouped(build: Callable[[Rows], State]) -> Callable[[Rows], State]:
    """One state per group, and the whole."""

    def of_all(rows: Rows) -> State:
        groups = {key: build([x for k, x in rows if k == key]) for key, _ in rows}
        return Grouped.from_groups(build([x for _, x in rows]), groups)

    return of_all


def grouped_close(close: Close) -> Close:
    """The same groups, each of them (and the whole) as its kind says."""

    def of_all(a: Grouped, b: Grouped, rows: Rows) -> bool:
        mine, theirs = dict(a.groups), dict(b.groups)
        return (
            list(mine) == list(theirs)
            and close(a.whole, b.whole, [x for _, x in rows])
            and all(close(mine[k], theirs[k], [x for key, x in rows if key == k]) for k in mine)
        )

    return of_all


letters = st.sampled_from(["a", "b", "é", "␀", ""])

CASES: tuple[Case, ...] = (
    Case("tally", st.booleans(), tally),
    Case("sums", numbers, sums, sums_close),
    Case("fields", st.integers(-(2**40), 2**40), fields),
    Case("moments", values, moments, moments_close),
    Case("comoments", st.tuples(values, values), comoments, comoments_close),
    Case("span", st.integers(-(2**63), 2**64 - 1) | numbers, span),
    Case("span", words, span),
    Case("span", times, span),
    Case("frequencies", st.none() | words, frequencies),
    Case("histogram", st.tuples(st.none() | values, numbers), histogram, histogram_close),
    Case("keys", st.tuples(letters, st.integers(0, 3) | st.none()), keys),
    Case("confusion", st.tuples(letters, letters), confusion),
    Case("quantile_sketch", values, quantile_sketch, quantile_sketch_close),
    Case("distinct_sketch", st.tuples(letters, st.integers(0, 3) | st.none()), distinct_sketch),
    Case("grouped", st.tuples(letters, st.booleans()), grouped(tally)),
    Case("grouped", st.tuples(letters, values), grouped(moments), grouped_close(moments_close)),
    Case("grouped", st.tuples(letters, st.none() | words), grouped(frequencies)),
)
"""At least one case per registered state: a state without one fails the suite."""
