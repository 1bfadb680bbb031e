"""Owns the comparison of models: paired evidence, its interval, and what follows for the challenger.

This package stays light; what computes with arrays is imported by its modules: ``judging`` (rows in, decisions out),
``leaks`` (groups that random folds split).
"""

from qoa_platform.verdicts.comparing.decisions import Comparison, Effect, Outcome, Segment
from qoa_platform.verdicts.comparing.pairs import Interval, Method, Pair, objective_verdict, paired, threshold

__all__ = [
    "Comparison",
    "Effect",
    "Interval",
    "Method",
    "Outcome",
    "Pair",
    "Segment",
    "objective_verdict",
    "paired",
    "threshold",
]
