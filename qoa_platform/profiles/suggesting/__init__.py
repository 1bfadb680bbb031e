"""Owns suggesting: data in, a commented contract out, with the evidence for every promise in it."""

from qoa_platform.profiles.suggesting.evidence import Evidence, wilson
from qoa_platform.profiles.suggesting.history import HistoryError
from qoa_platform.profiles.suggesting.suggesting import suggest
from qoa_platform.profiles.suggesting.suggestion import Suggestion

__all__ = ["Evidence", "HistoryError", "Suggestion", "suggest", "wilson"]
