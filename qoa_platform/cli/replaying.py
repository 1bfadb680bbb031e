"""Owns ``qoa policy replay``: what a contract would have done over the past, next to what was done."""

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import leaf


@leaf(example=["qoa policy replay --since 90d"], exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER))
@click.option("--since", default="90d")
def replay(*, since: str, as_json: bool) -> None:
    """What a contract would have done over the past."""
    del as_json, since
    from qoa_platform.cli.project import open_project

    open_project().contracts()
