"""Owns ``qoa contract coverage``: which promises were ever put to the test, by the data or by a planted fault."""

import click

from qoa_platform.cli.exits import Exit, unknown
from qoa_platform.cli.leaf import leaf

COLUMNS = ("promise", "windows", "decided", "satisfied", "violated", "planted", "unknown", "last violated", "can fail")


@leaf(example=["qoa contract coverage", "qoa contract coverage --json"], exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER))
@click.option("--contract", "name", help="Only this contract.")
def coverage(*, name: str | None, as_json: bool) -> None:
    """Promises that were never once violated, by the data or by a planted fault.

    Such a promise was not shown to catch anything: its bound may be out of reach, or its metric blind. Plant a fault
    that it should catch (qoa inject) and look again. Read from the ledger; the contracts are those in force.
    """
    from qoa_platform.cli.output import Table, emit, say, tables
    from qoa_platform.cli.project import open_project
    from qoa_platform.contracts import coverage as covered
    from qoa_platform.records import Trial, Verdict

    project = open_project()
    contracts = project.contracts()
    if name is not None and name not in {c.name for c in contracts}:
        raise unknown("contract", name, [c.name for c in contracts])
    verdicts = project.ledger.find(Verdict)
    planted = [t.id for t in project.ledger.find(Trial) if t.parameters.get("injected")]
    found = [(c, covered(c, verdicts, injected=planted)) for c in contracts if name in (None, c.name)]
    if as_json:
        emit({"contracts": [{"name": c.name, "version": c.version, "promises": lines} for c, lines in found]})
        return
    for contract, lines in found:
        rows = [
            (
                f"{p.subject}.{p.promise}", p.windows, p.decided, p.satisfied, p.violated, p.injected,
                ", ".join(f"{n} {reason}" for reason, n in sorted(p.unknown.items())), p.last_violated, p.proven,
            )
            for p in lines
        ]  # fmt: skip
        tables(Table(title=f"{contract.name} version {contract.version}", columns=COLUMNS, rows=rows))
        never = [f"{p.subject}.{p.promise}" for p in lines if not p.proven]
        say(f"never violated: {', '.join(never)}" if never else "every promise was violated at least once")
