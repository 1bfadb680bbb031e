"""Owns the oracles of models: what scikit-learn and NumPy say of classes, scores, errors and intervals."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    fbeta_score,
    matthews_corrcoef,
    mean_absolute_error,
    mean_pinball_loss,
    precision_score,
    r2_score,
    recall_score,
    root_mean_squared_error,
)

from tests.metrics.asking import ERROR, NO_DATA, NOT_APPLICABLE, Asked, Case, Expect, Expected

Array = np.ndarray
ERRORS = {"truth": "y", "prediction": "p"}
BINARY = {"truth": "c", "prediction": "d"}
CLASSES = {"truth": "e", "prediction": "f"}
INTERVAL = {"truth": "y", "lower": "l", "upper": "u"}


def complete(asked: Asked, *names: str) -> list[Array]:
    """The columns *names* of the rows in which all of them are present."""
    rows = asked.rows[list(names)].dropna()
    return [rows[name].to_numpy() for name in names]


def of_numbers(
    of: Callable[..., float | None], *names: str, finite: bool = True, kept: Callable[..., int] | None = None
) -> Expect:
    """A number of float columns; without *finite*, ±inf makes no error. *kept* says how many rows count."""

    def expect(asked: Asked) -> Expected:
        columns = [column.astype(float) for column in complete(asked, *names)]
        if not len(columns[0]):
            return NO_DATA
        if finite and not np.isfinite(columns).all():
            return ERROR
        with np.errstate(invalid="ignore"):
            value = of(*columns)
        if value is not None and not np.isfinite(value):
            return ERROR
        n = len(columns[0]) if kept is None else kept(*columns)
        return NOT_APPLICABLE if value is None else Expected(float(value), n)

    return expect


def errors(of: Callable[[Array, Array], float | None], **given: Any) -> tuple[Case, ...]:
    """Of truth and prediction."""
    return (Case(given=ERRORS | given, expect=of_numbers(of, "y", "p")),)


def wape(y: Array, p: Array) -> float | None:
    """Σ|e| / Σ|y|."""
    return float(np.abs(p - y).sum() / np.abs(y).sum()) if np.abs(y).sum() else None


def bias(y: Array, p: Array) -> float | None:
    """Σe / Σ|y|."""
    return float((p - y).sum() / np.abs(y).sum()) if np.abs(y).sum() else None


def r2(y: Array, p: Array) -> float | None:
    """scikit-learn's, where the truth varies at all."""
    return float(r2_score(y, p)) if len(np.unique(y)) > 1 else None


def mape(y: Array, p: Array) -> float | None:
    """Mean |e|/|y| where y is not 0."""
    kept = y != 0
    return float(np.mean(np.abs(p - y)[kept] / np.abs(y)[kept])) if kept.any() else None


def smape(y: Array, p: Array) -> float:
    """Mean 2|e|/(|y| + |ŷ|), and 0 where both are 0."""
    scale = np.abs(y) + np.abs(p)
    return float(np.mean([2 * abs(b - a) / s if s else 0.0 for a, b, s in zip(y, p, scale, strict=True)]))


def pinball(q: float) -> Callable[[Array, Array], float]:
    """scikit-learn's."""
    return lambda y, p: float(mean_pinball_loss(y, p, alpha=q))


def width(_: Array, low: Array, high: Array) -> float:
    """Mean width, whatever the truth is."""
    return float(np.mean(high - low))


def interval_score(level: float) -> Callable[[Array, Array, Array], float]:
    """The width, and fines."""
    fine = 2 / (1 - level)
    return lambda y, low, high: float(
        np.mean(high - low + fine * np.maximum(low - y, 0) + fine * np.maximum(y - high, 0))
    )


def skill(of: Callable[[Array, Array], float]) -> Expect:
    """1 − loss ÷ loss of the baseline."""
    return of_numbers(lambda y, p, b: 1 - of(y, p) / of(y, b) if (y != b).any() else None, "y", "p", "l")


def skills() -> tuple[Case, ...]:
    """Each loss."""
    losses: dict[str, Callable[[Array, Array], float]] = {
        "mae": mean_absolute_error, "rmse": root_mean_squared_error, "mse": lambda y, p: float(np.mean((p - y) ** 2)),
    }  # fmt: skip
    return tuple(Case(given={**ERRORS, "baseline": "l", "loss": name}, expect=skill(of)) for name, of in losses.items())


# ------------------------------------------------------------------------------------------------------------- classes

Labels = Callable[[Array, Array], float | None]


def of_labels(of: Labels, truth: str, prediction: str) -> Expect:
    """A number of two columns of classes."""

    def expect(asked: Asked) -> Expected:
        y, p = (np.array([str(v) for v in column], dtype=object) for column in complete(asked, truth, prediction))
        if not len(y):
            return NO_DATA
        value = of(y, p)
        return NOT_APPLICABLE if value is None or np.isnan(value) else Expected(float(value), len(y))

    return expect


def labels(of: Labels) -> tuple[Case, ...]:
    """Of numbers and of texts as classes."""
    return (
        Case(given=BINARY, expect=of_labels(of, "c", "d")),
        Case(given=CLASSES, expect=of_labels(of, "e", "f")),
    )


def balanced(y: Array, p: Array) -> float:
    """scikit-learn's, over the classes of the truth; it warns of classes that only the prediction has."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(balanced_accuracy_score(y, p))


def mcc(y: Array, p: Array) -> float | None:
    """scikit-learn's, where it does not say 0 for want of an answer."""
    return float(matthews_corrcoef(y, p)) if len(set(y)) > 1 and len(set(p)) > 1 else None


def kappa(y: Array, p: Array) -> float | None:
    """scikit-learn's, where classes differ at all."""
    return float(cohen_kappa_score(y, p)) if len({*y, *p}) > 1 else None


def averaged(of: Callable[..., float], **more: Any) -> tuple[Case, ...]:
    """The positive class of 0 and 1, a named one, and all averages over classes; undefined classes left out."""

    def binary(positive: str) -> Labels:
        return lambda y, p: of(y == positive, p == positive, zero_division=np.nan, **more)

    def over(average: str) -> Labels:
        def value(y: Array, p: Array) -> float | None:
            if average == "weighted" and not set(y) & set(p) and of is precision_score:
                return None  # only classes that are never true are defined, and weigh nothing: scikit-learn says 0
            return of(y, p, average=average, zero_division=np.nan, **more)

        return value

    return (
        Case(given={**BINARY, **more}, expect=of_labels(binary("1"), "c", "d")),
        Case(given={**CLASSES, "positive": "a", **more}, expect=of_labels(binary("a"), "e", "f")),
        *(
            Case(given={**CLASSES, "average": average, **more}, expect=of_labels(over(average), "e", "f"))
            for average in ("macro", "micro", "weighted")
        ),
    )


def specificity(y: Array, p: Array, *, average: str = "binary", zero_division: float) -> float:
    """Recall of "not the class", one class against all others."""
    if average == "binary":
        return float(recall_score(~y, ~p, zero_division=zero_division))
    classes = sorted({*y, *p})
    if average == "micro":
        y_all, p_all = (np.concatenate([v == c for c in classes]) for v in (y, p))
        return specificity(y_all, p_all, zero_division=zero_division)
    found = np.array([specificity(y == c, p == c, zero_division=zero_division) for c in classes])
    weights = np.array([(y == c).sum() if average == "weighted" else 1 for c in classes])
    kept = ~np.isnan(found)
    return float((found * weights)[kept].sum() / weights[kept].sum()) if weights[kept].sum() else np.nan


def share(hits: Callable[..., Any], *names: str, among: tuple[str, ...] | None = None) -> Expect:
    """Rows in which *hits* is true, of those in which the columns *among* (else all that are read) are present."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows.dropna(subset=list(names if among is None else among))
        if rows.empty:
            return NO_DATA
        found = sum(bool(hits(*cells)) for cells in zip(*(rows[name] for name in names), strict=True))
        return Expected(found / len(rows), len(rows))

    return expect


MODEL: dict[str, tuple[Case, ...]] = {
    "model.wape": errors(wape),
    "model.mae": errors(mean_absolute_error),
    "model.rmse": errors(root_mean_squared_error),
    "model.bias": errors(bias),
    "model.r2": errors(r2),
    "model.mape": (
        Case(given=ERRORS, expect=of_numbers(mape, "y", "p", finite=False, kept=lambda y, _: int((y != 0).sum()))),
    ),
    "model.smape": errors(smape),
    "model.pinball": (*errors(pinball(0.1), q=0.1), *errors(pinball(0.5), q=0.5)),
    "model.coverage": (
        Case(
            given={**INTERVAL, "level": 0.8},
            expect=of_numbers(lambda y, a, b: np.mean((a <= y) & (y <= b)), "y", "l", "u", finite=False),
        ),
    ),
    "model.interval_width": (Case(given=INTERVAL, expect=of_numbers(width, "y", "l", "u", finite=False)),),
    "model.interval_score": (
        Case(given={**INTERVAL, "level": 0.8}, expect=of_numbers(interval_score(0.8), "y", "l", "u")),
    ),
    "model.skill": skills(),
    "model.accuracy": labels(accuracy_score),
    "model.balanced_accuracy": labels(balanced),
    "model.precision": averaged(precision_score),
    "model.recall": averaged(recall_score),
    "model.specificity": averaged(specificity),
    "model.f1": (*averaged(fbeta_score, beta=1.0), *averaged(fbeta_score, beta=2.0)),
    "model.mcc": labels(mcc),
    "model.kappa": labels(kappa),
    "model.selection_rate": (
        Case(given={"prediction": "d"}, expect=share(lambda d: d == 1, "d")),
        Case(given={"prediction": "f", "positive": "a"}, expect=share(lambda f: f == "a", "f")),
        Case(given={"prediction": "b", "positive": "false"}, expect=share(lambda b: b is False, "b")),
    ),
    "model.label_coverage": (Case(given={"truth": "y"}, expect=share(lambda y: y is not None, "y", among=())),),
    "model.disagreement": (
        Case(given={"prediction": "e", "other": "f"}, expect=share(lambda e, f: e != f, "e", "f")),
        Case(given={"prediction": "y", "other": "p"}, expect=share(lambda y, p: y != p, "y", "p")),
        Case(
            given={"prediction": "y", "other": "p", "tolerance": 0.5},
            expect=share(lambda y, p: abs(y - p) > 0.5, "y", "p"),
        ),
    ),
}
"""By id: every implemented metric of predictions."""
