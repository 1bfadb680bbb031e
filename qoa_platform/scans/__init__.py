"""Owns scans: as few passes over a frame as pay, which answer every distinct ask of the wanted metrics."""

from qoa_platform.scans.kernel import Answers, answers, merged
from qoa_platform.scans.measuring import measure
from qoa_platform.scans.planning import Pass, Plan, Shape, plan
from qoa_platform.scans.queries import NONE, Beside, Failure
from qoa_platform.scans.reading import asked, read
from qoa_platform.scans.scan import Measured, Scan, ScanReport

__all__ = [
    "NONE",
    "Answers",
    "Beside",
    "Failure",
    "Measured",
    "Pass",
    "Plan",
    "Scan",
    "ScanReport",
    "Shape",
    "answers",
    "asked",
    "measure",
    "merged",
    "plan",
    "read",
]
