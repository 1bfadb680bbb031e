"""Owns the one sensor of the project: it reconciles the ledger, and alone launches the runs that reactions ask for."""

import dagster as dg

from qoa_platform.orchestration import reconcile_sensor

quality = reconcile_sensor("quality", default_status=dg.DefaultSensorStatus.RUNNING)
