"""Owns the durable store of every record: one port over SQLite and PostgreSQL, and the moves of a model's aliases."""

from qoa_platform.ledger.aliases import alias_key, champion, in_use, last_good, promote, rollback, version_key
from qoa_platform.ledger.errors import (
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerReadOnly,
    LedgerTooNew,
    LedgerUnavailable,
    NothingToGoBackTo,
)  # fmt: skip
from qoa_platform.ledger.opening import open_ledger
from qoa_platform.ledger.store import Store

__all__ = [
    "LedgerCorrupt", "LedgerError", "LedgerFull", "LedgerLocked", "LedgerReadOnly", "LedgerTooNew",
    "LedgerUnavailable", "NothingToGoBackTo", "Store", "alias_key", "champion", "in_use", "last_good", "open_ledger",
    "promote", "rollback", "version_key",
]  # fmt: skip
