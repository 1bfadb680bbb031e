"""Owns what a benchmark says about the machine it ran on, and how it sums up times."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path


def machine() -> str:
    """Processor, cores, memory, system, Python, SQLite, and how busy it was: figures mean nothing without."""
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, load {load}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), platform.machine())


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below *share* of all (nearest rank).

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([1.0, 2.0], 0.99)
    (2.0, 2.0)
    """
    ordered = sorted(values)
    rank = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(int(rank) - 1, 0)]


def milliseconds(values: Sequence[float]) -> str:
    """Seconds as ``p50 … ms, p99 … ms, max … ms``."""
    shown = [("p50", quantile(values, 0.5)), ("p99", quantile(values, 0.99)), ("max", max(values))]
    return ", ".join(f"{name} {value * 1000:.1f} ms" for name, value in shown)
