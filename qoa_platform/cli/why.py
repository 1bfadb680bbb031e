"""Owns ``qoa why``: the lineage of an asset, a model, an incident or a reaction, walked both ways."""

from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.cli.project import Project


@leaf(
    example=[
        "qoa why retail/forecast",
        "qoa why 'retail/sales_day 2017-10-04' --down",
        "qoa why demand --up --depth 3",
        "qoa why incident:2",
    ],
    exits=(Exit.PROJECT, Exit.LEDGER),
)
@click.argument("subject", nargs=-1, required=True)
@click.option("--up", "way", flag_value="up", help="Only what it came from.")
@click.option("--down", "way", flag_value="down", help="Only what was built on it.")
@click.option("--depth", type=click.IntRange(1, 100), default=12, show_default=True, help="How many steps away.")
@click.option(
    "--nodes", type=click.IntRange(1, 100_000), default=300, show_default=True, help="How many things at most."
)
def why(*, subject: tuple[str, ...], way: str | None, depth: int, nodes: int, as_json: bool) -> None:
    """What something came from, and what was built on it.

    SUBJECT is an asset (retail/forecast), a partition of it (retail/sales_day 2017-10-04), a model or its version
    (demand, demand v2), incident:N, or the id of a reaction, episode, trial or verdict. It is answered from the ledger
    alone, so it still answers after an asset was wiped in Dagster's UI.
    """
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.lineage import Direction, render
    from qoa_platform.lineage import why as explained

    project = open_project()
    asked = _subject(project, " ".join(subject))
    tree = explained(project.ledger, asked, direction=Direction(way or "both"), depth=depth, nodes=nodes)
    if as_json:
        emit({"why": tree})
    else:
        say(*render(tree))


def _subject(project: "Project", text: str) -> str:
    """*text*, with the number of an incident turned into its id."""
    prefix, colon, number = text.partition(":")
    if prefix == "incident" and colon and number.isdigit():
        from qoa_platform.cli.incidents import chosen, folded

        return f"incident:{chosen(folded(project), number).id}"
    return text
