"""Owns ``qoa contract freeze``: published days frozen as a reference by hand, kept in the ledger as a Profile."""

from typing import TYPE_CHECKING, Any

import click

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.records import Contract, Subject
    from qoa_platform.workspace import Workspace

DAY = click.DateTime(formats=["%Y-%m-%d"])


@leaf(
    example=["qoa contract freeze sales --since 2017-01-01 --until 2017-04-01 --name first-quarter"],
    exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)
@click.argument("subject")
@click.option("--since", type=DAY, required=True, help="First day.")
@click.option("--until", type=DAY, required=True, help="The day after the last.")
@click.option("--name", required=True, help="What promises call it: `reference: NAME`.")
@click.option("--column", "columns", multiple=True, help="A column to freeze besides those that promises compare.")
@click.option("--contract", "contract_name", help="Whose subject, where several contracts have one of that id.")
def freeze(
    *,
    subject: str,
    since: Any,
    until: Any,
    name: str,
    columns: tuple[str, ...],
    contract_name: str | None,
    as_json: bool,
) -> None:
    """Freeze published days as a reference by hand.

    What promises of SUBJECT compare with a reference is frozen (edges, fences, dictionaries, counts), no raw row is
    kept. The reference is in force at once wherever a promise names it. Frozen again under the same name, the newer one
    counts.
    """
    from qoa_platform.cli.output import emit, say
    from qoa_platform.workspace import open_workspace

    if until <= since:
        raise Complaint(Exit.USAGE, f"--until {until:%Y-%m-%d} is not after --since {since:%Y-%m-%d}")
    workspace = open_workspace()
    _, found = _subject(workspace, subject, contract_name)
    profile = workspace.freeze(found, since.date(), until.date(), name=name, columns=columns)
    if as_json:
        emit({"profile": {"name": profile.name, "subject": profile.subject, "digest": profile.digest,
                          "window": profile.window, "source": profile.source, "columns": profile.columns}})  # fmt: skip
    else:
        frozen = ", ".join(dict.fromkeys(c.column for c in profile.columns))
        say(f"frozen: {profile.name} of {profile.subject}, {len(profile.source)} partitions, columns {frozen}")
        say(f"digest {profile.digest}; use it with: reference: {profile.name}")


def _subject(workspace: "Workspace", subject: str, contract_name: str | None) -> "tuple[Contract, Subject]":
    contracts = workspace.contracts()
    if contract_name is not None and contract_name not in {c.name for c in contracts}:
        raise unknown("contract", contract_name, [c.name for c in contracts])
    chosen = [c for c in contracts if contract_name in (None, c.name)]
    found = [(c, s) for c in chosen for s in c.subjects if s.id == subject]
    if not found:
        raise unknown("subject", subject, [s.id for c in chosen for s in c.subjects])
    if len(found) > 1:
        raise Complaint(Exit.USAGE, f"{len(found)} contracts have a subject {subject!r}. Say which with --contract")
    if found[0][1].asset is None:
        raise Complaint(Exit.USAGE, f"subject {subject!r} is no asset: there is no data to freeze")
    return found[0]
