"""Owns what a lane outside Dagster is handed: the ports of a project, with runs in Dagster or in process."""

from pathlib import Path

import dagster as dg

from qoa_platform.loop import Ports
from qoa_platform.orchestration.graph import ends_of, graph_of
from qoa_platform.orchestration.inline import InlineRuns
from qoa_platform.orchestration.loading import load_project
from qoa_platform.orchestration.runs import DagsterRuns
from qoa_platform.orchestration.thrift import thrifty
from qoa_platform.workspace import Workspace


def project_instance(workspace: Workspace) -> dg.DagsterInstance:
    """The Dagster instance of the project: the one in its ``DAGSTER_HOME``."""
    thrifty()
    home = Path(workspace.home.dagster)
    home.mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.from_config(str(home))


def project_ports(workspace: Workspace, *, inline: bool = False, instance: dg.DagsterInstance | None = None) -> Ports:
    """The ports of *workspace*'s project. *inline*: runs are executed in this process instead of by the sensor."""
    repository = load_project(workspace.home).repository
    chosen = instance or project_instance(workspace)
    runs = InlineRuns(chosen, repository) if inline else DagsterRuns(chosen)
    return Ports(
        ledger=workspace.ledger, clock=workspace.clock, runs=runs, graph=graph_of(repository), ends=ends_of(repository),
        sinks=workspace.channels.sinks,
    )  # fmt: skip
