"""Owns Reader: what lineage asks of a ledger. It never writes."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from qoa_platform.records import Edge, Move, Pointer, PointerKind

R = TypeVar("R")


class Reader(Protocol):
    """The reading half of ``ports.Ledger`` that ``why`` needs; a ledger is one."""

    def last(self, kind: type[R], id: str, /) -> R | None:  # noqa: A002 (the port's own word)
        """The last revision of one record."""

    def find(
        self, kind: type[R], /, *, series: str | Sequence[str] | None = None, ids: Sequence[str] | None = None,
    ) -> list[R]:  # fmt: skip
        """Records of one kind in their last revision."""

    def pointer(self, kind: PointerKind, key: str, /) -> Pointer | None:
        """The head of one pointer."""

    def pointers(self, kind: PointerKind, /, prefix: str = "") -> list[Pointer]:
        """The heads of all pointers of a kind whose key begins with *prefix*."""

    def moves(self, kind: PointerKind, /, key: str | None = None, since: int = 0) -> list[Move]:
        """The moves of one pointer, or of all of its kind, oldest first."""

    def edges(self, /, *, source: str | None = None, destination: str | None = None) -> list[Edge]:
        """The edges out of *source*, or into *destination*."""
