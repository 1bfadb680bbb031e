"""Owns Reader: what a replay asks of a ledger. It never writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from qoa_platform.records import Move, PointerKind

R = TypeVar("R")


class Reader(Protocol):
    """The reading half of ``ports.Ledger`` that a replay needs; a ledger is one."""

    def find(
        self, kind: type[R], /, *, series: str | Sequence[str] | None = None, ids: Sequence[str] | None = None,
        ends_after: datetime | None = None, all_revisions: bool = False,
    ) -> list[R]:  # fmt: skip
        """Records of one kind, in the order they were written."""

    def moves(self, kind: PointerKind, /, key: str | None = None, since: int = 0) -> list[Move]:
        """Every move of the pointers of a kind, oldest first."""
