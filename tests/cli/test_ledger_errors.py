"""Tests of commands on a ledger that cannot be used: what to do is said, exit code 5, and nothing is lost."""

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from qoa_platform.cli.exits import Exit
from qoa_platform.ledger.lock import FairLock
from tests.cli.conftest import Qoa
from tests.cli.scene import Scene

READ_AND_WRITE = [("status",), ("incidents", "--json"), ("hold", "model:demand", "--reason", "r")]


@pytest.mark.parametrize("words", READ_AND_WRITE, ids=" ".join)
def test_a_damaged_ledger(words: tuple[str, ...], qoa: Qoa, scene: Scene) -> None:
    """Bytes that are no database: what to do is said, and the file stays as it is."""
    path = scene.root / ".qoa" / "ledger.db"
    garbage = b"this is no database" * 1000
    path.write_bytes(garbage)
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    said = qoa(*words)
    assert (said.code, said.out) == (Exit.LEDGER, "")
    assert "is damaged" in said.err
    assert "keep a copy" in said.err
    assert path.read_bytes() == garbage


def test_a_ledger_of_a_newer_release(qoa: Qoa, scene: Scene) -> None:
    """A ledger that a newer release wrote is left alone."""
    raw = sqlite3.connect(scene.root / ".qoa" / "ledger.db")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    said = qoa("status")
    assert (said.code, said.out) == (Exit.LEDGER, "")
    assert "newer" in said.err


def test_a_locked_ledger(qoa: Qoa, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the lock for too long, who holds it is asked for by name, and nothing is written."""
    from qoa_platform.cli import project
    from qoa_platform.ledger import open_ledger

    monkeypatch.setattr(project, "open_ledger", partial(open_ledger, patience=0.2))
    lock = FairLock(scene.root / ".qoa" / "ledger.db-lock", 1)
    lock.acquire()
    try:
        said = qoa("hold", "model:demand", "--reason", "r")
    finally:
        lock.release()
        lock.close()
    assert (said.code, said.out) == (Exit.LEDGER, "")
    assert "another process has held" in said.err
    assert "fuser" in said.err


def test_a_ledger_where_nothing_can_be_written(qoa: Qoa, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be made is no bug: exit code 5, and what this user needs."""
    monkeypatch.setenv("QOA_LEDGER", "/proc/nowhere/ledger.db")
    said = qoa("status")
    assert (said.code, said.out) == (Exit.LEDGER, "")
    assert "Give this user a folder it can write" in said.err


def test_a_ledger_of_an_unknown_kind(qoa: Qoa, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL of a database that is not supported says what is allowed."""
    monkeypatch.setenv("QOA_LEDGER", "mysql://host/db")
    said = qoa("status")
    assert said.code == Exit.LEDGER
    assert "unknown scheme 'mysql'. Allowed: a path, sqlite:///path, postgresql://…" in said.err


def test_the_ledger_may_lie_elsewhere(qoa: Qoa, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """QOA_HOME and QOA_LEDGER move the state; the commands follow."""
    (scene.root / ".qoa").rename(tmp_path / "elsewhere")
    monkeypatch.setenv("QOA_HOME", str(tmp_path / "elsewhere"))
    assert len(qoa("incidents", "--json").data["incidents"]) == 2
    monkeypatch.delenv("QOA_HOME")
    monkeypatch.setenv("QOA_LEDGER", f"sqlite:///{tmp_path / 'elsewhere' / 'ledger.db'}")
    assert len(qoa("incidents", "--json").data["incidents"]) == 2
