"""Owns the metrics of accuracy against a gold table; declared so far (metrics.md 4.5)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec
from qoa_platform.metrics.specs import declared, text
from qoa_platform.records import Direction, Unit

_TRUTH = text("truth", "the asset that holds the truth", required=True)


def _against_truth(metric_id: str, direction: Direction, definition: str) -> MetricSpec:
    return declared(metric_id, Unit.RATIO, direction, Arity.ANY, definition, _TRUTH)


SPECS: tuple[MetricSpec, ...] = (
    _against_truth("data.cell_accuracy", Direction.HIGHER, "Cells that equal the truth ÷ cells compared."),
    _against_truth("data.row_accuracy", Direction.HIGHER, "Rows of which every compared cell equals the truth ÷ rows."),
    _against_truth("data.truth_coverage", Direction.HIGHER, "Rows of the truth that were found ÷ rows of the truth."),
    _against_truth("data.label_disagreement", Direction.LOWER, "Labels that differ from gold ÷ labels compared."),
    _against_truth("data.detection_precision", Direction.HIGHER, "Flagged cells that are wrong ÷ flagged cells."),
    _against_truth("data.detection_recall", Direction.HIGHER, "Flagged cells that are wrong ÷ wrong cells."),
    _against_truth("data.detection_f1", Direction.HIGHER, "Harmonic mean of detection precision and recall."),
)
