"""Owns the fixtures of the host tests: a shop in a fresh folder, and nothing of this machine's own projects."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from qoa_platform.workspace import forget_workspaces
from tests.host.retail_town import Town, copied, make_history
from tests.host.shop import POLICY, Shop, Source, text


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of the machine decides where a project keeps its state, and no workspace outlives its test."""
    for name in ("QOA_HOME", "QOA_LEDGER", "DAGSTER_HOME", "QOA_FAILPOINT"):
        monkeypatch.delenv(name, raising=False)
    yield
    forget_workspaces()


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's own memory, shared: runs are told apart by their ids, and no test looks at another's."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


Open = Callable[..., Shop]


@pytest.fixture
def open_shop(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[Open]:
    """Opens a shop with the contract that is handed to it; its ledger is closed at the end."""
    opened: list[Shop] = []

    def make(contract: str | None = None, **more: Any) -> Shop:
        chosen = more.pop("instance", instance)
        root = more.pop("root", tmp_path / "shop")
        opened.append(Shop.open(root, contract or text(POLICY), chosen, **more))
        return opened[-1]

    yield make
    for shop in opened:
        shop.ledger.close()


@pytest.fixture
def shop(open_shop: Open) -> Shop:
    """The shop with its ordinary contract."""
    return open_shop()


@pytest.fixture
def source() -> Source:
    """What the world sends, to be prepared before a shop opens."""
    return Source()


@pytest.fixture
def child() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a function of ``host_children.py`` in a process of its own; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(function: str, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        program = Path(__file__).with_name("host_children.py")
        command = [sys.executable, str(program), function, *map(str, arguments)]
        chosen = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
        started.append(subprocess.Popen(command, env=chosen, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of the retail project after four months of history, made once."""
    state = tmp_path_factory.mktemp("town") / "qoa"
    with pytest.MonkeyPatch.context() as patched, dg.DagsterInstance.ephemeral() as own:
        patched.setenv("QOA_HOME", str(state))
        make_history(own)
    return state


@pytest.fixture
def town(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """The retail project with its history, to be changed freely."""
    monkeypatch.setenv("QOA_HOME", str(tmp_path / "qoa"))
    with dg.DagsterInstance.ephemeral() as own:
        opened = copied(history, tmp_path / "qoa", own)
        yield opened
        opened.ledger.close()
