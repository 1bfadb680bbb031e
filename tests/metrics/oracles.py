"""Owns the oracles: what every implemented metric of a frame must be; each family's live in a file of their own."""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from tests.metrics.asking import ERROR, NO_DATA, NO_REFERENCE, NOT_APPLICABLE, Asked, Case, Expect, Expected
from tests.metrics.oracles_data import DATA
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


# -------------------------------------------------------------------------------------------------------------- model


def predicted(of: Callable[[np.ndarray, np.ndarray], float | None]) -> tuple[Case, ...]:
    """A number of truth and prediction, over rows with both."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows[["y", "p"]].dropna().astype(float)
        if rows.empty:
            return NO_DATA
        if not np.isfinite(rows.to_numpy()).all():
            return ERROR
        value = of(rows["y"].to_numpy(), rows["p"].to_numpy())
        return NOT_APPLICABLE if value is None else Expected(float(value), len(rows))

    return (Case(given={"truth": "y", "prediction": "p"}, expect=expect),)


def wape(y: np.ndarray, p: np.ndarray) -> float | None:
    """Σ|e| / Σ|y|."""
    return float(np.abs(p - y).sum() / np.abs(y).sum()) if np.abs(y).sum() else None


def bias(y: np.ndarray, p: np.ndarray) -> float | None:
    """Σe / Σ|y|."""
    return float((p - y).sum() / np.abs(y).sum()) if np.abs(y).sum() else None


def r2(y: np.ndarray, p: np.ndarray) -> float | None:
    """scikit-learn's, where the truth varies at all."""
    return float(r2_score(y, p)) if len(np.unique(y)) > 1 else None


ORACLES: dict[str, tuple[Case, ...]] = {
    **DATA, **TIME, **SHAPE,
    **{metric: distances(metric) for metric in DISTANCES},
    "model.wape": predicted(wape),
    "model.mae": predicted(mean_absolute_error),
    "model.rmse": predicted(root_mean_squared_error),
    "model.bias": predicted(bias),
    "model.r2": predicted(r2),
}  # fmt: skip
"""By id: every implemented metric of a frame; one that is missing here fails the build."""
