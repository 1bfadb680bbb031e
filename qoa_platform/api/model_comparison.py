"""Owns compare_models: two or more models on the same rows, or recipes on folds that respect groups."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qoa_platform.api.columns import array, missing, named, plain, unfit
from qoa_platform.api.crossing import Crossed, crossed, unfoldable
from qoa_platform.api.listing import Listing
from qoa_platform.records import Reason
from qoa_platform.verdicts.comparing import Comparison
from qoa_platform.verdicts.comparing.judging import judged, refused
from qoa_platform.verdicts.comparing.leaks import Leak
from qoa_platform.verdicts.comparing.pairing import AUC, METRICS, Rows

Values = NDArray[Any]
FEW = 20
"""Whole numbers of at most so many values are classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelComparison(Listing):
    """One :class:`Comparison` per challenger; printed it says who is better, how sure, where not, and why.

    *leaks* are the groups that random folds would split, *random* what those folds would have said (only of recipes).
    """

    comparisons: tuple[Comparison, ...]
    leaks: tuple[Leak, ...] = ()
    random: tuple[Comparison, ...] = ()

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "challenger": pl.String, "champion": pl.String, "metric": pl.String, "segment": pl.String,
        "outcome": pl.String, "reason": pl.String, "champion_value": pl.Float64, "challenger_value": pl.Float64,
        "difference": pl.Float64, "low": pl.Float64, "high": pl.Float64, "p": pl.Float64, "n": pl.Int64,
        "clusters": pl.Int64, "within": pl.Float64, "detectable": pl.Float64, "needed": pl.Int64,
        "method": pl.String, "why": pl.String,
    }  # fmt: skip
    SHOWN = ("challenger", "segment", "outcome", "champion", "challenger", "difference", "from", "to", "p", "clusters")

    def __iter__(self) -> Iterator[Comparison]:
        return iter(self.comparisons)

    def __getitem__(self, challenger: str | int) -> Comparison:
        if isinstance(challenger, int):
            return self.comparisons[challenger]
        return next(c for c in self.comparisons if c.challenger == challenger)

    def to_frame(self) -> pl.DataFrame:
        """One row per challenger and one per segment of it, as a Polars frame."""
        return self.to_polars()

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries."""
        return [row for c in self.comparisons for row in _records(c)]

    def cells(self) -> Sequence[Sequence[str]]:
        """The rows as a person reads them."""
        return [
            (
                row["challenger"], row["segment"] or "(all)", row["outcome"] or "",
                *(_shown(row[k]) for k in ("champion_value", "challenger_value", "difference", "low", "high", "p")),
                _shown(row["clusters"]),
            )
            for row in self.records()
        ]  # fmt: skip

    def head(self) -> str:
        """Every decision with its reason, warnings, leaks and what random folds would have said."""
        lines = [f"{c.challenger} against {c.champion}, {c.metric}: {c.outcome}: {c.why}" for c in self.comparisons]
        lines += [f"warning: {text}" for text in dict.fromkeys(w for c in self.comparisons for w in c.warnings)]
        lines += [f"leak: {leak}" for leak in self.leaks if leak.matters]
        for ours, theirs in zip(self.comparisons, self.random, strict=False):
            if ours.preferred != theirs.preferred and ours.preferred is not None:
                lines.append(f"by group {ours.preferred} is ahead; random folds prefer {theirs.preferred}")
        return "\n".join(lines)


def compare_models(
    first: Any, second: Any, y: Any = None, *, metric: str | Callable[[Values, Values], float] | None = None,
    groups: Any = None, time: Any = None, segments: Any = None, champion: str | None = None, margin: float = 0.0,
    confidence: float = 0.95, scores: Any = None, higher_is_better: bool = True, trained_groups: Any = None,
    cv: int = 5, beside: Any = None, seed: int = 0,
) -> ModelComparison:  # fmt: skip
    """Compare models: ``compare_models(y_true, predictions)`` or, by folds, ``compare_models(estimators, X, y)``.

    *predictions*: model → array, or two arrays (``champion``, ``challenger``); all on the rows of *y_true*. *metric*:
    accuracy, balanced_accuracy, f1_macro, roc_auc (of *scores*, or of predictions that are scores), mae, mse, rmse,
    wape, or a function of (truth, prediction) with *higher_is_better*. Differences are positive where the challenger
    is better. *champion* is the first model if not named; several challengers get intervals that hold at once (max-t).

    Rows of one of *groups* (customer, building, site) may err together: the interval is t over a jackknife by group.
    Rows in *time* are joined to blocks as long as their errors remember. Without both, rows must be independent.
    *segments*: an array, or name → array; where the challenger is worse is named whatever the whole says (Holm).
    *margin*: differences within ±margin do not matter. *trained_groups*: groups that a model was fitted on; a test
    row of one is a contaminated one, and the comparison is refused. The chance that a difference is named where none
    is, is at most 1 − confidence at one look; for several looks at growing data use :func:`sequential_test`.

    *estimators* (scikit-learn, name → estimator) are fitted on *cv* folds: by *groups* (an array, or the name of a
    column of *X* or *beside*, which is then no feature), else at random, and then refused where a column of *beside* or
    of *X* groups rows so that the score on random folds is too good.

    >>> truth = [0, 1] * 50
    >>> worse = [t if k % 3 else 1 - t for k, t in enumerate(truth)]
    >>> found = compare_models(truth, {"old": worse, "new": truth}, margin=0.01)
    >>> print(found[0].outcome, f"{found[0].effect.estimate:+.2f}")
    superior +0.34

    Raises ValueError for arguments that are not allowed; nothing for what the data holds.
    """
    _allowed(metric, margin, confidence)
    draw = np.random.default_rng(seed)
    recipes = _recipes(first)
    if recipes is not None:
        done = _folded(
            recipes, second, array(y, "y"), metric=metric, higher=higher_is_better, groups=groups, folds=cv,
            confidence=confidence, champion=_champion(champion, list(recipes)), draw=draw, beside=beside, margin=margin,
        )  # fmt: skip
        return done if isinstance(done, ModelComparison) else _of_folds(done, time, segments, margin, confidence, draw)
    truth = array(first, "y_true")
    given = named(scores if scores is not None else second)
    name = metric or (AUC if scores is not None else _metric(truth, given))
    base = _champion(champion, list(given))
    columns = {"groups": groups, "time": time}
    kept, parts = (
        {k: array(v, k, len(truth)) for k, v in columns.items() if v is not None},
        _parts(segments, len(truth)),
    )
    if trained_groups is not None and "groups" in kept:
        seen = np.isin(kept["groups"].astype(str), np.unique(array(trained_groups, "trained_groups").astype(str)))
        if seen.any():
            why = f"contaminated: {int(seen.sum()):,} of {len(seen):,} test rows are of groups that were trained on"
            return _all_refused(given, base, name, why, Reason.NOT_APPLICABLE, margin)
    return _of_predictions(truth, given, base, name, kept, parts, margin, confidence, draw, higher_is_better)


def _allowed(metric: Any, margin: float, confidence: float) -> None:
    """Raises ValueError for a metric, margin or confidence that is not allowed, and says what is."""
    if not 0 < confidence < 1:
        message = f"confidence {confidence} is not allowed. Allowed: between 0 and 1, such as 0.95"
        raise ValueError(message)
    if not 0 <= margin < np.inf:
        message = f"margin {margin} is not allowed. Allowed: 0 or more, in the unit of the metric"
        raise ValueError(message)
    if isinstance(metric, str) and metric not in METRICS:
        from difflib import get_close_matches  # noqa: PLC0415 (errors only)

        near = get_close_matches(metric, METRICS, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        message = f"metric {metric!r} is not known. Allowed: {', '.join(METRICS)}, or a function.{hint}"
        raise ValueError(message)


def _unlabelled(y: Values, table: Any) -> str | None:
    """Why recipes cannot be fitted on these rows, or ``None``."""
    if len(y) == 0:
        return "there is no row"
    if len(table) != len(y):
        return f"not the same rows: X has {len(table):,}, y {len(y):,}"
    holes = int(missing(y).sum())
    if holes:
        return f"{holes:,} of {len(y):,} rows have no (finite) y: leave them out of X and y"
    return None


def _of_predictions(  # noqa: PLR0917 (what the face was handed)
    truth: Values, given: Mapping[str, Values], base: str, metric: Any, kept: Mapping[str, Values],
    parts: Mapping[str, Values], margin: float, confidence: float, draw: np.random.Generator, higher: bool,  # noqa: FBT001 (one call)
) -> ModelComparison:  # fmt: skip
    lengths = {name: len(p) for name, p in given.items()}
    if any(length != len(truth) for length in lengths.values()):
        said = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        why = f"not on the same rows: {len(truth):,} truths, and of predictions {said}"
        return _all_refused(given, base, metric, why, Reason.NOT_APPLICABLE, margin)
    use = ~missing(truth)
    for values in kept.values():
        use &= ~missing(values)
    holes = {name: int((missing(p) & use).sum()) for name, p in given.items()}
    if any(holes.values()):
        said = ", ".join(f"{name} has none (or none finite) for {count:,}" for name, count in holes.items() if count)
        why = f"not on the same rows: of {int(use.sum()):,} rows with a truth {said}"
        return _all_refused(given, base, metric, why, Reason.NOT_APPLICABLE, margin)
    left = int((~use).sum())
    warnings = (f"{left:,} rows have no truth, group or time and are left out",) if left else ()
    truth, given = plain(truth[use]), {name: plain(p[use]) for name, p in given.items()}
    labels = np.unique(truth) if len(truth) else truth
    if metric in ("roc_auc", "balanced_accuracy", "f1_macro") and len(labels) < 2:  # noqa: PLR2004 (classes)
        return _all_refused(given, base, metric, "the truth holds a single class", Reason.NOT_APPLICABLE, margin)
    if (misfit := unfit(truth, given, metric, labels)) is not None:
        return _all_refused(given, base, metric, misfit, Reason.NOT_APPLICABLE, margin)
    codes = {k: np.unique(plain(v[use]), return_inverse=True)[1].astype(np.int64) for k, v in kept.items()}
    rows = {
        name: Rows(
            truth=truth, champion=given[base], challenger=p, metric=metric, labels=labels,
            clusters=codes.get("groups"), times=codes.get("time"), higher=higher,
        )
        for name, p in given.items()
        if name != base
    }  # fmt: skip
    used = {name: values[use].astype(str) for name, values in parts.items()}
    return ModelComparison(
        comparisons=judged(
            rows, champion=base, metric=_called(metric), margin=margin, confidence=confidence, segments=used,
            draw=draw, warnings=warnings,
        )
    )  # fmt: skip


def _folded(
    recipes: Mapping[str, Any], table: Any, y: Values, *, metric: Any, champion: str, groups: Any, margin: float,
    **how: Any,
) -> Crossed | ModelComparison:  # fmt: skip
    """The recipes on folds of *table*, or why there are none."""
    if (why := _unlabelled(y, table)) is not None:
        return _all_refused(recipes, champion, metric or "score", why, Reason.NO_DATA, margin)
    target = plain(y)
    name = metric or _metric(target, None)
    if (why := unfoldable(target, name, groups)) is not None:
        return _all_refused(recipes, champion, name, why, Reason.NOT_APPLICABLE, margin)
    return crossed(recipes, table, target, metric=name, champion=champion, groups=groups, **how)


def _of_folds(
    done: Crossed, time: Any, segments: Any, margin: float, confidence: float, draw: np.random.Generator
) -> ModelComparison:
    n = len(next(iter(done.rows.values())).truth)
    parts = {name: values.astype(str) for name, values in _parts(segments, n).items()}
    common: dict[str, Any] = {"champion": done.champion, "metric": _called(done.metric), "confidence": confidence}
    rows: Mapping[str, Rows] = done.rows
    warnings = done.warnings
    if time is not None:
        codes = np.unique(plain(array(time, "time", n)), return_inverse=True)[1].astype(np.int64)
        rows = {name: replace(r, times=codes) for name, r in rows.items()}
        warnings += ("folds do not follow time: later rows train what is judged on earlier ones",)
    comparisons = judged(
        rows, **common, margin=margin, segments=parts, draw=draw, recipes=done.recipes, warnings=warnings
    )
    other = judged(done.random, **common, margin=margin, segments={}, draw=draw) if done.random else ()
    leaking = [leak for leak in done.leaks if leak.matters]
    if leaking and not done.grouped:
        why = f"groups leak: {leaking[0]}. Say groups={leaking[0].name!r}"
        comparisons = tuple(
            refused(c.challenger, c.champion, c.metric, Reason.NOT_APPLICABLE, why, margin=margin) for c in comparisons
        )
    return ModelComparison(comparisons=comparisons, leaks=done.leaks, random=other)


def _all_refused(
    given: Mapping[str, Any], base: str, metric: Any, why: str, reason: Reason, margin: float
) -> ModelComparison:
    return ModelComparison(
        comparisons=tuple(
            refused(name, base, _called(metric), reason, why, margin=margin) for name in given if name != base
        )
    )


def _recipes(first: Any) -> dict[str, Any] | None:
    """The estimators by name, if *first* holds such."""
    if isinstance(first, Mapping) and first and all(hasattr(e, "fit") for e in first.values()):
        return {str(name): e for name, e in first.items()}
    if isinstance(first, list | tuple) and len(first) > 1 and all(hasattr(e, "fit") for e in first):
        names = [type(e).__name__ for e in first]
        return {
            n if names.count(n) == 1 else f"{n} {k + 1}": e for k, (n, e) in enumerate(zip(names, first, strict=True))
        }
    return None


def _champion(name: str | None, names: Sequence[str]) -> str:
    if name is not None and name not in names:
        message = f"champion {name!r} is not among the models. Allowed: {', '.join(names)}"
        raise ValueError(message)
    if len(names) < 2:  # noqa: PLR2004 (a comparison is of two)
        message = "fewer than two models. Allowed: a champion and one challenger or more"
        raise ValueError(message)
    return name if name is not None else names[0]


def _parts(segments: Any, n: int) -> dict[str, Values]:
    if segments is None:
        return {}
    given = segments if isinstance(segments, Mapping) else {"": segments}
    return {str(name): array(values, f"segments {name}".strip(), n) for name, values in given.items()}


def _metric(truth: Values, given: Mapping[str, Values] | None) -> str:
    """Accuracy of labels, else the mean absolute error."""
    whole = plain(truth[~missing(truth)])
    if whole.dtype.kind in "OUSb":
        return "accuracy"
    if whole.dtype.kind == "f" and not (whole == np.floor(whole)).all():
        return "mae"
    whole_too = all(
        (p == np.floor(p)).all() for p in (given or {}).values() if p.dtype.kind == "f" and np.isfinite(p).all()
    )
    return "accuracy" if len(np.unique(whole)) <= FEW and whole_too else "mae"


def _called(metric: Any) -> str:
    return metric if isinstance(metric, str) else getattr(metric, "__name__", "metric")


def _records(c: Comparison) -> list[dict[str, Any]]:
    base = {"challenger": c.challenger, "champion": c.champion, "metric": c.metric}
    e = c.effect
    whole = {
        **base, "segment": None, "outcome": str(c.outcome), "reason": None if c.reason is None else str(c.reason),
        "champion_value": c.champion_value, "challenger_value": c.challenger_value,
        "difference": e and e.estimate, "low": e and e.low, "high": e and e.high, "p": e and e.p, "n": e and e.n,
        "clusters": e and e.clusters, "within": c.within, "detectable": c.detectable, "needed": c.needed,
        "method": e and e.method, "why": c.why,
    }  # fmt: skip
    rows = [whole]
    for s in c.segments:
        e = s.effect
        rows.append({
            **dict.fromkeys(whole), **base, "segment": s.name, "outcome": "regresses" if s.regresses else None,
            "reason": None if s.reason is None else str(s.reason), "difference": e and e.estimate, "low": e and e.low,
            "high": e and e.high, "p": s.p, "n": e and e.n, "clusters": e and e.clusters, "method": e and e.method,
        })  # fmt: skip
    return rows


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
