"""Owns the family of drift: distances of bins, tests, distances of distributions, detectors (4.10–4.11)."""

from qoa_platform.metrics import drift_bins, drift_rows, drift_shape, drift_tests, drift_watched
from qoa_platform.metrics.protocol import MetricSpec

SPECS: tuple[MetricSpec, ...] = (
    *drift_bins.SPECS, *drift_tests.SPECS, *drift_shape.SPECS, *drift_rows.SPECS, *drift_watched.SPECS,
)  # fmt: skip
