"""Owns open_ledger: from a path or a URL to the ledger in its store."""

from pathlib import Path
from urllib.parse import urlsplit

from qoa_platform.ledger.errors import LedgerError, LedgerReadOnly
from qoa_platform.ledger.sqlite import PATIENCE, SqliteSession
from qoa_platform.ledger.store import Store


def open_ledger(location: str | Path, *, patience: float = PATIENCE) -> Store:
    """The ledger at *location*: a path, ``sqlite:///path`` or ``postgresql://…``; made when there is none yet.

    *patience* is for how many seconds a writer queues before LedgerLocked. A file up to 64 MiB is checked whole. Raises
    LedgerTooNew, LedgerCorrupt, LedgerReadOnly, LedgerLocked, LedgerFull, LedgerUnavailable, each with what to do.
    """
    text = str(location)
    scheme, separator, _ = text.partition("://")
    if not separator:
        return _sqlite(Path(location), patience)
    match scheme:
        case "sqlite":
            return _sqlite(Path(text.removeprefix("sqlite:///")), patience)
        case "postgresql" | "postgres":
            from qoa_platform.ledger.postgres import PostgresSession  # noqa: PLC0415 (an extra)

            where = urlsplit(text)
            return Store(lambda: PostgresSession(text, patience), f"postgresql://{where.hostname}{where.path}")
        case _:
            message = f"ledger {text!r}: unknown scheme {scheme!r}. Allowed: a path, sqlite:///path, postgresql://…"
            raise LedgerError(message)


def _sqlite(path: Path, patience: float) -> Store:
    path = path.expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder of ledger {path} cannot be made: {error}. Give this user a folder it can write"
        raise LedgerReadOnly(message) from error
    return Store(lambda: SqliteSession(path, patience), str(path))
