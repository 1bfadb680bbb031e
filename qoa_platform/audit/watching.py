"""Owns watching: stream detectors over the published past of a promise, or over rows in the order of their time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.metrics.drift_watched import Watched
from qoa_platform.records import Measurement, Profile, Reading, Reason, Subject, Window, measurement_id
from qoa_platform.scans.compiling import condition, parsed
from qoa_platform.scans.normalising import normal
from qoa_platform.verdicts.detectors import Detector, restored
from qoa_platform.verdicts.detectors.making import STANDARDISED, Folded, fold, made, robust

LOOKBACK = 1_000
"""So many published windows of a promise are folded at most."""
BACK = 30
"""In so many published partitions before it a carried state is looked for."""
FIRST_WINDOWS, FIRST_ROWS = 20, 200
"""How many first values a level is learnt from, where no reference is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a detector read: the *reading*, what is *told* of it with the verdict, the *state* that is carried on."""

    reading: Reading
    told: dict[str, object] = field(default_factory=dict)
    state: dict[str, Any] | None = None

    @property
    def evidence(self) -> dict[str, object]:
        """What is kept with the measurement."""
        return {"watch": self.told} if self.state is None else {"watch": self.told, "state": self.state}


def settings(metric: Watched) -> dict[str, Any]:
    """The parameters of *metric*, defaults filled in, by their names in a contract."""
    names = ("k", "h", "lambda_", "l", "delta", "threshold", "alpha", "seed", "p0")
    return {name.removesuffix("_"): getattr(metric, name) for name in names if hasattr(metric, name)}


def of_promise(ledger: Reader, references: References, metric: Watched, named: Sequence[Measurement]) -> Watch:
    """The detector over what was published of the promise that *metric* names, and was measured of it here: *named*.

    All windows are folded again (at most 1 000), in their order: a late partition takes its place.
    """
    if len(named) != 1:
        cause = f"promise {metric.of_!r} is not one series here"
        return Watch(reading=Reading.unknown(Reason.NOT_APPLICABLE, cause=cause))
    newest = named[0]
    if newest.reading.value is None or newest.reading.reason is not None:
        reason = newest.reading.reason or Reason.NO_DATA
        return Watch(reading=Reading.unknown(reason, cause=f"{metric.of_}: {newest.reading.cause or reason}"))
    before = _past(ledger, references, newest, LOOKBACK)
    past = [*(m for m in before if m.reading.value is not None and m.reading.reason is None), newest]
    values = [m.reading.value for m in past]
    level, values, past = _level(metric, values, past)
    if isinstance(level, Watch):
        return level
    detector = made(metric.id, settings(metric), level)
    fold(detector, values[:-1])
    found = fold(detector, values[-1:])
    return _said(metric, detector, found, level, [m.window.start.isoformat() for m in past], first=1)


def _level(
    metric: Watched, values: list[float | None], past: list[Measurement]
) -> tuple[Any, list[float | None], list[Measurement]]:
    """The level of the first windows, and what is left to be folded."""
    if metric.id not in STANDARDISED:
        return None, values, past
    first = getattr(metric, "baseline", None) or FIRST_WINDOWS
    if len(values) <= first:
        cause = f"{len(values)} windows are known, and the first {first} say what is normal"
        return Watch(reading=Reading.unknown(Reason.INSUFFICIENT_N, len(values), cause)), values, past
    level = robust(v for v in values[:first] if v is not None)
    if level is None:
        cause = f"the first {first} windows are all alike: there is no spread to count in"
        return Watch(reading=Reading.unknown(Reason.NOT_APPLICABLE, len(values), cause)), values, past
    return level, values[first:], past[first:]


def _past(ledger: Reader, references: References, probe: Measurement, depth: int) -> list[Measurement]:
    """What was measured of *probe*'s series in the last *depth* published partitions before it, oldest first.

    Of a version's predictions the window is that of the rows, not of the partition: they are found by their series.
    """
    heads = references.published()[-depth:]
    if not heads:
        return []
    if probe.version is not None:
        published = {h.value for h in heads}
        found = [m for m in ledger.find(Measurement, series=probe.series) if m.version == probe.version]
        return sorted((m for m in found if m.data in published), key=lambda m: (m.window.end, m.window.start))
    prefix = f"{references.candidate.asset}|"
    ids = [
        measurement_id(probe.series, Window.of_partition(h.key.removeprefix(prefix)), h.value) for h in heads
    ]  # fmt: skip
    known = {m.id: m for m in ledger.find(Measurement, ids=ids)}
    return [known[i] for i in ids if i in known]


def of_rows(
    metric: Watched, frame: pl.DataFrame, subject: Subject, profile: Profile | None, before: Mapping[str, Any] | None
) -> Watch:
    """The detector over the rows of *frame*, going on from the state *before* it; none begins anew."""
    if set(metric.columns) & set(subject.sensitive):
        cause = "the column is sensitive, and a detector's state would keep values of it"
        return Watch(reading=Reading.unknown(Reason.NOT_APPLICABLE, cause=cause))
    try:
        values, times = _values(metric, frame, dict(subject.missing))
    except (pl.exceptions.PolarsError, ValueError) as error:
        return Watch(reading=Reading.unknown(Reason.ERROR, cause=str(error).partition("\n")[0]))
    if metric.over is not None and before is not None and (until := before.get("until")) is not None:
        fresh = [i for i, t in enumerate(times) if t is not None and t > until]  # backtests overlap: each row once
        values, times = [values[i] for i in fresh], [times[i] for i in fresh]
    watch = _carried(metric, values, times, profile, before)
    if watch.state is None or metric.over is None:
        return watch
    known = [t for t in times if t is not None]
    return replace(watch, state={**watch.state, "until": known[-1] if known else (before or {}).get("until")})


def _carried(
    metric: Watched, values: list[float | None], times: list[str | None], profile: Profile | None,
    before: Mapping[str, Any] | None,
) -> Watch:  # fmt: skip
    state, level = {k: v for k, v in (before or {}).items() if k != "until"}, None
    if "learning" not in state and state:
        detector = restored(state)
    elif metric.id in STANDARDISED:
        learning = list(state.get("learning", []))
        level = _frozen(metric, profile)
        if level is None:
            first = getattr(metric, "baseline", None) or FIRST_ROWS
            taken = _taken(values, first - len(learning))
            learning += [v for v in values[:taken] if v is not None]
            values, times = values[taken:], times[taken:]
            if len(learning) < first or not values:
                cause = f"{len(learning)} values are known, and the first {first} say what is normal"
                unknown = Reading.unknown(Reason.INSUFFICIENT_N, len(learning), cause)
                return Watch(reading=unknown, state={"learning": learning})
            level = robust(learning)
        if level is None:
            cause = "what is normal is constant: there is no spread to count in"
            return Watch(reading=Reading.unknown(Reason.NOT_APPLICABLE, cause=cause))
        detector = made(metric.id, settings(metric), level)
    else:
        detector = made(metric.id, settings(metric))
    first, outside = detector.n + 1, detector.skipped
    found = fold(detector, values)
    places = [t for t, v in zip(times, values, strict=True) if v is not None]
    watch = _said(metric, detector, found, level, places if detector.skipped == outside else [], first=first)
    return Watch(reading=watch.reading, told=watch.told, state=detector.state())


def _taken(values: Sequence[float | None], wanted: int) -> int:
    """How many of *values* it takes to have *wanted* that are present."""
    present = 0
    for i, value in enumerate(values):
        if present >= wanted:
            return i
        present += value is not None
    return len(values)


def _frozen(metric: Watched, profile: Profile | None) -> tuple[float, float] | None:
    column = profile.column(metric.columns[0]) if profile is not None and metric.columns else None
    if column is None or column.mean is None or not column.std:
        return None
    return column.mean, column.std


def _values(
    metric: Watched, frame: pl.DataFrame, missing: Mapping[str, tuple[str, ...]]
) -> tuple[list[float | None], list[str | None]]:
    """The values in the order of time (of the frame, where none is named), and when each was.

    Raises ValueError for a column that holds no numbers, PolarsError for one that is not there.
    """
    frame = normal(frame, frame.columns, missing)
    if metric.where is not None:
        frame = frame.filter(condition(parsed(metric.where), frame.schema))
    order = metric.time or ("time" if "time" in frame.columns and not metric.columns else None)
    ordered = frame.sort(order, maintain_order=True, nulls_last=True) if order is not None else frame
    if metric.columns:
        (name,) = metric.columns
        column = ordered.get_column(name)
    else:
        name, column = "error", _errors(ordered)
    if not (column.dtype.is_numeric() or column.dtype in {pl.Boolean, pl.Null}):
        raise ValueError(f"column {name!r} holds {column.dtype}. Allowed: numbers, true and false")
    numbers = column.cast(pl.Float64)
    numbers = numbers.set(~numbers.is_finite().fill_null(value=False), None)
    times = ordered.get_column(order).cast(pl.String).to_list() if order is not None else [None] * len(numbers)
    return numbers.to_list(), times


def _errors(frame: pl.DataFrame) -> pl.Series:
    """Of each row: whether a class was wrong (0 or 1), else how far a number was off."""
    actual, predicted = frame.get_column("actual"), frame.get_column("predicted")
    numeric = actual.dtype.is_numeric() and predicted.dtype.is_numeric()
    if numeric and not set(actual.drop_nulls().unique().to_list()) <= {0, 1}:
        return (predicted.cast(pl.Float64) - actual.cast(pl.Float64)).abs()
    if numeric:
        return (actual.cast(pl.Float64) != predicted.cast(pl.Float64)).cast(pl.Float64)
    return (actual.cast(pl.String) != predicted.cast(pl.String)).cast(pl.Float64)


def carried(ledger: Reader, references: References, probe: Measurement) -> dict[str, Any] | None:
    """The state after the newest published partition before *probe*'s that left one."""
    for known in reversed(_past(ledger, references, probe, BACK)):
        state = known.evidence.get("state")
        if isinstance(state, dict):
            return state
    return None


def _said(
    metric: Watched, detector: Detector, found: Folded, level: tuple[float, float] | None, places: Sequence[str | None],
    *, first: int,
) -> Watch:  # fmt: skip
    """The reading and its evidence. *places*: when each value was, from position *first* on."""
    if found.statistic is None and detector.DOMAIN is not None and detector.skipped:
        low, high = detector.DOMAIN
        cause = f"{detector.skipped} values are missing or not within {low:g} to {high:g}, and were not folded"
        return Watch(reading=Reading.unknown(Reason.NOT_APPLICABLE, found.n, cause))
    if found.statistic is None:
        cause = f"{metric.id} is warming up: {found.n} values were folded" if found.n else "there is no value to fold"
        reason = Reason.INSUFFICIENT_N if found.n else Reason.NO_DATA
        return Watch(reading=Reading.unknown(reason, found.n, cause))
    told: dict[str, object] = {
        "statistic": found.statistic, "level": found.level, "n": found.n, "alarms": found.alarms, "since": found.since,
        "skipped": detector.skipped,
    }  # fmt: skip
    index = found.since - first if found.since is not None else -1
    if 0 <= index < len(places) and places[index] is not None:
        told["since_when"] = places[index]
    if level is not None:
        told |= {"mean": level[0], "std": level[1]}
    return Watch(reading=Reading(value=found.statistic, n=found.n), told=told)


def watch(
    ledger: Reader, references: References, frame: pl.DataFrame, subject: Subject, item: tuple[Watched, Profile | None],
    probe: Measurement, *, named: Sequence[Measurement],
) -> Watch:  # fmt: skip
    """What the detector of *item* reads; *probe* names its series, *named* was measured of the promise it is ``of:``.

    The same *frame* always gives the same: it goes on from the state of the partition before, never from its own.
    """
    metric, profile = item
    try:
        if metric.of_ is not None:
            return of_promise(ledger, references, metric, named)
        return of_rows(metric, frame, subject, profile, carried(ledger, references, probe))
    except ValueError as error:
        return Watch(reading=Reading.unknown(Reason.ERROR, cause=str(error)))


def told(evidence: Mapping[str, object]) -> dict[str, object]:
    """Of a measurement's *evidence* what goes on with its verdict: all but the state."""
    return {"watch": evidence["watch"]} if evidence.get("watch") else {}
