"""Owns the metrics of performance without labels: what they read of a prediction frame (4.15); an audit tells them."""

from dataclasses import dataclass
from typing import Any, ClassVar

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import undefined
from qoa_platform.metrics.predictions import OfPredictions
from qoa_platform.metrics.protocol import MetricSpec
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated(OfPredictions):
    """A metric of the rows whose outcome is not known yet, told from the version's rows whose outcome is.

    The labelled rows calibrate, so that the estimate is as fresh as the labels; the bound of the reading is the half
    width of the interval in which the realised value will lie. It assumes that inputs lead to outcomes as they did.
    """

    NAME: ClassVar[str]
    """The metric that is estimated, as ``qoa_platform.estimate_performance`` names it."""

    truth: str = param("text", "the column of what came to be, empty where that is not known yet", default="actual")
    prediction: str = param("text", "the column of predictions", default="predicted")
    confidence: float = param("number", "how often the interval holds, 0.5 to 0.999", default=0.95)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Nothing of the scan: some rows calibrate what others are told."""
        return Ask(state="nothing")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return undefined(0, f"{self.id} is told from labelled rows: it is measured over a prediction frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByConfidence(Estimated):
    """Of a classification, by calibrated confidence (CBPE)."""

    unit = Unit.RATIO
    direction = Direction.HIGHER
    roles: ClassVar[tuple[str, ...]] = ("truth", "prediction", "score")

    score: str = param("text", "the column of the positive class's probability", default="score")
    positive: str | None = param("text", "the class that counts as positive (else true, or 1)", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedAccuracy(_ByConfidence):
    """Estimate of model.accuracy without labels, by calibrated confidence (CBPE)."""

    id = "model.estimated_accuracy"
    NAME = "accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedPrecision(_ByConfidence):
    """Estimate of model.precision without labels, by calibrated confidence (CBPE)."""

    id = "model.estimated_precision"
    NAME = "precision"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedRecall(_ByConfidence):
    """Estimate of model.recall without labels, by calibrated confidence (CBPE)."""

    id = "model.estimated_recall"
    NAME = "recall"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedF1(_ByConfidence):
    """Estimate of model.f1 without labels, by calibrated confidence (CBPE)."""

    id = "model.estimated_f1"
    NAME = "f1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedRocAuc(_ByConfidence):
    """Estimate of model.roc_auc without labels, by calibrated confidence (CBPE)."""

    id = "model.estimated_roc_auc"
    NAME = "roc_auc"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedAveragePrecision(_ByConfidence):
    """Estimate of model.average_precision without labels, by calibrated confidence (CBPE)."""

    id = "model.estimated_average_precision"
    NAME = "average_precision"


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByLoss(Estimated):
    """Of a regression, by a model of the error (DLE)."""

    unit = Unit.COLUMN
    features: tuple[str, ...] = param(
        "columns", "what the error is told from beside the prediction (else all numeric columns)", default=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedMae(_ByLoss):
    """Estimate of model.mae without labels, by a model of the error (DLE)."""

    id = "model.estimated_mae"
    NAME = "mae"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedRmse(_ByLoss):
    """Estimate of model.rmse without labels, by a model of the error (DLE)."""

    id = "model.estimated_rmse"
    NAME = "rmse"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedWape(_ByLoss):
    """Estimate of model.wape without labels, by a model of the error (DLE)."""

    id = "model.estimated_wape"
    unit = Unit.RATIO
    NAME = "wape"


SPECS: tuple[MetricSpec, ...] = tuple(map(spec, (
    EstimatedAccuracy, EstimatedPrecision, EstimatedRecall, EstimatedF1, EstimatedRocAuc, EstimatedAveragePrecision,
    EstimatedMae, EstimatedRmse, EstimatedWape,
)))  # fmt: skip
