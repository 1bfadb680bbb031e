"""Owns Suggestion: a suggested contract, as text and as a Contract, the profile it needs, and its evidence."""

from dataclasses import dataclass

from qoa_platform.profiles.suggesting.evidence import Evidence
from qoa_platform.records import Contract, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What was suggested: *text* is the commented YAML, *contract* what it reads as, *evidence* one record per promise.

    *profile* is what promises with a named reference compare with, ``None`` where none does. *notes* say what was seen
    and not promised.
    """

    text: str
    contract: Contract
    evidence: tuple[Evidence, ...]
    profile: Profile | None = None
    notes: tuple[str, ...] = ()

    def of(self, promise: str) -> Evidence:
        """The evidence of a promise, by its id. Raises KeyError when there is none."""
        for found in self.evidence:
            if found.promise == promise:
                return found
        raise KeyError(promise)

    def __str__(self) -> str:
        return self.text
