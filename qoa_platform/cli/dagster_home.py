"""Owns DAGSTER_HOME: the folder in which Dagster keeps its history of a project, made with our settings."""

import os
from collections.abc import Mapping
from pathlib import Path

from qoa_platform.ledger.home import Home

FILE = "dagster.yaml"

SETTINGS = """\
# Written once by qoa. It is yours: qoa never changes it again.
telemetry: {enabled: false}
nux: {enabled: false}             # no sign-up form before the first page
run_coordinator:                  # looks for queued runs every second, not every five
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 4
    dequeue_interval_seconds: 1
    tag_concurrency_limits: [{key: dagster/backfill, limit: 3}]     # a backfill leaves one place for reactions
run_monitoring: {enabled: true}   # a run that never starts, or never ends when told to, is not waited for
sensors: {use_threads: true, num_workers: 4}
schedules: {use_threads: true, num_workers: 4}
"""


def make_dagster_home(home: Home) -> Path:
    """The project's DAGSTER_HOME, made with a ``dagster.yaml`` when it has none; one that is there is kept.

    The path is absolute, as Dagster wants it. Several processes may call this at once: the file is
    written whole or not at all. No Dagster is imported.
    """
    folder = home.dagster
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / FILE
    if not settings.exists():
        draft = folder / f".{FILE}.{os.getpid()}"
        draft.write_text(SETTINGS, encoding="utf-8")
        draft.replace(settings)
    return folder


def dagster_environment(home: Home, given: Mapping[str, str]) -> dict[str, str]:
    """*given* with what Dagster's processes of this project need to know: both homes absolute, telemetry off."""
    return {
        **given,
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "QOA_HOME": str(home.state),
    }
