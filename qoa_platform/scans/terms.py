"""Owns row-wise terms: what is summed of each row for metrics of predictions, as Polars expressions by name."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import polars as pl

from qoa_platform.scans.binning import is_class
from qoa_platform.scans.columns import Schema, UnanswerableError, require_number

EPSILON = 2.0**-52
"""Probabilities of 0 and 1 are clipped to this distance from them, as scikit-learn does."""
Terms = Mapping[str, pl.Expr]
"""Expressions over a row by the name of their sum; null where a column of the ask is missing."""


def terms(
    name: str, columns: Sequence[str], params: Mapping[str, Any], schema: Schema, nullable: frozenset[str]
) -> Terms:
    """The terms of *name* over *columns*, of which *nullable* have a null somewhere. Raises UnanswerableError.

    ``errors``, ``relative``, ``pinball`` (q) take truth and prediction; ``interval`` truth, lower and upper end;
    ``skill`` truth, prediction and the baseline's prediction; ``apart`` (tolerance) two predictions; ``probability``
    (positive) a score and the truth, which is a class; ``confidence`` (above, scored) a score.
    """
    if name == "probability":
        found = _probability(columns, params, schema)
    elif name in TERMS:
        found = TERMS[name](_numbers(columns, schema, name), params)
    else:
        known = ", ".join(sorted({*TERMS, "probability"}))
        raise UnanswerableError(f"terms {name!r} are not known to a scan. Allowed: {known}")
    missing = sorted(nullable.intersection(columns))
    there = reduce(and_, (pl.col(column).is_not_null() for column in missing)) if missing else None
    return found if there is None else {key: pl.when(there).then(term) for key, term in found.items()}


def _numbers(columns: Sequence[str], schema: Schema, name: str) -> list[pl.Expr]:
    for column in columns:
        require_number(column, schema, f"a sum of {name}")
    return [pl.col(column).cast(pl.Float64) for column in columns]


def _errors(columns: Sequence[pl.Expr], _: Mapping[str, Any]) -> Terms:
    truth, prediction = columns
    error = prediction - truth
    return {"absolute": error.abs(), "squared": error * error, "error": error, "truth": truth.abs()}


def _relative(columns: Sequence[pl.Expr], _: Mapping[str, Any]) -> Terms:
    truth, prediction = columns
    error, scale = (prediction - truth).abs(), truth.abs() + prediction.abs()
    return {
        "kept": (truth != 0).cast(pl.Float64),
        "share": pl.when(truth != 0).then(error / truth.abs()).otherwise(0.0),
        "symmetric": pl.when(scale != 0).then(2 * error / scale).otherwise(0.0),
    }


def _pinball(columns: Sequence[pl.Expr], params: Mapping[str, Any]) -> Terms:
    truth, prediction = columns
    q, under = float(params["q"]), truth - prediction
    return {"loss": pl.when(under >= 0).then(q * under).otherwise((q - 1) * under)}


def _interval(columns: Sequence[pl.Expr], _: Mapping[str, Any]) -> Terms:
    truth, low, high = columns
    return {
        "inside": ((low <= truth) & (truth <= high)).cast(pl.Float64),
        "width": high - low,
        "below": pl.when(truth < low).then(low - truth).otherwise(0.0),
        "above": pl.when(truth > high).then(truth - high).otherwise(0.0),
    }


def _skill(columns: Sequence[pl.Expr], _: Mapping[str, Any]) -> Terms:
    truth, prediction, baseline = columns
    own, theirs = prediction - truth, baseline - truth
    return {
        "absolute": own.abs(), "squared": own * own, "base_absolute": theirs.abs(), "base_squared": theirs * theirs,
    }  # fmt: skip


def _apart(columns: Sequence[pl.Expr], params: Mapping[str, Any]) -> Terms:
    one, two = columns
    near = (one == two) | ((one - two).abs() <= float(params["tolerance"]))
    return {"apart": (~near).cast(pl.Float64)}


def _probability(columns: Sequence[str], params: Mapping[str, Any], schema: Schema) -> Terms:
    (score,) = _numbers(columns[:1], schema, "probability")
    hit = is_class(columns[1], schema, params.get("positive"))
    given = pl.when(hit).then(score).otherwise(1.0 - score)
    y = hit.cast(pl.Float64)
    return {
        "log": -given.clip(EPSILON, 1.0 - EPSILON).log(), "squared": (score - y) ** 2, "p": score, "y": y,
        "outside": _outside(score),
    }  # fmt: skip


def _confidence(columns: Sequence[pl.Expr], params: Mapping[str, Any]) -> Terms:
    (score,) = columns
    sure = score if params.get("scored") == "predicted" else pl.max_horizontal(score, 1.0 - score)
    above = params.get("above")
    return {"sure": sure if above is None else (sure > float(above)).cast(pl.Float64), "outside": _outside(score)}


def _outside(score: pl.Expr) -> pl.Expr:
    return (~score.is_between(0.0, 1.0)).cast(pl.Float64)


TERMS: Mapping[str, Callable[[Sequence[pl.Expr], Mapping[str, Any]], Terms]] = {
    "errors": _errors, "relative": _relative, "pinball": _pinball, "interval": _interval, "skill": _skill,
    "apart": _apart, "confidence": _confidence,
}  # fmt: skip
"""By the name that an ask says."""
