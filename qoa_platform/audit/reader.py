"""Owns Reader: what an audit asks of the past: a ledger, or whatever was handed to it in memory. It never writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from qoa_platform.records import Pointer, PointerKind

R = TypeVar("R")


class Reader(Protocol):
    """The reading half of ``ports.Ledger`` that measuring and judging need; a ledger is one."""

    def last(self, kind: type[R], id: str, /) -> R | None:  # noqa: A002 (the port's own word)
        """The last revision of one record."""

    def find(
        self, kind: type[R], /, *, series: str | Sequence[str] | None = None, ids: Sequence[str] | None = None,
        ends_after: datetime | None = None, newest_first: bool = False,
    ) -> list[R]:  # fmt: skip
        """Records of one kind, by their series or their ids; *ends_after*: whose window ends later."""

    def pointer(self, kind: PointerKind, key: str, /) -> Pointer | None:
        """The head of one pointer."""

    def pointers(self, kind: PointerKind, /, prefix: str = "") -> list[Pointer]:
        """The heads of all pointers of a kind whose key begins with *prefix*."""
