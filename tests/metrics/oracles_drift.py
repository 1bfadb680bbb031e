"""Owns the oracles of drift: what SciPy and NumPy say of reference and current values, or of their counts."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist, jensenshannon, pdist
from scipy.stats import chi2_contingency, entropy, ks_2samp, kstwo, wasserstein_distance
from scipy.stats.contingency import association

from tests.metrics.asking import ERROR, NO_DATA, NO_REFERENCE, NOT_APPLICABLE, Asked, Case, Expect, Expected

Array = np.ndarray
TOP = 50


def of_counts(of: Callable[[Array, Array, bool], float | None]) -> Expect:
    """A number of reference and current counts, numbers on the frozen edges, categories in the reference's order."""

    def expect(asked: Asked) -> Expected:
        if asked.columns == ("x",) and not asked.edges:
            return NO_REFERENCE
        reference, current = binned(asked) if asked.edges else ordered(asked)
        if reference.sum() == 0:
            return NO_REFERENCE
        if not current.sum():
            return NO_DATA
        value = of(reference, current, bool(asked.edges))
        return NOT_APPLICABLE if value is None else Expected(float(value), int(current.sum()))

    return expect


def binned(asked: Asked) -> tuple[Array, Array]:
    """Counts in right-closed bins with open ends."""
    size = len(asked.edges) + 1
    known, values = (
        np.bincount(np.searchsorted(asked.edges, series.astype(float), side="left"), minlength=size)
        for series in (asked.known, asked.present)
    )
    return known, values


def ordered(asked: Asked) -> tuple[Array, Array]:
    """Counts of the commonest reference values, and of all others."""
    known = sorted(asked.known.value_counts().items(), key=lambda pair: (-pair[1], str(pair[0])))
    seen = asked.present.value_counts()
    top = [seen.get(value, 0) for value, _ in known[:TOP]]
    reference = [count for _, count in known[:TOP]]
    rest = len(asked.present) - sum(top)
    return np.array([*reference, sum(count for _, count in known[TOP:])]), np.array([*top, rest])


def psi(reference: Array, current: Array) -> float:
    """SciPy's relative entropies there and back, of Jeffreys-smoothed shares."""
    p, q = reference + 0.5, current + 0.5
    return float(entropy(p, q) + entropy(q, p))


DISTANCES: dict[str, Callable[[Array, Array], float]] = {
    "drift.psi": psi,
    "drift.js": lambda r, c: float(np.nan_to_num(jensenshannon(r, c, base=2))),
    "drift.hellinger": lambda r, c: float(np.sqrt(((np.sqrt(r / r.sum()) - np.sqrt(c / c.sum())) ** 2).sum() / 2)),
    "drift.tvd": lambda r, c: float(np.abs(r / r.sum() - c / c.sum()).sum() / 2),
    "drift.linf": lambda r, c: float(np.abs(r / r.sum() - c / c.sum()).max()),
}


def pooled(reference: Array, current: Array, *, numbers: bool) -> Array:
    """The table, its columns merged one by one until five values are expected everywhere, or one column is left."""
    table = np.array([reference, current])
    table = table[:, table.sum(axis=0) > 0] if numbers else table

    def small() -> Array:
        total = table.sum()
        found: Array = np.outer(table.sum(axis=1), table.sum(axis=0)).min(axis=0) / total < 5 - 1e-9
        return found

    while table.shape[1] > 1 and small().any():
        if numbers:
            i = int(np.argmax(small()))
            j = i + 1 if i + 1 < table.shape[1] else i - 1
        else:
            named = small()[:-1]
            if named.any():
                i = int(np.argmax(named))
            elif table[:, -1].sum() == 0:
                table = table[:, :-1]
                break
            else:
                i = int(np.argmin(table[:, :-1].sum(axis=0)))
            j = table.shape[1] - 1
        table[:, j] += table[:, i]
        table = np.delete(table, i, axis=1)
    return table[:, table.sum(axis=0) > 0]


def of_table(of: Callable[[Array], float]) -> Callable[[Array, Array, bool], float | None]:
    """A number of the pooled table; of one column that several were pooled into there is none."""

    def value(reference: Array, current: Array, numbers: bool) -> float | None:
        table = pooled(reference, current, numbers=numbers)
        if table.shape[1] > 1:
            return of(table)
        return None if np.count_nonzero(reference + current) > 1 else of(table)

    return value


TABLES: dict[str, Callable[[Array], float]] = {
    "drift.chi2": lambda t: float(chi2_contingency(t, correction=False).statistic),
    "drift.chi2_p": lambda t: float(chi2_contingency(t, correction=False).pvalue),
    "drift.cramers_v": lambda t: float(association(t, method="cramer")) if t.shape[1] > 1 else 0.0,
}


def of_values(of: Callable[[Array, Array], float | None], *, within: bool = True, infinite: bool = True) -> Expect:
    """A number of the values themselves; without *infinite*, ±inf of the reference or of the data leaves none."""

    def expect(asked: Asked) -> Expected:
        known, own = (series.astype(float).to_numpy() for series in (asked.known, asked.present))
        if not asked.edges or not known.size:
            return NO_REFERENCE
        if not own.size:
            return NO_DATA
        if not infinite and not np.isfinite(known).all():
            return NOT_APPLICABLE
        if not infinite and not np.isfinite(own).all():
            return ERROR
        value = of(known, own)
        return NOT_APPLICABLE if value is None else Expected(float(value), own.size, within=within)

    return expect


def ks(known: Array, own: Array) -> float:
    """SciPy's D; of one value on either side it cannot say a p, and warns."""
    with np.errstate(all="ignore"):
        return float(ks_2samp(known, own, method="asymp").statistic)


def ks_p(known: Array, own: Array) -> float | None:
    """SciPy's asymptotic p of its own D."""
    size = np.round(known.size * own.size / (known.size + own.size))
    return float(kstwo.sf(ks(known, own), size)) if size else None


def mean_shift(asked: Asked) -> Expected:
    """Of finite values."""
    known = asked.known.astype(float).to_numpy()
    known = known[np.isfinite(known)]
    if not known.size:
        return NO_REFERENCE
    if not asked.finite.size:
        return NO_DATA
    if len(set(known.tolist())) == 1:
        return NOT_APPLICABLE
    return Expected(float((asked.finite.mean() - known.mean()) / known.std()), asked.finite.size)


def standardised(known: Array, own: Array) -> float | None:
    """SciPy's distance in standard deviations."""
    return float(wasserstein_distance(known, own) / known.std()) if len(set(known.tolist())) > 1 else None


def distances(metric: str) -> tuple[Case, ...]:
    """Of numbers and of categories."""
    of = DISTANCES[metric]
    scale = 100.0 if metric == "drift.js" else 1.0  # √ of a difference that cancels
    expect = of_counts(lambda r, c, _: of(r, c))
    return tuple(Case(columns=(name,), expect=expect, scale=lambda _: scale) for name in ("x", "s"))


def tables(metric: str) -> tuple[Case, ...]:
    """Of numbers and of categories."""
    return tuple(Case(columns=(name,), expect=of_counts(of_table(TABLES[metric]))) for name in ("x", "s"))


def magnitude(asked: Asked) -> float:
    """What digits of an area are lost to."""
    return float(np.abs(asked.finite).max(initial=1.0))


def finite(rows: Any) -> Array:
    """The rows of x and c in which both are finite."""
    found: Array = rows[["x", "c"]].dropna().astype(float).to_numpy()
    kept: Array = found[np.isfinite(found).all(axis=1)]
    return kept


def mmd(asked: Asked) -> Expected:
    """The kernel itself, of all pairs, with the same two corrections: random features are O(1/√256) apart."""
    every, known, own = finite(asked.everything), finite(asked.reference), finite(asked.rows)
    spread = every.std(axis=0) if len(every) else np.ones(2)
    every, known, own = (part / np.where(spread > 0, spread, 1.0) for part in (every, known, own))
    widths = [d for d in pdist(every) if d > 0] if len(every) > 1 else []
    if not widths or not len(known):
        return NO_REFERENCE
    if not len(own):
        return NO_DATA
    same, other, across = (
        float(np.exp(-cdist(a, b, "sqeuclidean") / (2 * np.median(widths) ** 2)).mean())
        for a, b in ((known, known), (own, own), (known, own))
    )
    value = same + other - 2 * across - (1 - same) / len(known) - (1 - other) / len(own)
    return Expected(value, len(own), off=0.35)


def told_apart(asked: Asked) -> Expected:
    """So few rows cannot be told apart; tests of their own have more."""
    return NOT_APPLICABLE if len(asked.rows.dropna(subset=["x", "s"], how="all")) else NO_DATA


DRIFT: dict[str, tuple[Case, ...]] = {
    **{metric: distances(metric) for metric in DISTANCES},
    **{metric: tables(metric) for metric in TABLES},
    "drift.ks": (Case(columns=("x",), expect=of_values(ks)),),
    "drift.ks_p": (Case(columns=("x",), expect=of_values(ks_p)),),
    "drift.wasserstein": (
        Case(columns=("x",), expect=of_values(wasserstein_distance, infinite=False), scale=magnitude),
    ),
    "drift.wasserstein_std": (
        Case(columns=("x",), expect=of_values(standardised, infinite=False), scale=lambda a: 1e6 * magnitude(a)),
    ),
    "drift.mmd": (Case(columns=("x", "c"), expect=mmd),),
    "drift.domain_auc": (Case(columns=("x", "s"), expect=told_apart, grouped=False),),
    "drift.mean_shift": (Case(columns=("x",), expect=mean_shift, scale=lambda a: 1e6 * magnitude(a)),),
}  # fmt: skip
"""By id: every implemented metric of drift."""
