"""Owns events: what became of a partition, as Dagster's materializations and asset checks."""

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg
import polars as pl

from qoa_platform.orchestration.mapping import sentence, shown
from qoa_platform.orchestration.publishing import Published
from qoa_platform.orchestration.quiet import quiet
from qoa_platform.orchestration.scanned import scanned
from qoa_platform.orchestration.supplying import Contracted
from qoa_platform.records import PointerKind, Verdict
from qoa_platform.workspace import Workspace

NO_EVENT = {"__source_asset_observation__": True}
"""A private key of Dagster's: the output counts for what lies downstream, but no event is written. A test guards it."""


def one_result(known: Contracted, workspace: Workspace, partition: str, result: Published) -> Iterator[Any]:
    """A single partition: materialized with its checks, or only the checks, of which one then fails the step."""
    results = [_result(name, verdict, result) for name, verdict in _by_check(known, workspace, result).items()]
    if result.digest is None:
        yield from results
        why = result.error or _blocking(result)
        raise dg.Failure(description=f"{known.asset} {partition} was not published: {why}", allow_retries=False)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(result.digest), check_results=results,
        metadata={**metadata(result), **_columns(workspace, known, partition, result.digest)},
    )  # fmt: skip


def _blocking(result: Published) -> str:
    """What kept it back. Dagster would fail the step by itself, but not for a promise that is no blocking check here.

    Such are promises of another contract, and of a version that is newer than the definitions of this process.
    """
    return "; ".join(f"{v.key} {sentence(v)}" for v in result.verdicts if v.blocks)


def many_results(
    known: Contracted, workspace: Workspace, context: Any, results: Iterable[tuple[str, Published]]
) -> Iterator[Any]:
    """History in one run: every day has its own events, and a bad day does not stop the good ones (decision 15).

    Every evaluation is written: a planned check without one would be shown as skipped.
    """
    for partition, result in results:
        if result.digest is not None:
            version = {"dagster/data_version": result.digest, "dagster/data_version_is_user_provided": "true"}
            yield dg.AssetMaterialization(
                context.asset_key, partition=partition, metadata=metadata(result), tags=version
            )
        for name, verdict in _by_check(known, workspace, result).items():
            if verdict is not None:
                with quiet():
                    yield dg.AssetCheckEvaluation(
                        asset_key=context.asset_key, partition=partition, blocking=False,
                        **{**shown(verdict), "check_name": name},
                    )  # fmt: skip
    specs = context.assets_def.check_specs
    yield from (dg.Output(None, output_name=spec.get_python_identifier()) for spec in specs)
    yield dg.MaterializeResult(metadata=NO_EVENT)


def _by_check(known: Contracted, workspace: Workspace, result: Published) -> dict[str, Verdict | None]:
    """Check name → the whole's verdict: of the asset's own promises, or of the champion.

    Of the newest version instead, where the asset is about candidates or the champion was not judged.
    """
    whole = [v for v in result.verdicts if v.key.group is None]
    ours = sorted(whole, key=lambda v: v.key.contract == known.contract)  # of two of one name the own contract's counts
    found = {v.key.promise: v for v in ours if v.key.version is None}
    champion = workspace.ledger.pointer(PointerKind.ALIAS, f"{known.model}|champion") if known.model else None
    judged: dict[str, Verdict] = {}
    for verdict in (v for v in whole if v.key.version is not None):
        name = f"{verdict.key.subject}_{verdict.key.promise}"
        best = judged.get(name)
        if best is None or known.wants("candidate") or champion is None or best.key.version != champion.value:
            judged[name] = verdict
    return {name: found.get(name) or judged.get(name) for name in known.specs}


def _result(name: str, verdict: Verdict | None, result: Published) -> dg.AssetCheckResult:
    """One result per check spec: Dagster's check outputs are never optional."""
    if verdict is None:
        return dg.AssetCheckResult(
            check_name=name, passed=False, severity=dg.AssetCheckSeverity.WARN,
            description="unknown(not_applicable): not judged in this run",
            metadata={"qoa/status": "unknown", "qoa/reason": "not_applicable"},
        )  # fmt: skip
    told = {**shown(verdict), "check_name": name}
    if result.digest is not None:  # a person accepted it: what blocked it is shown, and blocks no more
        told["severity"] = dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(**told)


def metadata(result: Published) -> dict[str, Any]:
    """What a materialization shows and plots, under stable keys."""
    trial = result.trial
    usage = trial.usage
    plotted: dict[str, Any] = {"dagster/row_count": trial.rows or 0}
    if usage is not None:
        plotted |= {"qoa/seconds": usage.seconds}
        plotted |= {"qoa/usd": usage.usd} if usage.usd is not None else {}
        plotted |= {"qoa/peak_bytes": usage.peak_bytes} if usage.peak_bytes is not None else {}
    if trial.set_aside is not None:
        plotted |= {"qoa/set_aside_rows": trial.set_aside.rows, "qoa/set_aside": trial.set_aside.digest}
    version = {"qoa/model_version": f"{trial.model} {trial.version}"} if trial.version else {}
    return {
        **plotted, **version, **scanned(result.scans), "qoa/digest": result.digest or "", "qoa/trial": trial.id,
        "qoa/reads": len(trial.reads), "qoa/commit": trial.commit or "unknown",
        "qoa/parameters": dg.MetadataValue.json({k: str(v) for k, v in trial.parameters.items()}),
    }  # fmt: skip


def _columns(workspace: Workspace, known: Contracted, partition: str, digest: str) -> dict[str, Any]:
    frame: pl.DataFrame = workspace.read_frame(known.asset, partition, digest)
    columns = [dg.TableColumn(name, str(dtype)) for name, dtype in frame.schema.items()]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}
