"""Owns the only way into Dagster: contracted assets, checks of foreign ones, the reconcile sensor, and their parts."""

from qoa_platform.orchestration.component import ContractComponent
from qoa_platform.orchestration.contracted import contracted
from qoa_platform.orchestration.foreign import contract_checks
from qoa_platform.orchestration.frames import PublishedFrames
from qoa_platform.orchestration.models import LoadedModel, ModelOutcome
from qoa_platform.orchestration.reconcile import reconcile_sensor

__all__ = [
    "ContractComponent", "LoadedModel", "ModelOutcome", "PublishedFrames", "contract_checks", "contracted",
    "reconcile_sensor",
]  # fmt: skip
