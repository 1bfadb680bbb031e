"""Owns ``qoa explain``: one promise, its verdict, why it is what it is, and what would change it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qoa_platform.cli.output import Table
    from qoa_platform.verdicts.explanation import Explanation

FILE = click.Path(path_type=Path, dir_okay=False)
WIDTH = 100
"""How wide a plot is where there is no terminal."""


@leaf(
    example=[
        "qoa explain sales.volume", "qoa explain sales.volume --at 2017-11-24",
        "qoa explain retail-demand/sales.volume --html volume.html",
    ],
    exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)  # fmt: skip
@click.argument("promise")
@click.option("--at", metavar="PARTITION", help="The window that is explained.  [default: the newest]")
@click.option("--html", type=FILE, help="Write the same as a page with plots to this file.")
def explain(*, promise: str, at: str | None, html: Path | None, as_json: bool) -> None:
    """Why a promise was judged as it was, and what would change it.

    PROMISE is subject.promise, with the contract before it where two have one of that name
    (retail-demand/sales.volume), and a group or a model's version in brackets behind it (sales.quantity[GROCERY]). Read
    from the ledger; the contracts are those in force.
    """
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.explanations import explanation_of

    project = open_project()
    found = explanation_of(project.ledger, project.contracts(), promise, at=at)
    if html is not None:
        size = _written(html, found)
        if as_json:
            emit({"explanation": found.plain(), "html": str(html), "bytes": size})
        else:
            say(f"{html}: {found.name}, {size / 1000:,.0f} kB")
    elif as_json:
        emit({"explanation": found.plain()})
    else:
        _print(found)


def _written(path: Path, found: "Explanation") -> int:
    from datetime import UTC, datetime

    from qoa_platform.reports.promise import promise_report

    try:
        path.write_text(promise_report(found, made=datetime.now(UTC)), encoding="utf-8")
    except OSError as error:
        raise Complaint(Exit.USAGE, f"{path} cannot be written: {error.strerror}") from error
    return path.stat().st_size


def _print(found: "Explanation") -> None:
    from qoa_platform.cli.output import say, tables
    from qoa_platform.verdicts.explanation import headline

    say(headline(found))
    say(f"because {found.because}", "")
    if found.remedies:
        satisfied = found.verdict is not None and found.verdict.satisfied
        say(
            "What would break it" if satisfied else "What would change it", *(f"  {r.says}" for r in found.remedies), ""
        )
    tables(*_facts(found))
    if found.formula:
        say("", *found.formula.splitlines())
    lines = _plot(found)
    if lines:
        say("", f"The last {len(found.history)} windows: value, what was allowed, violations", *lines)
    for change in found.changes:
        say(f"  {change.window}: {change.says}")
    rest = list(_rest(found))
    if rest:
        say("")
        tables(*rest)


def _facts(found: "Explanation") -> "Iterator[Table]":
    from qoa_platform.cli.output import Table
    from qoa_platform.verdicts.explanation import facts

    yield Table(columns=("", ""), rows=facts(found))


def _plot(found: "Explanation") -> list[str]:
    import os
    import shutil
    import sys

    from qoa_platform.cli.plotting import plotted
    from qoa_platform.records import show

    fancy = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
    return plotted(found.history, width=width, show=lambda value: show(value, found.unit), fancy=fancy)


def _rest(found: "Explanation") -> "Iterator[Table]":
    from qoa_platform.cli.output import Table
    from qoa_platform.verdicts.explanation import spent_facts

    if found.model is not None:
        rows = [
            ("chosen because", found.model.why),
            *found.model.facts,
            *((f"error of {name}", f"{error:.3g}") for name, error in found.model.errors),
        ]
        yield Table(title=f"Model {found.model.name}", columns=("", ""), rows=rows)
    if found.last:
        yield Table(title="Last verdicts", columns=("window", "verdict", "value", "judged"), rows=found.last)
    if found.followed:
        followed = [(f.kind, f.what, f.at, f.became) for f in found.followed]
        yield Table(title="What it led to", columns=("", "what", "at", "became"), rows=followed)
    if found.spend is not None:
        yield Table(title="False alarms, over 90 days", columns=("", ""), rows=spent_facts(found.spend))
