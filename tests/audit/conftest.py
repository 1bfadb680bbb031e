"""Owns the fixtures of the audit tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qoa_platform.ledger import Store, open_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Store]:
    """A fresh ledger in a file."""
    with open_ledger(tmp_path / "ledger.db") as opened:
        yield opened
