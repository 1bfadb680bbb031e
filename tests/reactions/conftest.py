"""Owns the fixtures of the reaction tests: a scene on a real SQLite ledger."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qoa_platform.records import Contract
from tests.reactions.stage import Scene

Set = Callable[[Contract], Scene]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Set]:
    """Set the scene: a fresh ledger with that contract in force."""
    made: list[Scene] = []

    def build(held: Contract) -> Scene:
        made.append(Scene(tmp_path, held))
        return made[-1]

    yield build
    for one in made:
        one.ledger.close()
