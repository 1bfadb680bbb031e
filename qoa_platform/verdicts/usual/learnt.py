"""Owns Learnt: histories that were folded already, so that the next window costs what is new in it."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qoa_platform.records import Reason, Window
from qoa_platform.verdicts.usual.band import Band, Learning, Point
from qoa_platform.verdicts.usual.history import DEFAULTS, LEVEL, accepted_before, before, folded
from qoa_platform.verdicts.usual.stream import Stream

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Learnt:
    """The streams of at most *size* series, each with the points that it has seen.

    ``learn`` answers exactly what :func:`~qoa_platform.verdicts.usual.learn` does. Where a history begins with the
    points that were folded for the same series before, only the rest is folded: a day costs one update, whatever the
    history. One that was changed in its past (a late point, another value) is folded anew.

    Streams are taken out while they are used, so that threads never share one; the least recently used goes first.

    >>> from datetime import UTC, timedelta
    >>> start = datetime(2017, 1, 1, tzinfo=UTC)
    >>> days = [Point(end=start + timedelta(days=i), value=100.0 + i % 3) for i in range(41)]
    >>> learnt = Learnt()
    >>> first = learnt.learn("rows", days[:40], Window.of_partition("2017-02-09"))
    >>> learnt.learn("rows", days, Window.of_partition("2017-02-10")).n, len(learnt)
    (41, 1)
    """

    size: int = 1_000
    _kept: OrderedDict[Hashable, tuple[Points, Stream]] = field(default_factory=OrderedDict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self._kept)

    def learn(
        self, series: Hashable, history: Sequence[Point], at: Window, *, how: Learning = DEFAULTS,
        accepted: Sequence[datetime] = (),
    ) -> Band | Reason:  # fmt: skip
        """The band that is usual for the window *at* of *series*; see :func:`~qoa_platform.verdicts.usual.learn`."""
        points, moments = before(history, at), accepted_before(accepted, at)
        step = (at.end - at.start).total_seconds()
        key = (series, step, how, tuple(moments))
        known, stream = self._kept.pop(key, ([], None))
        if stream is None or known != points[: len(known)]:
            stream = folded(points, step, how=how, accepted=moments)
        else:
            for t, value in points[len(known) :]:
                stream.update(t, value)
        band = stream.band(at.end.timestamp())
        if not moments or sum(t > moments[-1] for t, _ in points) >= LEVEL:  # else its new level is not yet all known
            self._kept[key] = points, stream
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)
        return band
