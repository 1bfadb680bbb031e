"""Owns the PostgreSQL store: the same tables and statements, one writer at a time (advisory lock), NOTIFY to wake."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from qoa_platform.ledger.errors import (
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerReadOnly,
    LedgerTooNew,
    LedgerUnavailable,
)  # fmt: skip
from qoa_platform.ledger.schema import VERSION, tables, too_new
from qoa_platform.ledger.session import Row

try:
    import psycopg
except ImportError as missing:
    message = "a ledger on PostgreSQL needs psycopg 3: pip install 'qoa-platform[postgres]'"
    raise LedgerError(message) from missing

LOCK: Final = 0x716F614C
"""Key of the advisory lock: commits are serial, so that positions appear in the order in which they are visible."""

SCHEMA: Final = "qoa"
"""The schema of the tables: a database may be shared with other programs."""

CHANNEL: Final = "qoa_ledger"
WORDS: Final = {"BIGINT_KEY": "BIGINT PRIMARY KEY", "BYTES": "BYTEA", "TEXT_C": 'TEXT COLLATE "C"'}
CONNECT: Final = 5
"""Seconds to wait for the server when a connection is opened."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """PostgreSQL's errors as the ledger's, one class per cause."""
    try:
        yield
    except psycopg.Error as error:
        raise _as_ledger_error(error, where) from error


def _as_ledger_error(error: psycopg.Error, where: str) -> LedgerError:
    text = " ".join(str(error).split())
    match error:
        case psycopg.errors.LockNotAvailable() | psycopg.errors.QueryCanceled():
            return LedgerLocked(f"another process has held ledger {where} too long: {text}. See: pg_stat_activity")
        case psycopg.errors.DiskFull():
            return LedgerFull(f"no space for ledger {where}: {text}. Nothing was written; free space and try again")
        case psycopg.errors.ReadOnlySqlTransaction() | psycopg.errors.InsufficientPrivilege():
            return LedgerReadOnly(f"ledger {where} cannot be written: {text}. Grant this user its tables")
        case psycopg.errors.DataCorrupted() | psycopg.errors.IndexCorrupted():
            return LedgerCorrupt(f"ledger {where} is damaged: {text}. Nothing was changed; see pg_amcheck")
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return LedgerUnavailable(f"ledger {where} does not answer: {text}. It is tried anew at the next call")
        case _:
            return LedgerError(f"ledger {where}: {text}")


@cache
def _placed(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresSession:
    """One thread's connection (and a second one while it listens)."""

    def __init__(self, url: str, patience: float) -> None:
        place = urlsplit(url)
        self._url = url
        self._where = f"{place.hostname}{place.path}"
        self._ears: psycopg.Connection[Row] | None = None
        with translated(self._where):
            self._connection = self._connected()
            try:
                self._connection.execute(f"SET lock_timeout = {int(patience * 1000)}")
                self._connection.execute("SET synchronous_commit = on")
                self._connection.execute(f"SET search_path = {SCHEMA}")
                self._connection.execute("SET client_min_messages = warning")
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _connected(self) -> psycopg.Connection[Row]:
        return psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT)

    def _prepare(self) -> None:
        """Make the tables when they are not there; refuse those of a newer release."""
        with self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            if self.rows(f"SELECT to_regclass('{SCHEMA}.meta') IS NULL")[0][0]:
                self.run(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                for statement in tables(WORDS):
                    self.run(statement)
                self.run("INSERT INTO meta VALUES ('version', ?)", (str(VERSION),))
                self.run("INSERT INTO meta VALUES ('created', ?)", (datetime.now(UTC).isoformat(),))
        version = self.rows("SELECT value FROM meta WHERE name = 'version'")[0][0]
        if int(version) > VERSION:
            raise LedgerTooNew(too_new(version, self._where))

    def rows(self, sql: str, parameters: Sequence[Any] = (), /) -> list[Row]:
        """Run a query and return its rows."""
        with translated(self._where):
            return self._connection.execute(_placed(sql), parameters).fetchall()

    def run(self, sql: str, parameters: Sequence[Any] = (), /) -> int:
        """Run a statement and return the number of rows it changed."""
        with translated(self._where):
            return self._connection.execute(_placed(sql), parameters).rowcount

    def begin(self) -> None:
        """BEGIN, then queue for the advisory lock."""
        self.run("BEGIN")
        try:
            self.rows("SELECT pg_advisory_xact_lock(?)", (LOCK,))
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        """NOTIFY within the transaction, then COMMIT."""
        self.rows("SELECT pg_notify(?, '')", (CHANNEL,))
        self.run("COMMIT")

    def rollback(self) -> None:
        """ROLLBACK when a transaction is open."""
        try:
            if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")
        except psycopg.Error:
            self._connection.close()  # the server undoes it

    def among(self, column: str, /) -> str:
        """The condition that *column* is in an array."""
        return f"{column} = ANY(?)"

    def listed(self, values: Sequence[Any], /) -> list[Any]:
        """*values* as an array."""
        return list(values)

    def moment(self) -> tuple[str, float]:
        """The server's clock, which all hosts share."""
        return "server", float(self.rows("SELECT extract(epoch FROM clock_timestamp())")[0][0])

    def listen(self) -> None:
        """LISTEN on a connection of its own."""
        if self._ears is None or self._ears.closed:
            with translated(self._where):
                self._ears = self._connected()
                self._ears.execute(f"LISTEN {CHANNEL}")

    def hear(self, seconds: float, /) -> None:
        """Wait for a notification."""
        if self._ears is not None:
            with translated(self._where):
                for _ in self._ears.notifies(timeout=min(seconds, 1.0), stop_after=1):
                    return

    def check(self) -> list[str]:
        """PostgreSQL checks its pages itself (data checksums, pg_amcheck): nothing to add."""
        return []

    def alive(self) -> bool:
        """Whether the server has not hung up, as far as is known."""
        return not self._connection.closed

    def close(self) -> None:
        """Close both connections."""
        self._connection.close()
        if self._ears is not None:
            self._ears.close()
