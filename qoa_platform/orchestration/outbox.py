"""Owns the outbox sink ``dagster``: what happened outside a run becomes a runless event, so that lineage shows it."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dagster as dg
from dagster import DagsterRunStatus

from qoa_platform.orchestration.runs import UNFINISHED
from qoa_platform.reactions.effects import DAGSTER_SINK
from qoa_platform.records import WHOLE, Envelope, ModelVersion, short
from qoa_platform.workspace import Workspace

LOGGER = logging.getLogger("qoa.outbox")
LIMIT = 2_000
VERSION, USER = "dagster/data_version", "dagster/data_version_is_user_provided"


def report(workspace: Workspace, instance: dg.DagsterInstance) -> int:
    """Deliver the sink ``dagster``; how many runless materializations were written.

    A publication whose run succeeded was told by the run itself. One whose run died between the pointer's move and
    Dagster's own event is reported here (decision 2). Promotions, rollbacks and acceptances are reported runless, with
    the version's digest as data version. At least once: a crash between reporting and marking repeats the event. A
    message that cannot be understood is logged with its cause and left out: the others go on.
    """
    done: list[int] = []
    written = 0
    runs: dict[str, DagsterRunStatus | None] = {}
    for seq, envelope in workspace.ledger.outbox(DAGSTER_SINK, LIMIT):
        try:
            event = _event(workspace, instance, envelope, runs)
        except (KeyError, TypeError, ValueError) as error:  # one bad message must not keep all others back
            LOGGER.error("message %d to Dagster cannot be told: %s: %s", seq, type(error).__name__, error)  # noqa: TRY400
            event = "dropped"
        if event == "wait":
            continue
        if isinstance(event, dg.AssetMaterialization):
            instance.report_runless_asset_event(event)
            written += 1
        done.append(seq)
    if done:
        workspace.ledger.delivered(done)
    return written


def _event(
    workspace: Workspace, instance: dg.DagsterInstance, envelope: Envelope, runs: dict[str, DagsterRunStatus | None]
) -> dg.AssetMaterialization | str:
    """The event to report, ``told`` when Dagster has it, ``wait`` while its run goes on. Raises for a bad message."""
    data = envelope.data
    if data.get("verb") != "publish":
        return _outside(workspace, envelope)
    run = str(data["run"])
    if run not in runs:
        seen = instance.get_run_by_id(run)
        runs[run] = seen.status if seen is not None else None
    status = runs[run]
    if status in UNFINISHED:
        return "wait"
    if status is DagsterRunStatus.SUCCESS or _knows(instance, data):
        return "told"
    return _materialization(data, {"qoa/reported": "its run ended before Dagster's own event"}, envelope.time)


def _knows(instance: dg.DagsterInstance, data: dict[str, object]) -> bool:
    """Whether Dagster has a materialization of that partition with that digest."""
    partition = str(data["partition"])
    wanted = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(str(data["asset"]).split("/")),
        asset_partitions=None if partition == WHOLE else [partition],
    )
    records = instance.fetch_materializations(wanted, limit=10).records
    tags: Sequence[Any] = [r.asset_materialization.tags or {} for r in records if r.asset_materialization]
    return any(t.get(VERSION) == data["digest"] for t in tags)


def _outside(workspace: Workspace, envelope: Envelope) -> dg.AssetMaterialization:
    data = dict(envelope.data)
    if "model" in data:
        record = workspace.ledger.last(ModelVersion, short("model_version", str(data["model"]), str(data["version"])))
        data["digest"] = record.artifact if record is not None else ""
        data.setdefault("partition", WHOLE)
    verb = str(data.get("verb"))
    said = {f"qoa/{verb.partition(' ')[0]}": str(data.get("version") or data.get("digest", ""))}
    said |= {"qoa/reason": str(data.get("reason", "")), "qoa/verb": verb}
    return _materialization(data, said, envelope.time)


def _materialization(data: dict[str, object], said: dict[str, str], at: datetime) -> dg.AssetMaterialization:
    partition = str(data.get("partition", WHOLE))
    return dg.AssetMaterialization(
        asset_key=dg.AssetKey(str(data["asset"]).split("/")), partition=None if partition == WHOLE else partition,
        metadata={**said, "qoa/digest": str(data.get("digest", "")), "qoa/at": at.isoformat()},
        tags={VERSION: str(data.get("digest", "")), USER: "true"},
    )  # fmt: skip
