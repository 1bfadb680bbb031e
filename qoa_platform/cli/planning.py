"""Owns ``qoa policy explain``: the plan of now, every step that was considered, and why it is taken or not."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qoa_platform.cli.output import Table
    from qoa_platform.cli.project import Project
    from qoa_platform.loop import Ports
    from qoa_platform.reactions import World
    from qoa_platform.records import Contract, Outcome, Plan, Reaction, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What the policy of one contract would write now, and what it asked for before and still waits for."""

    contract: str
    version: int
    plan: "Plan"
    in_flight: "tuple[tuple[Reaction, Outcome | None], ...]"


@leaf(example=["qoa policy explain", "qoa policy explain --json"], exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER))
@click.option("--contract", "name", help="Only this contract.")
def explain(*, name: str | None, as_json: bool) -> None:
    """The plan of now: every step that was considered, taken or not, and why.

    It is the plan that `qoa react` and the sensor would write, made by the same function from the same ledger; here it
    is only printed. A plan that was written already is empty; what it asked for stands under "in flight".
    """
    from qoa_platform.cli.output import emit, say, tables
    from qoa_platform.cli.project import open_project

    project = open_project()
    held = [c.name for c in project.contracts()]
    if name is not None and name not in held:
        raise unknown("contract", name, held)
    worlds, note = _worlds(project)
    found = [_explained(world) for world in worlds if name in (None, world.contract.name)]
    if as_json:
        told = [
            {"contract": e.contract, "version": e.version, "plan": e.plan,
             "in_flight": [{"reaction": r, "outcome": o} for r, o in e.in_flight]} for e in found
        ]  # fmt: skip
        emit({"at": project.clock.at(), "note": note, "contracts": told})
        return
    if note:
        say(note, "")
    for explained in found:
        tables(*_tables(explained))


def _worlds(project: "Project") -> "tuple[list[World], str]":
    """What the policy of each contract looks at now; where the definitions do not load, what the ledger recorded.

    A reconcile writes the verdicts that are due before it decides; here they are only thought of.
    """
    from qoa_platform.reactions import read_snapshot

    try:
        with redirect_stdout(sys.stderr):
            from qoa_platform.orchestration.lanes import project_ports
            from qoa_platform.workspace import open_workspace

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


def _explained(world: "World") -> Explained:
    from qoa_platform.reactions import decide

    waiting = tuple((r, world.outcomes.get(r.id)) for r in world.reactions if not world.final(r))
    contract = world.contract
    return Explained(contract=contract.name, version=contract.version, plan=decide(world), in_flight=waiting)


def _tables(explained: Explained) -> "Iterator[Table]":
    from qoa_platform.cli.output import Table

    plan = explained.plan
    rows: list[tuple[object, ...]] = [
        ("yes" if c.taken else "no", c.rule, c.kind, c.target, f"{c.why}: {c.detail}" if c.detail else c.why)
        for c in plan.choices
    ]
    title = f"{explained.contract} version {explained.version}: {_summary(plan)}"
    yield Table(
        title=title,
        columns=("taken", "rule", "step", "target", "why"),
        rows=rows or [("–", "", "", "", "no step is to be considered")],
    )
    episodes = [(e.key, e.status, e.severity, e.windows[-1], e.closing or "open") for e in plan.episodes]
    if episodes:
        yield Table(title="Episodes", columns=("promise", "status", "severity", "window", "becomes"), rows=episodes)
    releases = [(r.model, r.version, r.state, "; ".join(r.reasons)) for r in plan.releases]
    if releases:
        yield Table(title="Releases", columns=("model", "version", "becomes", "because"), rows=releases)
    flying = [(r.rule, r.kind, r.target, o or "decided", r.reason) for r, o in explained.in_flight]
    if flying:
        yield Table(title="In flight", columns=("rule", "step", "target", "outcome", "because"), rows=flying)


def _summary(plan: "Plan") -> str:
    if plan.empty and not plan.choices:
        return "nothing to do"
    counts = (len(plan.reactions), len(plan.episodes), len(plan.releases))
    return "to be written: {} reactions, {} episodes, {} releases".format(*counts)
