"""Owns judging: readings, promises and history in, verdicts out. Pure; imports records only."""

from qoa_platform.verdicts.bounds import fixed_bounds, inside, margin_of, uncertain, versus_bounds
from qoa_platform.verdicts.comparing.pairs import Interval, Method, Pair, objective_verdict, paired, threshold
from qoa_platform.verdicts.context import Context
from qoa_platform.verdicts.due import Due, check_expected, due, missed_verdict
from qoa_platform.verdicts.judging import (
    Observed,
    band_bounds,
    error_verdicts,
    judge,
    judge_columns,
    judge_one,
    no_data_verdicts,
)
from qoa_platform.verdicts.noise import floor_of, psi_floor
from qoa_platform.verdicts.usual import Band, Learning, Point, learn

__all__ = [
    "Band",
    "Context",
    "Due",
    "Interval",
    "Learning",
    "Method",
    "Observed",
    "Pair",
    "Point",
    "band_bounds",
    "check_expected",
    "due",
    "error_verdicts",
    "fixed_bounds",
    "floor_of",
    "inside",
    "judge",
    "judge_columns",
    "judge_one",
    "learn",
    "margin_of",
    "missed_verdict",
    "no_data_verdicts",
    "objective_verdict",
    "paired",
    "psi_floor",
    "threshold",
    "uncertain",
    "versus_bounds",
]
