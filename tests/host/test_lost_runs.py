"""A run whose process is gone without a word is failed by the lane that lives beside it, when it has had its say."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterEvent, DagsterRun, DagsterRunStatus
from dagster._core.events import DagsterEventType
from dagster._core.storage.tags import GRPC_INFO_TAG

from qoa_platform.orchestration.lost import SERVER, WHY
from qoa_platform.orchestration.runs import DagsterRuns

HERE = {"host": "localhost", "socket": "/tmp/x"}
ELSEWHERE = {"host": "10.0.0.7", "port": 4000}


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def work() -> None:
    """A job to have runs of."""
    nothing()


@pytest.fixture
def memory() -> Iterator[dg.DagsterInstance]:
    """A Dagster of the test's own."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def dead() -> int:
    """The number of a process that is over."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def begun(memory: dg.DagsterInstance, pid: int, server: dict[str, Any] | None, *, canceling: bool = False) -> str:
    """A run that began in the process *pid*, which a code server started."""
    tags = {GRPC_INFO_TAG: json.dumps(server)} if server else {}
    run: DagsterRun = memory.create_run_for_job(work, tags=tags, status=DagsterRunStatus.STARTING)
    event = DagsterEvent(event_type_value=DagsterEventType.RUN_START.value, job_name="work", pid=pid)
    memory.report_dagster_event(event, run.run_id)
    if canceling:
        memory.report_run_canceling(run)
    return run.run_id


def status(memory: dg.DagsterInstance, run: str) -> DagsterRunStatus:
    """How a run stands."""
    found = memory.get_run_by_id(run)
    assert found is not None
    return found.status


def test_the_tag_is_still_dagsters() -> None:
    """The private tag by which we know which code server started a run."""
    assert SERVER == GRPC_INFO_TAG


def test_a_run_whose_process_is_gone_is_failed(memory: dg.DagsterInstance, dead: int) -> None:
    """It is active no more, and Dagster tells why; a second look changes nothing."""
    run = begun(memory, dead, HERE)
    runs = DagsterRuns(memory, watch=True)
    assert list(runs.active()) == []
    assert list(runs.active()) == []
    assert status(memory, run) is DagsterRunStatus.FAILURE
    failures = [e for e in memory.all_logs(run) if e.dagster_event and e.dagster_event.is_job_failure]
    assert len(failures) == 1
    assert WHY in str(failures[0])


def test_one_that_was_told_to_end_is_canceled(memory: dg.DagsterInstance, dead: int) -> None:
    """It ended as it was told to, though nobody wrote it."""
    run = begun(memory, dead, HERE, canceling=True)
    assert list(DagsterRuns(memory, watch=True).active()) == []
    assert status(memory, run) is DagsterRunStatus.CANCELED


@pytest.mark.parametrize("why", ["it lives", "another machine", "in process", "another lane"])
def test_a_run_that_may_be_alive_is_left_alone(memory: dg.DagsterInstance, dead: int, why: str) -> None:
    """A living process, one of another machine, none at all, and the lane that does not live beside the processes."""
    pid = os.getpid() if why == "it lives" else dead
    server = {"another machine": ELSEWHERE, "in process": None}.get(why, HERE)
    run = begun(memory, pid, server)
    assert [v.id for v in DagsterRuns(memory, watch=why != "another lane").active()] == [run]
    assert status(memory, run) is DagsterRunStatus.STARTED
