"""SIGKILL at every failpoint, then at every failpoint of the recovery: no effect is lost, and none is doubled.

``matrix.py`` lives, dies and recovers in a program of its own (a process that used Polars must not fork); what it finds
wrong it prints.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.failpoints import NAMES

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")
SENSOR = {"sensor.before_request", "sensor.after_request"}
"""They are passed in Dagster's sensor alone: tests/services/test_daemon_killed.py dies there."""

pytestmark = pytest.mark.faults


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, where there is room: a SIGKILL loses nothing that was written, wherever that is."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 64 * 1024 * 1024
    with tempfile.TemporaryDirectory(prefix="qoa-faults-", dir=MEMORY if roomy else None) as made:
        yield Path(made)


def walked(mode: str, folder: Path, seconds: float) -> list[dict[str, Any]]:
    """What the matrix said, line by line."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("QOA_", "DAGSTER_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.matrix", mode, str(folder)], cwd=ROOT, env=own, capture_output=True,
        text=True, timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("mode", "least", "seconds"),
    [
        pytest.param("names", (60, 80), 380, id="all pairs of names", marks=pytest.mark.timeout(400)),
        pytest.param(
            "passages", (80, 2500), 5300, id="all pairs of passages",
            marks=[pytest.mark.slow, pytest.mark.timeout(5400)],
        ),
    ],
)  # fmt: skip
def test_killed_twice_anywhere_everything_is_done_once(
    folder: Path, mode: str, least: tuple[int, int], seconds: float
) -> None:
    """After any two deaths a third life leads to what a life without death leads to, each effect once."""
    first, *wrong, last = walked(mode, folder, seconds)
    assert wrong == []
    passed = {name for name, count in first["passages"].items() if count}
    assert passed | SENSOR == set(NAMES), "a failpoint that nobody passes is not tested: let a life pass it"
    assert (last["singles"], last["pairs"]) >= least
