"""Owns the model metrics that are declared until their engines exist (metrics.md 4.12–4.15)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec, ParamSpec, Source
from qoa_platform.metrics.specs import declared, number
from qoa_platform.records import Direction, Unit

_LOWER, _HIGHER = Direction.LOWER, Direction.HIGHER
_SEASON = number("season", "length of a season in rows")


def _model(metric_id: str, unit: Unit, direction: Direction, definition: str, *params: ParamSpec) -> MetricSpec:
    return declared(f"model.{metric_id}", unit, direction, Arity.NONE, definition, *params, source=Source.PREDICTIONS)


_REGRESSION = (
    _model("mase", Unit.ONE, _LOWER, "MAE ÷ the frozen seasonal-naive error of the training window.", _SEASON),
    _model("rmsse", Unit.ONE, _LOWER, "RMSE ÷ the frozen seasonal-naive RMS error of the training window.", _SEASON),
)


def _estimated(name: str, unit: Unit, direction: Direction, how: str) -> MetricSpec:
    return declared(
        f"model.estimated_{name}", unit, direction, Arity.NONE, f"Estimate of model.{name} without labels, by {how}.",
        source=Source.PREDICTIONS, needs_reference=True,
    )  # fmt: skip


_CBPE = "calibrated confidence (CBPE)"
_DLE = "a model of the error (DLE)"
_ESTIMATED = (
    *(
        _estimated(name, Unit.RATIO, _HIGHER, _CBPE)
        for name in ("accuracy", "precision", "recall", "f1", "roc_auc", "average_precision")
    ),
    _estimated("mae", Unit.COLUMN, _LOWER, _DLE),
    _estimated("rmse", Unit.COLUMN, _LOWER, _DLE),
    _estimated("wape", Unit.RATIO, _LOWER, _DLE),
)

DECLARED: tuple[MetricSpec, ...] = (*_REGRESSION, *_ESTIMATED)
