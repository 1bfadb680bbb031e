"""Owns scans: as few passes over a frame as pay, which answer every distinct ask of the wanted metrics."""

from qoa_platform.scans.kernel import Answers, answers, merged
from qoa_platform.scans.measuring import measure
from qoa_platform.scans.opening import Opened, SourceError, SqlTable
from qoa_platform.scans.planning import Pass, Plan, Shape, plan
from qoa_platform.scans.queries import NONE, Failure
from qoa_platform.scans.reading import asked, read
from qoa_platform.scans.scan import Measured, Scan, ScanReport
from qoa_platform.scans.sources import opened

__all__ = [
    "NONE",
    "Answers",
    "Beside",
    "Failure",
    "Measured",
    "Opened",
    "Pass",
    "Plan",
    "Scan",
    "ScanReport",
    "Shape",
    "SourceError",
    "SqlTable",
    "answers",
    "asked",
    "measure",
    "merged",
    "opened",
    "plan",
    "read",
]
