"""Owns a run launcher for tests: it ends a run by a signal to the process whose id the run's tags name."""

import os
import signal
from typing import Any, Self

from dagster import DagsterInstance
from dagster._core.launcher.base import LaunchRunContext, RunLauncher
from dagster._serdes import ConfigurableClass, ConfigurableClassData

PROCESS = "test/process"


class Signalling(RunLauncher[DagsterInstance], ConfigurableClass):
    """Launches nothing; terminates by SIGTERM, as Dagster's own launcher does through its server."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """How it was configured."""
        return self._data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing is to be configured."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Made by Dagster from dagster.yaml."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Never: runs of the tests are executed in processes of their own."""
        raise NotImplementedError

    def terminate(self, run_id: str) -> bool:
        """Say that the run is being canceled, and signal its process."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        os.kill(int(run.tags[PROCESS]), signal.SIGTERM)
        return True
