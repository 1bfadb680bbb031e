"""Owns Enacted: a contract as the ledger keeps it. The one in force is named by a pointer (semantics 23)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from qoa_platform.records.contract import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Enacted:
    """One content of a contract. Found by its digest; the pointer ``contract|<name>`` says which is in force."""

    KIND: ClassVar[str] = "contract"

    contract: Contract
    actor: str
    at: datetime
    wall: datetime

    @property
    def id(self) -> str:
        """The contract's digest."""
        return self.contract.digest

    @property
    def series(self) -> str:
        """The contract's name."""
        return self.contract.name

    @property
    def revision(self) -> int:
        """Always 0: content-addressed."""
        return 0
