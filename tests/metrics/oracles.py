"""Owns the oracles: what every implemented metric of a frame must be; each family's live in a file of their own."""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from tests.metrics.asking import NO_DATA, NO_REFERENCE, Asked, Case, Expect, Expected
from tests.metrics.oracles_data import DATA
from tests.metrics.oracles_model import MODEL
from tests.metrics.oracles_scores import SCORES
from tests.metrics.oracles_shape import SHAPE
from tests.metrics.oracles_time import TIME

TOP = 50


# -------------------------------------------------------------------------------------------------------------- drift


def drifted(of: Callable[[np.ndarray, np.ndarray], float]) -> Expect:
    """A distance of reference and current counts, numbers on the frozen edges, categories in the reference's order."""

    def expect(asked: Asked) -> Expected:
        if asked.columns == ("x",) and not asked.edges:
            return NO_REFERENCE
        reference, current = binned(asked) if asked.edges else ordered(asked)
        if reference.sum() == 0:
            return NO_REFERENCE
        return Expected(of(reference, current), int(current.sum())) if current.sum() else NO_DATA

    return expect


def binned(asked: Asked) -> tuple[np.ndarray, np.ndarray]:
    """Counts in right-closed bins with open ends."""
    size = len(asked.edges) + 1
    known, values = (
        np.bincount(np.searchsorted(asked.edges, series.astype(float), side="left"), minlength=size)
        for series in (asked.known, asked.present)
    )
    return known, values


def ordered(asked: Asked) -> tuple[np.ndarray, np.ndarray]:
    """Counts of the commonest reference values, and of all others."""
    known = sorted(asked.known.value_counts().items(), key=lambda pair: (-pair[1], str(pair[0])))
    seen = asked.present.value_counts()
    top = [seen.get(value, 0) for value, _ in known[:TOP]]
    reference = [count for _, count in known[:TOP]]
    rest = len(asked.present) - sum(top)
    return np.array([*reference, sum(count for _, count in known[TOP:])]), np.array([*top, rest])


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """SciPy's relative entropies there and back, of Jeffreys-smoothed shares."""
    p, q = reference + 0.5, current + 0.5
    return float(entropy(p, q) + entropy(q, p))


DISTANCES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "drift.psi": psi,
    "drift.js": lambda r, c: float(np.nan_to_num(jensenshannon(r, c, base=2))),
    "drift.hellinger": lambda r, c: float(np.sqrt(((np.sqrt(r / r.sum()) - np.sqrt(c / c.sum())) ** 2).sum() / 2)),
    "drift.tvd": lambda r, c: float(np.abs(r / r.sum() - c / c.sum()).sum() / 2),
    "drift.linf": lambda r, c: float(np.abs(r / r.sum() - c / c.sum()).max()),
}


def distances(metric: str) -> tuple[Case, ...]:
    """Of numbers and of categories."""
    expect = drifted(DISTANCES[metric])
    scale = 100.0 if metric == "drift.js" else 1.0  # √ of a difference that cancels
    return tuple(Case(columns=(name,), expect=expect, scale=lambda _: scale) for name in ("x", "s"))


ORACLES: dict[str, tuple[Case, ...]] = {
    **DATA, **TIME, **SHAPE, **MODEL, **SCORES,
    **{metric: distances(metric) for metric in DISTANCES},
}  # fmt: skip
"""By id: every implemented metric of a frame; one that is missing here fails the build."""
