"""Owns the retail project of the host tests: its real definitions over the synthetic feed, with a past of its own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree

import dagster as dg
from dagster import DagsterRun

from assets.retail import daily, demand, sales
from assets.retail.resources import RetailFeed
from qoa_platform.loop import Ports
from qoa_platform.orchestration import PublishedFrames
from qoa_platform.orchestration.graph import ends_of, graph_of
from qoa_platform.orchestration.inline import InlineRuns
from qoa_platform.orchestration.publishing import Made, Work, publish
from qoa_platform.records import Window
from qoa_platform.workspace import forget_workspaces, open_workspace
from tests.host.standing import Standing

ROOT = Path(__file__).parents[2]
FIRST, TODAY = date(2017, 1, 1), date(2017, 5, 6)
"""The first day of history, and the first day after it."""
DAILY = ("retail/raw_day", "retail/sales_day", "retail/department_sales", "retail/forecast", "retail/scorecard")
TRAINING = ("retail/features", "retail/demand_model", "retail/backtest")
FEED = RetailFeed(kind="synthetic")


def morning(when: date) -> datetime:
    """When a day is processed."""
    return datetime(when.year, when.month, when.day, 1, tzinfo=UTC) + timedelta(days=1)


@dataclass(slots=True, kw_only=True)
class Town(Standing):
    """The retail project, open, in a state folder of its own."""

    @classmethod
    def open(cls, instance: dg.DagsterInstance) -> "Town":
        """The project at the repository's root, with its state where ``QOA_HOME`` says."""
        repository = dg.Definitions(
            assets=dg.load_assets_from_modules([daily, demand]), executor=dg.in_process_executor,
            resources={"published": PublishedFrames(), "feed": FEED},
        ).get_repository_def()  # fmt: skip
        workspace = open_workspace(ROOT)
        ports = Ports(
            ledger=workspace.ledger, clock=workspace.clock, runs=InlineRuns(instance, repository),
            graph=graph_of(repository), ends=ends_of(repository),
        )  # fmt: skip
        return cls(workspace=workspace, instance=instance, ports=ports, repository=repository)

    def play(self, when: date) -> DagsterRun:
        """The daily run of *when*; what follows from it is still to be done."""
        self.tick(morning(when))
        return self.run(*DAILY, partition=when.isoformat())

    def train(self, *, recipe: str | None = None, tags: Mapping[str, str] | None = None) -> DagsterRun:
        """A person's training run."""
        config = {"ops": {"retail__demand_model": {"config": {"recipe": recipe}}}} if recipe else None
        return self.run(*TRAINING, tags=tags, config=config)


def make_history(instance: dg.DagsterInstance) -> None:
    """Four months of sales, published as an import does it (without Dagster's events), and v1 as their champion."""
    town = Town.open(instance)
    town.tick(morning(TODAY - timedelta(days=1)))
    contracts = town.workspace.contracts()
    for number in range((TODAY - FIRST).days):
        day = (FIRST + timedelta(days=number)).isoformat()
        frame = sales.sales_day(FEED.fetch(day))
        publish(town.workspace, contracts, _sales_of(day), (), lambda f=frame: Made(frame=f))  # type: ignore[misc]
    town.run("retail/department_sales")
    town.train()
    town.settle()
    assert town.world.champion("demand") == "v1"
    town.ledger.close()
    forget_workspaces()


def _sales_of(day: str) -> Work:
    return Work(
        asset="retail/sales_day", partition=day, window=Window.of_partition(day), run="history", attempt=1, cause=None,
        code="1", imported=True,
    )  # fmt: skip


def copied(template: Path, state: Path, instance: dg.DagsterInstance) -> Town:
    """The town as it was made, to be changed freely: files are linked (they never change), the ledger is copied."""
    copytree(template, state, copy_function=_linked)
    return Town.open(instance)


def _linked(source: str, target: str) -> None:
    if source.endswith((".parquet", ".skops")):
        os.link(source, target)
    else:
        Path(target).write_bytes(Path(source).read_bytes())
