"""Owns performance without labels: what a model's scores and inputs say its quality is while outcomes are awaited."""

from qoa_platform.verdicts.estimating.calibration import Calibration
from qoa_platform.verdicts.estimating.confidence import ConfidenceEstimator
from qoa_platform.verdicts.estimating.estimate import Estimate
from qoa_platform.verdicts.estimating.losses import REGRESSION, LossEstimator
from qoa_platform.verdicts.estimating.scores import CLASSIFICATION

__all__ = ["CLASSIFICATION", "REGRESSION", "Calibration", "ConfidenceEstimator", "Estimate", "LossEstimator"]
