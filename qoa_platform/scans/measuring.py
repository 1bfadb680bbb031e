"""Owns measure: the wanted metrics of a frame, read off one scan."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from qoa_platform.metrics import UNMERGEABLE, Metric
from qoa_platform.records import Ask, Profile, Reading, Reason
from qoa_platform.scans.answering import answered
from qoa_platform.scans.hashing import plugged
from qoa_platform.scans.normalising import Missing, normal
from qoa_platform.scans.planning import Plan, Shape, plan
from qoa_platform.scans.queries import BROKEN, Failure
from qoa_platform.scans.scan import Measured, Scan, ScanReport
from qoa_platform.states import Grouped, State

Found = Mapping[Ask, State | Failure]
HASHED_SLOWLY = "polars-hash does not load beside this Polars: keys were hashed one by one, some twenty times slower"
NOTHING_FROZEN = "nothing is frozen that the metric could be read against"


def measure(
    frame: pl.DataFrame, wanted: Sequence[tuple[Metric, Profile | None]], *, missing: Mapping[str, tuple[str, ...]]
) -> Scan:
    """Every wanted metric of *frame*, each with the profile it is read against, from as few passes as pay.

    *missing* are the declared tokens by column. A metric with ``by`` is read for the whole (group ``None``) and for
    every group that was seen. Never raises for what the frame holds: an ask that cannot be answered gives
    ``unknown(error)`` with its cause, for its own metrics and nothing else.
    """
    asks = [_ask(metric, profile) for metric, profile in wanted]
    steps, rows = _prepared(frame, [ask for ask in asks if isinstance(ask, Ask)], missing)
    found = answered(steps, rows)
    measured = (_read(metric, profile, ask, found) for (metric, profile), ask in zip(wanted, asks, strict=True))
    return Scan(
        measured=tuple(item for items in measured for item in items),
        states={a: s for a, s in found.items() if isinstance(s, State) and a.state not in UNMERGEABLE},
        report=_report(frame, len(wanted), steps, found),
    )


def _ask(metric: Metric, profile: Profile | None) -> Ask | Failure | None:
    try:
        return metric.ask(profile)
    except Exception as error:  # noqa: BLE001 (a metric may be anybody's)
        return Failure(f"{metric.id} cannot ask: {type(error).__name__}: {error}")


def _prepared(frame: pl.DataFrame, asks: Sequence[Ask], missing: Missing) -> tuple[Plan, pl.DataFrame]:
    """The plan, and the normal rows of the columns that it reads (of none: of some column, which counts the rows)."""
    steps = plan(asks, frame.schema)
    columns = steps.columns or frame.columns[:1]
    if not columns:
        return steps, frame
    try:
        return steps, normal(frame, columns, missing)
    except BROKEN:
        broken, good = _broken(frame, columns, missing)
    return plan(asks, frame.schema, broken), pl.concat(good, how="horizontal") if good else frame.select([])


def _broken(
    frame: pl.DataFrame, columns: Iterable[str], missing: Missing
) -> tuple[Mapping[str, str], list[pl.DataFrame]]:
    """The columns that have no normal form, with causes, and the others."""
    broken: dict[str, str] = {}
    good: list[pl.DataFrame] = []
    for name in columns:
        try:
            good.append(normal(frame, [name], missing))
        except BROKEN as error:
            text = str(error).split("\n", 1)[0]
            broken[name] = f"column {name!r} ({frame.schema[name]}) with missing {missing.get(name, ())}: {text}"
    return broken, good


def _read(metric: Metric, profile: Profile | None, ask: Ask | Failure | None, found: Found) -> Sequence[Measured]:
    if ask is None:
        return [Measured(metric=metric, group=None, reading=Reading.unknown(Reason.NO_REFERENCE, cause=NOTHING_FROZEN))]
    state = ask if isinstance(ask, Failure) else found[ask]
    if isinstance(state, Failure):
        return [Measured(metric=metric, group=None, reading=Reading.unknown(Reason.ERROR, cause=state.cause))]
    groups = [name for name, _ in state.groups] if isinstance(state, Grouped) else []
    return [Measured(metric=metric, group=g, reading=_reading(metric, profile, state, g)) for g in (None, *groups)]


def _reading(metric: Metric, profile: Profile | None, state: State, group: str | None) -> Reading:
    try:
        return metric.read(state, profile, group)
    except Exception as error:  # noqa: BLE001 (a metric may be anybody's)
        return Reading.unknown(Reason.ERROR, cause=f"{metric.id} cannot be read: {type(error).__name__}: {error}")


def _report(frame: pl.DataFrame, asked: int, steps: Plan, found: Found) -> ScanReport:
    shared = {ask for step in steps.passes if len(step.asks) > 1 for ask in step.asks}
    failed = [(f"{a.state}({', '.join(a.columns)})", s.cause) for a, s in found.items() if isinstance(s, Failure)]
    return ScanReport(
        rows=frame.height,
        columns=len(steps.columns),
        asks=asked,
        distinct=len(steps.asks),
        fused=sum(1 for ask in steps.asks if ask in shared),
        passes=tuple(map(str, steps.passes)),
        failed=tuple(failed),
        notes=(HASHED_SLOWLY,) if any(step.shape is Shape.KEY for step in steps.passes) and not plugged() else (),
    )
