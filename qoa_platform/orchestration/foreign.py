"""Owns checks of foreign assets: a contract over an asset that somebody else makes, as native Dagster asset checks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from qoa_platform.artifacts import frame_to_parquet
from qoa_platform.audit import Candidate, audit, named_beside, refusal_verdicts, subjects_of
from qoa_platform.contracts import project_of
from qoa_platform.orchestration.mapping import check_specs, shown
from qoa_platform.orchestration.quiet import quiet
from qoa_platform.records import WHOLE, Batch, Contract, Move, PointerKind, Reason, Refused, Verdict, Window, short
from qoa_platform.workspace import Workspace, open_workspace


def contract_checks(
    contract: Contract, *, assets: Sequence[str] | None = None,
    partitions_def: dg.PartitionsDefinition[Any] | None = None,
) -> list[dg.AssetChecksDefinition]:  # fmt: skip
    """One check definition per asset that *contract* promises something about (or per one of *assets*).

    The asset is loaded once, through its own I/O manager, and answers all promises by one scan; a subset of the checks
    may be run. A pandas, Arrow or Polars frame is understood. A violated critical promise is a blocking check that
    fails: what lies downstream does not run, but the asset itself is materialized already; only ``@contracted`` keeps a
    bad partition from being published. Verdicts, measurements and states go to the ledger; the data does not.

    Raises ValueError for one of *assets* that the contract does not speak of.
    """
    known = [s.asset for s in contract.subjects if s.asset is not None and s.model is None and s.promises]
    wanted = list(dict.fromkeys(known)) if assets is None else list(assets)
    if strange := [a for a in wanted if a not in known]:
        message = f"contract {contract.name} promises nothing about {', '.join(strange)}. Allowed: {', '.join(known)}"
        raise ValueError(message)
    return [_checks(contract, asset, partitions_def) for asset in wanted]


def _checks(
    contract: Contract, asset: str, partitions: dg.PartitionsDefinition[Any] | None
) -> dg.AssetChecksDefinition:
    key = dg.AssetKey(asset.split("/"))
    source = Path(contract.source)
    root = project_of(source) if source.is_file() else None
    with quiet():
        specs = check_specs(contract, asset, key, partitions)

        @dg.multi_asset_check(
            name=f"contract_{asset.replace('/', '__')}", specs=specs, can_subset=True,
            ins={"frame": dg.AssetIn(key=key)},
        )  # fmt: skip
        def judged(context: dg.AssetCheckExecutionContext, frame: Any) -> Iterator[dg.AssetCheckResult]:
            """Judge the asset's frame against every promise of its contract."""
            workspace = open_workspace(root)
            partition = context.partition_key if partitions is not None and context.has_partition_key else WHOLE
            verdicts = observe(workspace, asset, partition, frame, run=context.run.run_id)
            chosen = {k.name for k in context.selected_asset_check_keys}
            for verdict in verdicts:
                own = verdict.key.contract == contract.name and verdict.key.group is None
                if own and verdict.key.promise in chosen:
                    with quiet():
                        yield dg.AssetCheckResult(asset_key=key, **shown(verdict))

    return judged


def observe(workspace: Workspace, asset: str, partition: str, frame: Any, *, run: str) -> list[Verdict]:
    """Measure and judge what somebody else published, and remember it; the verdicts.

    The pointer of a foreign asset names the digest that was observed last and did not block: history and moving
    references learn from those. What cannot be judged (it is no frame) is ``unknown(error)`` for every promise.
    """
    at, wall = workspace.clock.at(), workspace.clock.wall()
    window = Window(start=at, end=at) if partition == WHOLE else Window.of_partition(partition)
    contracts, trial = workspace.contracts(), short("foreign", run, asset, partition)
    head = workspace.ledger.pointer(PointerKind.PUBLISHED, f"{asset}|{partition}")
    try:
        known = _polars(frame)
        content = sha256(frame_to_parquet(known)).hexdigest()
        candidate = Candidate(
            asset=asset, partition=partition, window=window, frame=known, digest=content, trial=trial, at=at, wall=wall,
            beside=workspace.beside(named_beside(contracts, asset), partition),
        )  # fmt: skip
        found = audit(workspace.ledger, contracts, candidate)
    except Exception as error:  # noqa: BLE001 (a check that raises is a verdict: silence is never compliance)
        cause = f"{type(error).__name__}: {error}"
        verdicts = refusal_verdicts(
            contracts, asset, window, Reason.ERROR, cause, trial=trial, imported=False, at=at, wall=wall
        )
        workspace.ledger.commit(Batch(records=verdicts))
        return list(verdicts)
    move = Move(
        kind=PointerKind.PUBLISHED, key=f"{asset}|{partition}", value=content, expected=head.generation if head else 0,
        verb="observe", actor=f"run {run}", reason="a foreign asset was checked", at=at, wall=wall,
    )  # fmt: skip
    moves = () if found.blocked or (head is not None and head.value == content) else (move,)
    batch = Batch(records=(*found.measurements, *found.states, *found.verdicts), moves=moves)
    if isinstance(workspace.ledger.commit(batch), Refused):  # somebody observed it meanwhile: the verdicts stand
        workspace.ledger.commit(replace(batch, moves=()))
    own = {j.subject.id for j in subjects_of(contracts, asset)}
    return [v for v in found.verdicts if v.key.subject in own]


def _polars(frame: Any) -> pl.DataFrame:
    """A frame of Polars, pandas or Arrow as one of Polars. Raises TypeError for anything else."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if hasattr(frame, "__arrow_c_stream__"):
        return pl.DataFrame(frame)
    if type(frame).__module__.startswith("pandas"):
        made: pl.DataFrame = pl.from_pandas(frame)
        return made
    message = f"a foreign asset was loaded as {type(frame).__name__}. Allowed: a frame of Polars, pandas or Arrow"
    raise TypeError(message)
