"""Owns FairLock: a file lock that serves processes in the order they came, with a limit to patience."""

import fcntl
import os
from pathlib import Path
from threading import Event, Lock, Thread

from qoa_platform.ledger.errors import LedgerLocked


class FairLock:
    """An exclusive ``flock`` on a file, one descriptor per holder.

    SQLite's own busy handler backs off and starves writers; the kernel queues those who block in ``flock``. The kernel
    knows no timeout, so whoever must wait does so in a thread that gives the lock back when it comes too late.
    """

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. LedgerLocked when that takes longer than the patience (seconds)."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not _Waiter(self._file).wait(self._patience):
                self._file = None  # the waiter closes it
                message = (
                    f"another process has held {self._path} for more than {self._patience:g} s. "
                    f"See who: fuser {self._path}; when it is gone, try again"
                )
                raise LedgerLocked(message) from None

    def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    @property
    def marked(self) -> bool:
        """Whether what this lock guards was made before (see ``mark``)."""
        return self._file is not None and os.fstat(self._file).st_size > 0

    def mark(self) -> None:
        """Remember in the lock's file that what it guards was made."""
        if self._file is not None:
            os.pwrite(self._file, b"made\n", 0)

    def close(self) -> None:
        """Close the descriptor, which also releases the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class _Waiter:
    """One blocking ``flock`` in a thread; abandoned, it closes the descriptor as soon as it has the lock."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._done = Event()
        self._decision = Lock()
        self._abandoned = False
        Thread(target=self._block, daemon=True, name="qoa-ledger-lock").start()

    def _block(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        with self._decision:
            if self._abandoned:
                os.close(self._file)
            else:
                self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether the lock was taken within *seconds*."""
        if self._done.wait(seconds):
            return True
        with self._decision:
            self._abandoned = not self._done.is_set()
        return not self._abandoned
