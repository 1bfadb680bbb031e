"""Owns ``qoa contract check``: reading errors first, then lint against the assets, then what is in force."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.contracts import Problem
    from qoa_platform.ledger.home import Home
    from qoa_platform.records import Contract, Graph

CHANGED, OLDER = "E290", "W391"
"""Content that changed under an unchanged version; an older version than the one in force."""


@dataclass(slots=True, kw_only=True)
class Checked:
    """What a check found. *foreign* are of another dialect; *skipped* says what could not be looked at, and why."""

    files: list[str] = field(default_factory=list)
    contracts: "list[Contract]" = field(default_factory=list)
    foreign: "list[Contract]" = field(default_factory=list)
    problems: "list[Problem]" = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def exit(self) -> Exit:
        """Findings before what was skipped; warnings alone are no findings."""
        if any(p.level == "error" for p in self.problems):
            return Exit.FINDINGS
        return Exit.PROJECT if self.skipped else Exit.DONE


@leaf(
    example=["qoa contract check", "qoa contract check contracts/retail.yaml --json"],
    exits=(Exit.FINDINGS, Exit.PROJECT, Exit.LEDGER),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_context
def check(ctx: click.Context, *, files: tuple[Path, ...], as_json: bool) -> None:
    """Read and lint contracts: all errors at once, with their places.

    Without FILES all of the project's. ODCS data contracts (*.odcs.yaml) and QoA4ML MLContracts (*.json) are read too,
    and what is not understood of them is said.

    Reading errors come first; then the linter, which compares with the assets that the definitions define; then whether
    content changed under an unchanged version, compared with the one in force. What could not be looked at is said with
    its reason, and is an exit code of its own (3).
    """
    from qoa_platform.cli.output import emit

    found = _checked(files)
    if as_json:
        every = [(c, False) for c in found.contracts] + [(c, True) for c in found.foreign]
        read = [
            {"name": c.name, "version": c.version, "digest": c.digest, "file": c.source, "foreign": foreign}
            for c, foreign in every
        ]
        emit({
            "ok": found.exit is Exit.DONE, "files": found.files, "contracts": read, "problems": found.problems,
            "skipped": found.skipped,
        })  # fmt: skip
    else:
        _say(found)
    ctx.exit(found.exit)


def _say(found: Checked) -> None:
    from qoa_platform.cli.output import say

    say(*found.problems, *(f"skipped: {reason}" for reason in found.skipped))
    errors = sum(p.level == "error" for p in found.problems)
    warnings = sum(p.level == "warning" for p in found.problems)
    told = [f"{c.name} version {c.version}" for c in found.contracts]
    told += [f"{c.name} (of another dialect: {len(c.subjects)} subjects)" for c in found.foreign]
    read = ", ".join(told) or "no contract"
    say(f"{len(found.files)} files, {read}: {errors} errors, {warnings} warnings")


def _checked(files: Sequence[Path]) -> Checked:
    from qoa_platform.ledger.home import NoProject, find_home

    found = Checked()
    try:
        home: Home | None = find_home()
    except NoProject as error:
        if not files:
            raise
        home = None
        found.skipped.append(f"lint with the asset graph, and what is in force: {error}")
    paths = [*files] if files or home is None else [*home.contracts]
    if not paths:
        raise Complaint(Exit.PROJECT, f"{home.root if home else Path.cwd()}/contracts holds no contract (*.yaml)")
    _read(found, paths)
    _lint(found, home)
    if home is not None:
        _compare(found, home)
    return found


def _read(found: Checked, paths: Sequence[Path]) -> None:
    from qoa_platform.cli.documents import document
    from qoa_platform.contracts import ContractErrors

    for path in paths:
        found.files.append(str(path))
        try:
            read = document(path)
        except ContractErrors as error:
            found.problems += error.problems
        else:
            found.problems += read.problems
            (found.contracts if read.ours else found.foreign).append(read.contract)


def _lint(found: Checked, home: "Home | None") -> None:
    from qoa_platform.contracts.linting import SKIPPED, lint_all

    graph, why = _graph(found, home)
    if graph is None and home is not None:
        found.skipped.append(f"lint with the asset graph: {why}")
    linted = lint_all(found.contracts, graph=graph, no_graph=why)
    found.problems += [p for p in linted if p.code != SKIPPED]


def _graph(found: Checked, home: "Home | None") -> "tuple[Graph | None, str]":
    """The asset graph, or why it is not known. Contracts that cannot be read keep the definitions from loading."""
    from qoa_platform.cli.definitions import defined_graph

    if home is None:
        return None, "not inside a project"
    if any(p.level == "error" for p in found.problems):
        return None, "the contracts must be read first"
    try:
        return defined_graph(home), ""
    except Exception as error:  # noqa: BLE001 (a project's own code: whatever it raises)
        return None, str(error)


def _compare(found: Checked, home: "Home") -> None:
    """Whether content changed under an unchanged version. A ledger that is not there yet has nothing in force."""
    from qoa_platform.contracts import Level, Problem
    from qoa_platform.ledger import open_ledger
    from qoa_platform.records import Enacted, PointerKind

    if "://" not in home.ledger and not Path(home.ledger).exists():
        return
    with open_ledger(home.ledger) as ledger:
        for contract in found.contracts:
            head = ledger.pointer(PointerKind.CONTRACT, contract.name)
            known = ledger.find(Enacted, ids=[head.value]) if head is not None and head.value is not None else []
            for standing in (e.contract for e in known if e.contract.digest != contract.digest):
                if contract.version > standing.version:
                    continue
                same = contract.version == standing.version
                message = (
                    f"the content changed under an unchanged version: {contract.digest[:12]} is not "
                    f"{standing.digest[:12]}, which is in force"
                    if same
                    else f"version {contract.version} is older than version {standing.version}, which is in force"
                )
                found.problems.append(
                    Problem(
                        code=CHANGED if same else OLDER, message=message, file=contract.source,
                        line=contract.line("version") or 0, column=1, path="version",
                        hint=f"Raise version to {standing.version + 1}; until then the one in force goes on",
                        level=Level.ERROR if same else Level.WARNING,
                    )
                )  # fmt: skip
