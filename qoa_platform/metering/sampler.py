"""Owns Sampler: what one step used, measured on its own process tree and on a monotonic clock."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread
from types import TracebackType
from typing import Self

import psutil

from qoa_platform.metering.allocation import allocated
from qoa_platform.metering.rates import FARGATE, Rates, price
from qoa_platform.records import Usage

INTERVAL = 0.25
"""Seconds between two looks at the memory of the tree."""
KIB = 1024


class Sampler:
    """A context around a step; afterwards ``usage`` says what the step used.

    * ``seconds``: monotonic clock, end − start; a stepped wall clock does not matter.
    * ``cpu_seconds``: user + system time of this process and its descendants, living or reaped, end − start. Never
      host-wide: a busy neighbour changes nothing (fault RF-6). Threads of one process cannot be told apart: steps that
      run side by side in *one* process share this figure.
    * ``peak_bytes``: largest sum of resident sets of the tree, looked at every *interval* seconds, and never below the
      kernel's own high-water mark where that rose during the step. Pages shared by forked children count in each.
    * ``vcpus``, ``gigabytes``: what is allocated (arguments, else affinity and cgroup limits).
    * ``read_bytes``, ``write_bytes``: of the system calls of the tree (from caches too), end − start; what a child that
      is gone by then did is not known. ``None`` where the system does not count.
    * ``overhead_seconds``: spent in looking, so that our own cost is known.
    * ``usd``: :func:`~qoa_platform.metering.rates.price` of the above.

    *interval* only refines ``peak_bytes``: elapsed time, CPU and price do not depend on it (fault RF-5).

    >>> with Sampler(vcpus=1, gigabytes=4) as meter:
    ...     _ = sum(range(1000))
    >>> meter.usage.seconds > 0 and meter.usage.vcpus == 1
    True
    """

    def __init__(
        self, *, interval: float = INTERVAL, vcpus: float | None = None, gigabytes: float | None = None,
        rates: Rates = FARGATE, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        if not interval > 0:
            message = f"interval is {interval}. Allowed: seconds above 0"
            raise ValueError(message)
        here = allocated() if vcpus is None or gigabytes is None else None
        self._vcpus = here.vcpus if here is not None and vcpus is None else vcpus
        self._gigabytes = here.gigabytes if here is not None and gigabytes is None else gigabytes
        self._interval, self._rates, self._clock = interval, rates, clock
        self._process = psutil.Process()
        self._over = Event()
        self._thread = Thread(target=self._watch, name="qoa-sampler", daemon=True)
        self._usage: Usage | None = None
        self._peak = self._high = 0
        self._cpu = self._start = 0.0
        self._moved: tuple[int, int] | None = None
        self.overhead_seconds = 0.0
        """Time spent in looking, so that our own cost is known (``resource.monitoring_overhead``)."""

    def __enter__(self) -> Self:
        self._high = _high_water()
        self._cpu = cpu_seconds(self._process)
        self._moved = moved_bytes(self._process)
        self._look()
        self._start = self._clock()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        seconds = self._clock() - self._start
        cpu = max(0.0, cpu_seconds(self._process) - self._cpu)
        self._over.set()
        self._thread.join()
        self._look()
        self._usage = self._priced(seconds, cpu)

    @property
    def usage(self) -> Usage:
        """What was used: so far while the step runs, in all once it is over, also when it raised."""
        if self._usage is not None:
            return self._usage
        return self._priced(self._clock() - self._start, max(0.0, cpu_seconds(self._process) - self._cpu))

    def _priced(self, seconds: float, cpu: float) -> Usage:
        now = moved_bytes(self._process)
        pairs = zip(self._moved, now, strict=True) if now is not None and self._moved is not None else ()
        moved = [max(after - before, 0) for before, after in pairs]
        usage = Usage(
            seconds=seconds, cpu_seconds=cpu, peak_bytes=self._peak, vcpus=self._vcpus, gigabytes=self._gigabytes,
            read_bytes=moved[0] if moved else None, write_bytes=moved[1] if moved else None,
            overhead_seconds=self.overhead_seconds,
        )  # fmt: skip
        return replace(usage, usd=price(usage, self._rates))

    def _watch(self) -> None:
        while not self._over.wait(self._interval):
            self._look()

    def _look(self) -> None:
        began = time.perf_counter()
        high = _high_water()
        own = high if high > self._high else 0
        self._peak = max(self._peak, own, tree_bytes(self._process))
        self.overhead_seconds += time.perf_counter() - began


def resident_bytes() -> int:
    """Bytes of memory that this process holds now, without its children."""
    return int(psutil.Process().memory_info().rss)


def tree_bytes(process: psutil.Process) -> int:
    """Resident bytes of *process* and its living descendants. A process that ends meanwhile counts nothing."""
    total = 0
    for member in _tree(process):
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total


def cpu_seconds(process: psutil.Process) -> float:
    """User + system seconds of the tree so far: each living member's own and those of its reaped children.

    A child's seconds move from the one sum to the other when it is reaped, so the difference of two calls is what the
    tree used in between. A descendant that is reaped by somebody else (a daemon) takes its seconds along.
    """
    total = 0.0
    for member in _tree(process):
        try:
            if member.pid == os.getpid():
                own = os.times()
                total += own.user + own.system + own.children_user + own.children_system
            else:
                times = member.cpu_times()
                total += times.user + times.system
                total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        except psutil.Error:
            continue
    return total


def moved_bytes(process: psutil.Process) -> tuple[int, int] | None:
    """Bytes read and written by the tree so far; ``None`` where the system does not count them."""
    read = written = 0
    for member in _tree(process):
        try:
            counted = member.io_counters()
        except (psutil.Error, AttributeError, NotImplementedError):
            if member.pid == process.pid:
                return None
            continue
        read += int(getattr(counted, "read_chars", counted.read_bytes))
        written += int(getattr(counted, "write_chars", counted.write_bytes))
    return read, written


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return [process]


def _high_water() -> int:
    """The largest resident set this process ever had (``ru_maxrss``: KiB on Linux), 0 where nobody keeps it."""
    try:
        import resource  # noqa: PLC0415 (no such module on Windows)
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
