"""The loop under Dagster's real daemon: every effect counted where it takes place, with and without ``qoa react``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterRunStatus

from qoa_platform.orchestration import tags
from qoa_platform.records import Closing, OutcomeState, PointerKind, ReactionKind, Release, ReleaseState
from tests.services.conftest import opened
from tests.services.market import CHAINS, MODELS, Market
from tests.services.receiver import Receiver

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]
LANES = ["with qoa react", pytest.param("daemon alone", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=LANES)
def running(request: pytest.FixtureRequest, seeded: Path) -> Iterator[tuple[Market, Receiver]]:
    """One market under the daemon for this whole file: everything arrives at once, each test waits for its own."""
    with opened(seeded) as (market, webhook):
        market.serve()
        market.everything_arrives()
        market.daemon.start()
        if request.param == "with qoa react":
            market.reactor.start()
        yield market, webhook


@pytest.fixture(scope="module")
def market(running: tuple[Market, Receiver]) -> Market:
    """The market."""
    return running[0]


@pytest.fixture(scope="module")
def webhook(running: tuple[Market, Receiver]) -> Receiver:
    """Who is told."""
    return running[1]


def test_two_bad_days_in_a_row_are_one_episode_and_both_repaired(market: Market, webhook: Receiver) -> None:
    """Two runs, one for each day, one alert that it opened and one that it is over."""
    market.until(lambda: market.settled(["twice"]) and len(market.runs("twice")) == 2, "both days are repaired")
    (episode,) = market.episodes("twice")
    assert (episode.closing, [w.partition for w in episode.windows]) == (
        Closing.REPAIRED, [market.day(6), market.day(7)]
    )  # fmt: skip
    assert set(market.attempts("twice").values()) == {1}
    for number in (6, 7):
        (move,) = market.published("twice/clean", number)
        (run,) = (r for r in market.runs("twice") if r.tags["dagster/partition"] == market.day(number))
        assert move.actor == f"run {run.run_id}"
        assert market.materializations("twice/clean", number) == [move.value]
        assert market.fetches("twice/raw", number)[1:] == [run.run_id]
    assert_told_once(market, webhook, "twice", alerts=2)


def test_a_day_damaged_once_is_kept_back_and_fetched_again(market: Market, webhook: Receiver) -> None:
    """Not published, quarantined, one run requested, the repaired partition published, the mark gone, all told."""
    market.until(lambda: market.arrived("once"), "the day's run ends")
    arrived = market.arrived("once")
    assert arrived is not None
    assert arrived.status is DagsterRunStatus.FAILURE
    market.until(lambda: len(market.published("once/clean", 8)) == 1 and market.settled(["once"]), "it is repaired")
    (move,) = market.published("once/clean", 8)
    (rerun,) = market.runs("once")
    assert (rerun.status, move.actor) == (DagsterRunStatus.SUCCESS, f"run {rerun.run_id}")
    assert market.fetches("once/raw", 8) == [arrived.run_id, rerun.run_id]
    assert market.materializations("once/clean", 8) == [move.value]
    marks = market.ledger.moves(PointerKind.QUARANTINE)
    mine = [(m.key.split("|")[2] == move.value, m.value, m.verb) for m in marks if m.key.startswith("once/clean|")]
    assert mine == [(False, "bad", "quarantine"), (False, None, "drop")]
    (episode,) = market.episodes("once")
    assert episode.closing is Closing.REPAIRED
    assert_told_once(market, webhook, "once", alerts=2)


def test_a_persistent_fault_ends_in_attempts_exhausted(market: Market, webhook: Receiver) -> None:
    """Exactly as many runs as attempts, each under its own key; the version before stays; told when it is given up."""
    (rerun,) = market.until_found(lambda: market.reactions("stubborn", ReactionKind.RERUN), "a rerun is decided")
    market.until(lambda: (o := market.last(rerun)) is not None and o.final, "its attempts are exhausted")
    last = market.last(rerun)
    assert last is not None
    assert (last.state, last.detail) == (OutcomeState.FAILED, "attempts exhausted (2)")
    market.until(lambda: market.settled(["stubborn"]) and len(webhook.keys("stubborn")) == 2, "it is told")
    assert market.attempts("stubborn") == {f"{rerun.id}:1": 1, f"{rerun.id}:2": 1}
    assert {r.status for r in market.runs("stubborn")} == {DagsterRunStatus.FAILURE}
    assert len(market.fetches("stubborn/raw", 7)) == 4  # the import, the day's run, two attempts
    (move,) = market.published("stubborn/clean", 7)
    assert market.materializations("stubborn/clean", 7) == [move.value]
    assert any("attempts exhausted" in webhook.titles[alert] for alert in webhook.keys("stubborn"))
    assert_told_once(market, webhook, "stubborn", alerts=2)


def test_a_worse_challenger_is_refused(market: Market) -> None:
    """Its evidence is worse beyond doubt: refused for good, and the champion stays."""
    market.until(lambda: releases(market, "worse").get("v2") is ReleaseState.REFUSED, "v2 is refused")
    assert [m.value for m in market.champions("worse")] == ["v1"]
    assert market.runs("worse") == []


def test_a_lasting_change_leads_to_a_better_champion(market: Market) -> None:
    """A warning asks for one training run; its version wins on paired evidence and is promoted by one move."""
    market.until(lambda: len(market.champions("better")) == 2, "v2 is promoted")
    assert [m.value for m in market.champions("better")] == ["v1", "v2"]
    market.until(lambda: market.settled(["better"]), "everything is recorded")
    (run,) = market.runs("better")
    assert run.tags[tags.ATTEMPT] == "1"
    assert releases(market, "better") == {"v1": ReleaseState.RETIRED, "v2": ReleaseState.PROMOTED}


def test_a_bad_champion_is_rolled_back(market: Market, webhook: Receiver) -> None:
    """One move back to the last good version, one run that forecasts with it, the one left is known to be bad."""
    market.until(lambda: len(market.champions("bad")) == 3, "v2 is rolled back")
    assert [m.value for m in market.champions("bad")] == ["v1", "v2", "v1"]
    market.until(lambda: market.runs("bad") and market.settled(["bad"]), "it is forecast again")
    (run,) = market.runs("bad")
    assert run.status is DagsterRunStatus.SUCCESS
    assert [m.key for m in market.ledger.moves(PointerKind.BAD_VERSION)] == ["bad|v2"]
    assert_told_once(market, webhook, "bad", alerts=2)


def test_at_rest_nothing_happens_and_nothing_was_done_twice(market: Market, webhook: Receiver) -> None:
    """After two more ticks there is no further run, move or message; each run key, move and alert is there once."""
    market.until(market.settled, "everything is settled")
    before = market.counted()
    market.until_ticks(2)
    assert market.counted() == before
    market.assert_once(webhook, [*CHAINS, *MODELS])


def releases(market: Market, model: str) -> dict[str, ReleaseState]:
    """Version → the state of its last release."""
    return {r.version: r.state for r in market.ledger.find(Release, series=model)}


def assert_told_once(market: Market, webhook: Receiver, contract: str, alerts: int) -> None:
    """Every alert of *contract* arrived, under one key each."""
    told = {r.id for r in market.reactions(contract, ReactionKind.ALERT)}
    market.until(lambda: set(webhook.keys(contract)) == told, "every alert arrives")
    assert len(told) == alerts
    assert {len(keys) for keys in webhook.keys(contract).values()} == {1}
