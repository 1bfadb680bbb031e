"""Owns ConfidenceEstimator: metrics of classification from calibrated confidence (CBPE), with intervals that hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from qoa_platform.records import Reason
from qoa_platform.verdicts.estimating.calibration import Calibration, Floats, Method, Places
from qoa_platform.verdicts.estimating.estimate import Estimate
from qoa_platform.verdicts.estimating.scores import BY_SCORE, BY_TABLE, CLASSIFICATION, confusion

DRAWS = 200
REPLICATES = 20
"""Calibrations fitted anew on blocks of the reference."""
BLOCKS = 20
FOLDS = 5
WINDOWS = 40
"""At most so many windows of the reference show how far estimates stray."""
LEAST_WINDOWS = 6
GREATEST = {"log_loss": inf, "brier": 2.0}
"""The greatest value of a metric, where that is not 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Rows whose outcome is known: class *labels* and *predicted* as positions, *scores* ``(n, K)``."""

    labels: Places
    predicted: Places
    scores: Floats

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, chosen: slice | Places) -> "Labelled":
        """Some of the rows."""
        return Labelled(
            labels=self.labels[chosen], predicted=self.predicted[chosen], scores=self.scores[chosen]
        )  # fmt: skip

    def before(self, later: "Labelled", most: int) -> "Labelled":
        """These rows and *later* ones, of which the newest *most* are kept."""
        pairs = [(self.labels, later.labels), (self.predicted, later.predicted), (self.scores, later.scores)]
        labels, predicted, scores = (np.concatenate(pair)[-most:] for pair in pairs)
        return Labelled(labels=labels, predicted=predicted, scores=scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceEstimator:
    """What the scores of a classifier say of its metrics, after calibration on rows whose outcomes are known.

    Each score becomes a probability by a :class:`Calibration` per class (renormalised where there are more than two);
    the expected confusion with the decisions actually taken gives the metrics, as if it had been observed (CBPE). It
    assumes that the relation of inputs to outcomes is unchanged: a change of inputs is seen, of that relation not.

    Intervals are those of the realised metric: outcomes are drawn from the probabilities of calibrations that were
    fitted on blocks of the reference drawn with replacement, and widened by how much more windows of the reference
    strayed from their own (cross-fitted) estimates than such draws do.

    Source: NannyML documentation, How it works (CBPE); Guo et al. (2017) for calibration; Künsch (1989) for blocks.
    """

    reference: Labelled
    method: Method | None
    """The calibration that was asked for; ``None``: each class's is chosen, anew when it is refreshed."""
    maps: tuple[Calibration, ...]
    replicates: tuple[tuple[Calibration, ...], ...]
    held: Floats
    """Cross-fitted probabilities of the reference, ``(n, K)``."""

    @classmethod
    def fit(cls, reference: Labelled, *, method: Method | None = None, seed: int = 0) -> "ConfidenceEstimator":
        """Calibrate on *reference*, rows in the order of time. *seed* draws the blocks. Raises ValueError on none."""
        maps = _calibrated(reference, [method] * reference.scores.shape[1])
        rng = np.random.default_rng(seed)
        blocks = np.array_split(np.arange(len(reference)), min(BLOCKS, len(reference)))
        drawn = [
            np.concatenate([blocks[i] for i in rng.integers(0, len(blocks), len(blocks))]) for _ in range(REPLICATES)
        ]
        methods = [m.method for m in maps]
        return cls(
            reference=reference, method=method, maps=maps, held=_held(reference, methods),
            replicates=tuple(_calibrated(reference.rows(rows), methods) for rows in drawn),
        )  # fmt: skip

    def refreshed(self, later: Labelled, *, seed: int = 0) -> "ConfidenceEstimator":
        """The same after outcomes came in: calibrated on as many rows as before, the newest ones."""
        newest = self.reference.before(later, len(self.reference))
        return ConfidenceEstimator.fit(newest, method=self.method, seed=seed)

    def probabilities(self, scores: Floats) -> Floats:
        """``(n, K)``: the probability of each class."""
        return _probable(self.maps, scores)

    def estimate(
        self, predicted: Places, scores: Floats, *,
        metrics: Sequence[str] = CLASSIFICATION, confidence: float = 0.95, seed: int = 0,
    ) -> dict[str, Estimate]:  # fmt: skip
        """Each of *metrics* in a window without outcomes."""
        if not len(predicted):
            return {
                m: Estimate(metric=m, value=None, n=0, confidence=confidence, reason=Reason.NO_DATA) for m in metrics
            }
        expected = _values(metrics, self.probabilities(scores), predicted, scores)
        drawn = self._drawn(metrics, predicted, scores, np.random.default_rng(seed))
        wider = self._straying(metrics, len(predicted))
        return {
            m: _estimate(m, float(expected[m]), drawn[m], wider[m], len(predicted), confidence) for m in metrics
        }  # fmt: skip

    def _drawn(
        self, metrics: Sequence[str], predicted: Places, scores: Floats,
        rng: np.random.Generator,
    ) -> dict[str, Floats]:  # fmt: skip
        """The metrics under outcomes drawn from the replicated calibrations."""
        found: dict[str, list[Floats]] = {m: [] for m in metrics}
        for maps in self.replicates:
            heights = np.cumsum(_probable(maps, scores), axis=1)
            u = rng.random((DRAWS // REPLICATES, len(scores), 1))
            labels = np.minimum((u > heights).sum(axis=-1), scores.shape[1] - 1)
            values = _values(metrics, np.eye(scores.shape[1])[labels], predicted, scores)
            for m in metrics:
                found[m].append(values[m])
        return {m: np.concatenate(parts) for m, parts in found.items()}

    def _straying(self, metrics: Sequence[str], n: int) -> dict[str, float]:
        """The standard deviation by which windows of *n* rows of the reference stray beyond chance, by metric."""
        size = min(n, len(self.reference) // LEAST_WINDOWS)
        if size < 2:  # noqa: PLR2004 (a window of one row has no metric)
            return dict.fromkeys(metrics, 0.0)
        known = self.reference
        starts = np.linspace(0, len(known) - size, min(WINDOWS, len(known) // size)).astype(int)
        rng, eye = np.random.default_rng(0), np.eye(known.scores.shape[1])
        misses: dict[str, list[tuple[float, float]]] = {m: [] for m in metrics}
        for start in starts:
            rows = slice(int(start), int(start) + size)
            part, chance = known.rows(rows), self.held[rows]
            told = _values(metrics, chance, part.predicted, part.scores)
            true = _values(metrics, eye[part.labels], part.predicted, part.scores)
            u = rng.random((20, size, 1))
            labels = np.minimum((u > np.cumsum(chance, axis=1)).sum(axis=-1), len(eye) - 1)
            lucky = _values(metrics, eye[labels], part.predicted, part.scores)
            for m in metrics:
                miss, spread = float(true[m] - told[m]), float(np.nanvar(lucky[m])) if _some(lucky[m]) else np.nan
                if np.isfinite(miss) and np.isfinite(spread):
                    misses[m].append((miss * miss, spread))
        return {m: sqrt(max(0.0, float(np.mean(pairs, axis=0) @ [1, -1]))) if pairs else 0.0
                for m, pairs in misses.items()}  # fmt: skip


def realised(metrics: Sequence[str], known: Labelled) -> dict[str, float]:
    """The metrics of rows whose outcomes are known; NaN where one is not defined."""
    weights = np.eye(known.scores.shape[1])[known.labels]
    return {m: float(v) for m, v in _values(metrics, weights, known.predicted, known.scores).items()}


def _some(values: Floats) -> bool:
    return bool(np.isfinite(values).any())


def _values(metrics: Sequence[str], weights: Floats, predicted: Places, scores: Floats) -> dict[str, Floats]:
    table = confusion(weights, predicted)
    return {m: BY_TABLE[m](table) if m in BY_TABLE else BY_SCORE[m](weights, scores) for m in metrics}


def _estimate(metric: str, value: float, drawn: Floats, wider: float, n: int, confidence: float) -> Estimate:
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return Estimate(metric=metric, value=None, n=n, confidence=confidence, reason=Reason.NOT_APPLICABLE)
    low, high = (float(q) for q in np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2]))
    spread = float(drawn.std())
    factor = sqrt(1 + (wider / spread) ** 2) if spread > 0 else 1.0
    low, high = value - max(value - low, 0.0) * factor, value + max(high - value, 0.0) * factor
    top = GREATEST.get(metric, 1.0)
    return Estimate(metric=metric, value=value, low=max(low, 0.0), high=min(high, top), n=n, confidence=confidence)


def _calibrated(known: Labelled, methods: Sequence[Method | None]) -> tuple[Calibration, ...]:
    """One map per class; of two classes the second's alone, for the first is what is left."""
    classes = [1] if known.scores.shape[1] == 2 else range(known.scores.shape[1])  # noqa: PLR2004
    return tuple(
        Calibration.fit(known.scores[:, k], known.labels == k, method=methods[min(i, len(methods) - 1)])
        for i, k in enumerate(classes)
    )


def _held(known: Labelled, methods: Sequence[Method]) -> Floats:
    """The probabilities of *known* rows, each stretch from calibrations of the others."""
    fold, out = np.arange(len(known)) * FOLDS // len(known), np.empty_like(known.scores)
    for k in range(FOLDS if len(known) > 2 * FOLDS else 0):
        rest, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        out[held] = _probable(_calibrated(known.rows(rest), methods), known.scores[held])
    return out


def _probable(maps: Sequence[Calibration], scores: Floats) -> Floats:
    if len(maps) == 1:
        p = maps[0].probabilities(scores[:, 1])
        return np.column_stack([1 - p, p])
    raw = np.column_stack([m.probabilities(scores[:, k]) for k, m in enumerate(maps)])
    total = raw.sum(axis=1, keepdims=True)
    return np.where(total > 0, raw / np.where(total > 0, total, 1.0), 1.0 / len(maps))
