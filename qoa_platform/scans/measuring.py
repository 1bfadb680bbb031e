"""Owns measure: the wanted metrics of a frame, read off one scan."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from qoa_platform.metrics import UNMERGEABLE, Metric
from qoa_platform.records import Ask, Profile, Reading, Reason
from qoa_platform.scans.normalising import normal
from qoa_platform.scans.passing import BROKEN, Answer, answers, merged
from qoa_platform.scans.planning import Plan, plan, whole, whole_is_merged
from qoa_platform.scans.scan import Measured, Scan, ScanReport
from qoa_platform.states import Grouped, State, Tally

Wanted = tuple[Metric, Profile | None]


def measure(
    frame: pl.DataFrame, wanted: Sequence[Wanted], *, missing: Mapping[str, tuple[str, ...]]
) -> Scan:
    """Every wanted metric of *frame*, each with the profile it is read against, from as few passes as pay.

    *missing* are the declared tokens by column. Never raises for what the frame holds: an ask that cannot be answered
    gives ``unknown(error)`` for its own metrics and nothing else.
    """
    asks: list[Ask | None | str] = [_ask(metric, profile) for metric, profile in wanted]
    steps = plan([ask for ask in asks if isinstance(ask, Ask)], frame.schema)
    found = answered(frame, steps, missing)
    measured = [
        item for (metric, profile), ask in zip(wanted, asks, strict=True) for item in _read(metric, profile, ask, found)
    ]
    states = {
        ask: state for ask, state in found.items() if isinstance(state, State) and ask.state not in UNMERGEABLE
    }
    return Scan(measured=tuple(measured), states=states, report=_report(frame, wanted, steps, found))


def answered(frame: pl.DataFrame, steps: Plan, missing: Mapping[str, tuple[str, ...]]) -> dict[Ask, State | str]:
    """The state of every ask of the plan, or the cause why there is none."""
    rows, broken = _rows(frame, steps, missing)
    found: dict[Ask, Answer] = dict(steps.refused)
    for step in steps.passes:
        found |= answers(step, rows)
    return {ask: _assembled(ask, found) for ask in steps.asks}


def _rows(frame: pl.DataFrame, steps: Plan, missing: Mapping[str, tuple[str, ...]]) -> tuple[pl.DataFrame, dict[str, str]]:
    names = steps.columns or frozenset(frame.columns[:1])
    return normal(frame, names, missing), {}


def _assembled(ask: Ask, found: Mapping[Ask, Answer]) -> State | str:
    if ask.state == "nothing":
        return Tally()
    own = found[ask]
    if not ask.by or isinstance(own, str | State):
        return own  # type: ignore[return-value]
    total = merged(own, ask) if whole_is_merged(ask) else found[whole(ask)]
    return Grouped.from_groups(total, own) if isinstance(total, State) else str(total)


def _ask(metric: Metric, profile: Profile | None) -> Ask | None | str:
    try:
        return metric.ask(profile)
    except Exception as error:  # noqa: BLE001 (a metric of a third party)
        return f"{type(error).__name__}: {error}"


def _read(
    metric: Metric, profile: Profile | None, ask: Ask | None | str, found: Mapping[Ask, State | str]
) -> Iterable[Measured]:
    if ask is None:
        return [Measured(metric=metric, group=None, reading=Reading.unknown(Reason.NO_REFERENCE, cause=NOTHING))]
    state = ask if isinstance(ask, str) else found[ask]
    if isinstance(state, str):
        return [Measured(metric=metric, group=None, reading=Reading.unknown(Reason.ERROR, cause=state))]
    groups = [group for group, _ in state.groups] if isinstance(state, Grouped) else []
    return [Measured(metric=metric, group=g, reading=_reading(metric, profile, state, g)) for g in (None, *groups)]


NOTHING = "nothing is frozen that the metric could be read against"


def _reading(metric: Metric, profile: Profile | None, state: State, group: str | None) -> Reading:
    try:
        return metric.read(state, profile, group)
    except BROKEN as error:
        return Reading.unknown(Reason.ERROR, cause=f"{type(error).__name__}: {error}")


def _report(frame: pl.DataFrame, wanted: Sequence[Wanted], steps: Plan, found: Mapping[Ask, State | str]) -> ScanReport:
    shared = {ask for step in steps.passes if len(step.asks) > 1 for ask in step.asks}
    alone = [str(step) for step in steps.passes if len(step.asks) == 1]
    return ScanReport(
        rows=frame.height,
        columns=len(steps.columns),
        asks=len(wanted),
        distinct=len(steps.asks),
        fused=sum(1 for ask in steps.asks if ask in shared),
        unfused=tuple(alone),
        failed=tuple((f"{ask.state} of {', '.join(ask.columns)}", f) for ask, f in found.items() if isinstance(f, str)),
        passes=tuple(map(str, steps.passes)),
    )
