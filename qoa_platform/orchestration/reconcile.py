"""Owns the reconcile sensor: the sensor lane of the loop, and the only place that launches runs for reactions."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from qoa_platform.failpoints import failpoint
from qoa_platform.loop import Ports, reconcile
from qoa_platform.orchestration.graph import ends_of, graph_of
from qoa_platform.orchestration.outbox import report
from qoa_platform.orchestration.runs import DagsterRuns, tags_of
from qoa_platform.orchestration.telling import Teller
from qoa_platform.records import Batch, Outcome, OutcomeState, RunRequest, short
from qoa_platform.workspace import Workspace, open_workspace

BOUND = 20.0
"""Seconds that a tick may take; what is not done then waits for the next."""


def reconcile_sensor(name: str, *, root: Path | None = None, **sensor_kwargs: Any) -> dg.SensorDefinition:
    """The sensor that reconciles the project at *root* (default: around the working directory).

    On every tick it takes what is due, tells Dagster what happened outside runs, and emits one RunRequest for every
    requested reaction for which no run with its key exists. A request that cannot be launched (a partition that does
    not exist) is refused in the ledger, so that the others of the tick go out. Alerts that wait are sent beside it.
    """
    teller = Teller()

    @dg.sensor(name=name, target=dg.AssetSelection.all(), minimum_interval_seconds=1, **sensor_kwargs)
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        """Judge what is due, decide, perform, and launch the runs that reactions ask for."""
        workspace = open_workspace(root)
        repository = context.repository_def
        if repository is None:
            raise dg.DagsterInvariantViolationError(
                "the reconcile sensor needs its repository: load it from definitions"
            )
        end = time.monotonic() + BOUND
        ports = Ports(
            ledger=workspace.ledger, clock=workspace.clock, runs=DagsterRuns(context.instance, watch=True),
            graph=graph_of(repository), ends=ends_of(repository), sinks=workspace.channels.sinks,
        )  # fmt: skip
        stale = workspace.stale()
        done = reconcile(ports, stale=stale, within=lambda: time.monotonic() < end)
        report(workspace, context.instance)
        teller.tell(workspace)
        failpoint("sensor.before_request")
        requests = [r for r in done.requests if _launchable(workspace, repository, r)]
        yield from (_request(r) for r in requests)
        failpoint("sensor.after_request")
        if not requests:
            yield dg.SkipReason(_told(done.judged, len(done.outcomes), stale))

    return sensor


def _request(request: RunRequest) -> dg.RunRequest:
    keys = [dg.AssetKey(asset.split("/")) for asset in request.assets]
    return dg.RunRequest(
        run_key=request.key, tags=tags_of(request), asset_selection=keys, partition_key=request.partition
    )


def _launchable(workspace: Workspace, repository: dg.RepositoryDefinition, request: RunRequest) -> bool:
    """Whether Dagster can make this run; if not, its reaction fails with the reason."""
    graph = repository.asset_graph
    keys = [dg.AssetKey(asset.split("/")) for asset in request.assets]
    unknown = [key.to_user_string() for key in keys if not graph.has(key)]
    reason = f"no such asset: {', '.join(unknown)}" if unknown else None
    for key in keys:
        partitions = graph.get(key).partitions_def if graph.has(key) else None
        if partitions is not None and (
            request.partition is None or not partitions.has_partition_key(request.partition)
        ):
            reason = f"{key.to_user_string()} has no partition {request.partition}"
    if reason is None:
        return True
    last = workspace.ledger.last(Outcome, short("outcome", request.reaction))
    outcome = Outcome(
        reaction=request.reaction, state=OutcomeState.FAILED, attempt=request.attempt, detail=reason,
        at=workspace.clock.at(), wall=workspace.clock.wall(), revision=last.revision + 1 if last else 0,
    )  # fmt: skip
    workspace.ledger.commit(Batch(records=(outcome,)))
    return False


def _told(judged: int, outcomes: int, stale: tuple[str, ...]) -> str:
    old = f"; refuses to decide {', '.join(stale)}: an older version than the one in force" if stale else ""
    return f"no run is wanted; {judged} records judged as due, {outcomes} outcomes{old}"
