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
    step = (at.end - at.start).total_seconds()
    stream = folded(before(history, at), step, how=how, accepted=accepted_before(accepted, at))
    return stream.band(at.end.timestamp())


def before(history: Sequence[Point], at: Window) -> list[tuple[float, float]]:
    """The points before the window *at* as moments and values, oldest first, each window once."""
    known = {p.end: p.value for p in history if p.end <= at.start and isfinite(p.value)}
    return [(end.timestamp(), known[end]) for end in sorted(known)]


def accepted_before(accepted: Sequence[datetime], at: Window) -> list[float]:
    """The moments of *accepted* that are known of at the window *at*, oldest first."""
    return sorted(moment.timestamp() for moment in accepted if moment <= at.start)


def folded(
    points: Sequence[tuple[float, float]], step: float, *, how: Learning = DEFAULTS, accepted: Sequence[float] = ()
) -> Stream:
    """The stream of windows of *step* seconds that has seen all *points*, put on a new level at moments *accepted*."""
    stream = Stream(step, how)
    done = 0
    for moment in [*accepted, None]:
        until = next((i for i, (t, _) in enumerate(points) if moment is not None and t > moment), len(points))
        for t, value in points[done:until]:
            stream.update(t, value)
        done = max(done, until)
        if moment is not None:
            stream.accept(points[done : done + LEVEL])
    return stream
