"""Owns the oracles of distribution and schema: moments, extremes, categories and text, by NumPy, SciPy and pandas."""

import re
import unicodedata
from collections.abc import Callable

import numpy as np
from scipy.stats import entropy, kurtosis, skew

from tests.metrics.asking import NO_DATA, NO_REFERENCE, NOT_APPLICABLE, Asked, Case, Expect, Expected, holds, ratio
from tests.metrics.oracles_data import broken


def of_finite(of: Callable[[np.ndarray], float], at_least: int = 1) -> Expect:
    """A number of the finite values."""

    def expect(asked: Asked) -> Expected:
        n = len(asked.finite)
        return Expected(float(of(asked.finite)), n) if n >= at_least else NOT_APPLICABLE if n else NO_DATA

    return expect


def magnitude(asked: Asked) -> float:
    """The sum of the magnitudes: what rounding of a sum is relative to."""
    return float(np.abs(asked.finite).sum())


def unseen(*, distinct: bool) -> Expect:
    """Values that are not in the reference, as a share of rows or as distinct values."""

    def expect(asked: Asked) -> Expected:
        if asked.known.empty:
            return NO_REFERENCE
        alien = asked.present[~asked.present.isin(set(asked.known))]
        return Expected(alien.nunique(), len(asked.present)) if distinct else ratio(len(alien), len(asked.present))

    return expect


def shape(of: Callable[[np.ndarray], float]) -> Expect:
    """A shape of the finite values, by SciPy; equal values have none."""

    def expect(asked: Asked) -> Expected:
        n = len(asked.finite)
        if len(np.unique(asked.finite)) < 2:
            return NOT_APPLICABLE if n else NO_DATA
        return Expected(float(of(asked.finite)), n)

    return expect


def counted(of: Callable[[np.ndarray], float]) -> Expect:
    """A number of the counts of present values."""

    def expect(asked: Asked) -> Expected:
        counts = asked.present.value_counts().to_numpy()
        return Expected(float(of(counts)), len(asked.present)) if len(counts) else NO_DATA

    return expect


def quantile(q: float) -> Expect:
    """NumPy's, which is of type 7."""
    return of_finite(lambda v: float(np.quantile(v, q)))


def binned(number: int | None) -> Expect:
    """Values in a bin of the frozen edges: NumPy's, turned around, because ours are closed on the right."""

    def expect(asked: Asked) -> Expected:
        if not asked.edges:
            return NO_REFERENCE
        values = -asked.present.astype(float).to_numpy()
        ends = [-np.inf, *(-edge for edge in reversed(asked.edges)), np.inf]
        inside = np.histogram(values[np.isfinite(values)], ends)[0][::-1]
        low, high = int((values == np.inf).sum()), int((values == -np.inf).sum())
        counts = [int(inside[0]) + low, *map(int, inside[1:-1]), int(inside[-1]) + high] if len(inside) > 1 else []
        if number is None:
            return Expected(len(values), len(values))
        return Expected(counts[number - 1], len(values)) if number <= len(counts) else NOT_APPLICABLE

    return expect


def mask(text: str) -> str:
    """Runs of letters (and of numbers that are no digits) as ``a``, of digits as ``9``: character by character."""
    kinds = ["9" if c.isdecimal() else "a" if c.isalnum() else c for c in text]
    return "".join(k for i, k in enumerate(kinds) if k not in "a9" or i == 0 or kinds[i - 1] != k)


def patterns(asked: Asked) -> Expected:
    """Texts whose mask no text of the reference has."""
    if asked.known.empty:
        return NO_REFERENCE
    masks = {mask(text) for text in asked.known}
    return ratio(sum(mask(text) not in masks for text in asked.present), len(asked.present))


def one_spelling(text: object) -> str:
    """Width, case and blanks taken away, one after the other."""
    wide = unicodedata.normalize("NFKC", str(text)).casefold()
    return re.sub(r"\s+", " ", wide).strip()


def near(asked: Asked) -> Expected:
    """Values that are not in the reference, though a value that is spelt otherwise is."""
    if asked.known.empty:
        return NO_REFERENCE
    known, values = set(asked.known), asked.present
    spellings = {one_spelling(v) for v in known}
    return ratio(sum(v not in known and one_spelling(v) in spellings for v in values), len(values))


def rare(least: float) -> Expect:
    """Values of which the reference held fewer than *least* of its rows."""

    def expect(asked: Asked) -> Expected:
        if asked.known.empty:
            return NO_REFERENCE
        shares = asked.known.value_counts(normalize=True)
        return ratio(sum(shares.get(v, 0.0) < least for v in asked.present), len(asked.present))

    return expect


SHAPE: dict[str, tuple[Case, ...]] = {
    "data.mean": (Case(columns=("x", "k"), expect=of_finite(np.mean), scale=magnitude),),
    "data.sum": (Case(columns=("x", "k"), expect=of_finite(np.sum), scale=magnitude),),
    "data.std": (Case(columns=("x", "k"), expect=of_finite(lambda v: np.std(v, ddof=1), at_least=2), scale=magnitude),),
    "data.min": (Case(columns=("x", "k"), expect=of_finite(np.min)),),
    "data.max": (Case(columns=("x", "k"), expect=of_finite(np.max)),),
    "data.skewness": (Case(columns=("x", "k"), expect=shape(skew), scale=lambda _: 1e3),),
    "data.kurtosis": (Case(columns=("x", "k"), expect=shape(kurtosis), scale=lambda _: 1e3),),
    "data.zero_share": (Case(columns=("x", "k"), expect=holds(lambda v: v == 0)),),
    "data.entropy": (Case(columns=("x", "k", "s", "b"), expect=counted(lambda c: entropy(c, base=2))),),
    "data.mode_share": (Case(columns=("x", "k", "s"), expect=counted(lambda c: c.max() / c.sum())),),
    "data.quantile": tuple(
        Case(columns=("x", "k"), given={"q": q, "merge": merge}, expect=quantile(q), scale=magnitude)
        for q, merge in ((0.0, False), (0.25, False), (0.5, True), (0.9, False), (0.99, True), (1.0, False))
    ),
    "data.histogram": (
        Case(columns=("x",), expect=binned(None)),
        Case(columns=("x", "k"), given={"bin": 1}, expect=binned(1)),
        Case(columns=("k",), given={"bin": 3}, expect=binned(3)),
    ),
    "data.schema_violations": (
        Case(expect=lambda _: Expected(2, 5)),
        Case(given={"strict": True}, expect=lambda _: Expected(3, 5)),
    ),
    "data.unseen_pattern_share": (Case(columns=("s", "w"), expect=patterns),),
    "data.near_miss_share": (Case(columns=("w", "k"), expect=near),),
    "data.rare_share": (
        Case(columns=("s",), expect=rare(0.005)),
        Case(columns=("s", "k"), given={"rare": 0.3}, expect=rare(0.3)),
    ),
    "data.mojibake_share": (Case(columns=("s", "w"), expect=holds(lambda v: [broken(text) for text in v])),),
    "data.unseen_share": (Case(columns=("s", "k"), expect=unseen(distinct=False)),),
    "data.unseen_count": (Case(columns=("s", "k"), expect=unseen(distinct=True)),),
}  # fmt: skip
"""By id."""
