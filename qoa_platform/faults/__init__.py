"""Owns the named faults of a frame, a model and a run: what ``qoa inject`` plants, and tests and benchmarks reuse."""

from qoa_platform.faults.fault import FRAME, KINDS, MODEL, RUN, Fault, FaultError, Kind, Realm, kind_of
from qoa_platform.faults.frames import apply
from qoa_platform.faults.models import damage_predictions, replacement_recipe
from qoa_platform.faults.planted import COLUMNS, described, fault_of
from qoa_platform.faults.runs import InjectedCrashError, pause_seconds

__all__ = [
    "COLUMNS",
    "FRAME",
    "KINDS",
    "MODEL",
    "RUN",
    "Fault",
    "FaultError",
    "InjectedCrashError",
    "Kind",
    "Realm",
    "apply",
    "damage_predictions",
    "described",
    "fault_of",
    "kind_of",
    "pause_seconds",
    "replacement_recipe",
]
