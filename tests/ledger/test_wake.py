"""A committed row is heard of in other processes at once, and waiting costs nothing."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qoa_platform.ledger import open_ledger
from qoa_platform.ledger.wake import Wake
from qoa_platform.records import Batch


def test_a_commit_wakes_another_process_within_20_ms(location: str, child: Callable[..., Any], make: Any) -> None:
    """Median over 40 commits, each from a waiter at rest."""
    with open_ledger(location) as ledger:
        waiter = child("hear", location, 40)
        assert waiter.stdout.readline() == "ready\n"
        delays = []
        for i in range(40):
            time.sleep(0.02)
            ledger.commit(Batch(records=(make.outcome(str(i)),)))
            committed = time.monotonic_ns()
            delays.append((int(waiter.stdout.readline()) - committed) / 1e6)
    assert statistics.median(delays) < 20, delays


def test_waiting_takes_less_than_one_percent_of_a_cpu(location: str, child: Callable[..., Any]) -> None:
    """Idle for 3 s."""
    open_ledger(location).close()
    assert float(child("idle", location, 3).communicate(timeout=60)[0]) < 0.01


def test_the_socket_of_a_dead_process_is_removed(tmp_path: Path) -> None:
    """Who was killed while waiting leaves a file that the next commit takes away."""
    gone, alive, teller = Wake(tmp_path), Wake(tmp_path), Wake(tmp_path)
    gone.listen()
    alive.listen()
    assert gone._socket is not None
    gone._socket.close()
    teller.tell()
    assert len(list(tmp_path.iterdir())) == 1
    began = time.monotonic()
    alive.hear(10)
    assert time.monotonic() - began < 0.5
    alive.close()
    gone.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_a_long_path_works(tmp_path: Path) -> None:
    """A socket's address holds 108 bytes; a path may be longer."""
    folder = tmp_path / ("x" * 120) / ("y" * 120)
    folder.mkdir(parents=True)
    wake = Wake(folder)
    wake.listen()
    Wake(folder).tell()
    began = time.monotonic()
    wake.hear(10)
    assert time.monotonic() - began < 0.5
    wake.close()


def test_without_sockets_it_looks_often(tmp_path: Path) -> None:
    """Where none can be bound, waiting is a short sleep, and telling does nothing."""
    (tmp_path / "file").write_text("x")
    wake = Wake(tmp_path / "file")
    wake.listen()
    wake.tell()
    began = time.monotonic()
    wake.hear(10)
    assert time.monotonic() - began < 0.5
    wake.close()
