"""Owns the fixtures of the command line's tests: the scene, and a way to type commands."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from qoa_platform.cli import main
from tests.cli.defined import define
from tests.cli.scene import Scene, played, project


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


Qoa = Callable[..., Said]


@pytest.fixture
def qoa() -> Qoa:
    """Type a command: ``qoa("status", "--json")``."""

    def typed(*words: str, stdin: str | None = None) -> Said:
        result = CliRunner().invoke(main, list(words), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(code=result.exit_code, out=result.stdout, err=result.stderr)

    return typed


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine decides where a project keeps its state, and no workspace is another test's."""
    for name in ("QOA_HOME", "QOA_LEDGER", "DAGSTER_HOME", "QOA_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    if "qoa_platform.workspace" in sys.modules:
        sys.modules["qoa_platform.workspace"].forget_workspaces()


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The project with a past, and the working directory in it."""
    found = played(tmp_path / "shop")
    monkeypatch.chdir(found.root)
    return found


@pytest.fixture
def defined(scene: Scene) -> Scene:
    """The scene with definitions that load."""
    define(scene.root)
    return scene


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which nothing ever ran, and the working directory in it."""
    root = project(tmp_path / "fresh")
    monkeypatch.chdir(root)
    return root
