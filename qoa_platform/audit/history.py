"""Owns history: the published past of a series, as ``usual`` learns from it."""

from datetime import datetime

from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.records import DAY, Measurement, PointerKind, Reason, Window, measurement_id
from qoa_platform.verdicts import Band, Learning, Point
from qoa_platform.verdicts.budget import MONTH
from qoa_platform.verdicts.usual import Learnt

LEAST = 1e-9
"""No chance of a false alarm is taken lower: a budget of nothing is as strict as a judge can be."""
DEPTH, BLOCK = 400, 100
"""So many published partitions are looked back: a year of days and gaps, for dates of last year; up to a block more."""
LEARNT = Learnt(size=500)
"""What this process has folded already: an answer from it is the one that a fold of the whole history gives."""


def usual(ledger: Reader, references: References, probe: Measurement, *, alpha: float | None = None) -> Band | Reason:
    """The band for *probe*'s window, learnt from published windows before it, as known now (semantics 6).

    Measurements are found by their identity (series, window, digest of the published data), so that a candidate that
    was kept back is never learnt from. *alpha* is the chance of a false alarm that this judgement may spend; without
    one, what ``usual`` declares by itself.
    """
    prefix = f"{references.candidate.asset}|"
    published = references.published()
    heads = published[max(len(published) - DEPTH, 0) // BLOCK * BLOCK :]  # begins anew once in a block, not every day
    series = probe.series
    ids = [
        measurement_id(series, Window.of_partition(h.key.removeprefix(prefix)), h.value, version=probe.version)
        for h in heads
    ]
    if not ids:
        return Reason.INSUFFICIENT_N
    points = [
        Point(end=m.window.end, value=m.reading.value)
        for m in ledger.find(Measurement, ids=ids)
        if m.reading.value is not None
    ]
    how = Learning() if alpha is None else Learning(false_alarms=max(alpha, LEAST) * (MONTH / DAY))
    accepted = shifts(ledger, references.candidate.asset)
    return LEARNT.learn((series, probe.version), points, probe.window, how=how, accepted=accepted)


def shifts(ledger: Reader, asset: str) -> tuple[datetime, ...]:
    """When shifts of *asset* began that a person called the new normal: what came before is put on their level."""
    heads = ledger.pointers(PointerKind.NORMAL, f"{asset}|")
    return tuple(sorted(Window.of_partition(h.key.rpartition("|")[2]).start for h in heads if h.value is not None))
