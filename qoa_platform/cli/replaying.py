"""Owns ``qoa policy replay``: what a contract would have done over the past, next to what was done."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.cli.output import Table
    from qoa_platform.cli.project import Project
    from qoa_platform.reactions.replaying import Replay, Row
    from qoa_platform.records import Contract, Graph

UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1)}


@leaf(
    example=["qoa policy replay --since 90d", "qoa policy replay --since 90d contracts/retail.yaml",
             "qoa policy replay --since 2017-09-01 --until 2017-10-01 --json"],
    exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)  # fmt: skip
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--since", required=True, metavar="AGO|DAY", help="From when on: 90d, 36h, or a day such as 2017-09-01.")
@click.option("--until", metavar="AGO|DAY", help="Up to when. By default: now.")
@click.option("--only-different", is_flag=True, help="Only steps in which the two differ.")
def replay(*, file: Path | None, since: str, until: str | None, only_different: bool, as_json: bool) -> None:
    """What a contract would have done over the past, next to what was done.

    FILE is the contract; without it those in force. The ledger is walked in order of time: stored measurements are
    judged by this contract (what was not measured is unknown), and recorded outcomes are taken as they happened. That
    is an open loop, and it says so. Nothing is written.
    """
    from qoa_platform.cli.output import emit, say, tables
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.replaying import replay as replayed

    project = open_project()
    now = project.clock.at()
    begin, end = moment("--since", since, now), moment("--until", until, now) if until else now
    if begin >= end:
        raise Complaint(Exit.USAGE, f"--since {begin:%Y-%m-%d %H:%M} is not before {end:%Y-%m-%d %H:%M}")
    contracts = _contracts(project, file)
    graph, note = _graph(project)
    found = [replayed(project.ledger, contract, since=begin, until=end, graph=graph) for contract in contracts]
    if as_json:
        emit({"assets": note, "replays": found})
        return
    for number, one in enumerate(found):
        say(*([""] if number else []), *_head(one), f"assets: {note}")
        rows = [row for row in one.rows if not only_different or _differs(row)]
        tables(_table(rows)) if rows else say("no step")


def moment(option: str, text: str, now: datetime) -> datetime:
    """``90d`` ago, or the beginning of a day.

    >>> moment("--since", "36h", datetime(2026, 1, 3, tzinfo=UTC)).isoformat()
    '2026-01-01T12:00:00+00:00'
    """
    if ago := re.fullmatch(r"(\d{1,6})\s*(d|h|min)", text.strip()):
        return now - int(ago[1]) * UNITS[ago[2]]
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        message = f"{option} {text!r} is not understood. Allowed: 90d, 36h, 30min, or a day such as 2017-09-01"
        raise Complaint(Exit.USAGE, message) from None


def _contracts(project: "Project", file: Path | None) -> "tuple[Contract, ...]":
    if file is None:
        return project.contracts()
    from qoa_platform.cli.documents import document

    return (document(file).contract,)


def _graph(project: "Project") -> "tuple[Graph, str]":
    """The assets of the definitions; where they do not load, those that ever ran, and why."""
    from qoa_platform.cli.definitions import defined_graph

    try:
        return defined_graph(project.home), "as the definitions say"
    except Exception as error:  # noqa: BLE001 (a project's own code: whatever it raises)
        return project.recorded, f"as the trials recorded them, for the definitions do not load: {error}"


def _head(found: "Replay") -> tuple[str, ...]:
    judged = ", ".join(f"{count} {how}" for how, count in found.judged.items())
    would = sum(row.would is not None for row in found.rows)
    was = sum(row.was is not None for row in found.rows)
    return (
        f"{found.contract} version {found.version}, {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M}",
        f"{would} steps would have been taken, {was} were; {len(found.episodes)} episodes; verdicts: {judged}",
        found.note,
    )


def _differs(row: "Row") -> bool:
    return row.would is None or row.was is None


def _table(rows: "list[Row]") -> "Table":
    from qoa_platform.cli.output import Table

    columns = ("at", "step", "target", "rule", "would", "was", "outcome", "why")
    cells = [(r.at, r.kind, r.target, r.rule, r.would is not None, r.was is not None, r.outcome, r.why) for r in rows]
    return Table(columns=columns, rows=cells)
