"""Owns the SQLite store: one file, WAL, synchronous=FULL, a fair file lock before every write."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from qoa_platform.ledger.errors import (
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerReadOnly,
    LedgerTooNew,
)  # fmt: skip
from qoa_platform.ledger.lock import FairLock
from qoa_platform.ledger.schema import VERSION, tables, too_new
from qoa_platform.ledger.session import Row
from qoa_platform.ledger.wake import Wake

APPLICATION: Final = 0x716F614C
"""``application_id`` of a ledger ("qoaL"): another program's database is never written into."""

QUICK: Final = 64 * 2**20
"""Bytes up to which a file is checked whole whenever it is opened; beyond it, by ``verify()``."""

WORDS: Final = {"BIGINT_KEY": "INTEGER PRIMARY KEY", "BYTES": "BLOB", "TEXT_C": "TEXT"}
PATIENCE: Final = 20.0


def repair(path: Path) -> str:
    """What to do about a damaged file."""
    return (
        f"Nothing was changed. Stop what uses it, keep a copy, then: sqlite3 {path} .recover | sqlite3 new.db "
        "(or restore your last copy), and move new.db in its place"
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as the ledger's, one class per cause."""
    try:
        yield
    except sqlite3.Error as error:
        raise _as_ledger_error(error, path) from error


def _as_ledger_error(error: sqlite3.Error, path: Path) -> LedgerError:
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    match primary:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return LedgerCorrupt(f"ledger {path} is damaged: {error}. {repair(path)}")
        case sqlite3.SQLITE_FULL:
            return LedgerFull(f"no space for ledger {path}: {error}. Nothing was written; free space and try again")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return LedgerReadOnly(f"ledger {path} cannot be written: {error}. Give this user the file and its folder")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LedgerLocked(f"ledger {path} is locked by a program that does not queue: {error}. See: fuser {path}")
        case sqlite3.SQLITE_IOERR:
            return LedgerError(f"the disk refused ledger {path}: {error}. Nothing was written; see the system's log")
        case _:
            return LedgerError(f"ledger {path}: {error}")


class SqliteSession:
    """One thread's connection to the file, with its place in the queue of writers."""

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._path = path
        self._lock = FairLock(path.with_name(f"{path.name}-lock"), patience)
        self._wake = Wake(path.with_name(f"{path.name}-wake"))
        self._boot = _boot()
        try:
            self._lock.acquire()
        except OSError as error:
            message = f"ledger {path} cannot be opened: {error}. Give this user the file and its folder"
            raise LedgerReadOnly(message) from error
        try:
            with translated(path):
                self._connection = _open(path, self._lock, patience)
        except BaseException:
            self._lock.close()
            raise
        self._lock.release()

    def rows(self, sql: str, parameters: Sequence[Any] = (), /) -> list[Row]:
        """Run a query and return its rows."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise _as_ledger_error(error, self._path) from error

    def run(self, sql: str, parameters: Sequence[Any] = (), /) -> int:
        """Run a statement and return the number of rows it changed."""
        try:
            return self._connection.execute(sql, parameters).rowcount
        except sqlite3.Error as error:
            raise _as_ledger_error(error, self._path) from error

    def begin(self) -> None:
        """Queue for the file lock, then BEGIN IMMEDIATE."""
        self._lock.acquire()
        try:
            self.run("BEGIN IMMEDIATE")
        except BaseException:
            self._lock.release()
            raise

    def commit(self) -> None:
        """COMMIT (synced: durable when this returns), let the next writer in, wake who waits."""
        self.run("COMMIT")
        self._lock.release()
        self._wake.tell()

    def rollback(self) -> None:
        """ROLLBACK when a transaction is open; let the next writer in."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._connection.close()  # closing undoes it; the next use opens anew
        finally:
            self._lock.release()

    def among(self, column: str, /) -> str:
        """The condition that *column* is in a JSON list."""
        return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 (a column of our own schema)

    def listed(self, values: Sequence[Any], /) -> str:
        """*values* as a JSON list."""
        return json.dumps(list(values))

    def moment(self) -> tuple[str, float]:
        """This boot, and the seconds since it began (sleep included)."""
        return self._boot, time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def listen(self) -> None:
        """Bind the datagram socket."""
        self._wake.listen()

    def hear(self, seconds: float, /) -> None:
        """Wait for a datagram."""
        self._wake.hear(seconds)

    def check(self) -> list[str]:
        """SQLite's own full check, indexes included."""
        return [row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]

    def alive(self) -> bool:
        """A file does not hang up."""
        return True

    def close(self) -> None:
        """Close connection, lock and socket."""
        self._wake.close()
        self._connection.close()
        self._lock.close()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return "this boot"


def _open(path: Path, lock: FairLock, patience: float) -> sqlite3.Connection:
    """The connection, the file made when it is new. The caller holds the lock, for WAL ignores the busy timeout."""
    if lock.marked and path.exists() and not path.stat().st_size:
        message = f"ledger {path} was made before, and is empty now (0 bytes): it was truncated. {repair(path)}"
        raise LedgerCorrupt(message)
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        fresh = not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if fresh:
            connection.execute("PRAGMA journal_mode = WAL")
            _create(connection)
            lock.mark()
        else:
            _examine(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in tables(WORDS):
        connection.execute(statement)
    facts = [("version", str(VERSION)), ("created", datetime.now(UTC).isoformat())]
    connection.executemany("INSERT INTO meta VALUES (?, ?)", facts)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _examine(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no ledger, is newer than this release, is damaged or cannot be written."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION:
        message = f"{path} is a SQLite database, but no ledger. Name another file (QOA_LEDGER)"
        raise LedgerError(message)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LedgerTooNew(too_new(version, str(path)))
    if path.stat().st_size <= QUICK:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            message = f"ledger {path} is damaged: {found}. {repair(path)}"
            raise LedgerCorrupt(message)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
