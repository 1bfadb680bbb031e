"""Owns the fixtures of the reactor's tests."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from qoa_platform.ledger import Store, open_ledger
from tests.reactor import reactor_world


@pytest.fixture(scope="session")
def shop() -> ModuleType:
    """The small world of ``reactor_world.py``."""
    return reactor_world


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Store]:
    """A fresh ledger in a file."""
    with open_ledger(tmp_path / "ledger.db") as opened:
        yield opened


@pytest.fixture
def child() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a function of ``reactor_children.py`` in a process of its own; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(function: str, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        program = Path(__file__).with_name("reactor_children.py")
        command = [sys.executable, str(program), function, *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
