"""Owns the family of model metrics: those of classes, of errors, and those that are declared (metrics.md 4.12–4.15)."""

from qoa_platform.metrics import model_classes, model_errors
from qoa_platform.metrics.model_declared import DECLARED
from qoa_platform.metrics.protocol import MetricSpec

SPECS: tuple[MetricSpec, ...] = (*model_errors.SPECS, *model_classes.SPECS, *DECLARED)
