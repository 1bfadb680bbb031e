"""Owns Allocation: the vCPUs and gigabytes that this process may use, whatever the host has."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

GIGABYTE = 2**30
"""Providers sell 1 024³ bytes as one GB."""
PROC = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What is set aside for a step: the base of its price."""

    vcpus: float
    gigabytes: float


def allocated(*, groups: Path = PROC, root: Path = CGROUPS) -> Allocation:
    """The tightest of affinity, cgroup quota (v2 and v1, up to the root) and host, read anew at each call.

    *groups* and *root* are where the kernel says which cgroup this process is in, and where those are mounted.
    """
    folders = list(_folders(groups, root))
    vcpus = [float(_cores()), *[q for f in folders if (q := _quota(f)) is not None]]
    memory = [float(psutil.virtual_memory().total), *[m for f in folders if (m := _limit(f)) is not None]]
    return Allocation(vcpus=min(vcpus), gigabytes=min(memory) / GIGABYTE)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _folders(groups: Path, root: Path) -> Iterator[Path]:
    """Every cgroup folder that binds this process: its own and all above it, for each mounted hierarchy."""
    for line in _read(groups).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        for mount in (root / controllers, *(root / c for c in controllers.split(","))) if controllers else (root,):
            own = mount / name.strip("/")
            yield from (f for f in (own, *own.parents) if f == mount or mount in f.parents)


def _quota(folder: Path) -> float | None:
    v2 = _read(folder / "cpu.max").split()
    quota = v2 if len(v2) == 2 else [_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")]  # noqa: PLR2004
    numbers = [_number(part) for part in quota]
    if numbers[0] is None or not numbers[1] or numbers[0] <= 0:
        return None
    return numbers[0] / numbers[1]


def _limit(folder: Path) -> float | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        limit = _number(_read(folder / name))
        if limit is not None and limit > 0:
            return limit
    return None


def _number(text: str) -> float | None:
    return float(text) if text.strip().lstrip("-").isdigit() else None


def _read(path: Path) -> str:
    """The text of a kernel file; empty where this kernel has no such file, or keeps it to itself."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
