"""Owns measure: the wanted metrics of data, read off one scan: ask, answer, read."""

import polars as pl

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Ask
from qoa_platform.scans.answering import answered
from qoa_platform.scans.hashing import plugged
from qoa_platform.scans.kernel import Answers, prepared
from qoa_platform.scans.normalising import Missing
from qoa_platform.scans.planning import Plan, Shape
from qoa_platform.scans.queries import NONE, Beside, Failure
from qoa_platform.scans.reading import Wanted, asked, read
from qoa_platform.scans.scan import Scan, ScanReport
from qoa_platform.states import State

HASHED_SLOWLY = "polars-hash does not load beside this Polars: keys were hashed one by one, some twenty times slower"


def measure(frame: pl.DataFrame, wanted: Wanted, *, missing: Missing, beside: Beside = NONE) -> Scan:
    """Every wanted metric of *frame*, each with the profile it is read against, from as few passes as pay.

    *missing* are the declared tokens by column; *beside* other frames that a metric names. A metric with ``by`` is read
    for the whole (group ``None``) and for every group that was seen. Never raises for what the frame holds: an ask that
    cannot be answered gives ``unknown(error)`` with its cause, for its own metrics and nothing else.
    """
    asks = asked(wanted)
    steps, rows = prepared(frame, [ask for ask in asks if isinstance(ask, Ask)], missing)
    found = answered(steps, rows, beside)
    return Scan(
        measured=read(wanted, asks, found),
        states={a: s for a, s in found.items() if isinstance(s, State) and a.state not in UNMERGEABLE},
        report=_report(frame, len(wanted), steps, found),
    )


def _report(frame: pl.DataFrame, wanted: int, steps: Plan, found: Answers) -> ScanReport:
    shared = {ask for step in steps.passes if len(step.asks) > 1 for ask in step.asks}
    failed = [(f"{a.state}({', '.join(a.columns)})", s.cause) for a, s in found.items() if isinstance(s, Failure)]
    return ScanReport(
        rows=frame.height,
        columns=len(steps.columns),
        asks=wanted,
        distinct=len(steps.asks),
        fused=sum(1 for ask in steps.asks if ask in shared and ask.state != "whole"),
        passes=tuple(map(str, steps.passes)),
        failed=tuple(failed),
        notes=(HASHED_SLOWLY,) if any(step.shape is Shape.KEY for step in steps.passes) and not plugged() else (),
    )
