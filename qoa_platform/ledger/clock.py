"""Owns LedgerClock: the wall clock in production, a row of the ledger in replays (decision 9)."""

from datetime import UTC, datetime

from qoa_platform.ports import Ledger
from qoa_platform.records import Batch, Move, PointerKind, Refused

REPLAY = "replay"


class LedgerClock:
    """``at()`` is the replay clock where the ledger has one, else the wall clock. All processes share it.

    A ledger that has a replay clock never falls back to the wall clock by itself.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def at(self) -> datetime:
        """The time that cool-down, backoff, due windows and timeliness go by."""
        head = self._ledger.pointer(PointerKind.CLOCK, REPLAY)
        return datetime.fromisoformat(head.value) if head and head.value else self.wall()

    def wall(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    @property
    def replayed(self) -> bool:
        """Whether a replay clock is set."""
        head = self._ledger.pointer(PointerKind.CLOCK, REPLAY)
        return head is not None and head.value is not None

    def set(self, at: datetime, *, actor: str = "replay") -> None:
        """Move the replay clock to *at*. It never goes back: ValueError."""
        head = self._ledger.pointer(PointerKind.CLOCK, REPLAY)
        if head is not None and head.value is not None and at < datetime.fromisoformat(head.value):
            message = f"the replay clock stands at {head.value}; it cannot go back to {at.isoformat()}"
            raise ValueError(message)
        now = self.wall()
        move = Move(
            kind=PointerKind.CLOCK, key=REPLAY, value=at.isoformat(), expected=head.generation if head else 0,
            verb="tick", actor=actor, reason="replay", at=at, wall=now,
        )  # fmt: skip
        done = self._ledger.commit(Batch(moves=(move,)))
        if isinstance(done, Refused):
            self.set(at, actor=actor)
