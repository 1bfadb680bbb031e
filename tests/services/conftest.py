"""Owns the fixtures of the daemon's tests: a market seeded once, copies of it, and a webhook."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.market import Market, seed, write
from tests.services.receiver import Receiver, receiver

MEMORY = Path("/dev/shm")
"""Dagster commits every event by itself; on a busy disk that is most of the time of a run."""
ROOM = 256 * 1024 * 1024


def scratch() -> Path | None:
    """Where markets lie: in memory, where there is room; a process that is killed leaves its files there too."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if roomy else None


@pytest.fixture(scope="session")
def seeded() -> Iterator[Path]:
    """A market in which history was imported, champions stand, and two bad days wait for the loop."""
    with tempfile.TemporaryDirectory(prefix="qoa-seeded-", dir=scratch()) as folder:
        yield seed(write(Path(folder) / "market"))


@contextmanager
def opened(seeded: Path) -> Iterator[tuple[Market, Receiver]]:
    """A copy of the seeded market with a webhook; everything that it starts is ended."""
    with tempfile.TemporaryDirectory(prefix="qoa-market-", dir=scratch()) as folder, receiver() as webhook:
        root = shutil.copytree(seeded, Path(folder) / "market")
        market = Market(root=root)
        market.hears(webhook.url)
        try:
            yield market, webhook
        finally:
            market.close()


@pytest.fixture
def copied(seeded: Path) -> Iterator[tuple[Market, Receiver]]:
    """A market of the test's own, in which nothing runs yet."""
    with opened(seeded) as pair:
        yield pair
