"""Owns judging: one reading against one promise gives exactly one verdict, whatever the situation."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import assert_never

from qoa_platform.records import (
    Bounds,
    Direction,
    Fixed,
    Key,
    Mode,
    Promise,
    Reading,
    Reason,
    Status,
    Unit,
    Usual,
    Verdict,
    Versus,
    gates,
)
from qoa_platform.verdicts.bounds import fixed_bounds, inside, margin_of, uncertain, versus_bounds
from qoa_platform.verdicts.context import Context
from qoa_platform.verdicts.usual import Band

BASELINE_REASONS = frozenset({Reason.ERROR, Reason.LABEL_PENDING, Reason.INSUFFICIENT_N, Reason.IMPRECISE})
"""Reasons a baseline hands on; for any other there is simply no reference to compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A reading with what it is compared with, as far as its promise needs it.

    *baseline* for ``versus``, *band* for ``usual`` (or the reason why none was learnt), *floor* the noise floor of a
    drift metric, *measurements* the ids it rests on. Of a promise with ``fdr:``, *adjusted* is the least false
    discovery rate at which this reading is reported, among those of its columns and groups; *grounds* are plain data of
    the noise that was reckoned with.
    """

    reading: Reading
    baseline: Reading | None = None
    band: Band | Reason | None = None
    floor: float | None = None
    measurements: tuple[str, ...] = ()
    adjusted: float | None = None
    grounds: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was found of one observation, before it is a verdict."""

    status: Status
    reason: Reason | None = None
    cause: str | None = None
    bounds: Bounds = field(default_factory=Bounds)
    margin: float | None = None


def judge(
    promise: Promise,
    *,
    context: Context,
    reading: Reading,
    unit: Unit,
    direction: Direction,
    group: str | None = None,
    baseline: Reading | None = None,
    band: Band | Reason | None = None,
    floor: float | None = None,
    measurements: tuple[str, ...] = (),
    gate: bool = True,
) -> Verdict:
    """The verdict on *reading* against *promise*: total, so every situation gives exactly one.

    In this order: no value, or a value with a reason, is ``unknown`` for that reason; NaN and ±inf are ``violated``;
    fewer than ``min_n`` is ``insufficient_n``; no baseline is ``no_reference``, no band ``insufficient_n``; a bound
    below the noise *floor* is ``insufficient_n``; an error interval on both sides of the bound is ``imprecise``;
    then the bound decides.

    Under ``fdr:`` a value beyond the bound is ``violated`` where it is reported at that false discovery rate, however
    near the floor, and else ``insufficient_n``. A promise that cannot be read as numbers is ``unknown(error)``.

    *gate* says whether the promise can be read from the candidate's own frame: only such verdicts block publishing,
    and of those only the whole's (``group=None``), under ``mode: enforce`` (semantics 3, 12).
    """
    seen = Observed(reading=reading, baseline=baseline, band=band, floor=floor, measurements=measurements)
    return judge_one(promise, seen, context=context, unit=unit, direction=direction, group=group, gate=gate)


def judge_one(
    promise: Promise, seen: Observed, *, context: Context, unit: Unit, direction: Direction, group: str | None = None,
    gate: bool = True,
) -> Verdict:  # fmt: skip
    """The verdict on one observation, as :func:`judge` says."""
    found = examine(promise, seen, direction)
    return _verdict(promise, context, seen, found, unit=unit, group=group, gate=gate, more={})


def judge_columns(
    promise: Promise,
    *,
    context: Context,
    columns: Mapping[str, Observed],
    unit: Unit,
    direction: Direction,
    group: str | None = None,
    gate: bool = True,
) -> Verdict:
    """The one verdict of a promise over several columns: the worst column decides, the evidence lists all.

    Worst is violated before unknown before satisfied; among the violated and the satisfied the least margin, among
    the unknown one that blocks. No column at all is ``unknown(error)``.
    """
    found = {name: examine(promise, seen, direction) for name, seen in columns.items()}
    if not found:
        nothing = Observed(reading=Reading.unknown(Reason.ERROR, cause="no column was measured"))
        judged = examine(promise, nothing, direction)
        return _verdict(promise, context, nothing, judged, unit=unit, group=group, gate=gate, more={})
    worst = min(found, key=lambda name: (*_badness(promise, found[name]), name))
    more: dict[str, object] = {
        "column": worst,
        "columns": {name: _column_evidence(columns[name], found[name]) for name in sorted(columns)},
    }
    seen = Observed(
        reading=columns[worst].reading, baseline=columns[worst].baseline, band=columns[worst].band,
        floor=columns[worst].floor, adjusted=columns[worst].adjusted, grounds=columns[worst].grounds,
        measurements=tuple(m for name in sorted(columns) for m in columns[name].measurements),
    )  # fmt: skip
    return _verdict(promise, context, seen, found[worst], unit=unit, group=group, gate=gate, more=more)


def examine(promise: Promise, seen: Observed, direction: Direction) -> Judged:
    """The status of one observation, in the order that :func:`judge` says."""
    reading = seen.reading
    bounds = bounds_of(promise, seen, direction)
    shown = bounds if isinstance(bounds, Bounds) else Bounds()
    if reading.value is None:
        reason = reading.reason or Reason.ERROR
        cause = reading.cause or (None if reading.reason else "a reading without a value gave no reason")
        return Judged(status=Status.UNKNOWN, reason=reason, cause=cause, bounds=shown)
    margin = margin_of(reading.value, shown)
    if reading.reason is not None:
        return Judged(status=Status.UNKNOWN, reason=reading.reason, cause=reading.cause, bounds=shown, margin=margin)
    if not isfinite(reading.value):
        return Judged(status=Status.VIOLATED, cause=f"measured {reading.value}: not a finite number", bounds=shown)
    if promise.min_n is not None and reading.n < promise.min_n:
        cause = f"n is {reading.n}, the promise needs {promise.min_n}"
        return Judged(status=Status.UNKNOWN, reason=Reason.INSUFFICIENT_N, cause=cause, bounds=shown, margin=margin)
    if isinstance(bounds, Judged):
        return bounds
    if (cause := _noise(promise, seen, reading.value, bounds)) is not None:
        return Judged(status=Status.UNKNOWN, reason=Reason.INSUFFICIENT_N, cause=cause, bounds=bounds, margin=margin)
    if _imprecise(promise, seen, direction, bounds):
        cause = "the value's error interval, or its baseline's, holds the bound"
        return Judged(status=Status.UNKNOWN, reason=Reason.IMPRECISE, cause=cause, bounds=bounds, margin=margin)
    status = Status.SATISFIED if inside(reading.value, bounds) else Status.VIOLATED
    return Judged(status=status, bounds=bounds, margin=margin)


def bounds_of(promise: Promise, seen: Observed, direction: Direction) -> Bounds | Judged:
    """The bounds in force for an observation, or the unknown that there are none."""
    try:
        match promise.must:
            case Fixed():
                return fixed_bounds(promise.must)
            case Usual():
                return band_bounds(seen.band, direction) if isinstance(seen.band, Band) else _no_band(seen.band)
            case Versus():
                value = seen.baseline.value if seen.baseline is not None else None
                if seen.baseline is None or value is None or seen.baseline.reason is not None or not isfinite(value):
                    return _no_baseline(seen.baseline)
                return versus_bounds(value, promise.must.margin, direction)
            case _:
                assert_never(promise.must)
    except ValueError as error:
        return Judged(status=Status.UNKNOWN, reason=Reason.ERROR, cause=str(error))


def band_bounds(band: Band, direction: Direction) -> Bounds:
    """The side of a learnt band that is bad for the metric: unusually good is no violation; both for a target."""
    match direction:
        case Direction.HIGHER:
            return Bounds(low=band.low)
        case Direction.LOWER:
            return Bounds(high=band.high)
        case Direction.TARGET:
            return Bounds(low=band.low, high=band.high)
        case _:
            assert_never(direction)


def error_verdicts(
    promises: Iterable[Promise], *, context: Context, cause: str, units: Mapping[str, Unit] | None = None,
    gating: Collection[str] | None = None,
) -> tuple[Verdict, ...]:  # fmt: skip
    """``unknown(error)`` for every promise: the function raised, so nothing could be measured (semantics 1).

    *units* maps metric ids to their units; *gating* holds the ids of promises that gate (``None``: all of them).
    """
    unknown = Reading.unknown(Reason.ERROR, cause=cause)
    return tuple(_unread(p, context, unknown, units or {}, gating) for p in promises)


def no_data_verdicts(
    promises: Iterable[Promise], *, context: Context, cause: str, units: Mapping[str, Unit] | None = None,
    gating: Collection[str] | None = None,
) -> tuple[Verdict, ...]:  # fmt: skip
    """``unknown(no_data)`` for every promise: nothing is published upstream (semantics 1); *cause* says what."""
    unknown = Reading.unknown(Reason.NO_DATA, cause=cause)
    return tuple(_unread(p, context, unknown, units or {}, gating) for p in promises)


def _unread(
    promise: Promise, context: Context, reading: Reading, units: Mapping[str, Unit], gating: Collection[str] | None
) -> Verdict:
    seen = Observed(reading=reading)
    found = Judged(status=Status.UNKNOWN, reason=reading.reason, cause=reading.cause)
    gate = gating is None or promise.id in gating
    unit = units.get(promise.metric, Unit.ONE)
    return _verdict(promise, context, seen, found, unit=unit, group=None, gate=gate, more={})


def _no_band(band: Reason | None) -> Judged:
    cause = "too little published history to learn what is usual"
    return Judged(status=Status.UNKNOWN, reason=band or Reason.INSUFFICIENT_N, cause=cause)


def _no_baseline(baseline: Reading | None) -> Judged:
    if baseline is None:
        return Judged(status=Status.UNKNOWN, reason=Reason.NO_REFERENCE, cause="there is no baseline to compare with")
    reason = baseline.reason if baseline.reason in BASELINE_REASONS else Reason.NO_REFERENCE
    found = baseline.reason or f"value {baseline.value}"
    return Judged(status=Status.UNKNOWN, reason=reason, cause=f"the baseline is unknown: {baseline.cause or found}")


def _drowned(floor: float | None, bounds: Bounds) -> bool:
    """Whether a bound asks for less drift than noise alone produces."""
    asked = bounds.high if bounds.high is not None else bounds.low
    if bounds.low is not None and bounds.low < 0:  # a signed shift: the nearer side
        asked = min(abs(bounds.low), bounds.high if bounds.high is not None else inf)
    return floor is not None and asked is not None and asked < floor


def _noise(promise: Promise, seen: Observed, value: float, bounds: Bounds) -> str | None:
    """Why noise alone leaves the status open, if it does.

    Under ``fdr:`` a reading beyond its bound is held against the rate of false discoveries instead of a floor: the
    bound decides, and noise must not explain it.
    """
    if promise.fdr is not None and seen.adjusted is not None and not inside(value, bounds):
        if seen.adjusted <= promise.fdr:
            return None
        found = f"adjusted p {seen.adjusted:.2g} is above fdr {promise.fdr:g}"
        return f"the value lies beyond the bound, but noise may explain it: {found}"
    return f"the bound lies below the noise floor {seen.floor:.4g}" if _drowned(seen.floor, bounds) else None


def _imprecise(promise: Promise, seen: Observed, direction: Direction, bounds: Bounds) -> bool:
    """Whether the error bounds of the value, and of its baseline, leave the status open."""
    error = seen.reading.bound or 0.0
    baseline = seen.baseline
    value = seen.reading.value
    if value is None:
        return False
    if not isinstance(promise.must, Versus) or baseline is None or baseline.value is None or not baseline.bound:
        return uncertain(value, error, bounds)
    try:
        ends = [
            versus_bounds(baseline.value + e, promise.must.margin, direction) for e in (-baseline.bound, baseline.bound)
        ]
    except ValueError:  # the bounds exist for the baseline as read (else this is not reached), but not all around it
        return True
    return any(uncertain(value, error, b) for b in ends) or inside(value, ends[0]) != inside(value, ends[1])


def _badness(promise: Promise, judged: Judged) -> tuple[int, int, float]:
    """Least first: the order in which columns decide."""
    rank = {Status.VIOLATED: 0, Status.UNKNOWN: 1, Status.SATISFIED: 2}[judged.status]
    harmless = not gates(promise.severity, judged.status, judged.reason, block_on_unknown=promise.block_on_unknown)
    margin = judged.margin if judged.margin is not None else -inf
    return rank, int(harmless), margin


def _column_evidence(seen: Observed, judged: Judged) -> dict[str, object]:
    return {
        "value": seen.reading.value, "n": seen.reading.n, "status": str(judged.status),
        "reason": str(judged.reason) if judged.reason else None, "margin": judged.margin,
        "low": judged.bounds.low, "high": judged.bounds.high, **_compared(seen),
    }  # fmt: skip


def _compared(seen: Observed) -> dict[str, object]:
    """What the reading was compared with, as plain data: it is stored with the verdict."""
    evidence: dict[str, object] = {}
    if isinstance(seen.band, Band):
        evidence["band"] = seen.band.evidence()
    if seen.floor is not None:
        evidence["floor"] = seen.floor
    if seen.adjusted is not None:
        evidence["adjusted_p"] = seen.adjusted
    evidence.update(seen.grounds)
    if seen.baseline is not None:
        reason = str(seen.baseline.reason) if seen.baseline.reason else None
        evidence["baseline"] = {"value": seen.baseline.value, "n": seen.baseline.n, "reason": reason}
    if seen.reading.bound:
        evidence["error_bound"] = seen.reading.bound
    return evidence


def _verdict(
    promise: Promise, context: Context, seen: Observed, found: Judged, *, unit: Unit, group: str | None, gate: bool,
    more: dict[str, object],
) -> Verdict:  # fmt: skip
    """The record: what was found, under which context, with what it rests on."""
    enforced = context.mode is Mode.ENFORCE and promise.mode is Mode.ENFORCE
    blocks = gates(promise.severity, found.status, found.reason, block_on_unknown=promise.block_on_unknown)
    return Verdict(
        key=Key(
            contract=context.contract, subject=context.subject, promise=promise.id, group=group, version=context.version
        ),
        window=context.window, status=found.status, reason=found.reason, cause=found.cause, severity=promise.severity,
        blocks=blocks and gate and enforced and group is None, metric=promise.metric, unit=unit,
        value=seen.reading.value, n=seen.reading.n, bounds=found.bounds, margin=found.margin,
        contract_version=context.contract_version, contract_digest=context.contract_digest,
        measurements=seen.measurements, data=context.data, trial=context.trial, imported=context.imported,
        provisional=context.provisional, evidence={**_compared(seen), **more}, at=context.at, wall=context.wall,
    )  # fmt: skip
