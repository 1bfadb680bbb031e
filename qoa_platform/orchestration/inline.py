"""Owns runs in process: the second implementation of the port ``Runs`` (tests, demo, ``qoa react --inline``)."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from qoa_platform.loop import Ports, Reconciled, reconcile
from qoa_platform.orchestration.runs import DagsterRuns, tags_of
from qoa_platform.records import RunRequest

QUIET: Mapping[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Events go to the instance as ever; the console belongs to whoever executes in process."""


def settle(ports: Ports, *, rounds: int = 50) -> list[Reconciled]:
    """Reconcile and execute what it asks for, until it asks for nothing more (or *rounds* are over)."""
    done: list[Reconciled] = []
    for _ in range(rounds):
        done.append(reconcile(ports))
        if not done[-1].requests:
            break
        for request in done[-1].requests:
            ports.runs.request(request)
    return done


class InlineRuns(DagsterRuns):
    """Runs that are executed here and now, one after another, and recorded in the same Dagster instance.

    One project uses this or the daemon at a time (decision 7).
    """

    def __init__(self, instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> None:
        super().__init__(instance)
        self._inside = instance
        self._job = repository.get_implicit_global_asset_job_def()

    def request(self, request: RunRequest, /) -> str | None:
        """Execute the run that a reaction asked for, unless one with its key is there; its id."""
        if (known := self.by_key(request.key)) is not None:
            return known.id
        return self.execute(request.assets, partition=request.partition, run_tags=tags_of(request))

    def execute(
        self, assets: Sequence[str], *, partition: str | None = None, span: tuple[str, str] | None = None,
        run_tags: Mapping[str, str] | None = None, config: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """Materialize *assets* (of one *partition*, or a *span* of them in one run); the run's id, however it ended."""
        every = dict(run_tags or {})
        if span is not None:
            every |= {"dagster/asset_partition_range_start": span[0], "dagster/asset_partition_range_end": span[1]}
        keys = [dg.AssetKey(asset.split("/")) for asset in assets]
        result = self._job.execute_in_process(
            instance=self._inside, asset_selection=keys, partition_key=partition, tags=every,
            run_config={**QUIET, **(config or {})}, raise_on_error=False,
        )  # fmt: skip
        return str(result.run_id)

    def adopt_lost(self) -> int:
        """Fail the runs that an earlier process left running when it was killed: nobody else executes in process."""
        left = self._inside.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.STARTING]))
        for run in left:
            self._inside.report_run_failed(run, "the process that executed this run in process is gone")
        return len(left)
