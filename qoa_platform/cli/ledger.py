"""Owns ``qoa ledger``: whether the ledger is what was written."""

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.lazy import Entry, LazyGroup
from qoa_platform.cli.leaf import leaf

ledger = LazyGroup(
    name="ledger",
    help="The system of record: one file (or one PostgreSQL database) that remembers everything.",
    entries={
        "verify": Entry(
            module="qoa_platform.cli.ledger", attribute="verify", summary="Check every row against its checksum."
        )
    },
)


@leaf(example=["qoa ledger verify"])
@click.pass_context
def verify(ctx: click.Context, *, as_json: bool) -> None:
    """Check every row against its checksum, and the store itself.

    The exit code is 5 when something is not what was written. Nothing is changed.
    """
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project

    project = open_project()
    problems = project.ledger.verify()
    where, position = _without_secrets(project.home.ledger), project.ledger.seq()
    if as_json:
        emit({"ledger": where, "position": position, "problems": problems})
    elif problems:
        say(f"{where}: {len(problems)} rows are not what was written", *problems)
        say("Keep a copy, then restore the last good one. Records that verify are still read.")
    else:
        say(f"{where}: every row is what was written (position {position})")
    ctx.exit(Exit.LEDGER if problems else Exit.DONE)


def _without_secrets(location: str) -> str:
    """A path as it is; of a URL no user and no password.

    >>> _without_secrets("postgresql://me:secret@db:5432/qoa?sslmode=require")
    'postgresql://db:5432/qoa'
    """
    from urllib.parse import urlsplit

    if "://" not in location:
        return location
    parts = urlsplit(location)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
