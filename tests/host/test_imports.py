"""Owns the tests of history in one run: every day its own, a bad one stops no good one, and nothing reacts."""

from datetime import timedelta

import dagster as dg
import pytest
from dagster import DagsterEventType, DagsterRun

from qoa_platform.orchestration import events
from qoa_platform.orchestration.tags import IMPORT
from qoa_platform.reactions.commands import set_hold
from qoa_platform.reactions.decide import decide
from qoa_platform.records import PointerKind, TrialState, Verdict, Why, Window
from tests.host.conftest import Open
from tests.host.shop import FAILURE, POLICY, SUCCESS, Shop, day_of, text

FIRST, LAST = "2026-01-14", "2026-01-19"
BAD = "2026-01-16"
SPAN = [f"2026-01-{n}" for n in range(14, 20)]
GOOD = [day for day in SPAN if day != BAD]
DUE = text(POLICY).replace("    event_time: time\n", "    event_time: time\n    expected: daily\n")


def imported(shop: Shop, *more: str) -> DagsterRun:
    """Import the six days in one run."""
    shop.tick(Window.of_partition(LAST).end + timedelta(hours=1))
    return shop.run("shop/raw", "shop/sales", *more, span=(FIRST, LAST), tags={IMPORT: "history"})


@pytest.fixture
def spoilt(open_shop: Open) -> Shop:
    """A shop whose feed sends too few rows on one of the days."""
    shop = open_shop(DUE)
    shop.source.days[BAD] = day_of(BAD, rows=3)
    return shop


def test_every_day_has_its_own_events(shop: Shop) -> None:
    """One materialization per day and asset, each with its own data version: the digest that the pointer names."""
    shop.source.days = {day: day_of(day, rows=6 + n) for n, day in enumerate(SPAN)}
    run = imported(shop)
    assert run.status is SUCCESS
    published = shop.workspace.published("shop/sales")
    assert list(published) == SPAN
    assert len(set(published.values())) == len(SPAN)
    made = shop.materialized(run)
    assert {day: made["shop/sales", day] for day in SPAN} == published
    assert len(shop.events(run, DagsterEventType.ASSET_MATERIALIZATION)) == 2 * len(SPAN)


def test_every_day_has_its_own_evaluations(shop: Shop) -> None:
    """Five promises and six days: thirty evaluations, each with its partition, and no other."""
    run = imported(shop)
    checks = shop.checks(run, "shop/sales")
    assert set(checks) == {(p, day) for p in ("complete", "enough", "fresh", "sane", "steady") for day in SPAN}
    assert len(shop.events(run, DagsterEventType.ASSET_CHECK_EVALUATION)) == 30


def test_a_bad_day_does_not_stop_the_good_ones(spoilt: Shop) -> None:
    """The run is green, the bad day is a failed ERROR and not materialized, all others are, below it too."""
    run = imported(spoilt, "shop/totals")
    assert run.status is SUCCESS
    assert list(spoilt.workspace.published("shop/sales")) == GOOD
    assert {day for asset, day in spoilt.materialized(run) if asset == "shop/sales"} == set(GOOD)
    check = spoilt.checks(run, "shop/sales")["enough", BAD]
    assert (check.passed, check.severity, check.blocking) == (False, dg.AssetCheckSeverity.ERROR, False)
    assert spoilt.trial("shop/sales", BAD).state is TrialState.BLOCKED
    rows = spoilt.workspace.read_frame("shop/totals", "all", spoilt.published("shop/totals") or "")["rows"][0]
    assert rows == 8 * len(GOOD)


def test_a_day_that_raises_does_not_stop_the_others(shop: Shop) -> None:
    """The feed breaks on one day: below it that day is unknown(no_data), every other day is published."""
    shop.source.days[BAD] = lambda: 1 / 0
    run = imported(shop)
    assert run.status is SUCCESS
    assert list(shop.workspace.published("shop/sales")) == GOOD
    assert shop.trial("shop/raw", BAD).error == "ZeroDivisionError: division by zero"
    assert set(shop.said(BAD).values()) == {"unknown(no_data)"}


def test_dagster_still_knows_the_private_key(shop: Shop) -> None:
    """Guard: with NO_EVENT what lies below runs in this very run, and no event beside ours is written.

    Should Dagster drop the private key, this fails: a second materialization per day appears.
    """
    run = imported(shop, "shop/totals")
    assert shop.steps(run) == ["shop__raw", "shop__sales", "shop__totals"]
    made = shop.events(run, DagsterEventType.ASSET_MATERIALIZATION)
    assert len(made) == len(set(shop.materialized(run))) == 2 * len(SPAN) + 1
    assert all(version is not None and len(version) == 64 for version in shop.materialized(run).values())


def test_without_the_private_key_days_would_be_told_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard can fail: without the key Dagster writes one more materialization for every day, the bad one too."""
    monkeypatch.setattr(events, "NO_EVENT", {})
    run = imported(shop)
    assert len(shop.events(run, DagsterEventType.ASSET_MATERIALIZATION)) > 2 * len(SPAN)


def test_history_does_not_react(spoilt: Shop) -> None:
    """A blocked day of history opens no episode and causes no reaction; the plan says that history does not react."""
    imported(spoilt)
    spoilt.settle()
    assert (spoilt.world.episodes, spoilt.reactions()) == ((), [])
    passed = [c for c in decide(spoilt.world).choices if c.why is Why.HISTORY]
    assert {(c.rule, c.detail) for c in passed if c.rule == "refetch"} == {("refetch", "sales.enough: windows: 1")}


def test_what_was_imported_is_not_due(spoilt: Shop) -> None:
    """Every imported day has its verdicts, the bad one too: what is due writes none on top of them."""
    imported(spoilt)
    before = len(spoilt.ledger.find(Verdict))
    spoilt.settle()
    since = [v for v in spoilt.ledger.find(Verdict)[before:] if v.window.partition in SPAN]
    assert since == []


def test_the_day_after_history_reacts(spoilt: Shop) -> None:
    """The first bad day that is not imported opens an episode of its own, without the days of history."""
    imported(spoilt)
    spoilt.source.days["2026-01-20"] = day_of("2026-01-20", rows=3)
    spoilt.daily("2026-01-20")
    spoilt.settle()
    assert [[w.partition for w in e.windows] for e in spoilt.world.episodes] == [["2026-01-20"]]


def test_imported_days_are_not_late(shop: Shop) -> None:
    """When a day of history arrived is not known: ``fresh`` is not_applicable for it, not violated."""
    imported(shop)
    assert {shop.said(day)["fresh"] for day in SPAN} == {"unknown(not_applicable)"}
    assert all(v.imported for v in shop.verdicts())


def test_every_day_of_history_has_its_evaluations(spoilt: Shop) -> None:
    """Quiet or not, each imported day has all evaluations in Dagster: a planned check without one counts as skipped."""
    checks = spoilt.checks(imported(spoilt), "shop/sales")
    assert {day for _, day in checks} == set(SPAN)
    names = {name for name, _ in checks}
    assert {(name, day) for name in names for day in SPAN} == set(checks)


def test_a_hold_refuses_an_import(shop: Shop) -> None:
    """A hold stops history as it stops a day: the run fails with the reason, nothing is published."""
    shop.ledger.commit(set_hold(shop.world, "asset:shop/sales", reason="stocktaking", actor="me", why="stocktaking"))
    run = imported(shop)
    assert (run.status, shop.failures(run)["shop__sales"]) == (FAILURE, "held: stocktaking")
    assert shop.workspace.published("shop/sales") == {}


def test_an_import_again_repairs_what_was_bad(spoilt: Shop) -> None:
    """The same span once more, with the day mended: it is published now, and the others keep their digests."""
    imported(spoilt)
    before = spoilt.workspace.published("shop/sales")
    del spoilt.source.days[BAD]
    imported(spoilt)
    after = spoilt.workspace.published("shop/sales")
    assert list(after) == SPAN
    assert {day: after[day] for day in GOOD} == before
    assert spoilt.pointer(PointerKind.PUBLISHED, f"shop/sales|{BAD}") is not None
