"""Owns Pace: when a sink that failed is tried again, in memory and on the monotonic clock."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Final

FIRST: Final = 0.25
"""Seconds after the first failure; doubled at each further one."""

LONGEST: Final = 4.0
"""Seconds at most: a receiver that is back hears of everything within 5 s."""


@dataclass(frozen=True, slots=True)
class _Failed:
    times: int
    until: float


class Pace:
    """Which places (a sink, a group of a sink) failed, how often in a row, and until when they are left alone.

    It remembers nothing that matters: a new process just tries at once.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failed: dict[Hashable, _Failed] = {}
        self._looked: dict[Hashable, datetime] = {}
        self._guard = Lock()

    def wait(self, place: Hashable) -> float:
        """Seconds for which *place* is still left alone; 0: try."""
        with self._guard:
            failed = self._failed.get(place)
        return max(failed.until - self._clock(), 0.0) if failed else 0.0

    def failed(self, place: Hashable) -> tuple[int, float]:
        """Note a failure; how many there were in a row, and the seconds to wait now."""
        with self._guard:
            times = self._failed[place].times + 1 if place in self._failed else 1
            wait = min(FIRST * 2.0 ** min(times - 1, 16), LONGEST)
            self._failed[place] = _Failed(times, self._clock() + wait)
        return times, wait

    def worked(self, place: Hashable) -> None:
        """Forget the failures of *place*."""
        with self._guard:
            self._failed.pop(place, None)

    def due(self, place: Hashable, at: datetime, every: timedelta) -> bool:
        """Whether *every* has passed (in ``at``) since this was last true for *place*, or ``at`` went back."""
        with self._guard:
            last = self._looked.get(place)
            if last is not None and last <= at < last + every:
                return False
            self._looked[place] = at
            return True
