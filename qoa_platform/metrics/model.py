"""Owns the family of model metrics: of errors, classes, scores and groups, and estimates without labels (4.12–4.15)."""

from qoa_platform.metrics import model_classes, model_errors, model_estimated, model_groups, model_scaled, model_scores
from qoa_platform.metrics.protocol import MetricSpec

SPECS: tuple[MetricSpec, ...] = (
    *model_errors.SPECS, *model_scaled.SPECS, *model_classes.SPECS, *model_scores.SPECS, *model_groups.SPECS,
    *model_estimated.SPECS,
)  # fmt: skip
