"""Owns the fixtures of the fault tests: projects of their own, and child processes that may die."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qoa_platform.workspace import forget_workspaces
from tests.faults.world import write

ROOT = Path(__file__).parents[2]
Child = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of the machine decides where a project keeps its state, and no workspace outlives its test."""
    for name in ("QOA_HOME", "QOA_LEDGER", "DAGSTER_HOME", "QOA_FAILPOINT"):
        monkeypatch.delenv(name, raising=False)
    yield
    forget_workspaces()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The world's project, before anything happened."""
    root = tmp_path / "project"
    write(root)
    forget_workspaces()
    return root


@pytest.fixture
def child() -> Iterator[Child]:
    """Starts a function of ``children.py`` in a process of its own; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(function: str, *arguments: object, before: tuple[str, ...] = (), **more: str) -> "subprocess.Popen[str]":
        own = {k: v for k, v in os.environ.items() if not k.startswith(("QOA_", "DAGSTER_"))}
        command = [*before, sys.executable, "-m", "tests.faults.children", function, *map(str, arguments)]
        started.append(subprocess.Popen(
            command, cwd=ROOT, env=own | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ))  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
