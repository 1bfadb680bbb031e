"""Tests of verdicts.due: which windows owe a verdict, and what is said of days on which nothing came."""

from datetime import UTC, date, datetime, timedelta

import pytest

from qoa_platform.records import (
    Direction,
    Fixed,
    Operator,
    Promise,
    Reason,
    Severity,
    Status,
    Subject,
    SubjectKind,
    Unit,
    Usual,
    Verdict,
    Window,
)
from qoa_platform.verdicts import Band, Context, Due, check_expected, due, missed_verdict

VOLUME = Promise(id="volume", metric="data.row_count", must=Usual(), severity=Severity.CRITICAL)
COMPLETE = Promise(
    id="complete", metric="data.completeness", columns=("quantity",), severity=Severity.CRITICAL,
    must=Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %"),
)  # fmt: skip
NOON = datetime(2017, 12, 28, 12, tzinfo=UTC)
BAND = Band(low=2393, high=6093, centre=3800, spread=0.1, limit=4.0, model="seasonal(7)", scale="log", n=300)


def subject(
    expected: str | None = "daily", since: date | None = None, delay: timedelta = timedelta(hours=6)
) -> Subject:
    """The sales subject."""
    return Subject(
        id="sales", kind=SubjectKind.ASSET, asset="retail/sales_day", expected=expected, delay=delay, since=since,
        promises=(VOLUME, COMPLETE),
    )  # fmt: skip


def asked(owed: list[Due]) -> list[tuple[str, str]]:
    """(promise, partition) of what is due."""
    return [(d.promise.id, d.window.partition) for d in owed]


def test_every_day_without_a_verdict_is_due() -> None:
    """From the first published day up to the last that ended more than the delay ago, each promise owes a verdict."""
    known = {("volume", "2017-12-25"), ("complete", "2017-12-25"), ("volume", "2017-12-26")}
    owed = due(subject(), known=known, first=date(2017, 12, 25), end=None, now=NOON)
    assert asked(owed) == [("complete", "2017-12-26"), ("volume", "2017-12-27"), ("complete", "2017-12-27")]


def test_a_day_is_due_at_its_end_plus_the_delay() -> None:
    """One second before the delay is over nothing is due; at the very moment it is."""
    moment = datetime(2017, 12, 28, 6, tzinfo=UTC)
    for now, expected in ((moment - timedelta(seconds=1), []), (moment, ["2017-12-27", "2017-12-27"])):
        owed = due(subject(), known=set(), first=date(2017, 12, 27), end=None, now=now)
        assert [d.window.partition for d in owed] == expected


def test_nothing_is_due_beyond_the_partitions() -> None:
    """The asset's last partition ends what is due, however late it is."""
    owed = due(subject(), known=set(), first=date(2017, 12, 26), end=date(2017, 12, 27), now=NOON)
    assert {d.window.partition for d in owed} == {"2017-12-26"}


def test_since_stands_before_the_first_published_day() -> None:
    """``since:`` is where the promises begin, also before (or after) anything was published."""
    early = due(subject(since=date(2017, 12, 26)), known=set(), first=None, end=None, now=NOON)
    assert {d.window.partition for d in early} == {"2017-12-26", "2017-12-27"}
    assert due(subject(), known=set(), first=None, end=None, now=NOON) == []


def test_a_running_partition_owes_nothing() -> None:
    """While a run of the partition is active nothing is due for it."""
    owed = due(subject(), known=set(), first=date(2017, 12, 26), end=None, now=NOON, active={"2017-12-26"})
    assert {d.window.partition for d in owed} == {"2017-12-27"}


def test_without_expected_nothing_is_due() -> None:
    """A subject that expects nothing owes nothing; a cron line is refused, not read as daily."""
    assert due(subject(expected=None), known=set(), first=date(2017, 1, 1), end=None, now=NOON) == []
    with pytest.raises(ValueError, match=r"expected '0 6 \* \* \*' is not supported yet. Allowed: daily"):
        check_expected(subject(expected="0 6 * * *"))


def test_the_horizon_bounds_the_search() -> None:
    """A year of silence is looked back at no further than the horizon."""
    owed = due(subject(), known=set(), first=date(2016, 1, 1), end=None, now=NOON, horizon=timedelta(days=10))
    assert min(d.window.partition for d in owed) == "2017-12-18"


def missed(promise: Promise, *, produced: bool = True, published: bool = False, band: Band | None = BAND) -> Verdict:
    """The verdict on 25 December."""
    item = Due(promise=promise, window=Window.of_partition("2017-12-25"), published=published)
    context = Context(
        contract="retail", contract_version=1, contract_digest="d", subject="sales",
        window=Window.of_partition("2017-01-01"), at=NOON, wall=NOON,
    )  # fmt: skip
    return missed_verdict(
        item, context=context, unit=Unit.ROWS, direction=Direction.TARGET, produced=produced, band=band
    )  # fmt: skip


def test_christmas_day_has_no_row_and_that_is_violated() -> None:
    """No row is a count of 0, outside what is usual: violated, and blocked; ratios are unknown(no_data)."""
    volume, complete = missed(VOLUME), missed(COMPLETE)
    assert (volume.status, volume.value, volume.blocks) == (Status.VIOLATED, 0, True)
    assert volume.window.partition == "2017-12-25"
    assert (complete.status, complete.reason, complete.blocks) == (Status.UNKNOWN, Reason.NO_DATA, True)


def test_what_was_never_produced_is_not_applicable() -> None:
    """Nothing is expected of an asset that never was; nor of a partition older than the promise."""
    for verdict in (missed(VOLUME, produced=False), missed(COMPLETE, published=True), missed(VOLUME, published=True)):
        assert (verdict.reason, verdict.blocks) == (Reason.NOT_APPLICABLE, False)


def test_due_tells_published_windows_apart() -> None:
    """A day that has data but no verdict is marked, so that it is not called empty."""
    owed = due(subject(), known=set(), first=date(2017, 12, 26), end=None, now=NOON, published={"2017-12-26"})
    assert [(d.window.partition, d.published) for d in owed] == [
        ("2017-12-26", True), ("2017-12-26", True), ("2017-12-27", False), ("2017-12-27", False),
    ]  # fmt: skip
