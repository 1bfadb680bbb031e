"""Owns Session, the port between the shared logic of the ledger and its two thin stores."""

from collections.abc import Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]


class Session(Protocol):
    """One thread's connection. SQL is written with ``?``; errors arrive as LedgerError."""

    def rows(self, sql: str, parameters: Sequence[Any] = (), /) -> list[Row]:
        """Run a query and return its rows."""

    def run(self, sql: str, parameters: Sequence[Any] = (), /) -> int:
        """Run a statement and return the number of rows it changed."""

    def begin(self) -> None:
        """Open a write transaction, alone on the ledger until it ends."""

    def commit(self) -> None:
        """Make the transaction durable and wake whoever waits."""

    def rollback(self) -> None:
        """Undo the transaction; never raises, and does nothing when none is open."""

    def among(self, column: str, /) -> str:
        """The condition that *column* is one of the values of one list parameter (see ``listed``)."""

    def listed(self, values: Sequence[Any], /) -> Any:
        """*values* as the one parameter that ``among`` takes."""

    def moment(self) -> tuple[str, float]:
        """Which monotonic counter leases are counted on (a boot, a server), and its reading in seconds."""

    def listen(self) -> None:
        """Begin to hear of commits, before the position is read."""

    def hear(self, seconds: float, /) -> None:
        """Return when a commit was heard of, or after *seconds*, whichever is sooner."""

    def check(self) -> list[str]:
        """What the store itself finds wrong with its file, in its own words."""

    def alive(self) -> bool:
        """Whether it can still be used; if not, a new one is opened."""

    def close(self) -> None:
        """Give back what the session holds."""
