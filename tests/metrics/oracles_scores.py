"""Owns the oracles of scores and of groups: what scikit-learn says of probabilities, and pandas by group."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    recall_score,
    roc_auc_score,
)

from tests.metrics.asking import ERROR, NO_DATA, NO_REFERENCE, NOT_APPLICABLE, Asked, Case, Expect, Expected
from tests.metrics.tables import NO_GROUP

Array = np.ndarray
SCORED = {"score": "o", "truth": "c"}
WORDS = {"score": "o", "truth": "e", "positive": "a"}


def scored(of: Callable[[Array, Array], float | None], *, probability: bool = True, within: bool = False) -> Expect:
    """A number of a 0/1 truth and a score, over rows with both."""

    def expect(asked: Asked) -> Expected:
        truth = asked.columns[1]
        rows = asked.rows[["o", truth]].dropna()
        if rows.empty:
            return NO_DATA
        y = (rows[truth] == ("a" if truth == "e" else 1)).to_numpy(dtype=int)
        s = rows["o"].to_numpy(dtype=float)
        if probability and ((s < 0) | (s > 1)).any():
            return ERROR
        value = of(y, s)
        return NOT_APPLICABLE if value is None else Expected(float(value), len(rows), within=within)

    return expect


def of_scores(
    of: Callable[[Array, Array], float | None], *, probability: bool = True, within: bool = False, **given: Any
) -> tuple[Case, ...]:
    """Of numbers and of words as truth."""
    expect = scored(of, probability=probability, within=within)
    return tuple(Case(given={**columns, **given}, expect=expect) for columns in (SCORED, WORDS))


def both(of: Callable[[Array, Array], Any]) -> Callable[[Array, Array], float | None]:
    """Where both classes occur."""
    return lambda y, s: float(of(y, s)) if 0 < y.sum() < len(y) else None


def bins(y: Array, s: Array) -> list[tuple[int, float]]:
    """Rows and |mean p − mean y| of scikit-learn's 15 uniform bins."""
    observed, predicted = calibration_curve(y, s, n_bins=15, strategy="uniform")
    n = np.bincount(np.searchsorted(np.linspace(0, 1, 16)[1:-1], s), minlength=15)
    return list(zip(n[n > 0].tolist(), np.abs(observed - predicted).tolist(), strict=True))


def mce(y: Array, s: Array) -> float | None:
    """Of bins with at least two rows."""
    found = [gap for n, gap in bins(y, s) if n >= 2]
    return max(found) if found else None


def confidence(of: Callable[[Array], Any]) -> Expect:
    """A mean of the score alone."""

    def expect(asked: Asked) -> Expected:
        s = asked.rows["o"].dropna().to_numpy(dtype=float)
        if ((s < 0) | (s > 1)).any():
            return ERROR
        return Expected(float(np.mean(of(s))), len(s)) if len(s) else NO_DATA

    return expect


# -------------------------------------------------------------------------------------------------------------- groups


def over_groups(
    of: Callable[[pd.DataFrame], float | None], columns: list[str], pick: Callable[[list[float]], float], least: int
) -> Expect:
    """What *pick* makes of a number of each group's complete rows, of groups with *least* rows."""

    def expect(asked: Asked) -> Expected:
        if asked.rows.empty:
            return NO_DATA
        groups = [part.dropna(subset=columns) for _, part in asked.rows.groupby(asked.rows["g"].fillna(NO_GROUP))]
        if columns == ["y", "p"] and any(
            len(g) >= least and not np.isfinite(g[columns].astype(float)).all(axis=None) for g in groups
        ):
            return ERROR
        found = [(len(g), of(g)) for g in groups if len(g) >= least]
        known = [(n, value) for n, value in found if value is not None]
        if len(known) < (2 if pick is gap else 1):
            return NOT_APPLICABLE
        return Expected(pick([value for _, value in known]), sum(n for n, _ in known))

    return expect


def gap(values: list[float]) -> float:
    """Greatest − least."""
    return max(values) - min(values)


def recall(rows: pd.DataFrame) -> float | None:
    """scikit-learn's, where anything is positive."""
    y, p = (rows[name] == "a" for name in ("e", "f"))
    return float(recall_score(y, p)) if y.any() else None


def chosen(rows: pd.DataFrame) -> float:
    """Share predicted 1."""
    return float((rows["d"] == 1).mean())


def mae(rows: pd.DataFrame) -> float:
    """scikit-learn's."""
    return float(mean_absolute_error(rows["y"].astype(float), rows["p"].astype(float)))


def accuracy(rows: pd.DataFrame) -> float:
    """scikit-learn's."""
    return float(accuracy_score(rows["c"].astype(int), rows["d"].astype(int)))


def furthest(values: list[float]) -> float:
    """From 0."""
    return max(values, key=abs)


def bias(rows: pd.DataFrame) -> float | None:
    """Σe ÷ Σ|y|."""
    y, p = rows["y"].astype(float), rows["p"].astype(float)
    return float((p - y).sum() / y.abs().sum()) if y.abs().sum() else None


def scaled(of: Callable[[pd.Series], float], series: list[str], season: int) -> Expect:
    """Mean over series of a loss ÷ the same of seasonal differences of the reference, and its root where it is one."""

    def expect(asked: Asked) -> Expected:
        known = asked.reference.dropna(subset=["y", "t"]).assign(y=lambda d: d["y"].astype(float))
        known = (
            known[np.isfinite(known["y"])].sort_values(["t", "y"]).assign(one="", g=lambda d: d["g"].fillna(NO_GROUP))
        )
        key = series[0] if series else "one"
        gaps = known.groupby(key)["y"].diff(season).dropna()
        scales = {name: of(part) for name, part in gaps.groupby(known[key])} if len(gaps) else {}
        if not scales:
            return NO_REFERENCE
        rows = asked.rows.dropna(subset=["y", "p"]).assign(one="", g=lambda d: d["g"].fillna(NO_GROUP))
        if rows.empty:
            return NO_DATA
        error = rows["p"].astype(float) - rows["y"].astype(float)
        if not np.isfinite(error).all():
            return ERROR
        losses = {name: (len(part), of(part)) for name, part in error.groupby(rows[key])}
        found = [(n, loss / scales[name]) for name, (n, loss) in losses.items() if scales.get(name, 0) > 0]
        if not found:
            return NOT_APPLICABLE
        return Expected(float(np.mean([ratio for _, ratio in found])), sum(n for n, _ in found))

    return expect


def absolute(errors: pd.Series) -> float:
    """Mean size."""
    return float(errors.abs().mean())


def root(errors: pd.Series) -> float:
    """Root of the mean square."""
    return float(np.sqrt((errors**2).mean()))


def of_scales(of: Callable[[pd.Series], float]) -> tuple[Case, ...]:
    """Of one series and of several, with a season of one row and of two."""
    given = {"truth": "y", "prediction": "p", "time": "t"}
    return (
        Case(given=given, expect=scaled(of, [], 1), grouped=False),
        Case(given={**given, "series": ("g",), "season": 1}, expect=scaled(of, ["g"], 1), grouped=False),
        Case(given={**given, "season": 2}, expect=scaled(of, [], 2), grouped=False),
    )


EF = {"truth": "e", "prediction": "f", "positive": "a", "by": "g"}
CD = {"truth": "c", "prediction": "d", "by": "g"}
YP = {"truth": "y", "prediction": "p", "by": "g"}

SCORES: dict[str, tuple[Case, ...]] = {
    "model.roc_auc": (
        *of_scores(both(roc_auc_score), probability=False, within=True),
        *of_scores(both(roc_auc_score), probability=False, exact=True),
    ),
    "model.average_precision": of_scores(both(average_precision_score), probability=False),
    "model.log_loss": of_scores(lambda y, s: log_loss(y, s, labels=[0, 1])),
    "model.brier": of_scores(lambda y, s: float(brier_score_loss(y, s, pos_label=1))),
    "model.ece": of_scores(lambda y, s: sum(n * d for n, d in bins(y, s)) / len(y)),
    "model.mce": of_scores(mce, min_bin=2),
    "model.calibration_ratio": of_scores(lambda y, s: y.sum() / s.sum() if s.sum() else None),
    "model.confidence": (
        Case(given={"score": "o"}, expect=confidence(lambda s: np.maximum(s, 1 - s))),
        Case(given={"score": "o", "scored": "predicted"}, expect=confidence(lambda s: s)),
        Case(given={"score": "o", "above": 0.7}, expect=confidence(lambda s: np.maximum(s, 1 - s) > 0.7)),
    ),
    "model.mase": of_scales(absolute),
    "model.rmsse": of_scales(root),
    "model.group_gap": (
        Case(given={**EF, "of": "model.recall"}, expect=over_groups(recall, ["e", "f"], gap, 1)),
        Case(
            given={"prediction": "d", "of": "model.selection_rate", "min_n": 2, "by": "g"},
            expect=over_groups(chosen, ["d"], gap, 2),
        ),
        Case(given={**YP, "of": "model.mae"}, expect=over_groups(mae, ["y", "p"], gap, 1)),
    ),
    "model.worst_group": (
        Case(given={**CD, "of": "model.accuracy", "min_n": 2}, expect=over_groups(accuracy, ["c", "d"], min, 2)),
        Case(given={**YP, "of": "model.mae"}, expect=over_groups(mae, ["y", "p"], max, 1)),
        Case(given={**YP, "of": "model.bias"}, expect=over_groups(bias, ["y", "p"], furthest, 1)),
    ),
}
"""By id: every implemented metric of scores and of groups."""
