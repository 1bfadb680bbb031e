"""Owns measuring and judging: a candidate, a run or an empty window in, measurements and verdicts out."""

from collections.abc import Sequence

from qoa_platform.audit.candidate import Audited, Candidate, Judged, readers_of, subjects_of
from qoa_platform.audit.due import due_batches
from qoa_platform.audit.evidence import audit_predictions
from qoa_platform.audit.own import audit_own
from qoa_platform.audit.refusals import refusal_verdicts
from qoa_platform.audit.runs import run_batches
from qoa_platform.ports import Ledger
from qoa_platform.records import Contract

__all__ = [
    "Audited",
    "Candidate",
    "Judged",
    "audit",
    "due_batches",
    "readers_of",
    "refusal_verdicts",
    "run_batches",
    "subjects_of",
]


def audit(ledger: Ledger, contracts: Sequence[Contract], candidate: Candidate) -> Audited:
    """Measure and judge *candidate* by every contract in force that says something about its asset.

    Promises of the asset's own subject gate; promises ``over:`` it (of model subjects) are judged for every version
    that its prediction frame holds, and only react.
    """
    every = tuple(contracts)
    result = Audited()
    for judged in subjects_of(every, candidate.asset):
        result += audit_own(ledger, judged, candidate)
    for judged in readers_of(every, candidate.asset):
        result += audit_predictions(ledger, judged, candidate)
    return result
