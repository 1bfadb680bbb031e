"""The reactor applies at once what needs no run, survives what goes wrong, and leaves runs to the sensor."""

import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.ledger import Store, champion, open_ledger
from qoa_platform.reactor import Reacted, react
from qoa_platform.records import Batch, Outcome, OutcomeState, PointerKind, Reaction, ReactionKind


def outcomes(ledger: Store) -> dict[str, list[str]]:
    """Kind of reaction → its states, in order."""
    known = ledger.find(Outcome, all_revisions=True)  # first: a reaction is there before its outcome
    kinds = {r.id: str(r.kind) for r in ledger.find(Reaction)}
    found: dict[str, list[str]] = {}
    for outcome in known:
        found.setdefault(kinds[outcome.reaction], []).append(str(outcome.state))
    return found


def until_there(look: Callable[[], bool], seconds: float = 20.0) -> float:
    """Wait until *look* is true; how long it took."""
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.005)
    return time.monotonic() - began


def after_one_round() -> Callable[[], bool]:
    """Lets a lane make one round."""
    answers = chain([False], repeat(True))
    return lambda: next(answers)


@pytest.fixture
def keys() -> Iterator[tuple[str, list[str]]]:
    """The URL of a real webhook, and the alerts it was told of, each always under one idempotency key."""
    found: list[str] = []
    under: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Idempotency-Key"]
            for alert in event["data"]["details"].get("keys", [key]):
                assert under.setdefault(alert, key) == key
                found.append(alert)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", found
        server.shutdown()
        thread.join()


def test_a_committed_verdict_is_reacted_to_in_another_process(
    tmp_path: Path, ledger: Store, shop: Any, child: Callable[..., Any], keys: tuple[str, list[str]]
) -> None:
    """Quarantine, hold, rollback and alert are applied; the rerun waits for the sensor; SIGTERM ends the lane."""
    shop.open_shop(ledger)
    lane = child("lane", tmp_path / "ledger.db", keys[0])
    assert lane.stdout.readline() == "ready\n"
    for subject in ("sales", "stock", "prices", "demand"):
        ledger.commit(Batch(records=(shop.verdict(subject),)))
    wanted = {"quarantine": ["applied"], "hold": ["applied"], "rollback": ["applied"], "rerun": ["requested"],
              "alert": ["applied", "applied"]}  # fmt: skip
    until_there(lambda: outcomes(ledger) == wanted)
    head = champion(ledger, "demand")
    assert head is not None
    assert head.value == "v1"
    assert ledger.pointer(PointerKind.HOLD, "asset:shop/stock") is not None
    until_there(lambda: len(keys[1]) == 2)
    assert set(keys[1]) == {r.id for r in ledger.find(Reaction) if r.kind is ReactionKind.ALERT}
    lane.send_signal(signal.SIGTERM)
    assert lane.wait(20) == 0
    rounds, applied, errors = lane.stdout.read().split(maxsplit=2)
    assert (int(applied), errors.strip()) == (6, "[]")
    assert int(rounds) < 20


def test_runs_are_launched_only_on_demand(ledger: Store, shop: Any) -> None:
    """``launch`` hands the requests to a Runs that executes here; without it nobody does."""
    shop.open_shop(ledger)
    ledger.commit(Batch(records=(shop.verdict("sales"),)))
    for launch in (False, True):
        runs = shop.NoRuns()
        done = react(shop.ports(ledger, runs), until=after_one_round(), launch=launch)
        assert (done.launched, [r.assets for r in runs.requested]) == (
            (1, [("shop/raw", "shop/sales")]) if launch else (0, [])
        )  # fmt: skip


def test_it_survives_what_one_round_meets(
    ledger: Store, shop: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rounds fail; they are logged, and the third applies what waited."""
    shop.open_shop(ledger)
    ledger.commit(Batch(records=(shop.verdict("stock"),)))
    ports = shop.ports(ledger)
    left = [OSError("disk"), RuntimeError("bug")]
    real = type(ports.runs).active

    def active(self: Any) -> Any:
        if left:
            raise left.pop(0)
        return real(self)

    monkeypatch.setattr(type(ports.runs), "active", active)
    with caplog.at_level(logging.ERROR, logger="qoa.reactor"):
        done = react(ports, until=lambda: outcomes(ledger).get("hold") == ["applied"])
    assert done.errors == ["OSError: disk", "RuntimeError: bug"]
    assert [r.getMessage() for r in caplog.records] == ["a round failed (1 in a row)", "a round failed (2 in a row)"]


def test_no_receiver_delays_a_reaction(ledger: Store, shop: Any) -> None:
    """A delivery that takes long, and one that always fails, run beside the rounds."""
    shop.open_shop(ledger)
    entered = threading.Event()

    def slow() -> None:
        entered.set()
        time.sleep(1.5)

    def failing() -> None:
        message = "no"
        raise OSError(message)

    done: list[Reacted] = []
    stop = threading.Event()
    lane = threading.Thread(target=lambda: done.append(react(shop.ports(ledger), [slow, failing], until=stop.is_set)))
    lane.start()
    assert entered.wait(10)
    ledger.commit(Batch(records=(shop.verdict("stock"),)))
    assert until_there(lambda: outcomes(ledger).get("hold") == ["applied"]) < 1
    stop.set()
    lane.join(20)
    assert set(done[0].errors) == {"OSError: no"}


def test_at_rest_it_does_nothing(ledger: Store, shop: Any) -> None:
    """Without a commit there is one round per *idle*, and it stops within a slice of being asked to."""
    shop.open_shop(ledger)
    end = time.monotonic() + 0.6
    done = react(shop.ports(ledger), until=lambda: time.monotonic() > end, idle=30)
    assert done.rounds == 1
    assert time.monotonic() - end < 1
    end = time.monotonic() + 0.6
    assert react(shop.ports(ledger), until=lambda: time.monotonic() > end, idle=0.1).rounds > 2


def test_an_older_contract_is_not_decided(ledger: Store, shop: Any) -> None:
    """A process that holds an older version than the one in force leaves it alone."""
    shop.open_shop(ledger)
    ledger.commit(Batch(records=(shop.verdict("stock"),)))
    react(shop.ports(ledger), until=after_one_round(), stale=lambda: ("shop",))
    assert outcomes(ledger) == {}


@pytest.mark.faults
def test_two_lanes_apply_everything_once(
    tmp_path: Path, ledger: Store, shop: Any, child: Callable[..., Any], keys: tuple[str, list[str]]
) -> None:
    """Two reactors, 12 episodes: every effect once, every alert under one key."""
    shop.open_shop(ledger)
    lanes = [child("lane", tmp_path / "ledger.db", keys[0]) for _ in range(2)]
    assert [lane.stdout.readline() for lane in lanes] == ["ready\n"] * 2
    for number in range(1, 7):
        for good in (False, True):
            ledger.commit(Batch(records=tuple(shop.verdict(s, good=good) for s in ("stock", "prices"))))
            count = 4 * number - (0 if good else 2)
            until_there(lambda: len(ledger.find(Outcome)) == count)  # noqa: B023 (asked at once)
    until_there(lambda: ledger.outbox("webhook:ops") == [])
    holds = [m.value for m in ledger.moves(PointerKind.HOLD)]
    assert [value is None for value in holds] == [False, True] * 6
    told = [r.id for r in ledger.find(Reaction) if r.kind is ReactionKind.ALERT]
    assert len(told) == 12
    assert sorted(set(keys[1])) == sorted(told)
    states = [o.state for o in ledger.find(Outcome, all_revisions=True)]
    assert states == [OutcomeState.APPLIED] * 24


@pytest.mark.faults
@pytest.mark.parametrize(
    "place", ["perform.after_intent", "ledger.before_commit:2", "perform.after_outcome", "outbox.after_send"]
)
def test_a_killed_lane_is_picked_up(
    tmp_path: Path, shop: Any, child: Callable[..., Any], keys: tuple[str, list[str]], place: str
) -> None:
    """SIGKILL anywhere between verdict and receipt; the next lane ends it: one hold, one outcome, one key."""
    location = tmp_path / "ledger.db"
    with open_ledger(location) as ledger:
        shop.open_shop(ledger)
        ledger.commit(Batch(records=(shop.verdict("stock"), shop.verdict("prices"))))
        first = child("lane", location, keys[0], QOA_FAILPOINT=place)
        assert first.wait(60) == -signal.SIGKILL
        child("lane", location, keys[0])
        wanted = {"hold": ["applied"], "alert": ["applied"]}
        until_there(lambda: outcomes(ledger) == wanted and ledger.outbox("webhook:ops") == [])
        assert len(ledger.moves(PointerKind.HOLD)) == 1
        assert set(keys[1]) == {r.id for r in ledger.find(Reaction) if r.kind is ReactionKind.ALERT}
