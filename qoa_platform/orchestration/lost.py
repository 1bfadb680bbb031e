"""Owns lost runs: one whose process is gone without a word is failed, for Dagster's default launcher never looks again.

A code server notices when a process of its own runs dies. After a power cut, or when the code server dies too, nobody
does: the run would stand as started for ever, and so would the reaction that awaits it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import dagster as dg
import psutil
from dagster import DagsterEventType, DagsterRun, DagsterRunStatus

SERVER: Final = ".dagster/grpc_info"
"""A private tag of Dagster's: which code server started the run. A test guards it."""
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
WHY: Final = "the process of this run is gone, and nobody said how it ended"


def still_there(instance: dg.DagsterInstance, records: Iterable[Any]) -> Iterator[Any]:
    """The *records* of unfinished runs, without those that turn out to be lost: these are failed (or canceled)."""
    for record in records:
        run = record.dagster_run
        if not _gone(instance, run):
            yield record
            continue
        now = instance.get_run_by_id(run.run_id)  # its last word came before it went
        if now is not None and now.status is DagsterRunStatus.STARTED:
            instance.report_run_failed(now, WHY)
        elif now is not None and now.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(now, WHY)


def _gone(instance: dg.DagsterInstance, run: DagsterRun) -> bool:
    """Whether the run began in a process of this machine that is there no more. Of other machines nobody can tell."""
    if run.status not in (DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING):
        return False
    server = json.loads(run.tags.get(SERVER, "{}"))
    if not server or (server.get("host") not in LOOPBACK and not server.get("socket")):
        return False
    pid = _worker(instance, run.run_id)
    return pid is not None and not _runs_python(pid)


def _worker(instance: dg.DagsterInstance, run: str) -> int | None:
    """The process that executes *run*, as its first event says; ``None`` when there is none yet."""
    started = instance.all_logs(run, of_type=DagsterEventType.RUN_START)
    return next((e.dagster_event.pid for e in started if e.dagster_event is not None), None)


def _runs_python(pid: int) -> bool:
    """Whether there is such a process, and it may be the one: after a reboot the number may be anybody's."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any("python" in part for part in process.cmdline()[:1])
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
