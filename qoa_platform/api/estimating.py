"""Owns ``estimate_performance``: a model's metrics in windows whose outcomes are not known yet, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from qoa_platform.api.frames import framed
from qoa_platform.api.listing import Listing
from qoa_platform.verdicts.estimating.frames import Chunk, Columns, chunks


@dataclass(frozen=True, slots=True)
class Estimates(Listing):
    """Metrics without labels: one row per window and metric."""

    found: tuple[Chunk, ...]
    task: str

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "start": pl.Int64, "end": pl.Int64, "metric": pl.String, "value": pl.Float64, "low": pl.Float64,
        "high": pl.Float64, "n": pl.Int64, "confidence": pl.Float64, "realised": pl.Float64, "labelled": pl.Int64,
        "gap": pl.String, "reason": pl.String,
    }  # fmt: skip
    SHOWN = ("rows", "metric", "estimate", "interval", "realised", "")

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self.found)

    def records(self) -> list[dict[str, Any]]:
        """One row per window and metric."""
        return [{"start": c.start, "end": c.end, **c.estimate.evidence()} for c in self.found]

    def cells(self) -> Sequence[Sequence[str]]:
        """The rows as a person reads them."""
        return [
            (f"{c.start:,}-{c.end:,}", e.metric, _text(e.value) if e.reason is None else f"unknown({e.reason})",
             f"{_text(e.low)} to {_text(e.high)}" if e.low is not None else "", _text(e.realised),
             "changed: concept drift is suspected" if e.gap == "outside" else "")
            for c in self.found for e in [c.estimate]
        ]  # fmt: skip

    def head(self) -> str:
        """How much was estimated."""
        windows = len({c.start for c in self.found})
        return f"{self.task}: {windows} windows without labels"


def estimate_performance(
    reference: Any, current: Any, *, y_true: str = "actual", y_pred: str = "predicted",
    y_score: str | Sequence[str] | Mapping[Any, str] | None = None, features: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None, chunk: int | None = None, confidence: float = 0.95, positive: Any = None,
    delay: int | None = None, method: str | None = None, seed: int = 0,
) -> Estimates:  # fmt: skip
    """The metrics of a model in windows of *current*, told without their outcomes from *reference*, which has them.

    Both are frames in the order of time. *y_true* and *y_pred* are the columns of outcomes and predictions. With
    *y_score* (the column of the positive class's probability, by default ``score`` where there is one; or one column
    per class, as a list in the order of the sorted classes or a mapping) it is a classification: metrics of
    ``accuracy, precision, recall, f1, balanced_accuracy, roc_auc, average_precision, log_loss, brier``. Without it is a
    regression: ``mae, mse, rmse, wape``, told from the numeric *features* (by default all numeric columns but those
    named).

    *chunk* is the number of rows of a window (1,000, less for short data). Outcomes that *current* has already are
    never used for their own window: they are shown beside it (``realised``, ``gap``), and with *delay* they make the
    estimates of later windows fresh: outcomes of a window are known so many windows later. *method* fixes the
    calibration (``isotonic``, ``sigmoid``, ``none``). Rows with a missing prediction or score are left out.

    Estimates assume that the relation of inputs to outcomes is unchanged; where outcomes lie outside the interval
    (``gap``), it has changed. Raises ValueError for columns that are not there, scores that are no probabilities, a
    metric that is not known, or a reference without outcomes.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> p = rng.random(3_000)
    >>> data = pl.DataFrame({"score": p, "predicted": (p > 0.5) * 1, "actual": (rng.random(3_000) < p) * 1})
    >>> found = estimate_performance(data[:2_000], data[2_000:].drop("actual"), metrics=["accuracy"], chunk=1_000)
    >>> [(round(c.estimate.value, 1), c.estimate.realised) for c in found]
    [(0.8, None)]
    """
    before, now = framed(reference), framed(current)
    score = y_score if y_score is not None or "score" not in before.columns else "score"
    how = Columns(y_true=y_true, y_pred=y_pred, y_score=score, features=features, positive=positive)
    task, found = chunks(
        before, now, how, metrics=metrics, size=chunk, confidence=confidence, delay=delay, method=method, seed=seed
    )
    return Estimates(found, task)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
