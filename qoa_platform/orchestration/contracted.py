"""Owns ``contracted``: a decorator in place of ``@asset`` whose assets judge themselves before they are published."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import dagster as dg
import polars as pl

from qoa_platform.contracts import read as read_contract
from qoa_platform.orchestration.frames import READS, WHOLE, Input
from qoa_platform.orchestration.mapping import check_specs, describe, shown, whole
from qoa_platform.orchestration.models import ModelOutcome, model_batch, model_frame, model_inputs
from qoa_platform.orchestration.publishing import Published, Work, publish, refuse
from qoa_platform.orchestration.waking import wake
from qoa_platform.workspace import Workspace, open_workspace
from qoa_platform.records import Contract, PointerKind, Read, Subject, Window

NO_EVENT = {"__source_asset_observation__": True}
"""A private key of Dagster's: the output counts for what lies downstream, but no event is written. A test guards it."""
IMPORT_TAG, REACTION_TAG, ATTEMPT_TAG = "qoa/import", "qoa/reaction", "qoa/attempt"
SPECIAL = ("context", "partition", "preset", "previous", "champion", "candidate", "workspace")
"""Parameters that the wrapper supplies; every other one is an input asset or a Dagster resource or config."""

Compute = Callable[..., Any]


@contextmanager
def quiet() -> Iterator[None]:
    """Without Dagster's warnings about previews and betas that we chose knowingly (partitioned checks, single runs)."""
    with catch_warnings():
        simplefilter("ignore", dg.PreviewWarning)
        simplefilter("ignore", dg.BetaWarning)
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracted:
    """What the wrapper knows of one asset."""

    asset: str
    function: Compute
    frames: tuple[str, ...]
    upstream: Mapping[str, str]
    partitioned: bool
    model: str | None
    presets: tuple[str, ...]
    code: str
    specs: tuple[str, ...]
    own: frozenset[str]


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
    frame), ``champion`` and ``candidate`` (loaded models), ``context``. With *model* the function returns a
    :class:`ModelOutcome`, which becomes a candidate version, never a champion.
    """
    held = read_contract(contract) if not isinstance(contract, Contract) else contract
    key = dg.AssetKey(asset.split("/"))

    def decorate(function: Compute) -> dg.AssetsDefinition:
        specs = _specs(held, asset, key, partitions_def)
        known = _contracted(held, asset, function, partitions_def, model, code_version, specs)
        step = _step(known, [s.name for s in specs])
        ins = {
            name: dg.AssetIn(key=dg.AssetKey(known.upstream[name].split("/")), metadata={READS: True})
            for name in known.frames
        }
        extras = dict(asset_kwargs)
        metadata = {**extras.pop("metadata", {}), **_static_metadata(known)}
        with quiet():
            return dg.asset(
                key=key, ins=ins, check_specs=specs, output_required=False, io_manager_key="published",
                partitions_def=partitions_def, code_version=code_version, metadata=metadata,
                backfill_policy=dg.BackfillPolicy.single_run() if partitions_def else None,
                owners=extras.pop("owners", None) or [f"team:{held.owner}"], **extras,
            )(step)  # fmt: skip

    return decorate


def _static_metadata(known: Contracted) -> dict[str, Any]:
    return {"qoa/model": known.model} if known.model else {}


def _specs(
    contract: Contract, asset: str, key: dg.AssetKey, partitions: dg.PartitionsDefinition[Any] | None
) -> list[dg.AssetCheckSpec]:
    with quiet():
        specs = [s for subject in _own(contract, asset) for s in check_specs(contract, subject, key, partitions)]
        for subject in contract.subjects:
            for promise in subject.promises:
                if promise.over == asset:
                    name = f"{subject.id}_{promise.id}"
                    specs.append(dg.AssetCheckSpec(name, asset=key, description=describe(promise), blocking=False))
    return specs


def _own(contract: Contract, asset: str) -> list[Subject]:
    return [s for s in contract.subjects if s.asset == asset and s.model is None]


def _contracted(
    contract: Contract, asset: str, function: Compute, partitions: object, model: str | None, code: str,
    specs: Sequence[dg.AssetCheckSpec],
) -> Contracted:  # fmt: skip
    parameters = inspect.signature(function).parameters
    frames = tuple(n for n, p in parameters.items() if p.annotation is pl.DataFrame and n not in SPECIAL)
    prefix = asset.rsplit("/", 1)[0] + "/" if "/" in asset else ""
    names = next((p.names for p in contract.presets if p.asset == asset), ())
    own = frozenset(s.name for s in specs if s.blocking or any(p.id == s.name for u in _own(contract, asset) for p in u.promises))
    return Contracted(
        asset=asset, function=function, frames=frames, upstream={n: prefix + n for n in frames},
        partitioned=partitions is not None, model=model, presets=names, code=code,
        specs=tuple(s.name for s in specs), own=own,
    )  # fmt: skip


def _step(known: Contracted, names: Sequence[str]) -> Compute:
    """The compute function that Dagster sees: named as the user's, with its inputs, resources and config."""

    def step(context: Any, **inputs: Any) -> Iterator[Any]:
        workspace = open_workspace()
        reason = _held(workspace, known)
        if reason is not None:
            raise dg.Failure(description=f"held: {reason}", allow_retries=False)
        contracts = workspace.contracts()
        partitions = list(context.partition_keys) if known.partitioned else [WHOLE]
        if len(partitions) == 1:
            yield from _one(workspace, contracts, known, context, partitions[0], inputs, names)
        else:
            yield from _many(workspace, contracts, known, context, partitions, inputs, names)

    parameters = inspect.signature(known.function).parameters
    passed = [p for n, p in parameters.items() if n not in SPECIAL or n in known.frames]
    plain = [p.replace(annotation=inspect.Parameter.empty) if p.name in known.frames else p for p in passed]
    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    step.__name__ = known.function.__name__
    step.__doc__ = known.function.__doc__
    step.__signature__ = inspect.Signature([first, *plain])  # type: ignore[attr-defined]
    step.__annotations__ = {p.name: p.annotation for p in plain if p.annotation is not inspect.Parameter.empty}
    return step


def _held(workspace: Workspace, known: Contracted) -> str | None:
    keys = [f"asset:{known.asset}"] + ([f"model:{known.model}"] if known.model else [])
    heads = [workspace.ledger.pointer(PointerKind.HOLD, key) for key in keys]
    return next((h.value for h in heads if h is not None and h.value is not None), None)


def _one(
    workspace: Workspace, contracts: Sequence[Contract], known: Contracted, context: Any, partition: str,
    inputs: Mapping[str, Any], names: Sequence[str],
) -> Iterator[Any]:  # fmt: skip
    result = _published(workspace, contracts, known, context, partition, inputs)
    wake(workspace, context.instance)
    results = _results(known, result, names)
    if result.digest is None:
        yield from results
        if not result.blocked or result.error:
            raise dg.Failure(description=_why_not(known, partition, result), allow_retries=False)
        return
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(result.digest), metadata=_metadata(result), check_results=results
    )


def _many(
    workspace: Workspace, contracts: Sequence[Contract], known: Contracted, context: Any, partitions: Sequence[str],
    inputs: Mapping[str, Any], names: Sequence[str],
) -> Iterator[Any]:  # fmt: skip
    """History in one run: every day has its own events, and a bad day does not stop the good ones (decision 15)."""
    key = context.asset_key
    for partition in partitions:
        result = _published(workspace, contracts, known, context, partition, inputs)
        if result.digest is not None:
            version = {"dagster/data_version": result.digest, "dagster/data_version_is_user_provided": "true"}
            yield dg.AssetMaterialization(key, partition=partition, metadata=_metadata(result), tags=version)
        for found in whole(result.verdicts, names):
            with quiet():
                yield dg.AssetCheckEvaluation(asset_key=key, partition=partition, blocking=False, **shown(found))
    specs = context.assets_def.check_specs
    yield from (dg.Output(None, output_name=spec.get_python_identifier()) for spec in specs)
    yield dg.MaterializeResult(metadata=NO_EVENT)


def _published(
    workspace: Workspace, contracts: Sequence[Contract], known: Contracted, context: Any, partition: str,
    inputs: Mapping[str, Any],
) -> Published:  # fmt: skip
    tags = context.run.tags
    preset = _preset(workspace, known)
    work = Work(
        asset=known.asset, partition=partition, window=Window.of_partition(partition) if known.partitioned else None,
        run=context.run.run_id, attempt=int(tags.get(ATTEMPT_TAG, "1")), cause=tags.get(REACTION_TAG), code=known.code,
        imported=IMPORT_TAG in tags, parameters={**_config(inputs, known), **({"preset": preset} if preset else {})},
    )  # fmt: skip
    found: dict[str, Input] = {n: inputs[n] for n in known.frames}
    missing = [known.upstream[n] for n, i in found.items() if not i.digests or (known.partitioned and i.only(partition) is None)]
    if missing:
        return refuse(workspace, contracts, work, (), f"nothing is published upstream: {', '.join(missing)} {partition}")
    chosen = {n: (i.only(partition) or i) if known.partitioned else i for n, i in found.items()}
    given, reads = _given(workspace, contracts, known, context, partition, preset, inputs, chosen)
    outcome: list[ModelOutcome] = []

    def compute() -> pl.DataFrame:
        frames = {n: i.frame() for n, i in chosen.items()}
        result = known.function(**{**given, **frames})
        if known.model is None:
            return _frame(known, result)
        outcome.append(result)
        return model_frame(result)

    def extra(_frame: pl.DataFrame, digest: str) -> Any:
        return model_batch(workspace, contracts, known.model or "", outcome[0], work, digest)

    return publish(workspace, contracts, work, reads, compute, extra=extra if known.model else None)


def _given(
    workspace: Workspace, contracts: Sequence[Contract], known: Contracted, context: Any, partition: str,
    preset: str | None, inputs: Mapping[str, Any], chosen: Mapping[str, Input],
) -> tuple[dict[str, Any], tuple[Read, ...]]:  # fmt: skip
    """What the function's special parameters get, and every digest that was read for it."""
    wanted = inspect.signature(known.function).parameters
    reads = [r for i in chosen.values() for r in i.reads()]
    given: dict[str, Any] = {n: v for n, v in inputs.items() if n in wanted and n not in known.frames}
    simple = {"context": context, "partition": partition, "preset": preset, "workspace": workspace}
    given |= {n: v for n, v in simple.items() if n in wanted}
    if "previous" in wanted:
        digest = workspace.published(known.asset).get(partition)
        given["previous"] = workspace.read_frame(known.asset, partition, digest) if digest else None
        reads += [Read(asset=known.asset, partition=partition, digest=digest)] if digest else []
    for name in ("champion", "candidate"):
        if name in wanted:
            loaded = model_inputs(workspace, contracts, name)
            given[name] = loaded
            reads += [Read(asset=f"model:{loaded.model}", partition=loaded.version, digest=loaded.digest)] if loaded else []
    return given, tuple(reads)


def _preset(workspace: Workspace, known: Contracted) -> str | None:
    if not known.presets:
        return None
    head = workspace.ledger.pointer(PointerKind.PRESET, known.asset)
    return head.value if head and head.value else known.presets[-1]


def _config(inputs: Mapping[str, Any], known: Contracted) -> dict[str, object]:
    """Run config as parameters of the trial."""
    return {n: v.model_dump() for n, v in inputs.items() if isinstance(v, dg.Config) and n not in known.frames}


def _frame(known: Contracted, result: Any) -> pl.DataFrame:
    if not isinstance(result, pl.DataFrame):
        message = f"{known.asset} returned {type(result).__name__}. Allowed: a polars.DataFrame"
        raise TypeError(message)
    return result


def _results(known: Contracted, result: Published, names: Sequence[str]) -> list[dg.AssetCheckResult]:
    """One result per check spec: Dagster's check outputs are never optional."""
    found = {v.key.promise: v for v in whole(result.verdicts, names)}
    over = {f"{v.key.subject}_{v.key.promise}": v for v in result.verdicts if v.key.group is None and v.key.version}
    results = []
    for name in names:
        verdict = found.get(name) or over.get(name)
        if verdict is not None:
            results.append(dg.AssetCheckResult(**{**shown(verdict), "check_name": name}))
        else:
            results.append(
                dg.AssetCheckResult(
                    check_name=name, passed=False, severity=dg.AssetCheckSeverity.WARN,
                    description="unknown(not_applicable): not judged in this run",
                    metadata={"qoa/status": "unknown", "qoa/reason": "not_applicable"},
                )
            )  # fmt: skip
    return results


def _why_not(known: Contracted, partition: str, result: Published) -> str:
    return f"{known.asset} {partition} was not published: {result.error or 'a critical promise is not kept'}"


def _metadata(result: Published) -> dict[str, Any]:
    trial = result.trial
    usage = trial.usage
    plotted: dict[str, Any] = {"dagster/row_count": trial.rows or 0}
    if usage is not None:
        plotted |= {"qoa/seconds": usage.seconds}
        plotted |= {"qoa/usd": usage.usd} if usage.usd is not None else {}
        plotted |= {"qoa/peak_bytes": usage.peak_bytes} if usage.peak_bytes is not None else {}
    return {
        **plotted, "qoa/digest": result.digest or "", "qoa/trial": trial.id, "qoa/state": str(trial.state),
        "qoa/reads": len(trial.reads), "qoa/commit": trial.commit or "unknown",
    }  # fmt: skip


