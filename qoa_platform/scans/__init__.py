"""Owns scans: as few passes over a frame as pay, which answer every distinct ask of the wanted metrics."""

from qoa_platform.scans.measuring import measure
from qoa_platform.scans.planning import Pass, Plan, Shape, plan
from qoa_platform.scans.scan import Measured, Scan, ScanReport

__all__ = ["Measured", "Pass", "Plan", "Scan", "ScanReport", "Shape", "measure", "plan"]
