"""Owns what ``qoa react`` does: the lane with its ports, one round of it, or all rounds until it is stopped."""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from qoa_platform.alerts import Delivered, couriers, deliver
from qoa_platform.cli.dagster_home import make_dagster_home
from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.output import Table, emit, say, tables
from qoa_platform.loop import Ports, Reconciled, reconcile
from qoa_platform.orchestration.lanes import project_instance, project_ports
from qoa_platform.orchestration.outbox import report
from qoa_platform.records import Outcome, Reaction, RunRequest, Window
from qoa_platform.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from qoa_platform.reactor import Reacted

LEFT_BEHIND = 86_400.0
"""Seconds after which a half-written artifact belongs to a writer that was killed: it is swept when a lane opens."""
ROUNDS = 50
"""``--once --inline`` goes round at most so often: a run may lead to another reaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Everything that the lane needs."""

    workspace: Workspace
    ports: Ports
    asked: frozenset[Window]
    inline: bool
    tell_dagster: Callable[[], int]


def open_lane(*, inline: bool, windows: Sequence[str]) -> Lane:
    """The lane of the project around. What its definitions print while being imported goes to stderr."""
    asked = frozenset(map(_window, windows))
    workspace = open_workspace()
    make_dagster_home(workspace.home)
    workspace.files.sweep(LEFT_BEHIND)
    with redirect_stdout(sys.stderr):
        instance = project_instance(workspace)
        ports = project_ports(workspace, inline=inline, instance=instance)
    if inline:
        adopt: Any = ports.runs
        adopt.adopt_lost()
    tell = partial(report, workspace, instance)
    return Lane(workspace=workspace, ports=ports, asked=asked, inline=inline, tell_dagster=tell)


def _window(day: str) -> Window:
    try:
        return Window.of_partition(day)
    except ValueError as error:
        raise Complaint(Exit.USAGE, f"--window: {error}") from error


def one_round(lane: Lane, *, as_json: bool) -> Exit:
    """Take what is due, run what it asks for (inline), deliver what is to be told; print it, and say how it went."""
    stale = lane.workspace.stale()
    done = Reconciled()
    launched: list[RunRequest] = []
    with redirect_stdout(sys.stderr):
        for _ in range(ROUNDS if lane.inline else 1):
            found = reconcile(lane.ports, stale=stale, asked=tuple(lane.asked))
            done = _together(done, found)
            for request in found.requests if lane.inline else ():
                lane.ports.runs.request(request)
                launched.append(request)
            if not found.requests or not lane.inline:
                break
        told = _deliver(lane)
    _print(lane, done, launched, stale, told, as_json=as_json)
    return Exit.FINDINGS if stale or told.failures else Exit.DONE


def _together(one: Reconciled, other: Reconciled) -> Reconciled:
    """What two rounds did; of requests only those that are left after the second."""
    return Reconciled(
        plans=[*one.plans, *other.plans], outcomes=[*one.outcomes, *other.outcomes], requests=other.requests,
        judged=one.judged + other.judged, rounds=one.rounds + other.rounds, refused=[*one.refused, *other.refused],
    )  # fmt: skip


def _deliver(lane: Lane) -> Delivered:
    clock = lane.workspace.clock
    if lane.inline:
        lane.tell_dagster()
    return deliver(lane.workspace.ledger, lane.workspace.channels, at=clock.at(), wall=clock.wall())


def _print(
    lane: Lane, done: Reconciled, launched: Sequence[RunRequest], stale: Sequence[str], told: Delivered, *,
    as_json: bool,
) -> None:  # fmt: skip
    if as_json:
        emit({
            "judged": done.judged, "reactions": [r for p in done.plans for r in p.reactions],
            "outcomes": done.outcomes, "requested": done.requests, "launched": launched, "refused": done.refused,
            "stale": stale, "delivered": told,
        })  # fmt: skip
        return
    said = (f"{done.judged} records judged as due", f"{len(done.plans)} plans", f"{len(done.outcomes)} outcomes")
    say(", ".join([*said, f"{told.alerts} alerts"]))
    if done.outcomes:
        rows = [_row(lane, outcome) for outcome in done.outcomes]
        tables(Table(columns=("reaction", "target", "rule", "outcome", "because"), rows=rows))
    for request in done.requests:
        say(f"a run is wanted: {', '.join(request.assets)} {request.partition or ''} (the sensor launches it: qoa dev)")
    for name in stale:
        say(f"{name}: this checkout holds an older version than the one in force, so it was not decided. Update it")
    for failure in told.failures:
        say(f"not delivered to {failure.sink}: {failure.cause}")


def _row(lane: Lane, outcome: Outcome) -> tuple[object, ...]:
    reaction = lane.workspace.ledger.last(Reaction, outcome.reaction)
    if reaction is None:
        return (outcome.reaction, "", "", outcome, "")
    return (reaction.kind, reaction.target, reaction.rule, outcome, reaction.reason)


def until_stopped(lane: Lane, stop: Event, *, idle: float, as_json: bool) -> None:
    """Run the lane until *stop* is set, its log on stderr; then say what it did."""
    from qoa_platform.reactor import react

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    workspace = lane.workspace
    told: list[Callable[[], object]] = [*couriers(workspace.ledger, workspace.channels, workspace.clock)]
    if lane.inline:
        told.append(lane.tell_dagster)
    click.echo(f"reacting to {workspace.home.root.name}; Ctrl-C ends it", err=True)
    with redirect_stdout(sys.stderr):
        if lane.asked:
            reconcile(lane.ports, stale=workspace.stale(), asked=tuple(lane.asked))
        done: Reacted = react(lane.ports, told, until=stop.is_set, idle=idle, launch=lane.inline, stale=workspace.stale)
    if as_json:
        emit({"reacted": done})
    else:
        say(f"{done.rounds} rounds, {done.outcomes} outcomes, {done.launched} runs launched, {len(done.errors)} errors")
