"""Owns the family of drift: distances of bins, tests, distances of distributions, and what is declared (4.10–4.11)."""

from qoa_platform.metrics import drift_bins, drift_rows, drift_shape, drift_tests
from qoa_platform.metrics.drift_declared import DECLARED
from qoa_platform.metrics.protocol import MetricSpec

SPECS: tuple[MetricSpec, ...] = (
    *drift_bins.SPECS, *drift_tests.SPECS, *drift_shape.SPECS, *drift_rows.SPECS, *DECLARED,
)  # fmt: skip
