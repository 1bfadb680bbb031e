"""Owns the model metrics that are declared until their engines exist (metrics.md 4.15)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec, Source
from qoa_platform.metrics.specs import declared
from qoa_platform.records import Direction, Unit

_LOWER, _HIGHER = Direction.LOWER, Direction.HIGHER


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

DECLARED: tuple[MetricSpec, ...] = _ESTIMATED
