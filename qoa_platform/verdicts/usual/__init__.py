"""Owns ``must: usual``: the acceptance band learnt, robustly, from a metric's own past. Pure; standard library only."""

from qoa_platform.verdicts.usual.band import DECLARED, MAD_TO_SIGMA, MONTH, Band, Learning, Point
from qoa_platform.verdicts.usual.history import learn
from qoa_platform.verdicts.usual.learnt import Learnt
from qoa_platform.verdicts.usual.stream import Flag, Stream

__all__ = ["DECLARED", "MAD_TO_SIGMA", "MONTH", "Band", "Flag", "Learning", "Learnt", "Point", "Stream", "learn"]
