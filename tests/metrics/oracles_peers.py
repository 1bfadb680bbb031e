"""Peers' distances, written down anew from what they document, over the raw values of both sides."""

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

Floats = NDArray[np.float64]


def _shares(known: Floats, own: Floats, edges: Floats) -> tuple[Floats, Floats]:
    first, second = (np.histogram(side, edges)[0] / side.size for side in (known, own))
    return first, second


def _by_value(known: Floats, own: Floats) -> tuple[Floats, Floats]:
    counted = [Counter(side.tolist()) for side in (known, own)]
    keys = [*set().union(*counted)]
    first, second = (np.array([c[k] / sum(c.values()) for k in keys]) for c in counted)
    return first, second


def _evidently(known: Floats, own: Floats) -> tuple[Floats, Floats]:
    if np.unique(known).size <= 20 or known.dtype.kind == "U":
        return _by_value(known, own)
    return _shares(known, own, np.histogram_bin_edges(np.concatenate((known, own)), bins="sturges"))


def _psi(p: Floats, q: Floats) -> float:
    return float(((p - q) * np.log(p / q)).sum())


def evidently_psi(known: Floats, own: Floats) -> float:
    """Empty bins: 1e-4, or the smallest share ÷ 1e6 where that is at most 1e-4."""
    filled = []
    for side in _evidently(known, own):
        least = side[side > 0].min()
        filled.append(np.where(side == 0, least / 1e6 if least <= 1e-4 else 1e-4, side))
    return _psi(filled[0], filled[1])


def evidently_js(known: Floats, own: Floats) -> float:
    """The distance, base e."""
    return float(jensenshannon(*_evidently(known, own)))


def frouros_psi(known: Floats, own: Floats) -> float:
    """Ten bins, the smallest positive float for nothing."""
    edges = np.histogram_bin_edges(np.concatenate((known, own)), bins=10)
    p, q = (np.where(side == 0, sys.float_info.min, side) for side in _shares(known, own, edges))
    return _psi(p, q)


def nannyml_js(known: Floats, own: Floats) -> float:
    """Doane bins of the reference and one for the rest; of categories its values and one for the rest."""
    if known.dtype.kind == "U":
        p, q = _by_value(known, own)
        p, q = np.append(p[p > 0], 0), np.append(q[p > 0], q[p == 0].sum())
    else:
        p, q = _shares(known, own, np.histogram_bin_edges(known, bins="doane"))
        p, q = np.append(p, 0), np.append(q, max(1 - q.sum(), 0))
    return float(jensenshannon(p, q, base=2))


def nannyml_ks(known: Floats, own: Floats) -> float:
    """Raw below 10 000 values, else at the ends of 10 000 bins."""
    if known.size < 10_000:
        return float(ks_2samp(known, own, method="asymp").statistic)
    p, q = _shares(known, own, np.linspace(known.min(), known.max(), 10_001))
    return float(np.abs(np.cumsum(p) - (own < known.min()).mean() - np.cumsum(q)).max())


def nannyml_wasserstein(known: Floats, own: Floats) -> float:
    """Raw below 10 000 values, else binned, with tails that count one more value than there is."""
    if known.size < 10_000:
        return float(wasserstein_distance(known, own))
    counts, edges = np.histogram(known, bins=10_000)
    shares = np.histogram(own, edges)[0] / own.size
    below, above, tails, before = own[own < edges[0]], own[own > edges[-1]], 0.0, 0.0
    if below.size:
        before = (below.size + 1) / own.size
        x, n = np.unique(np.append(below, edges[0]), return_counts=True)
        tails += before * float(((np.cumsum(n) / n.sum())[:-1] * np.diff(x)).sum())
    if above.size:
        x, n = np.unique(np.append(edges[-1], above), return_counts=True)
        tails += (above.size + 1) / own.size * float(((1 - np.cumsum(n) / n.sum())[:-1] * np.diff(x)).sum())
    within = np.abs(np.cumsum(counts / known.size) - np.cumsum(shares) - before).sum() * (edges[1] - edges[0])
    return float(within) + tails


def deepchecks_psi(known: Floats, own: Floats) -> float:
    """Rare values of the reference (< 1 %) are one, which stands where either side has more than 1 % of it."""
    p, q = _by_value(known, own)
    rest = (p[p < 0.01].sum(), q[p < 0.01].sum())
    keep = [(a, b) for a, b in zip(p, q, strict=True) if a >= 0.01] + ([rest] if max(rest) > 0.01 else [])
    floored = np.maximum(np.array(keep), 0.01)
    return _psi(floored[:, 0], floored[:, 1])


NUMERIC: dict[tuple[str, str], Callable[[Floats, Floats], float]] = {
    ("evidently-0.7", "drift.psi"): evidently_psi,
    ("evidently-0.7", "drift.js"): evidently_js,
    ("frouros-0.9", "drift.psi"): frouros_psi,
    ("nannyml-0.13", "drift.js"): nannyml_js,
    ("nannyml-0.13", "drift.ks"): nannyml_ks,
    ("nannyml-0.13", "drift.wasserstein"): nannyml_wasserstein,
}
CATEGORIES: dict[tuple[str, str], Callable[[Floats, Floats], float]] = {
    ("evidently-0.7", "drift.psi"): evidently_psi,
    ("evidently-0.7", "drift.js"): evidently_js,
    ("nannyml-0.13", "drift.js"): nannyml_js,
    ("deepchecks-0.19", "drift.psi"): deepchecks_psi,
}
