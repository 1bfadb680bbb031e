"""Owns Store, the ledger itself: the port's methods over a Session of either store."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock, Thread, current_thread, local
from time import monotonic
from typing import Self, TypeVar

from qoa_platform.failpoints import failpoint
from qoa_platform.ledger import reading
from qoa_platform.ledger.errors import LedgerCorrupt, LedgerError, LedgerFull, LedgerLocked
from qoa_platform.ledger.session import Session
from qoa_platform.ledger.writing import Prepared, apply, microseconds
from qoa_platform.records import Batch, Committed, Edge, Envelope, Move, Pointer, PointerKind, Refused

R = TypeVar("R")
T = TypeVar("T")

DELIVERED = "UPDATE outbox SET done_at = CURRENT_TIMESTAMP WHERE seq = ? AND done_at IS NULL"
LEASE = (
    "INSERT INTO lease(name, holder, boot, expires) VALUES (?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET "
    "holder = excluded.holder, boot = excluded.boot, expires = excluded.expires"
)


class Store:
    """The system of record over SQLite or PostgreSQL: implements ``ports.Ledger``.

    Safe to share between threads (each gets its own connection) and after a fork (the child opens its own). Anything
    that goes wrong is a LedgerError; see ``errors`` for the causes.
    """

    def __init__(self, connect: Callable[[], Session], name: str) -> None:
        self._connect = connect
        self._name = name
        self._local = local()
        self._open: dict[int, tuple[Thread, Session]] = {}
        self._guard = Lock()
        self._process = os.getpid()
        self._closed = False
        self._session()

    def __repr__(self) -> str:
        return f"Store({self._name})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commit(self, batch: Batch, /) -> Committed | Refused:
        """Write all of *batch* in one transaction, durable on return; or nothing, and say why.

        Records that stand there with equal content (apart from ``at`` and ``wall``, when they were noted) are no-ops,
        and so is a move whose reaction has moved that pointer already. Raises LedgerError when it cannot be written
        at all; after LedgerUnavailable nobody knows, and the same batch may be committed again.
        """
        prepared = Prepared(batch)
        result = self._transaction(lambda session: apply(session, prepared), _changes, "ledger.before_commit")
        if isinstance(result, Committed) and result.changed:
            failpoint("ledger.after_commit")
        return result

    def seq(self) -> int:
        """The position: grows with every commit that changed something."""
        return reading.position(self._session())

    def wait(self, seq: int, timeout: float) -> int:
        """The position, as soon as it is beyond *seq*, or after *timeout* seconds whatever it is."""
        session, deadline = self._session(), monotonic() + timeout
        session.listen()
        while (now := reading.position(session)) <= seq and (left := deadline - monotonic()) > 0:
            session.hear(left)
        return now

    def last(self, kind: type[R], id: str, /) -> R | None:  # noqa: A002
        """The last revision of one record, or ``None``."""
        return reading.last(self._session(), kind, id)

    def find(
        self, kind: type[R], /, *, series: str | Sequence[str] | None = None, ids: Sequence[str] | None = None,
        ends_after: datetime | None = None, since_seq: int = 0, all_revisions: bool = False, limit: int | None = None,
        newest_first: bool = False,
    ) -> list[R]:  # fmt: skip
        """Records of *kind* in the order they were written, of each id the latest revision (or all of them).

        *ends_after* keeps windows that end later (a record without a window is kept); *since_seq* what was written
        after that position; *limit* the first of what remains.
        """
        wanted = reading.Wanted(
            series=(series,) if isinstance(series, str) else series, ids=ids,
            ends_after=None if ends_after is None else microseconds(ends_after), since_seq=since_seq,
            all_revisions=all_revisions, limit=limit, newest_first=newest_first,
        )  # fmt: skip
        return reading.found(self._session(), kind, wanted)

    def pointer(self, kind: PointerKind, key: str, /) -> Pointer | None:
        """The head of a pointer; ``None`` when it was never set. Its value is ``None`` when it is unset now."""
        return reading.head(self._session(), kind, key)

    def pointers(self, kind: PointerKind, /, prefix: str = "") -> list[Pointer]:
        """The heads of all pointers of *kind* whose key begins with *prefix*, by key; unset ones included."""
        return reading.heads(self._session(), kind, prefix)

    def moves(
        self, kind: PointerKind, /, key: str | None = None, since: int = 0, reaction: str | None = None
    ) -> list[Move]:
        """Every move of a pointer (of all of the kind) written after the position *since*, oldest first.

        *reaction* keeps those that it caused: of one pointer there is at most one, and it is found at once.
        """
        return reading.history(self._session(), kind, key, since, reaction)

    def edges(self, /, *, source: str | None = None, destination: str | None = None) -> list[Edge]:
        """Lineage edges out of *source* and into *destination*, in the order they were written."""
        return reading.edges(self._session(), source, destination)

    def outbox(self, sink: str, /, limit: int = 100) -> list[tuple[int, Envelope]]:
        """Messages of *sink* not yet delivered, oldest first, each with its number for ``delivered``."""
        return reading.waiting(self._session(), sink, limit)

    def delivered(self, seqs: Sequence[int], /) -> None:
        """Mark messages as delivered. Marking one twice changes nothing."""
        self._transaction(lambda session: [session.run(DELIVERED, (seq,)) for seq in seqs], any)

    def lease(self, name: str, holder: str, seconds: float, /) -> bool:
        """Take or renew the lease *name* for *seconds*; whether *holder* has it now. 0 seconds gives it back.

        Counted on a monotonic counter (since boot; PostgreSQL: its server's clock), so that a stepped wall clock
        neither ends nor prolongs it. A lease of an earlier boot is over.
        """

        def take(session: Session) -> bool:
            boot, now = session.moment()
            rows = session.rows("SELECT holder, boot, expires FROM lease WHERE name = ?", (name,))
            if rows and rows[0][0] != holder and rows[0][1] == boot and rows[0][2] > now:
                return False
            session.run(LEASE, (name, holder, boot, now + seconds))
            return True

        return self._transaction(take, bool) and seconds > 0

    def verify(self) -> list[str]:
        """Everything that is not what was written: the store's own full check and every row's checksum."""
        return reading.problems(self._session())

    def close(self) -> None:
        """Close every thread's connection. Using the ledger afterwards is a LedgerError."""
        with self._guard:
            self._closed = True
            sessions, self._open = [session for _, session in self._open.values()], {}
            forked = self._process != os.getpid()
        if not forked:  # after a fork they are the parent's
            for session in sessions:
                session.close()

    def _transaction(self, work: Callable[[Session], T], keep: Callable[[T], object], place: str = "") -> T:
        session = self._session()
        try:
            session.begin()
            try:
                result = work(session)
                if not keep(result):
                    session.rollback()
                    return result
                if place:
                    failpoint(place)
                session.commit()
            except BaseException:
                session.rollback()
                raise
        except LedgerError as error:
            if not isinstance(error, LedgerLocked | LedgerFull | LedgerCorrupt):
                self._drop(session)
            raise
        return result

    def _session(self) -> Session:
        if os.getpid() != self._process:  # forked: leave the parent's connections alone, and never close them
            self._inherited = (self._local, self._open)
            self._local, self._open, self._process = local(), {}, os.getpid()
        session: Session | None = getattr(self._local, "session", None)
        if session is not None and id(session) in self._open and session.alive():
            return session
        if self._closed:
            message = f"ledger {self._name} is closed"
            raise LedgerError(message)
        session = self._connect()
        with self._guard:
            over = [i for i, (thread, old) in self._open.items() if not (thread.is_alive() and old.alive())]
            ended = [self._open.pop(i)[1] for i in over]
            self._open[id(session)] = (current_thread(), session)
        for old in ended:
            old.close()
        self._local.session = session
        return session

    def _drop(self, session: Session) -> None:
        """Forget a connection that failed: the next use opens anew."""
        with self._guard:
            self._open.pop(id(session), None)
        try:
            session.close()
        except LedgerError:
            return


def _changes(result: Committed | Refused) -> bool:
    return isinstance(result, Committed) and result.changed
