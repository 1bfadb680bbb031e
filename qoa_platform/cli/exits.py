"""Owns the exit codes of ``qoa``, and which error leads to which."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum


class Exit(IntEnum):
    """What a shell, a Makefile or CI sees of a command. The numbers are part of the interface."""

    DONE = 0
    FINDINGS = 1
    """It ran, and found something wrong: contract errors, promises that are violated."""
    USAGE = 2
    """It was called in a way that is not understood: unknown option, unknown name."""
    PROJECT = 3
    """It was run outside any project, or the project is broken: contracts or definitions do not load."""
    STATE = 4
    """What was asked for is not possible in the state that the ledger is in."""
    LEDGER = 5
    """The ledger could not be used: locked, read-only, corrupt, full, from a newer release, unreachable."""
    BUG = 70
    """An error of ours (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130

    @property
    def says(self) -> str:
        """What it means, in a few words."""
        return MEANINGS[self]


MEANINGS: dict["Exit", str] = {
    Exit.DONE: "done",
    Exit.FINDINGS: "findings: contract errors, something violated",
    Exit.USAGE: "usage: an option or a name that is not known",
    Exit.PROJECT: "outside any project, or the project is broken",
    Exit.STATE: "not possible in this state",
    Exit.LEDGER: "the ledger is locked, read-only, corrupt, full, too new or unreachable",
    Exit.BUG: "a bug of qoa: --traceback shows where",
    Exit.INTERRUPTED: "interrupted",
}

CODES: dict[str, Exit] = {
    "qoa_platform.api.predictions.SubjectError": Exit.USAGE,
    "qoa_platform.contracts.problem.ContractErrors": Exit.PROJECT,
    "qoa_platform.faults.fault.FaultError": Exit.USAGE,
    "qoa_platform.ledger.errors.LedgerError": Exit.LEDGER,
    "qoa_platform.ledger.errors.NothingToGoBackTo": Exit.STATE,
    "qoa_platform.ledger.home.NoProject": Exit.PROJECT,
    "qoa_platform.lineage.subjects.UnknownSubject": Exit.USAGE,
    "qoa_platform.orchestration.loading.DefinitionsError": Exit.PROJECT,
    "qoa_platform.profiles.freezing.FreezeError": Exit.STATE,
    "qoa_platform.profiles.suggesting.history.HistoryError": Exit.USAGE,
    "qoa_platform.reactions.commands.NotPossible": Exit.STATE,
    "qoa_platform.reactions.explanations.UnknownPromise": Exit.USAGE,
    "qoa_platform.scans.opening.SourceError": Exit.USAGE,
}
"""Errors of the library by their full name: looking one up imports nothing, for what was raised is imported."""


class Complaint(Exception):
    """What a command has to say against being run like this, with its exit code."""

    def __init__(self, code: Exit, text: str) -> None:
        self.code = code
        super().__init__(text)


def exit_of(error: BaseException) -> Exit:
    """The exit code of *error*: that of the most special class which has one.

    >>> exit_of(Complaint(Exit.STATE, "no")), exit_of(ZeroDivisionError())
    (<Exit.STATE: 4>, <Exit.BUG: 70>)
    """
    if isinstance(error, Complaint):
        return error.code
    names = (f"{c.__module__}.{c.__qualname__}" for c in type(error).__mro__)
    return next((CODES[name] for name in names if name in CODES), Exit.BUG)


def unknown(what: str, word: str, known: Iterable[str]) -> Complaint:
    """A complaint about a name that is not known: what was found, the nearest guess, what is allowed.

    >>> str(unknown("model", "demnd", ["demand"]))
    "unknown model 'demnd'. Did you mean 'demand'? Known: demand"
    """
    names = sorted(set(known))
    near = get_close_matches(word, names, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return Complaint(Exit.USAGE, f"unknown {what} {word!r}.{hint} Known: {', '.join(names[:20]) or 'none yet'}")
