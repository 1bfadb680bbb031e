"""Owns Dagster's runs as reactions see them: found by tag, listed while active, ended and confirmed ended."""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter
from dagster._core.errors import DagsterUserCodeProcessError, DagsterUserCodeUnreachableError

from qoa_platform.orchestration import tags
from qoa_platform.orchestration.lost import still_there
from qoa_platform.records import RunRequest, RunState, RunView

LOGGER: Final = logging.getLogger("qoa.runs")
STATES: dict[DagsterRunStatus, RunState] = {
    DagsterRunStatus.QUEUED: RunState.QUEUED,
    DagsterRunStatus.NOT_STARTED: RunState.QUEUED,
    DagsterRunStatus.MANAGED: RunState.RUNNING,
    DagsterRunStatus.STARTING: RunState.RUNNING,
    DagsterRunStatus.STARTED: RunState.RUNNING,
    DagsterRunStatus.CANCELING: RunState.RUNNING,
    DagsterRunStatus.SUCCESS: RunState.SUCCEEDED,
    DagsterRunStatus.FAILURE: RunState.FAILED,
    DagsterRunStatus.CANCELED: RunState.CANCELED,
}
UNFINISHED = [status for status, state in STATES.items() if state in (RunState.QUEUED, RunState.RUNNING)]
PARTITION, RANGE = "dagster/partition", "dagster/asset_partition_range_start"
PATIENCE = 10.0
"""Seconds that a termination may take to be confirmed; it is asked for again in the next round."""


class DagsterRuns:
    """The port ``Runs`` over a Dagster instance. It never launches: the reconcile sensor alone does (decision 7).

    With *watch*, runs whose process is gone are failed (see ``lost``): for the lane that lives beside the processes.
    """

    def __init__(self, instance: dg.DagsterInstance, *, watch: bool = False) -> None:
        self._instance = instance
        self._watch = watch

    def request(self, request: RunRequest, /) -> str | None:
        """Nothing: the request stays in the ledger until the sensor's next tick."""
        del request
        return None

    def by_key(self, key: str, /) -> RunView | None:
        """The run that carries *key* (``<reaction id>:<attempt>``) in its tags."""
        found = self._instance.get_run_records(RunsFilter(tags={tags.KEY: key}), limit=1)
        return _view(found[0]) if found else None

    def active(self) -> Sequence[RunView]:
        """Every run that is queued or running."""
        records = self._instance.get_run_records(RunsFilter(statuses=UNFINISHED))
        return [_view(r) for r in (still_there(self._instance, records) if self._watch else records)]

    def terminate(self, run: str, /) -> bool:
        """End *run* and wait until it has ended; ``False`` when it was over already.

        Raises TimeoutError when it has not ended after ``PATIENCE``: the server that started it may be gone.
        """
        record = self._instance.get_run_record_by_id(run)
        if record is None or record.dagster_run.status not in UNFINISHED:
            return False
        try:
            self._instance.run_coordinator.cancel_run(run)
        except (DagsterUserCodeUnreachableError, DagsterUserCodeProcessError) as error:
            LOGGER.warning("run %s cannot be told to end: %s", run, error)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            seen = self._instance.get_run_by_id(run)
            if seen is None or seen.status not in UNFINISHED:
                return seen is None or seen.status is DagsterRunStatus.CANCELED
            time.sleep(0.1)
        message = f"run {run} did not end within {PATIENCE:.0f} s of being terminated"
        raise TimeoutError(message)


def waited(instance: dg.DagsterInstance, run: str) -> float | None:
    """Seconds from a run's submission to its start, as Dagster stored both (to the second); ``None`` where it did not.

    Nothing depends on it: an instance that does not answer is one that did not count.
    """
    record = instance.get_run_record_by_id(run)
    if record is None or record.start_time is None:
        return None
    return max(record.start_time - record.create_timestamp.timestamp(), 0.0)


def _view(record: Any) -> RunView:
    run = record.dagster_run
    reaction, attempt = run.tags.get(tags.REACTION), run.tags.get(tags.ATTEMPT)
    chosen = run.asset_selection or frozenset()
    return RunView(
        id=run.run_id, state=STATES[run.status], assets=tuple(sorted(key.to_user_string() for key in chosen)),
        partition=run.tags.get(PARTITION), reaction=reaction, attempt=int(attempt) if attempt else None,
        started=_time(record.start_time), ended=_time(record.end_time),
        by_person=run.status is DagsterRunStatus.CANCELED,
    )  # fmt: skip


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)


def tags_of(request: RunRequest) -> dict[str, str]:
    """The tags of a run that a reaction asked for."""
    return {
        tags.REACTION: request.reaction, tags.ATTEMPT: str(request.attempt), tags.KEY: request.key,
        "dagster/priority": "10",
    }  # fmt: skip
