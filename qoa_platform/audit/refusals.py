"""Owns the verdicts that a failure leaves: silence is never compliance, also when the asset's own function raised."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from qoa_platform.audit.candidate import subjects_of
from qoa_platform.metrics import catalogue
from qoa_platform.reactions.episodes import schema_promise
from qoa_platform.records import Contract, Reason, Verdict, Window
from qoa_platform.verdicts import Context, error_verdicts, no_data_verdicts


def refusal_verdicts(
    contracts: Sequence[Contract], asset: str, window: Window, reason: Reason, cause: str, *, trial: str,
    imported: bool, at: datetime, wall: datetime,
) -> tuple[Verdict, ...]:  # fmt: skip
    """``unknown(error)`` or ``unknown(no_data)`` for every promise of *asset*'s own subject (semantics 1)."""
    units = {name: spec.unit for name, spec in catalogue().items()}
    found: list[Verdict] = []
    for judged in subjects_of(tuple(contracts), asset):
        promises = [p for p in judged.subject.promises if p.over is None]
        if judged.subject.schema is not None:
            promises.insert(0, schema_promise())
        context = replace(
            Context.under(judged.contract, judged.subject.id, window, at=at, wall=wall), trial=trial, imported=imported
        )
        write = error_verdicts if reason is Reason.ERROR else no_data_verdicts
        found += write(promises, context=context, cause=cause, units=units)
    return tuple(found)
