"""The whole loop over a ledger by URL: the same life leads to the same as on SQLite, killed on the way too."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.workspace import forget_workspaces
from tests.faults.judged import problems, signature
from tests.faults.world import Life, write
from tests.ledger.private_postgres import PrivatePostgres, private_postgres

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.services, pytest.mark.faults]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    """A private server."""
    with private_postgres() as server:
        yield server


@pytest.fixture
def url(postgres: PrivatePostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A ledger by URL is what every process of the test is told to use."""
    for name in ("QOA_HOME", "DAGSTER_HOME", "QOA_FAILPOINT"):
        monkeypatch.delenv(name, raising=False)
    address = postgres.database()
    monkeypatch.setenv("QOA_LEDGER", address)
    yield address
    forget_workspaces()


def lived(root: Path) -> dict[str, Any]:
    """A life in the project at *root* that nobody ends; what it led to."""
    life = Life.of(root)
    try:
        life.live()
        assert problems(root) == []
        return {**signature(root), "ledger": str(life.workspace.ledger).partition("//")[0]}
    finally:
        life.workspace.ledger.close()
        forget_workspaces()


def test_the_loop_over_a_ledger_by_url(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quarantine, rerun, hold, preset, rollback, promotion, termination, alerts: as on SQLite, each once."""
    write(tmp_path / "by url")
    forget_workspaces()
    for place in ("perform.after_intent:2", "publish.after_move:2", "outbox.after_send:2"):
        dead = subprocess.run(
            [sys.executable, "-m", "tests.faults.children", "life", str(tmp_path / "by url")], cwd=ROOT,
            env={**os.environ, "QOA_FAILPOINT": place}, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert dead.returncode in (-signal.SIGKILL, 0), dead.stderr
    found = lived(tmp_path / "by url")
    assert found.pop("ledger") == "Store(postgresql:"
    assert not list((tmp_path / "by url").rglob("ledger.db"))
    monkeypatch.delenv("QOA_LEDGER")
    write(tmp_path / "file")
    forget_workspaces()
    assert found == {k: v for k, v in lived(tmp_path / "file").items() if k != "ledger"}
