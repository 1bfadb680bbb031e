"""SIGKILL between claim, launch and record, of the code server, the daemon, ``qoa react``: nothing is lost or doubled.

The sensor's body runs in the code server, so that is where it dies at its failpoints; the daemon starts the runs.
"""

from collections.abc import Callable

import pytest
from dagster import DagsterRunStatus

from qoa_platform.records import Closing, OutcomeState, PointerKind, Reaction, ReactionKind
from tests.services.market import Market, run
from tests.services.receiver import Receiver

pytestmark = [pytest.mark.services, pytest.mark.faults, pytest.mark.timeout(900)]

SENSOR = [
    "perform.before_intent", "ledger.before_commit", "perform.after_intent", "ledger.after_commit",
    "perform.after_outcome", "outbox.before_send", "outbox.after_send", "sensor.before_request", "sensor.after_request",
]  # fmt: skip
"""Where a tick passes that takes up two bad days, in an order in which each place is still ahead in its turn."""
CHOSEN = ["perform.after_intent", "sensor.before_request", "sensor.after_request"]
"""Between claim, launch and record: what the gate has time for."""
REACTOR = [
    "perform.before_intent", "perform.after_intent", "perform.after_outcome", "outbox.before_send", "outbox.after_send"
]  # fmt: skip


def repaired(market: Market, webhook: Receiver, attempts: tuple[int, ...] = (1, 1)) -> None:
    """Wait until both bad days are repaired and told of, and count every effect; *attempts* at most for each day."""
    market.until(lambda: [e.closing for e in market.episodes("twice")] == [Closing.REPAIRED], "the episode ends")
    market.until(market.settled, "it is told")
    assert set(market.attempts("twice").values()) == {1}
    assert len(market.reactions("twice", ReactionKind.ALERT)) == 2
    for number, most in zip((6, 7), attempts, strict=True):
        mine = [r for r in market.runs("twice") if r.tags["dagster/partition"] == market.day(number)]
        assert 1 <= len(mine) <= most
        assert [r.status for r in mine].count(DagsterRunStatus.SUCCESS) == 1
        assert len(market.published("twice/clean", number)) == 1
        assert len(market.fetches("twice/raw", number)) <= 1 + most
    marks = [m.verb for m in market.ledger.moves(PointerKind.QUARANTINE) if m.key.startswith("twice/")]
    assert sorted(marks) == ["drop", "drop", "quarantine", "quarantine"]
    market.assert_once(webhook, ["twice"])


def killed_in_turn(market: Market, places: list[str]) -> None:
    """Start the code server once for every place, and wait each time until it has died there."""
    for place in places:
        market.serve(place)
        market.until(lambda: not market.server.alive, f"the code server dies at {place}")
        assert market.server.code == -9, market.server.said()


@pytest.mark.parametrize(
    "places", [pytest.param(CHOSEN, id="chosen"), pytest.param(SENSOR, id="every place", marks=pytest.mark.slow)]
)
def test_the_sensor_is_killed_between_claim_launch_and_record(
    copied: tuple[Market, Receiver], places: list[str]
) -> None:
    """The code server dies at each place in turn, within one recovery; started again it ends it: one run per key."""
    market, webhook = copied
    market.daemon.start()
    killed_in_turn(market, places)
    market.serve()
    repaired(market, webhook)


@pytest.mark.slow
def test_the_reactor_is_killed_and_the_daemon_goes_on(copied: tuple[Market, Receiver]) -> None:
    """``qoa react`` dies at each place in turn; then both lanes run together: one effect each, one key per alert."""
    market, webhook = copied
    for place in REACTOR:
        market.reactor.start(place)
        market.until(lambda: not market.reactor.alive, f"the reactor dies at {place}")
        assert market.reactor.code == -9, market.reactor.said()
    market.serve()
    market.daemon.start()
    market.reactor.start()
    repaired(market, webhook)


@pytest.mark.slow
def test_the_reactor_is_killed_at_the_rollback(copied: tuple[Market, Receiver]) -> None:
    """SIGKILL before and after the alias moves: it moves back once, and is forecast again by one run."""
    market, webhook = copied
    run(market.root, "materialize.py", "bad/forecast", "bad/scorecard")
    for place in (*REACTOR[:3], "perform.after_outcome:2", "outbox.after_send"):
        market.reactor.start(place)
        market.until(lambda: not market.reactor.alive, f"the reactor dies at {place}")
        assert market.reactor.code == -9, market.reactor.said()
    market.serve()
    market.daemon.start()
    market.reactor.start()
    market.until(lambda: back(market) and market.runs("bad") and market.settled(["bad", "twice"]), "it is over")
    assert [m.value for m in market.champions("bad")] == ["v1", "v2", "v1"]
    assert set(market.attempts("bad").values()) == {1}
    market.assert_once(webhook, ["bad", "twice"])


def back(market: Market) -> bool:
    """Whether the bad champion was rolled back."""
    return len(market.champions("bad")) == 3


def requested(market: Market) -> bool:
    """Whether a run is awaited, and nobody has started it."""
    return any((o := market.last(r)) is not None and o.state is OutcomeState.REQUESTED for r in reruns(market))


def reruns(market: Market) -> list[Reaction]:
    """The reruns of the two days."""
    return market.reactions("twice", ReactionKind.RERUN)


def started(*statuses: DagsterRunStatus) -> Callable[[Market], bool]:
    """Whether a run of a reaction is there in one of those states."""
    return lambda market: any(r.status in statuses for r in market.runs("twice"))


@pytest.mark.slow
def test_the_daemon_is_killed_and_started_again(copied: tuple[Market, Receiver]) -> None:
    """SIGKILL when a run is requested, when it is queued, when it is under way: each day is still fetched once more."""
    market, webhook = copied
    market.serve()
    moments: dict[str, Callable[[Market], bool]] = {
        "requested": requested,
        "queued": started(DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED),
        "started": started(DagsterRunStatus.STARTED, DagsterRunStatus.SUCCESS),
    }
    for name, moment in moments.items():
        market.daemon.start()
        market.until(lambda moment=moment: moment(market), f"a run is {name}")  # type: ignore[misc]
        market.daemon.kill()
    market.daemon.start()
    repaired(market, webhook)


@pytest.mark.slow
def test_the_code_server_is_killed_while_its_runs_go_on(copied: tuple[Market, Receiver]) -> None:
    """The processes of its runs outlive it and are adopted; one that was just being started may come once more."""
    market, webhook = copied
    market.serve()
    market.daemon.start()
    market.until(lambda: started(DagsterRunStatus.STARTED, DagsterRunStatus.SUCCESS)(market), "a run is under way")
    market.server.kill()
    market.serve()
    repaired(market, webhook, attempts=(2, 2))


@pytest.mark.slow
def test_a_power_cut_while_runs_are_under_way(copied: tuple[Market, Receiver]) -> None:
    """Every process dies at once; what was under way is known to be lost, and the next attempt repairs it."""
    market, webhook = copied
    for number in (6, 7):
        market.plant("run:twice/clean", "slow", number, seconds=120.0)
    market.serve()
    market.daemon.start()
    under_way = [DagsterRunStatus.STARTED] * 2
    market.until(lambda: [r.status for r in market.runs("twice")] == under_way, "both runs are under way")
    market.server.end()
    market.daemon.end()
    market.serve()
    market.daemon.start()
    repaired(market, webhook, attempts=(2, 2))


@pytest.mark.slow
def test_a_run_dies_between_its_pointer_and_dagsters_event(copied: tuple[Market, Receiver]) -> None:
    """The day is published and satisfied, so nothing is run again; Dagster hears of it from the outbox, once."""
    market, webhook = copied
    market.serve("publish.after_move:2")  # each run's raw day passes first, then its clean day
    market.daemon.start()
    market.until(lambda: [e.closing for e in market.episodes("twice")] == [Closing.REPAIRED], "the episode ends")
    market.until(lambda: market.settled(["twice"]), "it is told")
    assert [r.status for r in market.runs("twice")] == [DagsterRunStatus.FAILURE] * 2
    assert {str(market.last(r)) for r in reruns(market)} == {"applied(the window is satisfied meanwhile)"}
    for number in (6, 7):
        (move,) = market.published("twice/clean", number)
        assert market.materializations("twice/clean", number) == [move.value]
    market.assert_once(webhook, ["twice"])
