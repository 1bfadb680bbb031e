"""Owns the formulas of peers that bin anew: counts of categories, or current values against a frozen distribution."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from qoa_platform.metrics.rebinning import Between, Floats, Frozen, apart, js_term, psi_term, rooted, summed

Counts = tuple[Floats, Floats]
FEW, MANY_ROWS, SAMPLED, MOST_RULES = 20, 10_000, 100_000, 16
FLOOR, RARE = 1e-4, 0.01


class Rule(NamedTuple):
    """A peer's distance of *categories* (exact) and of *numbers* (between limits); text says why there is none."""

    categories: Callable[[Floats, Floats], float | str]
    numbers: Callable[[Frozen, Floats], Between | str]


def _numbers_only(reference: Floats, current: Floats) -> str:  # noqa: ARG001
    return "the peer defines it of numbers only"


def _categories_only(reference: Frozen, values: Floats) -> str:  # noqa: ARG001
    return "the peer defines it of categories only"


def _exact(counts: Floats) -> Between:
    return Between(counts, counts, counts)


def _few(reference: Frozen, values: Floats) -> Counts | str | None:
    """Counts value by value of a reference of at most 20 values, ``None`` of more, and where that is not known."""
    held = reference.counts
    if np.count_nonzero(held) > FEW:
        return None
    if not reference.on_edges:
        return "whether the reference holds more than 20 values was not frozen, and the peer bins by that"
    known = dict(zip(reference.edges[held > 0].tolist(), held[held > 0].tolist(), strict=True))
    found = dict(zip(*(side.tolist() for side in np.unique(values, return_counts=True)), strict=True))
    keys = [*known, *(key for key in found if key not in known)]
    return np.array([known.get(k, 0.0) for k in keys]), np.array([float(found.get(k, 0.0)) for k in keys])


def _together(reference: Frozen, values: Floats, bins: int) -> tuple[Between, Floats]:
    """Counts of both in equal bins over reference and current values together."""
    ends = np.array([min(reference.low, values[0]), max(reference.high, values[-1])])
    edges = np.histogram_bin_edges(ends, bins=bins)
    return reference.binned(edges), np.histogram(values, edges)[0].astype(np.float64)


def _sturges(reference: Frozen, values: Floats) -> int:
    ends = (min(reference.low, values[0]), max(reference.high, values[-1]))
    span = float(ends[1] - ends[0])
    return int(np.ceil(span / (span / (np.log2(reference.n + values.size) + 1.0))))


def _filled(counts: Between, n: float, least: float, most: float) -> Between:
    """Shares, and between *least* and *most* where there may be none."""
    low, likely, high = counts.over(n)
    guess = most if least == most else float(np.sqrt(least * most))
    return Between(np.where(low > 0, low, least), np.where(likely > 0, likely, guess), np.where(high > 0, high, most))


def _evidently_zero(share: float) -> float:
    return share / 1e6 if share <= FLOOR else FLOOR


def _evidently_filled(counts: Between, n: float) -> Between:
    """Evidently's shares: an empty bin is 1e-4, or the smallest share that is not zero ÷ 1e6 when that is ≤ 1e-4."""
    low, _, high = counts
    held = high > 0
    least = float(np.maximum(low[held], 1.0).min()) / n
    most = float(high[low > 0].min()) / n if (low > 0).any() else 1.0
    zeros = sorted({_evidently_zero(least), _evidently_zero(most)})
    limits = _filled(counts, n, min(zeros), max(zeros))
    some = counts.likely[counts.likely > 0]
    guess = _evidently_zero(float(some.min()) / n) if some.size else zeros[0]
    likely = np.where(counts.likely > 0, counts.likely / n, np.clip(guess, limits.least, limits.most))
    lowest = np.where((low <= 0) & held, np.minimum(limits.least, 1 / n), limits.least)
    highest = np.where(low <= 0, np.maximum(limits.most, max(zeros)), limits.most)
    return Between(lowest, np.clip(likely, lowest, highest), highest)


def _point(value: float) -> Between:
    return Between(value, value, value)


def _js(reference: Floats, current: Floats, scale: float) -> float:
    return float(np.sqrt(max(js_term(reference / reference.sum(), current / current.sum()).sum(), 0.0) / scale))


def _evidently_psi_categories(reference: Floats, current: Floats) -> float:
    p, q = (_evidently_filled(_exact(side), float(side.sum())).likely for side in (reference, current))
    return float(psi_term(p, q).sum())


def _evidently_psi(reference: Frozen, values: Floats) -> Between | str:
    few = _few(reference, values)
    if few is not None:
        return few if isinstance(few, str) else _point(_evidently_psi_categories(*few))
    counts, current = _together(reference, values, _sturges(reference, values))
    q = _evidently_filled(_exact(current), float(values.size)).likely
    return summed(psi_term, _evidently_filled(counts, float(reference.n)), q)


def _evidently_js_categories(reference: Floats, current: Floats) -> float:
    return _js(reference, current, 1.0)


def _evidently_js(reference: Frozen, values: Floats) -> Between | str:
    few = _few(reference, values)
    if few is not None:
        return few if isinstance(few, str) else _point(_evidently_js_categories(*few))
    counts, current = _together(reference, values, _sturges(reference, values))
    return rooted(summed(js_term, counts.over(reference.n), current / values.size), 1.0)


def _frouros_psi(reference: Frozen, values: Floats) -> Between:
    counts, current = _together(reference, values, 10)
    least = sys.float_info.min
    q = _filled(_exact(current), float(values.size), least, least).likely
    return summed(psi_term, _filled(counts, float(reference.n), least, least), q)


def _deepchecks_psi_categories(reference: Floats, current: Floats) -> float | str:
    if max(reference.sum(), current.sum()) > SAMPLED:
        return "the peer draws 100,000 rows of a larger table: its figure depends on the draw"
    rare = reference < RARE * reference.sum()
    sides = [np.append(side[~rare], side[rare].sum()) / side.sum() for side in (reference, current)]
    kept = sides if max(side[-1] for side in sides) > RARE else [side[:-1] for side in sides]
    p, q = (np.maximum(side, RARE) for side in kept)
    return float(psi_term(p, q).sum())


def _nanny_js_categories(reference: Floats, current: Floats) -> float:
    unseen = reference == 0
    now = np.append(current[~unseen], current[unseen].sum())
    return _js(np.append(reference[~unseen], 0.0), now, float(np.log(2)))


def _nanny_js(reference: Frozen, values: Floats) -> Between | str:
    rules = reference.doane()
    if len(rules) > MOST_RULES:
        return "how many bins the rule gives follows from the skewness, which the frozen bins leave open"
    found = [_nanny_js_of(reference, values, bins) for bins in rules]
    whole = found[len(found) // 2]
    for part in found:
        whole = whole.hull(part)
    return whole


def _nanny_js_of(reference: Frozen, values: Floats, bins: int) -> Between:
    edges = np.histogram_bin_edges(np.array([reference.low, reference.high]), bins=bins)
    q = np.histogram(values, edges)[0] / values.size
    p = reference.binned(edges).over(reference.n)
    left = max(1.0 - float(q.sum()), 0.0)
    p = Between(*(np.append(side, 0.0) for side in p))
    return rooted(summed(js_term, p, np.append(q, left)), float(np.log(2)))


def _nanny_ks(reference: Frozen, values: Floats) -> Between:
    if reference.n < MANY_ROWS:
        _, at, within = _everywhere(reference, values)
        return Between(float(at.least.max()), float(at.likely.max()), float(within.most.max()))
    gaps = _on_grid(reference, values)[1]
    return Between(*(float(np.max(side)) for side in gaps))


def _nanny_wasserstein(reference: Frozen, values: Floats) -> Between:
    if reference.n < MANY_ROWS:
        points, _, gaps = _everywhere(reference, values)
        return Between(*(float((side[:-1] * np.diff(points)).sum()) for side in gaps))
    less, more = values[values < reference.low], values[values > reference.high]
    before = (less.size + 1) / values.size if less.size else 0.0
    edges, gaps = _on_grid(reference, values, before)
    tails = _tail(less, reference.low, values.size) + _tail(-more, -reference.high, values.size)
    return Between(*(float(side.sum() * (edges[1] - edges[0])) + tails for side in gaps))


def _tail(outside: Floats, end: float, n: int) -> float:
    """``(n + 1)/N`` times the area under the distribution of what lies below *end*, and of *end* itself."""
    if not outside.size:
        return 0.0
    points, counts = np.unique(np.append(outside, end), return_counts=True)
    area = float((np.cumsum(counts)[:-1] * np.diff(points)).sum()) / (outside.size + 1)
    return area * (outside.size + 1) / n


def _on_grid(reference: Frozen, values: Floats, before: float | None = None) -> tuple[Floats, Between]:
    """The edges of 10 000 equal bins, and the gaps at their ends; *before*: the share below, as the peer has it."""
    edges = np.histogram_bin_edges(np.array([reference.low, reference.high]), bins=MANY_ROWS)
    inside = np.cumsum(np.histogram(values, edges)[0]) / values.size
    share = float(np.count_nonzero(values < reference.low)) / values.size if before is None else before
    below, last = reference.below(edges[1:-1]), reference.at_most(edges[-1:])
    known = Between(*(np.append(a, b) / reference.n for a, b in zip(below, last, strict=True)))
    return edges, apart(known, share + inside)


def _everywhere(reference: Frozen, values: Floats) -> tuple[Floats, Between, Between]:
    """All edges and values, the gaps at each, and those from each up to the next."""
    points = np.unique(np.concatenate((reference.edges, values)))
    current = np.searchsorted(values, points, side="right") / values.size
    at, end = reference.at_most(points), reference.below(np.append(points[1:], np.inf))
    within = Between(at.least, (at.likely + np.maximum(end.likely, at.likely)) / 2, np.maximum(end.most, at.most))
    return points, apart(at.over(reference.n), current), apart(within.over(reference.n), current)


def figure(rule: Rule, reference: Frozen, values: Floats) -> Between | str:
    """The peer's figure between its limits, or why there is none: where NumPy finds no bins, the peer finds none."""
    try:
        with np.errstate(all="ignore"):
            return rule.numbers(reference, values)
    except (ValueError, OverflowError) as error:
        return f"the peer has no bins here: {error}"


def numbers(frame: Any, column: str) -> Floats:
    """The present values, sorted."""
    import polars as pl  # noqa: PLC0415 (heavy import)

    found = frame.get_column(column).cast(pl.Float64).drop_nulls().to_numpy()
    return np.sort(found[~np.isnan(found)])


def beside(known: Mapping[str, int], found: Mapping[str, int]) -> Counts:
    """Counts of every value that either side holds."""
    keys = [*known, *(key for key in found if key not in known)]
    reference, current = (np.array([float(side.get(key, 0)) for key in keys]) for side in (known, found))
    return reference, current


RULES: Mapping[str, Rule] = {
    "evidently_psi": Rule(_evidently_psi_categories, _evidently_psi),
    "evidently_js": Rule(_evidently_js_categories, _evidently_js),
    "frouros_psi": Rule(_numbers_only, _frouros_psi),
    "deepchecks_psi": Rule(_deepchecks_psi_categories, _categories_only),
    "nanny_js": Rule(_nanny_js_categories, _nanny_js),
    "nanny_ks": Rule(_numbers_only, _nanny_ks),
    "nanny_wasserstein": Rule(_numbers_only, _nanny_wasserstein),
}
"""By the name that a metric has."""
