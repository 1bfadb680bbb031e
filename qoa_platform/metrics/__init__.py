"""Owns the metrics: what is measured of a frame or a run, which state it asks for, and the catalogue of all ids."""

from qoa_platform.metrics.catalogue import FAMILIES, build, catalogue
from qoa_platform.metrics.protocol import (
    UNMERGEABLE,
    AnyMetric,
    Arity,
    FoldMetric,
    Metric,
    MetricError,
    MetricSpec,
    ParamSpec,
    Source,
)

__all__ = [
    "FAMILIES",
    "UNMERGEABLE",
    "AnyMetric",
    "Arity",
    "FoldMetric",
    "Metric",
    "MetricError",
    "MetricSpec",
    "ParamSpec",
    "Source",
    "build",
    "catalogue",
]
