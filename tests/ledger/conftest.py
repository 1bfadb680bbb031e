"""Owns the fixtures of the conformance suite: the same tests over SQLite and PostgreSQL."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qoa_platform.ledger import Store, open_ledger


def beside(name: str) -> ModuleType:
    """The helper module *name* of this folder, whatever import mode pytest runs in."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """One private PostgreSQL server for the whole session."""
    with beside("private_postgres").private_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a fresh ledger of either store is."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    return str(request.getfixturevalue("postgres").database())


@pytest.fixture
def reopen(location: str) -> Iterator[Callable[[], Store]]:
    """Opens the same ledger again, as another process would."""
    opened: list[Store] = []

    def another() -> Store:
        opened.append(open_ledger(location))
        return opened[-1]

    yield another
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(reopen: Callable[[], Store]) -> Store:
    """A fresh ledger of either store."""
    return reopen()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    """A fresh ledger in a file."""
    with open_ledger(tmp_path / "ledger.db") as opened:
        yield opened


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """The samples that the tests write."""
    return beside("samples")


@pytest.fixture
def child() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a function of ``children.py`` in a process of its own; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(function: str, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(Path(__file__).with_name("children.py")), function, *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
