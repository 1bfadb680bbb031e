"""Owns the model metrics that are declared until their engines exist (metrics.md 4.12–4.15)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec, ParamSpec, Source
from qoa_platform.metrics.specs import declared, number, text
from qoa_platform.records import Direction, Unit

_LOWER, _HIGHER, _TARGET = Direction.LOWER, Direction.HIGHER, Direction.TARGET
_POSITIVE = text("positive", "the class that counts as positive")
_SEASON = number("season", "length of a season in rows")


def _model(metric_id: str, unit: Unit, direction: Direction, definition: str, *params: ParamSpec) -> MetricSpec:
    return declared(f"model.{metric_id}", unit, direction, Arity.NONE, definition, *params, source=Source.PREDICTIONS)


_CLASSIFICATION = (
    _model("roc_auc", Unit.RATIO, _HIGHER, "Chance that a positive row scores above a negative one.", _POSITIVE),
    _model("average_precision", Unit.RATIO, _HIGHER, "Precision averaged over the gains in recall.", _POSITIVE),
    _model("log_loss", Unit.NAT, _LOWER, "Mean −ln of the probability given to the truth.", _POSITIVE),
)

_REGRESSION = (
    _model("mase", Unit.ONE, _LOWER, "MAE ÷ the frozen seasonal-naive error of the training window.", _SEASON),
    _model("rmsse", Unit.ONE, _LOWER, "RMSE ÷ the frozen seasonal-naive RMS error of the training window.", _SEASON),
    _model(
        "group_gap", Unit.ONE, _LOWER, "Greatest − least value of a metric over groups.",
        text("of", "the metric", required=True),
    ),
    _model(
        "worst_group", Unit.ONE, _TARGET, "Worst value of a metric over groups.",
        text("of", "the metric", required=True),
    ),
)  # fmt: skip

_CALIBRATION = (
    _model("brier", Unit.ONE, _LOWER, "Mean (p − y)² of predicted probabilities.", _POSITIVE),
    _model("ece", Unit.RATIO, _LOWER, "Mean gap of predicted and observed share over 15 score bins; biased upward."),
    _model("mce", Unit.RATIO, _LOWER, "Largest gap of predicted and observed share over 15 score bins."),
    _model("calibration_ratio", Unit.ONE, _TARGET, "Σ observed ÷ Σ predicted."),
    _model("confidence", Unit.RATIO, _TARGET, "Mean probability of the predicted class; needs no label."),
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

DECLARED: tuple[MetricSpec, ...] = (*_CLASSIFICATION, *_REGRESSION, *_CALIBRATION, *_ESTIMATED)
