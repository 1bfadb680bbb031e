"""Owns ``qoa policy explain``: the plan of now, every step that was considered, and why it is taken or not."""

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qoa_platform.cli.project import Project
    from qoa_platform.loop import Ports
    from qoa_platform.reactions import World
    from qoa_platform.records import Contract, Plan, Verdict


@leaf(example=["qoa policy explain", "qoa policy explain --json"], exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER))
@click.option("--contract", "name", help="Only this contract.")
def explain(*, name: str | None, as_json: bool) -> None:
    """The plan of now: every step that was considered, taken or not, and why.

    It is the plan that `qoa react` and the sensor would write, made by the same function from the same ledger; here it
    is only printed. A plan that was written already is empty; what it asked for stands under "in flight".
    """
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.explaining import explain_plan
    from qoa_platform.records import plain

    project = open_project()
    held = [c.name for c in project.contracts()]
    if name is not None and name not in held:
        raise unknown("contract", name, held)
    worlds, note = _worlds(project)
    found = [(plan, explain_plan(plan, world)) for world, plan in _plans(worlds, name)]
    if as_json:
        told = [{**plain(explanation), "plan": plan} for plan, explanation in found]
        emit({"at": project.clock.at(), "note": note, "contracts": told})
        return
    say(*([note, ""] if note else []), *(line for _, explanation in found for line in explanation.text()))


def _plans(worlds: "Sequence[World]", name: str | None) -> "list[tuple[World, Plan]]":
    from qoa_platform.reactions import decide

    return [(world, decide(world)) for world in worlds if name in (None, world.contract.name)]


def _worlds(project: "Project") -> "tuple[list[World], str]":
    """What the policy of each contract looks at now; where the definitions do not load, what the ledger recorded.

    A reconcile writes the verdicts that are due before it decides; here they are only thought of.
    """
    from qoa_platform.reactions import read_snapshot

    try:
        with redirect_stdout(sys.stderr):
            from qoa_platform.cli.dagster_home import make_dagster_home
            from qoa_platform.orchestration.lanes import project_ports
            from qoa_platform.workspace import open_workspace

            make_dagster_home(project.home)
            ports = project_ports(open_workspace())
    except Exception as error:  # noqa: BLE001 (a project's own code: whatever it raises)
        note = (
            f"the definitions do not load ({error}): explained with the assets that ever ran, and without active runs"
        )
        return list(project.snapshot().worlds()), note
    at, wall, runs = project.clock.at(), project.clock.wall(), ports.runs.active()
    snapshot = read_snapshot(project.ledger, graph=ports.graph, runs=runs, at=at, wall=wall)
    due = _due(ports, snapshot.contracts)
    return [_with(world, due) for world in snapshot.worlds()], ""


def _due(ports: "Ports", contracts: "Sequence[Contract]") -> "list[Verdict]":
    """The verdicts that are due now, and those on runs."""
    from qoa_platform.audit import due_batches, run_batches
    from qoa_platform.records import Verdict

    runs = ports.runs.active()
    batches = [
        *due_batches(ports.ledger, contracts, runs, ports.clock, ports.ends),
        *run_batches(ports.ledger, contracts, runs, ports.clock),
    ]
    return [record for batch in batches for record in batch.records if isinstance(record, Verdict)]


def _with(world: "World", due: "Sequence[Verdict]") -> "World":
    from qoa_platform.reactions.world import current

    mine = [v for v in due if v.key.contract == world.contract.name]
    return replace(world, verdicts=current((*world.verdicts, *mine)))
