"""Owns ``contracted``: a decorator in place of ``@asset`` whose assets judge themselves before they are published."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from qoa_platform.contracts import project_of
from qoa_platform.contracts import read as read_contract
from qoa_platform.orchestration import tags
from qoa_platform.orchestration.events import many_results, one_result
from qoa_platform.orchestration.frames import READS, ROOT
from qoa_platform.orchestration.mapping import check_specs, over_specs, reference
from qoa_platform.orchestration.publishing import Published, Work, publish, refuse
from qoa_platform.orchestration.quiet import quiet
from qoa_platform.orchestration.runs import waited
from qoa_platform.orchestration.supplying import SPECIAL, Contracted, call, config_of, preset_of, supply
from qoa_platform.records import WHOLE, Contract, PointerKind, Window
from qoa_platform.workspace import Workspace, open_workspace

Compute = Callable[..., Any]


def contracted(
    contract: Contract | Path | str,
    asset: str,
    *,
    partitions_def: dg.PartitionsDefinition[Any] | None = None,
    code_version: str,
    model: str | None = None,
    **asset_kwargs: Any,
) -> Callable[[Compute], dg.AssetsDefinition]:
    """Make *asset* a Dagster asset that keeps its contract: run, write, audit, publish, in one step.

    Every promise of the subject with this asset that can be read from its own frame is a native asset check. A
    critical one that is violated (or unknown for error, no_data or stale) keeps the candidate from being published:
    nothing is materialized, and what lies downstream does not run. Promises ``over:`` this asset are non-blocking
    checks of it. Assets without promises use the same wrapper: pointer, digest, trial.

    A parameter annotated ``pl.DataFrame`` is an input: the asset of that name under the same key prefix. Supplied
    where asked for: ``partition`` (the day), ``preset`` (the one in force), ``previous`` (this asset's own published
    frame, or None), ``champion`` and ``candidate`` (a :class:`LoadedModel`), ``faults`` (what a person planted),
    ``note`` (``note(name, value)`` adds a parameter to the trial), ``context``. With *model* the function trains it:
    it returns a :class:`ModelOutcome`, which becomes a candidate version, never a champion.
    """
    held = contract if isinstance(contract, Contract) else read_contract(contract)
    key = dg.AssetKey(asset.split("/"))

    def decorate(function: Compute) -> dg.AssetsDefinition:
        with quiet():
            specs = [*check_specs(held, asset, key, partitions_def), *over_specs(held, asset, key)]
        known = _contracted(held, asset, function, partitions_def, trains=model, code=code_version, specs=specs)
        return _asset(held, key, known, specs, partitions_def, dict(asset_kwargs))

    return decorate


def _asset(
    contract: Contract, key: dg.AssetKey, known: Contracted, specs: Sequence[dg.AssetCheckSpec],
    partitions: dg.PartitionsDefinition[Any] | None, extras: dict[str, Any],
) -> dg.AssetsDefinition:  # fmt: skip
    root = str(known.root) if known.root else None
    ins = {
        name: dg.AssetIn(key=dg.AssetKey(known.upstream[name].split("/")), metadata={READS: True, ROOT: root})
        for name in known.frames
    }
    extras.setdefault("owners", [f"team:{contract.owner}"])
    extras.setdefault("kinds", {"polars", "scikitlearn"} if known.trains else {"polars"})
    extras["tags"] = {"qoa/contract": contract.name, **extras.get("tags", {})}
    own = {"qoa/model": known.trains} if known.trains else {}
    with quiet():
        metadata = {**extras.pop("metadata", {}), **own, **reference(contract, known.asset, known.function)}
        made: dg.AssetsDefinition = dg.asset(
            key=key, ins=ins, check_specs=specs, output_required=False, io_manager_key="published",
            partitions_def=partitions, code_version=known.code, metadata=metadata,
            backfill_policy=dg.BackfillPolicy.single_run() if partitions else None, **extras,
        )(_step(known))  # fmt: skip
    return made


def _contracted(
    contract: Contract, asset: str, function: Compute, partitions: object, *, trains: str | None, code: str,
    specs: Sequence[dg.AssetCheckSpec],
) -> Contracted:  # fmt: skip
    parameters = inspect.signature(function).parameters
    frames = tuple(n for n, p in parameters.items() if p.annotation is pl.DataFrame and n not in SPECIAL)
    prefix = asset.rpartition("/")[0]
    source = Path(contract.source)
    return Contracted(
        contract=contract.name, asset=asset, function=function, frames=frames, partitioned=partitions is not None,
        trains=trains, root=project_of(source) if source.is_file() else None,
        upstream={n: f"{prefix}/{n}" if prefix else n for n in frames},
        model=trains or next((s.model for s in contract.subjects if s.model is not None), None),
        presets=next((p.names for p in contract.presets if p.asset == asset), ()), code=code,
        specs=tuple(s.name for s in specs),
    )  # fmt: skip


def _step(known: Contracted) -> Compute:
    """The compute function that Dagster sees: named as the user's, with its inputs, resources and config."""

    def step(context: Any, **inputs: Any) -> Iterator[Any]:
        workspace = open_workspace(known.root)
        if (reason := _held(workspace, known)) is not None:
            raise dg.Failure(description=f"held: {reason}", allow_retries=False)
        partitions = list(context.partition_keys) if known.partitioned else [WHOLE]
        results = (materialized(workspace, known, context, partition, inputs) for partition in partitions)
        if len(partitions) == 1:
            yield from one_result(known, workspace, partitions[0], next(results))
        else:
            yield from many_results(known, workspace, context, zip(partitions, results, strict=True))

    parameters = inspect.signature(known.function).parameters
    passed = [p for n, p in parameters.items() if n not in SPECIAL]
    plain = [p.replace(annotation=inspect.Parameter.empty) if p.name in known.frames else p for p in passed]
    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    step.__name__ = known.function.__name__
    step.__doc__ = known.function.__doc__
    step.__signature__ = inspect.Signature([first, *plain])  # type: ignore[attr-defined]
    step.__annotations__ = {p.name: p.annotation for p in plain if p.annotation is not inspect.Parameter.empty}
    return step


def _held(workspace: Workspace, known: Contracted) -> str | None:
    keys = [f"asset:{known.asset}"] + ([f"model:{known.trains}"] if known.trains else [])
    heads = [workspace.ledger.pointer(PointerKind.HOLD, key) for key in keys]
    return next((h.value for h in heads if h is not None and h.value is not None), None)


def materialized(
    workspace: Workspace, known: Contracted, context: Any, partition: str, inputs: Mapping[str, Any]
) -> Published:
    """One partition of one asset, from its inputs to what became of it."""
    contracts, run = workspace.contracts(), context.run
    preset = preset_of(workspace, known)
    work = Work(
        asset=known.asset, partition=partition, window=Window.of_partition(partition) if known.partitioned else None,
        run=run.run_id, attempt=int(run.tags.get(tags.ATTEMPT, "1")), cause=run.tags.get(tags.REACTION),
        code=known.code, imported=tags.IMPORT in run.tags, model=known.trains, rates=tags.rates_of(run.tags),
        parameters={**config_of(inputs), **({"preset": preset} if preset else {})},
        waited=waited(context.instance, run.run_id),
    )  # fmt: skip
    supplies = supply(workspace, known, work, context, inputs)
    if supplies.missing:
        return refuse(workspace, contracts, work, supplies.reads, f"nothing is there: {', '.join(supplies.missing)}")
    return publish(workspace, contracts, work, supplies.reads, lambda: call(workspace, known, work, supplies))
