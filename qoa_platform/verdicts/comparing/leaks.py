"""Owns leaks: groups that random folds split, whether rows of one are alike, and by how much the score is too good."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from qoa_platform.verdicts.comparing.decisions import Effect

Values = NDArray[np.generic]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Folds = list[tuple[Ints, Ints]]
ALPHA, LIFT, SAMPLE = 0.001, 1.5, 5_000
"""A column groups rows that are alike where neighbours share it beyond chance (z at α) and so many times as often; rows
that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """What *groups* do to random folds.

    *shared*: the share of test rows whose group was trained on; *alike*: of rows, whose nearest neighbour in the
    features is of their own group, *expected*: by chance; *gap*: by how much more often (or nearer) the same
    model is right on random folds, each group counting the same, with an interval by group.
    *matters* when it leaks and the gap's interval lies above 0, or,
    without a gap, when rows are alike.
    """

    name: str
    groups: int
    shared: float
    alike: float
    expected: float
    random: float | None = None
    grouped: float | None = None
    gap: Effect | None = None

    @property
    def lifts(self) -> bool:
        """Whether neighbours share the group clearly more often than chance has it."""
        return self.alike > max(LIFT * self.expected, self.expected + 0.05)

    @property
    def matters(self) -> bool:
        """Whether random folds must not be believed."""
        return self.shared > 0 and (self.gap.low > 0 if self.gap is not None else self.lifts)

    def __str__(self) -> str:
        said = f"{self.name}: {self.shared:.0%} of test rows of random folds have their group in the training rows"
        if self.lifts:
            said += (
                f"; {self.alike:.0%} of rows have their nearest neighbour in their group (chance {self.expected:.0%})"
            )
        if self.gap is not None:
            said += (
                f"; random folds say {self.random:.3f}, folds by group {self.grouped:.3f} "
                f"(gain, by group: {self.gap.estimate:+.3f}, {self.gap.low:+.3f} to {self.gap.high:+.3f})"
            )
        return said


def shared(groups: Values, folds: Folds) -> float:
    """The share of test rows whose group is also in the training rows of their fold."""
    inside = total = 0
    for train, test in folds:
        inside += int(np.isin(groups[test], np.unique(groups[train])).sum())
        total += len(test)
    return inside / total if total else 0.0


def likeness(features: Floats, groups: Values, draw: np.random.Generator) -> tuple[float, float, float]:
    """How many rows have their nearest neighbour in their own group, how many by chance, and p (one-sided, normal).

    Features count by their ranks, so that no unit and no outlier decides; missing ones stand in the middle.
    """
    n = len(groups)
    kept = draw.choice(n, SAMPLE, replace=False) if n > SAMPLE else np.arange(n)
    codes = np.unique(groups[kept], return_inverse=True)[1]
    count = len(kept)
    if count < 3 or features.shape[1] == 0:  # noqa: PLR2004 (no neighbours to speak of)
        return 0.0, 0.0, 1.0
    nearest = _nearest(_ranked(features[kept]))
    sizes = np.bincount(codes)
    alike, chance = float((codes[nearest] == codes).mean()), float((sizes * (sizes - 1)).sum() / (count * (count - 1)))
    spread = np.sqrt(max(chance * (1 - chance), 1e-12) * 2 / count)
    return alike, chance, float(norm.sf((alike - chance) / spread))


def _ranked(features: Floats) -> Floats:
    from scipy.stats import rankdata  # noqa: PLC0415 (only here)

    ranks = np.full(features.shape, 0.5)
    for k, column in enumerate(features.T):
        good = np.isfinite(column)
        if good.sum() > 1:
            ranks[good, k] = rankdata(column[good]) / good.sum()
    return ranks


def _nearest(points: Floats) -> Ints:
    """The nearest other row of each."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 (heavy import)

    found = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(return_distance=False)
    return np.asarray(found[:, 0], dtype=np.int64)


def candidates(columns: Mapping[str, Values], features: Floats, draw: np.random.Generator) -> tuple[str, ...]:
    """The columns whose values repeat and whose rows are alike, the most alike first: folds may have to respect them.

    A column is a candidate with 2 to n/2 values, no floats; p is one-sided at .001, over all columns (Bonferroni).
    """
    rated = []
    for name, column in columns.items():
        distinct = len(np.unique(column.astype(str) if column.dtype.kind == "O" else column))
        if column.dtype.kind == "f" or not 2 <= distinct <= len(column) / 2:  # noqa: PLR2004
            continue
        alike, chance, p = likeness(features, column.astype(str), draw)
        if p * len(columns) <= ALPHA and alike > max(LIFT * chance, chance + 0.05):
            rated.append((alike - chance, name))
    return tuple(name for _, name in sorted(rated, reverse=True))


def duplicates(features: Floats, digits: int = 9) -> Ints:
    """The group of rows with the very same features (to so many digits): near-duplicates must not be split."""
    rounded = np.round(np.nan_to_num(features, nan=-1e300, posinf=1e300, neginf=-2e300), digits)
    return np.unique(rounded, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
