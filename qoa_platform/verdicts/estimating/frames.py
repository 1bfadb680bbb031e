"""Owns frames: reference and current rows as columns of a frame, estimated window by window, as fresh as labels are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs

from qoa_platform.verdicts.estimating import confidence as by_confidence
from qoa_platform.verdicts.estimating import losses as by_losses
from qoa_platform.verdicts.estimating.calibration import Floats, Method, Places
from qoa_platform.verdicts.estimating.confidence import ConfidenceEstimator
from qoa_platform.verdicts.estimating.estimate import Estimate
from qoa_platform.verdicts.estimating.losses import REGRESSION, LossEstimator
from qoa_platform.verdicts.estimating.scores import CLASSIFICATION

CHUNK = 1_000
LEAST_CHUNK = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One window: rows *start* up to *end* of the current data, and the *estimate* of one metric in it."""

    start: int
    end: int
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns are what: outcomes, predictions, scores (none: a regression), features; and the positive class."""

    y_true: str = "actual"
    y_pred: str = "predicted"
    y_score: str | Sequence[str] | Mapping[Any, str] | None = None
    features: Sequence[str] | None = None
    positive: Any = None


def chunks(
    before: pl.DataFrame, now: pl.DataFrame, how: Columns, *, metrics: Sequence[str] | None = None,
    size: int | None = None, edges: Sequence[int] | None = None, confidence: float = 0.95, delay: int | None = None,
    method: str | None = None, seed: int = 0,
) -> tuple[str, tuple[Chunk, ...]]:  # fmt: skip
    """The task, and the estimates of each window of *size* rows of *now*, told from *before*.

    A rest of less than half a window is part of the last one. *edges* say the windows in place of *size*. NaN is
    missing. Raises ValueError.
    """
    before, now = (f.with_columns(cs.float().fill_nan(None)) for f in (before, now))
    scored = _scored(how.y_score)
    known = CLASSIFICATION if scored else REGRESSION
    asked = tuple(metrics or known)
    _known(asked, known, "metric")
    _known([how.y_true, how.y_pred], before.columns, "column of the reference")
    _known([how.y_pred], now.columns, "column of the current data")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}. Allowed: between 0 and 1, such as 0.95")
    for name, count, least in (("chunk", size, 1), ("delay", delay, 0)):
        if count is not None and count < least:
            raise ValueError(f"{name} {count}. Allowed: {least} or more")
    if method is not None and method not in list(Method):
        raise ValueError(f"unknown method {method!r}. Allowed: {', '.join(Method)}")
    task: _Classes | _Numbers
    task = _Classes.of(before, now, how, scored, method, seed) if scored else _Numbers.of(before, now, how, seed)
    return task.name, tuple(_windows(task, asked, edges or _edges(task.n, size), confidence, delay))


def _windows(
    task: "_Classes | _Numbers", asked: Sequence[str], edges: Sequence[int], confidence: float, delay: int | None
) -> Iterator[Chunk]:
    """The windows in order; estimators are made fresh by what is known before each."""
    for i, (start, end) in enumerate(pairwise(edges)):
        if delay is not None and i > delay:
            task.refresh(edges[i - delay - 1], edges[i - delay])
        found, (true, labelled) = task.estimate(start, end, asked, confidence), task.realised(start, end, asked)
        for m in asked:
            value = true.get(m, np.nan)
            yield Chunk(
                start=start, end=end,
                estimate=replace(found[m], realised=value if np.isfinite(value) else None, labelled=labelled),
            )  # fmt: skip


def _edges(n: int, given: int | None) -> list[int]:
    """Where windows of *given* rows begin, and where the last one ends."""
    size = given or max(LEAST_CHUNK, min(CHUNK, n // 5 or n))
    return [*range(0, max(n - size // 2, 1), size), n]


@dataclass(slots=True)
class _Classes:
    """A classification: the current rows, and the estimator as fresh as it is."""

    estimator: ConfidenceEstimator
    labels: Floats
    """Positions of the classes, NaN where the outcome is not known."""
    predicted: Floats
    """The same of predictions: a row that lacks one, or a score, is passed over where it stands."""
    scores: Floats
    seed: int
    name: str = "classification"

    @classmethod
    def of(
        cls,
        before: pl.DataFrame,
        now: pl.DataFrame,
        how: Columns,
        scored: dict[Any, str],
        method: str | None,
        seed: int,
    ) -> "_Classes":
        y_true, y_pred = how.y_true, how.y_pred
        _known(list(scored.values()), before.columns, "column of the reference")
        _known(list(scored.values()), now.columns, "column of the current data")
        before = before.drop_nulls([y_true, y_pred, *scored.values()])
        classes = _classes(before, now, how, scored)
        if y_true not in now.columns:
            now = now.with_columns(pl.lit(None).alias(y_true))
        first = by_confidence.Labelled(
            labels=_places(before[y_true], classes).astype(np.intp),
            predicted=_places(before[y_pred], classes).astype(np.intp), scores=_probabilities(before, scored),
        )  # fmt: skip
        if not len(first):
            raise ValueError(f"no row of the reference has an outcome in {y_true!r} and a score. Allowed: some have")
        estimator = ConfidenceEstimator.fit(first, method=Method(method) if method else None, seed=seed)
        return cls(
            estimator, _places(now[y_true], classes), _places(now[y_pred], classes), _probabilities(now, scored), seed,
        )  # fmt: skip

    @property
    def n(self) -> int:
        return len(self.predicted)

    def _rows(self, start: int, end: int) -> Places:
        whole = np.isfinite(self.predicted[start:end]) & np.isfinite(self.scores[start:end]).all(axis=1)
        return start + np.flatnonzero(whole)

    def _labelled(self, start: int, end: int) -> by_confidence.Labelled:
        rows = self._rows(start, end)
        rows = rows[np.isfinite(self.labels[rows])]
        return by_confidence.Labelled(
            labels=self.labels[rows].astype(np.intp), predicted=self.predicted[rows].astype(np.intp),
            scores=self.scores[rows],
        )  # fmt: skip

    def refresh(self, start: int, end: int) -> None:
        later = self._labelled(start, end)
        if len(later):
            self.estimator = self.estimator.refreshed(later, seed=self.seed)

    def estimate(self, start: int, end: int, asked: Sequence[str], confidence: float) -> dict[str, Estimate]:
        rows = self._rows(start, end)
        return self.estimator.estimate(
            self.predicted[rows].astype(np.intp), self.scores[rows], metrics=asked, confidence=confidence,
            seed=self.seed,
        )  # fmt: skip

    def realised(self, start: int, end: int, asked: Sequence[str]) -> tuple[dict[str, float], int]:
        known = self._labelled(start, end)
        return (by_confidence.realised(asked, known) if len(known) else {}), len(known)


@dataclass(slots=True)
class _Numbers:
    """A regression: the current rows, and the estimator as fresh as it is."""

    estimator: LossEstimator
    actual: Floats
    predicted: Floats
    features: Floats
    seed: int
    name: str = "regression"

    @classmethod
    def of(cls, before: pl.DataFrame, now: pl.DataFrame, how: Columns, seed: int) -> "_Numbers":
        y_true, y_pred, features = how.y_true, how.y_pred, how.features
        numeric = [c for c in before.columns if before[c].dtype.is_numeric() and c not in (y_true, y_pred)]
        inputs = list(features) if features is not None else [c for c in numeric if c in now.columns]
        _known(inputs, [c for c in before.columns if c in now.columns], "feature")
        before = before.drop_nulls([y_true, y_pred])
        first = by_losses.Outcomes(
            features=_matrix(before, inputs), predicted=_numbers(before, y_pred), actual=_numbers(before, y_true)
        )  # fmt: skip
        first = first.rows(np.flatnonzero(np.isfinite(first.predicted) & np.isfinite(first.actual)))
        actual = _numbers(now, y_true) if y_true in now.columns else np.full(now.height, np.nan)
        return cls(LossEstimator.fit(first, seed=seed), actual, _numbers(now, y_pred), _matrix(now, inputs), seed)

    @property
    def n(self) -> int:
        return len(self.predicted)

    def _known(self, start: int, end: int) -> by_losses.Outcomes:
        rows = np.arange(start, end)[np.isfinite(self.actual[start:end]) & np.isfinite(self.predicted[start:end])]
        return by_losses.Outcomes(
            features=self.features[rows], predicted=self.predicted[rows], actual=self.actual[rows]
        )  # fmt: skip

    def refresh(self, start: int, end: int) -> None:
        later = self._known(start, end)
        if len(later):
            self.estimator = self.estimator.refreshed(later, seed=self.seed)

    def estimate(self, start: int, end: int, asked: Sequence[str], confidence: float) -> dict[str, Estimate]:
        rows = np.arange(start, end)[np.isfinite(self.predicted[start:end])]
        return self.estimator.estimate(
            self.features[rows], self.predicted[rows], metrics=asked, confidence=confidence
        )  # fmt: skip

    def realised(self, start: int, end: int, asked: Sequence[str]) -> tuple[dict[str, float], int]:
        known = self._known(start, end)
        return (by_losses.realised(asked, known) if len(known) else {}), len(known)


def _scored(given: str | Sequence[str] | Mapping[Any, str] | None) -> dict[Any, str]:
    """Which column holds the score of which class; of one column, the positive class's (under ``None``)."""
    match given:
        case None:
            return {}
        case str():
            return {None: given}
        case Mapping():
            return dict(given)
        case _:
            return dict(enumerate(given))


def _classes(before: pl.DataFrame, now: pl.DataFrame, how: Columns, scored: dict[Any, str]) -> list[Any]:
    """The classes in the order of their scores; of two, the positive one last."""
    positive = how.positive
    columns = [f[name] for f in (before, now) for name in (how.y_true, how.y_pred) if name in f.columns]
    seen = sorted({v for column in columns for v in column.drop_nulls().unique().to_list()}, key=_order)
    if None in scored:
        if len(seen) > 2:  # noqa: PLR2004 (one score tells two classes)
            raise ValueError(
                f"{len(seen)} classes ({seen[:5]} …) and one column of scores. Allowed: one for each class"
            )
        named = next((v for v in seen if v == positive or str(v) == str(positive)), None)
        if positive is not None and named is None:
            raise ValueError(f"positive class {positive!r} does not occur. There are: {seen}")
        last = named if positive is not None else seen[-1] if len(seen) > 1 or seen in ([1], [True]) else None
        return [*([v for v in seen if v != last] or [None]), last]
    if all(isinstance(k, int) for k in scored) and list(scored) == list(range(len(scored))) and set(seen) - set(scored):
        if len(seen) != len(scored):
            raise ValueError(f"{len(seen)} classes {seen} and {len(scored)} columns of scores. Say which is whose")
        return seen
    if missing := [v for v in seen if v not in scored]:
        raise ValueError(f"no column of scores for the classes {missing}. There are some for {list(scored)}")
    return list(scored)


def _order(value: Any) -> tuple[str, Any]:
    return ("", value) if isinstance(value, int | float) else (type(value).__name__, value)


def _places(column: pl.Series, classes: Sequence[Any]) -> Floats:
    """The position of each value among *classes*, NaN where it is missing."""
    known = {v: float(i) for i, v in enumerate(classes)}
    return np.array([known.get(v, np.nan) if v is not None else np.nan for v in column.to_list()], dtype=np.float64)


def _probabilities(frame: pl.DataFrame, scored: dict[Any, str]) -> Floats:
    columns = [_numbers(frame, name) for name in scored.values()]
    scores = np.column_stack([1 - columns[0], columns[0]]) if None in scored else np.column_stack(columns)
    if np.isfinite(scores).any() and not (np.nanmin(scores) >= -1e-9 and np.nanmax(scores) <= 1 + 1e-9):  # noqa: PLR2004
        low, high = float(np.nanmin(scores)), float(np.nanmax(scores))
        raise ValueError(f"scores of {list(scored.values())} run from {low:g} to {high:g}. Allowed: 0 to 1")
    return np.clip(scores, 0.0, 1.0)


def _numbers(frame: pl.DataFrame, name: str) -> Floats:
    return frame[name].cast(pl.Float64, strict=False).to_numpy().astype(np.float64)


def _matrix(frame: pl.DataFrame, names: Sequence[str]) -> Floats:
    return np.column_stack([_numbers(frame, n) for n in names]) if names else np.empty((frame.height, 0))


def _known(asked: Sequence[str], allowed: Sequence[str], what: str) -> None:
    for name in asked:
        if name not in allowed:
            near = get_close_matches(name, allowed, 1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"unknown {what} {name!r}. Allowed: {', '.join(map(str, allowed))}.{guess}")
