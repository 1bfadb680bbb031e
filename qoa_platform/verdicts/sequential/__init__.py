"""Owns tests that may be looked at after every batch: two arms, any number of looks, one declared false-alarm rate."""

from qoa_platform.verdicts.sequential.batch import CONTROL, OTHER, TREATMENT, Batch
from qoa_platform.verdicts.sequential.binomial import log_beta_binomial, share_interval
from qoa_platform.verdicts.sequential.decision import Arms, Decision, Effect, Outcome
from qoa_platform.verdicts.sequential.experiment import Experiment
from qoa_platform.verdicts.sequential.guard import Guarded, Guardrail, guard
from qoa_platform.verdicts.sequential.mixture import best_rho, boundary, log_mixture
from qoa_platform.verdicts.sequential.quantiles import quantile_interval
from qoa_platform.verdicts.sequential.rule import Goal, Rule
from qoa_platform.verdicts.sequential.starting import METRICS, start
from qoa_platform.verdicts.sequential.waiting import PerUnit

__all__ = [
    "CONTROL",
    "METRICS",
    "OTHER",
    "TREATMENT",
    "Arms",
    "Batch",
    "Decision",
    "Effect",
    "Experiment",
    "Goal",
    "Guarded",
    "Guardrail",
    "Outcome",
    "PerUnit",
    "Rule",
    "best_rho",
    "boundary",
    "guard",
    "log_beta_binomial",
    "log_mixture",
    "quantile_interval",
    "share_interval",
    "start",
]
