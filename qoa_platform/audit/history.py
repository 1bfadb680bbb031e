"""Owns history: the published past of a series, as ``usual`` learns from it."""

from datetime import datetime

from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.records import Measurement, PointerKind, Reason, Window, measurement_id
from qoa_platform.verdicts import Band, Point, learn

DEPTH = 400
"""How many published partitions are looked back at most: a year of days, for dates of last year, and gaps."""


def usual(ledger: Reader, references: References, probe: Measurement) -> Band | Reason:
    """The band for *probe*'s window, learnt from published windows before it, as known now (semantics 6).

    Measurements are found by their identity (series, window, digest of the published data), so that a candidate that
    was kept back is never learnt from.
    """
    prefix = f"{references.candidate.asset}|"
    heads = references.published()[-DEPTH:]
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
    return learn(points, probe.window, accepted=shifts(ledger, references.candidate.asset))


def shifts(ledger: Reader, asset: str) -> tuple[datetime, ...]:
    """When shifts of *asset* began that a person called the new normal: what came before is put on their level."""
    heads = ledger.pointers(PointerKind.NORMAL, f"{asset}|")
    return tuple(sorted(Window.of_partition(h.key.rpartition("|")[2]).start for h in heads if h.value is not None))
