"""Owns ``qoa policy explain``: the plan of now, every step that was considered, and why it is taken or not."""

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import leaf


@leaf(example=["qoa policy explain"], exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER))
def explain(*, as_json: bool) -> None:
    """The plan of now: every step, taken or not, and why."""
    del as_json
    from qoa_platform.cli.project import open_project

    open_project().contracts()
