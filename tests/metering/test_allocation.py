"""Rules of what is allocated to a process."""

import os
from pathlib import Path

import pytest

from qoa_platform.metering import allocated


def _cgroups(folder: Path, lines: str, files: dict[str, str]) -> tuple[Path, Path]:
    groups, root = folder / "cgroup", folder / "sys"
    groups.write_text(lines)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return groups, root


def test_without_limits_it_is_affinity_and_memory_of_the_host(tmp_path: Path) -> None:
    """No cgroup says anything: what the scheduler grants, and the memory there is."""
    found = allocated(groups=tmp_path / "none", root=tmp_path)
    assert found.vcpus == len(os.sched_getaffinity(0))
    assert found.gigabytes > 0


def test_version_2_limits_bind_up_to_the_root(tmp_path: Path) -> None:
    """The tightest limit of a cgroup and all above it counts."""
    files = {
        "a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000", "a/b/memory.max": str(2**30), "a/memory.max": "max",
    }  # fmt: skip
    groups, root = _cgroups(tmp_path, "0::/a/b\n", files)
    found = allocated(groups=groups, root=root)
    assert (found.vcpus, found.gigabytes) == (0.5, 1.0)


def test_version_1_limits_bind(tmp_path: Path) -> None:
    """Quota and period, and bytes; a sentinel above the host's memory and a quota of −1 bind nothing."""
    files = {
        "cpu,cpuacct/x/cpu.cfs_quota_us": "25000", "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000",
        "memory/x/memory.limit_in_bytes": "9223372036854771712", "memory/memory.limit_in_bytes": str(2**29),
    }  # fmt: skip
    groups, root = _cgroups(tmp_path, "3:cpu,cpuacct:/x\n2:memory:/x\n", files)
    found = allocated(groups=groups, root=root)
    assert (found.vcpus, found.gigabytes) == (0.25, 0.5)


@pytest.mark.parametrize("text", ["", "garbage", "100000", "max", "100000 0", "\x00"])
def test_a_kernel_file_that_says_nothing_useful_is_no_limit(tmp_path: Path, text: str) -> None:
    """Damaged or foreign contents never make a step free, or raise."""
    groups, root = _cgroups(tmp_path, "0::/a\n", {"a/cpu.max": text, "a/memory.max": text if text != "100000" else ""})
    assert allocated(groups=groups, root=root).vcpus == len(os.sched_getaffinity(0))
