"""Owns change points: where a series changed for good, how much, how surely; in its history and as it comes."""

from qoa_platform.verdicts.changes.change import Change, Kind
from qoa_platform.verdicts.changes.named import ALARMS, named
from qoa_platform.verdicts.changes.watch import Shift, Watch

__all__ = ["ALARMS", "Change", "Kind", "Shift", "Watch", "named"]
