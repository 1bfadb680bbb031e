"""Owns the errors of the ledger: one class per cause, each saying what was found and what to do."""


class LedgerError(Exception):
    """The ledger could not do what was asked; what it held before, it still holds."""


class LedgerCorrupt(LedgerError):
    """A file or a row is not what was written. Nothing more is done with it until it is repaired."""


class LedgerTooNew(LedgerError):
    """A newer release of the library wrote this ledger."""


class LedgerReadOnly(LedgerError):
    """The file or its folder cannot be written."""


class LedgerLocked(LedgerError):
    """Another process held the write lock for longer than the patience."""


class LedgerFull(LedgerError):
    """No space is left. Nothing was written; the same batch may be committed again when there is space."""


class LedgerUnavailable(LedgerError):
    """The database server did not answer. A commit in flight may or may not be durable: commit the same batch again."""


class NothingToGoBackTo(LedgerError):
    """A rollback found no earlier champion that is not known to be bad."""
