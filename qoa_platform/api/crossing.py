"""Owns recipes on folds: every estimator on the same folds, by group and at random, and what their difference tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.comparing.decisions import Effect
from qoa_platform.verdicts.comparing.effects import nadeau_bengio
from qoa_platform.verdicts.comparing.leaks import Folds, Leak, candidates, duplicates, likeness, shared
from qoa_platform.verdicts.comparing.pairing import AUC, EVENLY, Found, Rows, found, sign
from qoa_platform.verdicts.comparing.scores import SCORES

Values = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """Out-of-fold predictions as rows by challenger, on the folds that count; *random*: on random folds, if others.

    *recipes* are Nadeau–Bengio effects over the folds, *grouped* says whether folds were made by group.
    """

    rows: Mapping[str, Rows]
    recipes: Mapping[str, Effect]
    random: Mapping[str, Rows]
    leaks: tuple[Leak, ...]
    grouped: bool
    champion: str
    metric: Any
    warnings: tuple[str, ...] = ()


ALIKE = 0.05
"""From such a share of rows with the very same features as another one on, random folds are warned of."""


def unfoldable(y: Values, metric: Any, groups: Any) -> str | None:
    """Why there are no folds to fit on, or ``None``: one class only, one group only."""
    if _classes(metric) and len(np.unique(y)) < 2:  # noqa: PLR2004 (classes)
        return "y holds a single class"
    if groups is not None and not isinstance(groups, str) and len(np.unique(np.asarray(groups).astype(str))) < 2:  # noqa: PLR2004
        return "there is a single group: nothing can be held out"
    return None


def _twins(table: Any) -> tuple[str, ...]:
    """A warning where many rows have the very same features as another one."""
    features = _features(table)
    if features.shape[1] == 0:
        return ()
    codes = duplicates(features)
    share = float((np.bincount(codes)[codes] > 1).mean())
    said = f"{share:.0%} of rows have the very same features as another one: random folds test on what they trained on"
    return (said,) if share > ALIKE else ()


def crossed(
    recipes: Mapping[str, Any], table: Any, y: Values, *, metric: Any, higher: bool, groups: Any, folds: int,
    confidence: float, champion: str, draw: np.random.Generator, beside: Any,
) -> Crossed:  # fmt: skip
    """Fit every recipe on the same *folds*; by *groups* if given, and at random, so that both can be told apart.

    Raises ValueError for fewer than two folds or rows than folds, and for a name of groups that no column has.
    """
    if not 2 <= folds <= len(y):  # noqa: PLR2004 (one fold trains on nothing)
        message = f"cv {folds} is not allowed. Allowed: 2 to the number of rows ({len(y):,})"
        raise ValueError(message)
    columns = _columns(table, beside)
    name, codes = _groups(groups, columns, len(y))
    if name is not None and hasattr(table, "columns") and name in list(table.columns):
        table = table.drop(columns=[name]) if hasattr(table, "iloc") else table.drop(name)
    contest = Contest(
        recipes=recipes, table=table, y=y, metric=metric, higher=higher, folds=folds, confidence=confidence,
        champion=champion, draw=draw,
    )  # fmt: skip
    return contest.at_random(columns) if codes is None else contest.by_group(name or "groups", codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Recipes that are fitted on the same rows, and how they are scored."""

    recipes: Mapping[str, Any]
    table: Any
    y: Values
    metric: Any
    higher: bool
    folds: int
    confidence: float
    champion: str
    draw: np.random.Generator

    def at_random(self, columns: Mapping[str, Values]) -> Crossed:
        """On random folds only, with what groups of *columns* would have told of the champion."""
        parts = self._random()
        apart = {n: self._fitted(n, parts) for n in self.recipes}
        leaks = []
        for name in candidates(columns, _features(self.table), self.draw)[:2]:
            codes = np.unique(columns[name].astype(str), return_inverse=True)[1]
            grouped = self._fitted(self.champion, group_folds(codes, self.folds))
            leaks.append(self._gap(name, codes, parts, apart[self.champion], grouped))
        rows = self._rows(apart, None)
        return Crossed(
            rows=rows, recipes=_over(rows, parts, self.confidence), random={}, leaks=tuple(leaks), grouped=False,
            champion=self.champion, metric=self.metric, warnings=_twins(self.table),
        )  # fmt: skip

    def by_group(self, name: str, codes: Values) -> Crossed:
        """On folds that never split a group, with what random folds would have told."""
        parts, at_random = group_folds(codes, self.folds), self._random()
        apart = {n: self._fitted(n, at_random) for n in self.recipes}
        grouped = {n: self._fitted(n, parts) for n in self.recipes}
        leaks = tuple(self._gap(f"{name} ({n})", codes, at_random, apart[n], grouped[n]) for n in self.recipes)
        rows = self._rows(grouped, codes)
        return Crossed(
            rows=rows, recipes=_over(rows, parts, self.confidence), random=self._rows(apart, None), leaks=leaks,
            grouped=True, champion=self.champion, metric=self.metric,
        )  # fmt: skip

    def _random(self) -> Folds:
        classes = np.unique(self.y, return_inverse=True)[1] if _classes(self.metric) else None
        return random_folds(len(self.y), self.folds, self.draw, classes)

    def _fitted(self, name: str, folds: Folds) -> Values:
        return out_of_fold(self.recipes[name], self.table, self.y, folds, self.metric)

    def _rows(self, predicted: Mapping[str, Values], clusters: Values | None) -> dict[str, Rows]:
        champion = predicted[self.champion]
        return {n: self._pair(champion, p, clusters) for n, p in predicted.items() if n != self.champion}

    def _pair(self, champion: Values, challenger: Values, clusters: Values | None) -> Rows:
        return Rows(
            truth=self.y, champion=champion, challenger=challenger, metric=self.metric, labels=np.unique(self.y),
            clusters=clusters, higher=self.higher,
        )  # fmt: skip

    def _gap(self, name: str, codes: Values, at_random: Folds, apart: Values, grouped: Values) -> Leak:
        """The same model on the same rows, fitted on random folds and by group: a paired comparison by group."""
        seen = found(self._pair(grouped, apart, codes), confidence=self.confidence, draw=self.draw, least=3)
        alike, chance, _ = likeness(_features(self.table), codes, self.draw)
        told = (seen.challenger, seen.champion, _evenly(seen)) if isinstance(seen, Found) else (None, None, None)
        return Leak(
            name=name, groups=int(codes.max()) + 1, shared=shared(codes, at_random), alike=alike, expected=chance,
            random=told[0], grouped=told[1], gap=told[2],
        )  # fmt: skip


def random_folds(n: int, folds: int, draw: np.random.Generator, classes: Values | None) -> Folds:
    """Random folds, of equal shares of each class where there are *classes*."""
    order = draw.permutation(n)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    of = np.empty(n, dtype=np.int64)
    of[order] = np.arange(n) % folds
    return [(np.flatnonzero(of != k), np.flatnonzero(of == k)) for k in range(folds)]


def group_folds(codes: Values, folds: int) -> Folds:
    """Folds that never split a group: the largest group goes to the emptiest fold (scikit-learn's GroupKFold)."""
    sizes = np.bincount(codes)
    folds = min(folds, len(sizes))
    filled = np.zeros(folds)
    of = np.empty(len(sizes), dtype=np.int64)
    for group in np.argsort(sizes, kind="stable")[::-1]:
        of[group] = np.argmin(filled)
        filled[of[group]] += sizes[group]
    return [(np.flatnonzero(of[codes] != k), np.flatnonzero(of[codes] == k)) for k in range(folds)]


def out_of_fold(estimator: Any, table: Any, y: Values, folds: Folds, metric: Any) -> Values:
    """What a clone fitted on each fold's training rows says of its test rows."""
    from sklearn.base import clone  # noqa: PLC0415 (heavy import)

    said: Values | None = None
    labels = np.unique(y)
    for train, test in folds:
        model = clone(estimator).fit(_taken(table, train), y[train])
        values = _scored(model, _taken(table, test), labels) if metric == AUC else model.predict(_taken(table, test))
        values = np.asarray(values)
        if said is None:
            said = np.empty((len(y), *values.shape[1:]), dtype=y.dtype if _classes(metric) and metric != AUC else float)
        said[test] = values
    assert said is not None  # noqa: S101
    return said


def _scored(model: Any, table: Any, labels: Values) -> Values:
    if not hasattr(model, "predict_proba"):
        return np.asarray(model.decision_function(table))
    given = model.predict_proba(table)
    full = np.zeros((len(given), len(labels)))
    full[:, np.searchsorted(labels, model.classes_)] = given
    return full[:, 1] if len(labels) == 2 else full  # noqa: PLR2004 (two classes have one score)


def _over(rows: Mapping[str, Rows], folds: Folds, confidence: float) -> dict[str, Effect]:
    """Nadeau–Bengio over the folds, where the metric has a value in each."""
    held = {}
    share = float(np.mean([len(test) / len(train) for train, test in folds]))
    for name, r in rows.items():
        values = np.array([_value(r, r.challenger, test) - _value(r, r.champion, test) for _, test in folds])
        if len(values) > 2 and np.isfinite(values).all():  # noqa: PLR2004 (two folds have no spread)
            held[name] = nadeau_bengio(sign(r) * values, share, confidence=confidence)
    return held


def _value(rows: Rows, said: Values, test: Values) -> float:
    from qoa_platform.verdicts.comparing.ranking import auc_macro  # noqa: PLC0415 (only here)

    truth, predicted = rows.truth[test], said[test]
    if callable(rows.metric):
        return float(rows.metric(truth, predicted))
    if rows.metric == AUC:
        return auc_macro(truth, predicted.astype(np.float64), rows.labels)[0]
    score = SCORES[rows.metric]
    return float(score.value(score.sums(truth, predicted, rows.labels).sum(axis=0)))


def _evenly(seen: Found) -> Effect:
    """The effect with each group counting the same, where there is one: one large group must not hide the others."""
    return next((e for e in seen.others if e.method == EVENLY), seen.effect)


def _classes(metric: Any) -> bool:
    return metric in ("accuracy", "balanced_accuracy", "f1_macro", AUC)


def _taken(table: Any, rows: Values) -> Any:
    if hasattr(table, "iloc"):
        return table.iloc[rows]
    return table[rows] if hasattr(table, "columns") else np.asarray(table)[rows]


def _columns(table: Any, beside: Any) -> dict[str, Values]:
    """Every named column of both, as arrays."""
    found: dict[str, Values] = {}
    for part in (table, beside):
        if part is not None and hasattr(part, "columns"):
            found |= {str(name): np.asarray(part[name]) for name in part.columns}
        elif isinstance(part, Mapping):
            found |= {str(name): np.asarray(values) for name, values in part.items()}
    return found


def _features(table: Any) -> NDArray[np.float64]:
    """The numeric features as an array."""
    if not hasattr(table, "columns"):
        given = np.asarray(table)
        return given.astype(np.float64) if given.dtype.kind in "fiub" else np.empty((len(given), 0))
    numbers = [c for c in (np.asarray(table[n]) for n in table.columns) if c.dtype.kind in "fiub"]
    return np.stack(numbers, axis=1).astype(np.float64) if numbers else np.empty((len(table), 0))


def _groups(groups: Any, columns: Mapping[str, Values], n: int) -> tuple[str | None, Values | None]:
    if groups is None:
        return None, None
    name = groups if isinstance(groups, str) else None
    if name is not None and name not in columns:
        message = f"groups {name!r} is no column. Allowed: {', '.join(columns) or 'an array of one group per row'}"
        raise ValueError(message)
    values = columns[name] if name is not None else np.asarray(groups)
    if len(values) != n:
        message = f"groups has {len(values):,} rows. Allowed: one for each of the {n:,} of y"
        raise ValueError(message)
    return name, np.unique(values.astype(str), return_inverse=True)[1].astype(np.int64)
