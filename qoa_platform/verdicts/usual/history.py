"""Owns ``learn``: the band for one window from a published history, in whatever order it comes."""

from collections.abc import Sequence
from datetime import datetime
from math import isfinite

from qoa_platform.records import Reason, Window
from qoa_platform.verdicts.usual.band import Band, Learning, Point
from qoa_platform.verdicts.usual.stream import Stream

DEFAULTS = Learning()
LEVEL = 28
"""Points after an accepted shift from which its level is read."""


def learn(
    history: Sequence[Point], at: Window, *, how: Learning = DEFAULTS, accepted: Sequence[datetime] = ()
) -> Band | Reason:
    """The band that is usual for the window *at*, or ``insufficient_n`` when the history is too short for one.

    The history is folded, oldest first, into a :class:`Stream`; docs/usual.md says how. Only points before the window
    count, so that a candidate is compared and never learnt from; gaps are tolerated; of two points of one window the
    last one given counts. Values that are not finite are left out.

    *accepted* are moments at which a lasting change became the new normal: what came before is put on the level of
    the first 28 points that end after the moment, at once.

    >>> from datetime import UTC, timedelta
    >>> start = datetime(2017, 1, 1, tzinfo=UTC)
    >>> days = [Point(end=start + timedelta(days=i), value=100.0 + i % 3) for i in range(40)]
    >>> band = learn(days, Window.of_partition("2017-02-10"))
    >>> round(band.low), round(band.high), band.model
    (99, 103, 'plain')
    >>> learn(days[:20], Window.of_partition("2017-02-10"))
    <Reason.INSUFFICIENT_N: 'insufficient_n'>
    """
    stream = fold(history, at, how=how, accepted=accepted)
    return stream.band(at.end.timestamp())


def fold(
    history: Sequence[Point], at: Window, *, how: Learning = DEFAULTS, accepted: Sequence[datetime] = ()
) -> Stream:
    """The stream that has seen all points before the window *at*."""
    known = {p.end: p.value for p in history if p.end <= at.start and isfinite(p.value)}
    stream = Stream((at.end - at.start).total_seconds(), how)
    points = [(end.timestamp(), known[end]) for end in sorted(known)]
    moments = sorted(moment.timestamp() for moment in accepted if moment <= at.start)
    done = 0
    for moment in [*moments, None]:
        until = next((i for i, (t, _) in enumerate(points) if moment is not None and t > moment), len(points))
        for t, value in points[done:until]:
            stream.update(t, value)
        done = max(done, until)
        if moment is not None:
            stream.accept(points[done : done + LEVEL])
    return stream
