"""Owns ContractComponent: a contract in a ``defs.yaml``, for users who keep a ``dg`` project of their own."""

from datetime import date
from pathlib import Path
from typing import Annotated

import dagster as dg

from qoa_platform.contracts import ContractErrors
from qoa_platform.contracts import read as read_contract
from qoa_platform.orchestration.foreign import contract_checks
from qoa_platform.orchestration.reconcile import reconcile_sensor


def _day(context: dg.ResolutionContext, value: object) -> date | None:
    """The day that a ``defs.yaml`` says, which Dagster hands over as text."""
    del context
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        message = f"daily_from {value!r} is no day. Allowed: YYYY-MM-DD"
        raise dg.DagsterInvalidDefinitionError(message) from error


class ContractComponent(dg.Component, dg.Model, dg.Resolvable):
    """Checks of foreign assets and the reconcile sensor, from one contract.

    ``contract`` is its file, relative to the ``defs.yaml`` or to the project; ``assets`` (default: all that it promises
    something about) are checked; ``daily_from`` says that they are partitioned by UTC day, from that day on;
    ``sensor`` is the name of the reconcile sensor, or empty for none (a project has one).
    """

    contract: str
    assets: list[str] | None = None
    daily_from: Annotated[date | None, dg.Resolver(_day, model_field_type=str | None)] = None
    sensor: str = "quality"

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions. A contract that cannot be read says so with file, line and column."""
        path = self._found(context)
        try:
            contract = read_contract(path)
        except ContractErrors as error:
            raise dg.DagsterInvalidDefinitionError(str(error)) from error
        days = dg.DailyPartitionsDefinition(self.daily_from.isoformat()) if self.daily_from else None
        sensors = [reconcile_sensor(self.sensor, root=_root(path))] if self.sensor else []
        return dg.Definitions(
            asset_checks=contract_checks(contract, assets=self.assets, partitions_def=days), sensors=sensors
        )

    def _found(self, context: dg.ComponentLoadContext) -> Path:
        places = [context.path / self.contract, context.project_root / self.contract]
        found = next((p.resolve() for p in places if p.is_file()), None)
        if found is None:
            looked = " nor ".join(str(p) for p in places)
            raise dg.DagsterInvalidDefinitionError(f"contract {self.contract!r} is neither {looked}")
        return found


def _root(contract: Path) -> Path:
    return contract.parent.parent if contract.parent.name == "contracts" else contract.parent
