"""Owns measuring and judging: a candidate, a run or an empty window in, measurements and verdicts out."""

from collections.abc import Sequence
from dataclasses import replace

from qoa_platform.audit.candidate import (
    NO_GAUGES,
    Audited,
    Candidate,
    Gauges,
    Judged,
    Neighbour,
    readers_of,
    subjects_of,
)
from qoa_platform.audit.due import due_batches
from qoa_platform.audit.evidence import audit_predictions
from qoa_platform.audit.own import audit_own
from qoa_platform.audit.refusals import refusal_verdicts
from qoa_platform.audit.runs import run_batches
from qoa_platform.audit.telling import named_beside
from qoa_platform.ports import Ledger
from qoa_platform.records import Contract, Measurement, StoredState

__all__ = [
    "Audited",
    "Candidate",
    "Gauges",
    "Judged",
    "Neighbour",
    "audit",
    "due_batches",
    "named_beside",
    "readers_of",
    "refusal_verdicts",
    "run_batches",
    "subjects_of",
]


def audit(
    ledger: Ledger, contracts: Sequence[Contract], candidate: Candidate, gauges: Gauges = NO_GAUGES
) -> Audited:  # fmt: skip
    """Measure and judge *candidate* by every contract in force that says something about its asset.

    Promises of the asset's own subject gate; promises ``over:`` it (of model subjects) are judged for every version
    that its prediction frame holds, and only react. *gauges* are read for the reports of the scans.
    """
    every = tuple(contracts)
    result = Audited()
    for judged in subjects_of(every, candidate.asset):
        result += audit_own(ledger, judged, candidate, gauges=gauges)
    for judged in readers_of(every, candidate.asset):
        result += audit_predictions(ledger, judged, candidate)
    return _measured_first(ledger, result)


def _measured_first(ledger: Ledger, found: Audited) -> Audited:
    """*found* without what was measured of the very same data before: the first time counts (decision 10).

    Measured again the last bits of a float may differ (sums in another order), and so does the window of a whole table;
    a record is never changed, so offering it again would have the whole publication refused.
    """
    states = {s.id for s in found.states}
    measured = {m.id for m in found.measurements}
    known = {s.id for s in ledger.find(StoredState, ids=sorted(states))} if states else set()
    known |= {m.id for m in ledger.find(Measurement, ids=sorted(measured))} if measured else set()
    return replace(
        found, states=tuple(s for s in found.states if s.id not in known),
        measurements=tuple(m for m in found.measurements if m.id not in known),
    )  # fmt: skip
