"""A disk that is full, a ledger that is locked, data that is damaged: a clear error, nothing lost, and on it goes."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from qoa_platform.artifacts.errors import ArtifactError
from qoa_platform.ledger import LedgerLocked, open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.ledger.lock import FairLock
from qoa_platform.records import PointerKind, Trial
from qoa_platform.workspace import Workspace, data_name, open_workspace
from tests.faults.children import day, published
from tests.faults.conftest import Child

pytestmark = pytest.mark.faults
FRAME = pl.DataFrame({"amount": [float(n) for n in range(9)]})


@cache
def may_mount() -> bool:
    """Whether this user may have a file system of their own."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0


@pytest.mark.parametrize("how", ["a small disk", "a limit on files"])
def test_a_full_disk_keeps_what_was_published(tmp_path: Path, child: Child, how: str) -> None:
    """What is refused is said, all that was published can be read, and with more room the next day is published."""
    if how == "a small disk" and not may_mount():
        pytest.skip("needs root, to become somebody who may mount a small disk")
    before = ("unshare", "-m") if how == "a small disk" else ()
    process = child("full", tmp_path / "disk", how, before=before)
    said, errors = process.communicate(timeout=150)
    assert process.returncode == 0, errors
    refused, after, again = said.splitlines()
    count, _, why = refused.partition(" ")
    assert int(count) > 2
    assert "space" in why or "could not be written" in why or "refused" in why, why
    assert after == f"True {count}"
    assert again == f"True True {int(count) + 1}"


def patient(project: Path, seconds: float) -> Workspace:
    """The project's workspace, whose writers queue for so long."""
    opened = open_workspace(project)
    opened.contracts()
    ledger = open_ledger(project / ".qoa" / "ledger.db", patience=seconds)
    return replace(opened, ledger=ledger, clock=LedgerClock(ledger))


def test_a_publication_waits_for_a_lock_and_gives_up_in_the_end(project: Path) -> None:
    """Held for a moment, it is published; held on and on, the error says by whom, and nothing of it is there."""
    workspace = patient(project, 2.0)
    lock = FairLock(project / ".qoa" / "ledger.db-lock", 1)
    lock.acquire()
    release = threading.Timer(0.5, lock.release)
    release.start()
    assert published(workspace, day(0), "patient", FRAME).digest is not None
    release.join()
    workspace = patient(project, 0.2)
    lock.acquire()
    began = time.monotonic()
    with pytest.raises(LedgerLocked, match="fuser"):
        published(workspace, day(1), "hasty", FRAME)
    assert time.monotonic() - began < 10
    assert [t.run for t in workspace.ledger.find(Trial)] == ["patient"]
    lock.release()
    lock.close()
    assert published(workspace, day(1), "again", FRAME).digest is not None
    assert [p.generation for p in workspace.ledger.pointers(PointerKind.PUBLISHED)] == [1, 1]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "0 bytes": lambda _: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "a bit flipped": lambda content: content[:99] + bytes([content[99] ^ 4]) + content[100:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_data_is_not_read_and_a_rerun_heals_it(project: Path, damage: str) -> None:
    """The digest is checked before a byte is parsed; the same content published again takes the bad file's place."""
    workspace = open_workspace(project)
    workspace.contracts()
    digest = published(workspace, day(0), "first", FRAME).digest
    assert digest is not None
    partition = day(0).partition
    path = workspace.files.path(data_name("shop/sales", partition), digest, ".parquet")
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    fresh = replace(workspace, _frames=type(workspace._frames)(), _held=0)  # as another process would see it
    with pytest.raises(ArtifactError, match="damaged: expected digest"):
        fresh.read_frame("shop/sales", partition, digest)
    assert published(fresh, day(0), "second", FRAME).digest == digest
    fresh._frames.clear()
    assert fresh.read_frame("shop/sales", partition, digest).equals(FRAME)
    head = fresh.ledger.pointer(PointerKind.PUBLISHED, f"shop/sales|{partition}")
    assert head is not None
    assert head.value == digest
