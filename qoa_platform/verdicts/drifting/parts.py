"""Owns parts: a change of a mean split by segments (mix and within), and a change of a loss by its causes. Exactly."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.drifting.coding import Coded

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one segment adds to a change: by its share of rows (*mix*) and by its own values (*within*).

    *shares* are its rows ÷ all rows, before and after; *beyond* is its part of the change less what its size alone
    would have it add (−1 … 1 of the whole, mostly): how much the change is *there*. *z* is the change of its own mean
    in standard errors.
    """

    segment: str
    mix: float
    within: float
    shares: tuple[float, float]
    part: float
    beyond: float
    z: float

    @property
    def total(self) -> float:
        """Mix + within."""
        return self.mix + self.within


def parts(values: tuple[Floats, Floats], segments: Coded) -> tuple[Part, ...]:
    """The change of the mean of *values* (before, after) by segment, the largest *beyond* first; it adds up.

    ``Δ = Σ_g (w′ − w)·(½(m + m′) − ½(M + M′)) + Σ_g ½(w + w′)·(m′ − m)`` with weights w and means m: Kitagawa (1955),
    Components of a difference between two rates. A segment that only one side has is mix alone.
    """
    size = len(segments.labels)
    tallies = [
        _tally(codes, part, size)
        for codes, part in zip((segments.reference, segments.current), values, strict=True)
    ]  # fmt: skip
    (n0, m0, v0), (n1, m1, v1) = tallies
    w0, w1 = n0 / max(n0.sum(), 1), n1 / max(n1.sum(), 1)
    m0, m1 = np.where(n0 > 0, m0, m1), np.where(n1 > 0, m1, m0)
    overall = (float((w0 * m0).sum()) + float((w1 * m1).sum())) / 2
    mix, within = (w1 - w0) * ((m0 + m1) / 2 - overall), (w0 + w1) / 2 * (m1 - m0)
    change = float((mix + within).sum())
    error = np.sqrt(v0 / np.maximum(n0, 1) + v1 / np.maximum(n1, 1))
    z = np.divide(m1 - m0, error, out=np.zeros(size), where=error > 0)
    share = (mix + within) / change if change else np.zeros(size)
    found = [
        Part(
            segment=segments.labels[g], mix=float(mix[g]), within=float(within[g]),
            shares=(float(w0[g]), float(w1[g])), part=float(share[g]),
            beyond=float(share[g] - (w0[g] + w1[g]) / 2), z=float(z[g]),
        )
        for g in range(size) if n0[g] or n1[g]
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda p: (-p.beyond, p.segment)))


def _tally(codes: NDArray[np.int64], values: Floats, size: int) -> tuple[Floats, Floats, Floats]:
    """Rows, mean and variance per segment."""
    n = np.bincount(codes, minlength=size).astype(np.float64)
    mean = np.bincount(codes, weights=values, minlength=size) / np.maximum(n, 1)
    square = np.bincount(codes, weights=(values - mean[codes]) ** 2, minlength=size)
    return n, mean, square / np.maximum(n - 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A part of a change of loss, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LossParts:
    """A change of a model's mean loss in three parts that add up to it.

    *covariate*: other inputs, at the losses they had; *conditional*: other losses at the same inputs (concept);
    *unseen*: inputs that the reference has none of. *effective* is how many reference rows the reweighting rests on.
    """

    change: Estimate
    covariate: Estimate
    conditional: Estimate
    unseen: float
    effective: float


def loss_parts(
    losses: tuple[Floats, Floats], codes: Coded, *, dispersion: float = 1.0, confidence: float = 0.95
) -> LossParts:  # fmt: skip
    """What the inputs in bins explain of the change of the mean of *losses* (before, after).

    With shares p, q and mean losses l, l′ of the bins, L the reference's mean, S the bins that it has rows of:
    covariate ``Σ_S q·(l − L)``, conditional ``Σ_S q·(l′ − l)``, unseen ``Σ_{not S} q·(l′ − L)``. Intervals are those
    of the delta method (influence functions), √*dispersion* as wide. Losses are finite.
    """
    size = len(codes.labels)
    (n0, l0, _), (n1, l1, _) = (
        _tally(c, y, size) for c, y in zip((codes.reference, codes.current), losses, strict=True)
    )  # fmt: skip
    p, q = n0 / n0.sum(), n1 / n1.sum()
    seen, base = n0 > 0, float(losses[0].mean())
    ratio = np.divide(q, p, out=np.zeros(size), where=seen)
    covariate = float((q * (l0 - base))[seen].sum())
    conditional = float((q * (l1 - l0))[seen].sum())
    unseen = float((q * (l1 - base))[~seen].sum())
    supported = float(q[seen].sum())
    off, on = ratio[codes.reference] * (losses[0] - l0[codes.reference]), seen[codes.current]
    z = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(dispersion)

    def estimate(value: float, before: Floats, after: Floats) -> Estimate:
        error = z * sqrt(_variance(before) + _variance(after))
        return Estimate(value=value, low=value - error, high=value + error)

    return LossParts(
        change=estimate(covariate + conditional + unseen, losses[0], losses[1]),
        covariate=estimate(covariate, off - supported * losses[0], on * (l0[codes.current] - base)),
        conditional=estimate(conditional, off, on * (losses[1] - l0[codes.current])),
        unseen=unseen, effective=_effective(ratio[codes.reference]),
    )  # fmt: skip


def joint_parts(
    losses: tuple[Floats, Floats], columns: list[Coded], *, seed: int, dispersion: float = 1.0,
    confidence: float = 0.95,
) -> LossParts:  # fmt: skip
    """What all inputs together explain: the reference reweighted by a classifier that tells the two sides apart.

    Odds of 50 gradient-boosted trees over the bins, out of fold (two folds, *seed*), clipped at their 99.5 % point.
    Intervals leave out the error of the classifier itself. Sugiyama, Krauledat & Müller (2007), Covariate shift
    adaptation by importance weighted cross validation.
    """
    weights = _odds(columns, seed)
    base, after = float(losses[0].mean()), float(losses[1].mean())
    shifted = float((weights * losses[0]).mean())
    z = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(dispersion)
    off = weights * (losses[0] - shifted)

    def estimate(value: float, *sides: Floats) -> Estimate:
        error = z * sqrt(sum(map(_variance, sides)))
        return Estimate(value=value, low=value - error, high=value + error)

    return LossParts(
        change=estimate(after - base, *losses), covariate=estimate(shifted - base, off - losses[0]),
        conditional=estimate(after - shifted, off, losses[1]), unseen=0.0, effective=_effective(weights),
    )  # fmt: skip


def _odds(columns: list[Coded], seed: int) -> Floats:
    """Density ratios current ÷ reference of the reference's rows, with mean 1."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 (heavy import)

    before = np.column_stack([c.reference for c in columns]).astype(np.float64)
    after = np.column_stack([c.current for c in columns]).astype(np.float64)
    rows, side = np.vstack([before, after]), np.repeat([0, 1], [len(before), len(after)])
    fold = np.random.default_rng(seed).permutation(len(rows)) % 2
    chance = np.full(len(rows), 0.5)
    for part in (0, 1):
        train, test = fold != part, fold == part
        if len(set(side[train].tolist())) < 2:  # noqa: PLR2004 (one side alone tells nothing apart)
            continue
        model: Any = HistGradientBoostingClassifier(max_iter=50, early_stopping=False, random_state=seed)
        chance[test] = model.fit(rows[train], side[train]).predict_proba(rows[test])[:, 1]
    odds = np.clip(chance, 1e-6, 1 - 1e-6)[: len(before)]
    odds = odds / (1 - odds)
    odds = np.minimum(odds, np.quantile(odds, 0.995))
    return np.asarray(odds / odds.mean(), dtype=np.float64)


def _variance(influence: Floats) -> float:
    return float(influence.var(ddof=1)) / influence.size if influence.size > 1 else 0.0


def _effective(weights: Floats) -> float:
    square = float((weights**2).sum())
    return float(weights.sum()) ** 2 / square if square else 0.0
