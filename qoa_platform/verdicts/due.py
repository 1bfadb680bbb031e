"""Owns what is due: the windows that ended without a verdict, and the verdict written for each of them."""

from collections.abc import Collection, Container
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from qoa_platform.records import DAY, Direction, Promise, Reading, Reason, Subject, Unit, Verdict, Window
from qoa_platform.verdicts.context import Context
from qoa_platform.verdicts.judging import judge
from qoa_platform.verdicts.usual import Band

HORIZON = timedelta(days=92)
"""How far back missing verdicts are looked for."""
ZERO_WHEN_NOTHING_CAME = frozenset({"data.row_count"})
"""Metrics that have a value over no rows: 0. Ratios, means, distances and ages have none (metrics.md 1.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A promise that owes a verdict for a window. *published*: its data is there, only the promise was never judged."""

    promise: Promise
    window: Window
    published: bool = False


def due(
    subject: Subject,
    *,
    known: Collection[tuple[str, str]],
    first: date | None,
    end: date | None,
    now: datetime,
    active: Container[str] = (),
    published: Container[str] = (),
    horizon: timedelta = HORIZON,
) -> list[Due]:
    """What is due and has no verdict, oldest window first, promises in the contract's order (semantics 9).

    A day is due at its end + ``delay``, from the *first* published partition (or ``since:``, where that is written) up
    to the earlier of *now* and the *end* (the day after the asset's last partition; ``None``: open). *known* holds the
    (promise id, partition) of current verdicts of the whole; *active* the partitions that a run works on, for which
    nothing is due; *published* the partitions that have data. Windows that ended more than *horizon* ago stay silent.
    Nothing is due without ``expected:``, nor before anything was published where ``since:`` is missing.

    Raises ValueError for an ``expected:`` that is not ``daily``: see :func:`check_expected`.
    """
    if subject.expected is None:
        return []
    check_expected(subject)
    start = subject.since or first
    if start is None:
        return []
    day = max(start, (now - horizon).astimezone(UTC).date())
    last = min(now.astimezone(UTC).date(), end or date.max)
    ids = [p.id for p in subject.promises]
    missing: list[Due] = []
    while day < last and _ends(day) + subject.delay <= now:
        partition = day.isoformat()
        if partition not in active:
            owed = [i for i, promise in enumerate(ids) if (promise, partition) not in known]
            if owed:
                window, there = Window.of_day(day), partition in published
                missing += [Due(promise=subject.promises[i], window=window, published=there) for i in owed]
        day += DAY
    return missing


def check_expected(subject: Subject) -> None:
    """Nothing, when the subject's ``expected:`` is understood.

    Raises ValueError for a cron line: windows other than UTC days are not judged yet, and a line read as daily would
    be a silent lie.
    """
    if subject.expected not in (None, "daily"):
        message = f"subject {subject.id}: expected {subject.expected!r} is not supported yet. Allowed: daily"
        raise ValueError(message)


def missed_verdict(
    item: Due,
    *,
    context: Context,
    unit: Unit,
    direction: Direction,
    produced: bool = True,
    band: Band | Reason | None = None,
    gate: bool = True,
) -> Verdict:
    """The verdict for a window in which nothing came.

    A row count is 0, and judged: *violated* where ``usual`` (its *band*) or a bound says so. What has no value over no
    rows is ``unknown(no_data)``. A subject whose asset (or ``over:`` asset) was never *produced*, and a partition that
    was published before the promise existed, are ``unknown(not_applicable)``: nobody failed to deliver.
    """
    return judge(
        item.promise, context=replace(context, window=item.window), reading=_reading(item, produced=produced),
        unit=unit, direction=direction, band=band, gate=gate,
    )  # fmt: skip


def _reading(item: Due, *, produced: bool) -> Reading:
    if not produced:
        return Reading.unknown(Reason.NOT_APPLICABLE, cause="the asset was never produced")
    if item.published:
        return Reading.unknown(Reason.NOT_APPLICABLE, cause="published before this promise was in force")
    if item.promise.metric in ZERO_WHEN_NOTHING_CAME:
        return Reading(value=0.0, n=0)
    return Reading.unknown(Reason.NO_DATA, cause=f"nothing came for {item.window}")


def _ends(day: date) -> datetime:
    return datetime.combine(day + DAY, time.min, tzinfo=UTC)
