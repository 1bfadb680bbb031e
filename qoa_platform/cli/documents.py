"""Owns documents: a contract's file as the commands read it, in our own language or in a dialect that is understood."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qoa_platform.contracts import Problem
    from qoa_platform.records import Contract

FOREIGN = (".odcs.yaml", ".odcs.yml", ".json")
"""How the files of other dialects end: ODCS data contracts, and QoA4ML's MLContract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A contract and its *dialect* (``qoa/v1`` is our own); of another one *problems* say what was not understood."""

    contract: "Contract"
    dialect: str
    problems: "tuple[Problem, ...]" = ()

    @property
    def ours(self) -> bool:
        """Whether it is written in our own language."""
        return self.dialect == "qoa/v1"


def document(path: Path) -> Document:
    """The contract in a file. Raises ContractErrors with all problems at once."""
    from qoa_platform.contracts import read, read_foreign

    near = _near(path)
    if near.name.endswith(FOREIGN):
        foreign = read_foreign(near)
        return Document(contract=foreign.contract, dialect=foreign.dialect, problems=foreign.not_understood)
    return Document(contract=read(near), dialect="qoa/v1")


def _near(path: Path) -> Path:
    """*path* as seen from here, when it lies below: places of errors are clicked on."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path
