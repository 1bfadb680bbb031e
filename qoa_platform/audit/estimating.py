"""Owns estimating: metrics of predictions whose outcome is not known yet, told from those whose outcome is."""

from collections.abc import Sequence

import polars as pl

from qoa_platform.metrics import Metric
from qoa_platform.metrics.model_estimated import Estimated
from qoa_platform.records import Reading, Reason
from qoa_platform.scans import Measured

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
    labelled, waiting = known.drop_nulls([metric.truth]), rows.filter(pl.col(metric.truth).is_null())
    parts: list[tuple[str | None, pl.DataFrame]] = [(None, waiting)]
    if by is not None:
        parts += [
            (str(name), part) for (name,), part in waiting.drop_nulls([by]).partition_by(by, as_dict=True).items()
        ]
    return [Measured(metric=metric, group=group, reading=_reading(metric, labelled, part)) for group, part in parts]


def _reading(metric: Estimated, labelled: pl.DataFrame, waiting: pl.DataFrame) -> Reading:
    from qoa_platform.verdicts.estimating.frames import Columns, chunks  # noqa: PLC0415 (NumPy)

    if waiting.is_empty():
        return Reading.unknown(Reason.NOT_APPLICABLE, cause="every outcome is known: nothing is to be estimated")
    if labelled.height < LEAST:
        cause = f"{labelled.height} rows have an outcome, a calibration needs {LEAST}"
        return Reading.unknown(Reason.NO_REFERENCE, waiting.height, cause)
    score = getattr(metric, "score", None)
    how = Columns(
        y_true=metric.truth, y_pred=metric.prediction, y_score=score, positive=getattr(metric, "positive", None),
        features=getattr(metric, "features", None) or None,
    )  # fmt: skip
    try:
        _, (found,) = chunks(
            labelled, waiting, how, metrics=(metric.NAME,), size=waiting.height, confidence=metric.confidence
        )  # fmt: skip
    except (ValueError, pl.exceptions.PolarsError) as error:
        return Reading.unknown(Reason.ERROR, waiting.height, str(error).partition("\n")[0])
    told = found.estimate
    if told.value is None or told.low is None or told.high is None:
        return Reading.unknown(told.reason or Reason.NOT_APPLICABLE, told.n, "the window does not define it")
    return Reading(value=told.value, n=told.n, bound=max(told.value - told.low, told.high - told.value))
