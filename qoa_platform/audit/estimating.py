"""Owns estimating: metrics of predictions whose outcome is not known yet, told from those whose outcome is."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from qoa_platform.metrics import Metric
from qoa_platform.metrics.model_estimated import Estimated
from qoa_platform.metrics.predictions import positive_of
from qoa_platform.records import Reading, Reason
from qoa_platform.scans import Measured
from qoa_platform.scans.keys import value_text

if TYPE_CHECKING:
    from qoa_platform.verdicts.estimating import Estimate

LEAST = 100
"""Labelled rows that a calibration needs."""


def estimated(
    metrics: Sequence[Metric], known: pl.DataFrame, rows: pl.DataFrame, by: str | None
) -> dict[Metric, list[Measured]]:
    """What estimates among *metrics* tell of the *rows* without an outcome, from the *known* rows of the version.

    Of the whole, and of each group of *by*. The bound of a reading is the half width of the interval in which the
    realised value will lie.
    """
    found: dict[Metric, list[Measured]] = {}
    for metric in metrics:
        if isinstance(metric, Estimated):
            found[metric] = list(_each(metric, known, rows, by))
    return found


def _each(metric: Estimated, known: pl.DataFrame, rows: pl.DataFrame, by: str | None) -> list[Measured]:
    absent = [c for c in (*metric.columns, *([by] if by else [])) if c not in rows.columns]
    if absent:
        cause = f"no column {', '.join(map(repr, absent))}. Columns: {', '.join(rows.columns)}"
        return [Measured(metric=metric, group=None, reading=Reading.unknown(Reason.ERROR, cause=cause))]
    known, rows = (f.with_columns(cs.float().fill_nan(None)) for f in (known, rows))
    labelled, waiting = known.drop_nulls([metric.truth]), rows.filter(pl.col(metric.truth).is_null())
    parts: list[tuple[str | None, pl.DataFrame]] = [(None, waiting)]
    if by is not None:
        groups = waiting.drop_nulls([by]).partition_by(by, as_dict=True)
        parts += [(str(name), part) for (name,), part in groups.items()]
    readings = _readings(metric, labelled, [part for _, part in parts])
    return [
        Measured(metric=metric, group=group, reading=reading)
        for (group, _), reading in zip(parts, readings, strict=True)
    ]


def _readings(metric: Estimated, labelled: pl.DataFrame, parts: Sequence[pl.DataFrame]) -> list[Reading]:
    """One reading per part of the rows that wait, all off one calibration."""
    from qoa_platform.verdicts.estimating.frames import Columns, chunks  # noqa: PLC0415 (NumPy)

    if parts[0].is_empty():
        cause = "every outcome is known: nothing is to be estimated"
        return [Reading.unknown(Reason.NOT_APPLICABLE, cause=cause) for _ in parts]
    if labelled.height < LEAST:
        cause = f"{labelled.height} rows have an outcome, a calibration needs {LEAST}"
        return [Reading.unknown(Reason.NO_REFERENCE, part.height, cause) for part in parts]
    try:
        how = Columns(
            y_true=metric.truth, y_pred=metric.prediction, y_score=getattr(metric, "score", None),
            positive=_positive(metric, labelled), features=getattr(metric, "features", None) or None,
        )  # fmt: skip
        _, found = chunks(
            labelled, pl.concat(parts), how, metrics=(metric.NAME,), confidence=metric.confidence,
            edges=[0, *accumulate(part.height for part in parts)],
        )  # fmt: skip
    except (ValueError, pl.exceptions.PolarsError) as error:
        return [Reading.unknown(Reason.ERROR, part.height, str(error).partition("\n")[0]) for part in parts]
    return [_reading(chunk.estimate) for chunk in found]


def _reading(told: "Estimate") -> Reading:
    if told.value is None or told.low is None or told.high is None:
        return Reading.unknown(told.reason or Reason.NOT_APPLICABLE, told.n, "the window does not define it")
    return Reading(value=told.value, n=told.n, bound=max(told.value - told.low, told.high - told.value))


def _positive(metric: Estimated, labelled: pl.DataFrame) -> str | None:
    """The class that scores are of, as for metrics of labelled rows: named, or true, or 1. Raises ValueError."""
    if not hasattr(metric, "score"):
        return None
    truth = labelled.get_column(metric.truth)
    found = positive_of((value_text(v) for v in truth.unique()), getattr(metric, "positive", None))
    if found is None:
        raise ValueError(f"column {metric.truth!r} is {truth.dtype}: name the positive class")
    return found
