"""The watched day: every metric of the catalogue that applies to the sales of a day is promised on it."""

from assets.retail.watched import WATCHED
from qoa_platform.metrics import Source, catalogue
from qoa_platform.records import Mode

BESIDES = {
    "data.schema_violations": "the schema promise of sales_day is this metric",
    "data.parse_rate": "no column holds numbers or times as text",
    "data.delay": "no column says when a row arrived",
    "data.late_share": "no column says when a row arrived",
    "data.detection_precision": "no column says which cells somebody flagged",
    "data.detection_recall": "no column says which cells somebody flagged",
    "data.detection_f1": "no column says which cells somebody flagged",
    "drift.ddm": "no column holds the errors of a model",
    "drift.e_detector": "no column holds the errors of a model",
    "service.split_p": "no column says which arm a row belongs to",
    "service.error_e_value": "no column says which arm a row belongs to",
}
"""What cannot be said of these sales, and why."""


def test_every_metric_that_applies_is_watched() -> None:
    """A metric of data or drift that is computed is promised on the day, or it is said why it does not apply."""
    (subject,) = WATCHED.subjects
    frames = {Source.FRAME, Source.PUBLICATION}
    computed = {m.id for m in catalogue().values() if m.implemented and m.source in frames and m.family != "own"}
    assert {p.metric for p in subject.promises} | set(BESIDES) == computed
    assert not {p.metric for p in subject.promises} & set(BESIDES)


def test_watching_changes_nothing() -> None:
    """The contract observes: it has no policy, and nothing it says keeps a day from being published."""
    assert WATCHED.mode is Mode.OBSERVE
    assert not WATCHED.policy
