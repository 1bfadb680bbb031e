"""Owns the fixtures of the lineage tests: a real ledger, and the story told into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qoa_platform.ledger import Store, open_ledger
from qoa_platform.records import Batch, Committed
from tests.lineage.story import Story, Write, tell


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Store]:
    """A fresh SQLite ledger."""
    store = open_ledger(tmp_path / "ledger.db")
    yield store
    store.close()


@pytest.fixture
def write(ledger: Store) -> Write:
    """Commit a batch; a refusal fails the test."""

    def commit(batch: Batch) -> None:
        assert isinstance(ledger.commit(batch), Committed)

    return commit


@pytest.fixture
def story(write: Write) -> Story:
    """A day is blocked, quarantined, fetched again; v1 is trained on it, promoted, and forecasts."""
    return tell(write)
