"""Owns the verdicts that a failure leaves: silence is never compliance, also when the asset's own function raised."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from qoa_platform.audit.candidate import readers_of, subjects_of
from qoa_platform.metrics import catalogue
from qoa_platform.reactions.episodes import schema_promise
from qoa_platform.records import Contract, Reason, Verdict, Window
from qoa_platform.verdicts import Context, error_verdicts, no_data_verdicts


def refusal_verdicts(
    contracts: Sequence[Contract], asset: str, window: Window, reason: Reason, cause: str, *, trial: str,
    imported: bool, at: datetime, wall: datetime, champions: Mapping[str, str] | None = None,
) -> tuple[Verdict, ...]:  # fmt: skip
    """``unknown(error)`` or ``unknown(no_data)`` for every promise of *asset* (semantics 1).

    Those of its own subject, and those ``over:`` it, which never gate (semantics 12): they are about the version in
    force, so *champions* (model → version) says whom; a model without one has nobody to speak of.
    """
    units = {name: spec.unit for name, spec in catalogue().items()}
    every, write = tuple(contracts), error_verdicts if reason is Reason.ERROR else no_data_verdicts
    found: list[Verdict] = []
    for judged, over, gating in (
        *((j, None, None) for j in subjects_of(every, asset)),
        *((j, asset, ()) for j in readers_of(every, asset)),
    ):
        version = (champions or {}).get(judged.subject.model or "")
        if over is not None and version is None:
            continue
        promises = [p for p in judged.subject.promises if p.over == over]
        if over is None and judged.subject.schema is not None:
            promises.insert(0, schema_promise())
        context = replace(
            Context.under(judged.contract, judged.subject.id, window, at=at, wall=wall), trial=trial,
            imported=imported, version=version,
        )  # fmt: skip
        found += write(promises, context=context, cause=cause, units=units, gating=gating)
    return tuple(found)
