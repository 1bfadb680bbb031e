"""Owns what a lane outside Dagster is handed: the ports of a project, with runs in Dagster or in process."""

from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from qoa_platform.loop import Ports
from qoa_platform.orchestration.graph import ends_of, graph_of
from qoa_platform.orchestration.inline import InlineRuns
from qoa_platform.orchestration.loading import load_project
from qoa_platform.orchestration.runs import DagsterRuns
from qoa_platform.workspace import Workspace


def project_instance(workspace: Workspace) -> dg.DagsterInstance:
    """The Dagster instance of the project: the one in its ``DAGSTER_HOME``."""
    _relax()
    home = Path(workspace.home.dagster)
    home.mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.from_config(str(home))


@cache
def _relax() -> None:
    """Dagster's own SQLite files sync at checkpoints only, in this process.

    An event is three commits there, and each would be a sync. Losing the end of that history at a power cut loses a
    view, never truth (decision 1); the ledger, which is no SQLAlchemy engine, syncs every commit as ever.
    """
    event.listen(Engine, "connect", _synchronous)


def _synchronous(connection: Any, _record: object) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA synchronous=NORMAL")


def project_ports(workspace: Workspace, *, inline: bool = False, instance: dg.DagsterInstance | None = None) -> Ports:
    """The ports of *workspace*'s project. *inline*: runs are executed in this process instead of by the sensor."""
    repository = load_project(workspace.home).repository
    chosen = instance or project_instance(workspace)
    runs = InlineRuns(chosen, repository) if inline else DagsterRuns(chosen)
    return Ports(
        ledger=workspace.ledger, clock=workspace.clock, runs=runs, graph=graph_of(repository), ends=ends_of(repository),
        sinks=workspace.channels.sinks,
    )  # fmt: skip
