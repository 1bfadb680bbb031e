"""Owns Market: the small project in a folder of its own, its processes, and the effects that can be counted outside."""

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import dagster as dg
import grpc
import yaml
from dagster import DagsterRun, RunsFilter
from dagster._core.scheduler.instigation import TickStatus

from qoa_platform.cli.dagster_home import SETTINGS
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.ledger.injections import plant
from qoa_platform.orchestration import tags
from qoa_platform.records import Episode, Injection, Move, Outcome, PointerKind, Reaction, ReactionKind, Trial
from tests.services.processes import Service, environment, free_port
from tests.services.receiver import Receiver

T = TypeVar("T")
PARTS = Path(__file__).with_name("project")
CHAINS, MODELS = ("once", "twice", "stubborn"), ("better", "worse", "bad")
PATIENCE = 150.0
"""Seconds that a test waits for what must come; on a machine with nothing else to do it comes within 30."""


def write(root: Path) -> Path:
    """The project on disk, not yet seeded."""
    for folder in ("assets", "contracts", ".dagster"):
        (root / folder).mkdir(parents=True)
    (root / "assets" / "__init__.py").write_text('"""The market\'s assets."""\n')
    shutil.copy(PARTS / "definitions.py", root / "assets" / "definitions.py")
    for kind, names in (("chain", CHAINS), ("model", MODELS)):
        (root / f"{kind}s").write_text(" ".join(names))
        for name in names:
            text = (PARTS / f"{kind}.yaml").read_text().replace("NAME", name)
            (root / "contracts" / f"{name}.yaml").write_text(text)
    (root / "first_day").write_text((datetime.now(UTC).date() - timedelta(days=8)).isoformat())
    place = {"module_name": "assets.definitions", "location_name": "market", "working_directory": "."}
    (root / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"python_module": place}]}))
    (root / ".dagster" / "dagster.yaml").write_text(SETTINGS)
    return root


def seed(root: Path) -> Path:
    """The project with a past."""
    run(root, "seed.py")
    return root


def run(root: Path, program: str, *arguments: str) -> None:
    """Run one of the project's programs in a process of its own."""
    command = [sys.executable, str(PARTS / program), *arguments]
    done = subprocess.run(
        command, cwd=root, env=environment(root), capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(slots=True, kw_only=True)
class Market:
    """A seeded project. *server*, *daemon* and *reactor* are its processes; nothing runs until it is started."""

    root: Path
    server: Service = field(init=False)
    daemon: Service = field(init=False)
    reactor: Service = field(init=False)
    instance: dg.DagsterInstance = field(init=False)
    ledger: Store = field(init=False)
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.port = free_port()
        module = ("--module-name", "assets.definitions", "--working-directory", str(self.root))
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        self.server = Service(self.root, "server", "dagster", "api", "grpc", *module, *address)
        self.daemon = Service(self.root, "daemon", "dagster._daemon", "run", "-w", "daemon.yaml")
        self.reactor = Service(self.root, "reactor", "qoa_platform.cli", "react", "--idle", "1")
        place = {"host": "127.0.0.1", "port": self.port, "location_name": "market"}
        (self.root / "daemon.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": place}]}))
        self.instance = dg.DagsterInstance.from_config(str(self.root / ".dagster"))
        self.ledger = open_ledger(self.root / ".qoa" / "ledger.db")

    def hears(self, url: str) -> None:
        """Alerts go to the webhook at *url*."""
        channel = {"name": "ops", "kind": "webhook", "url": url, "allow_private": True}
        (self.root / "alerts.yaml").write_text(yaml.safe_dump({"channels": [channel]}))

    def serve(self, failpoint: str | None = None) -> None:
        """Start the code server and wait until it answers (or has died at *failpoint*)."""
        self.server.start(failpoint)
        self.until(lambda: self._answers() or not self.server.alive, "the code server answers")

    def _answers(self) -> bool:
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=0.3)
            except grpc.FutureTimeoutError:
                return False
        return True

    def close(self) -> None:
        """End every process."""
        for service in (self.reactor, self.daemon, self.server):
            service.end()
        self.instance.dispose()
        self.ledger.close()

    def until(self, look: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
        """Wait until *look* is true; how long it took."""
        began = time.monotonic()
        while not look():
            if time.monotonic() - began > seconds:
                message = f"{what}: not within {seconds:.0f} s\n{self.told()}"
                raise AssertionError(message)
            time.sleep(0.1)
        return time.monotonic() - began

    def until_found(self, look: Callable[[], list[T]], what: str) -> list[T]:
        """Wait until *look* finds something; what it found."""
        self.until(look, what)
        return look()

    def until_ticks(self, count: int) -> None:
        """Wait until the reconcile sensor has ticked *count* times more."""
        before = self.ticks()
        self.until(lambda: self.ticks() >= before + count, f"{count} more ticks")

    def ticks(self) -> int:
        """How many ticks of the reconcile sensor have ended without an error."""
        states = [s for s in self.instance.all_instigator_state() if s.instigator_name == "quality"]
        ended = [TickStatus.SKIPPED, TickStatus.SUCCESS]
        return sum(len(self.instance.get_ticks(s.instigator_origin_id, s.selector_id, statuses=ended)) for s in states)

    # ----------------------------------------------------------------------------------------- what the world does

    def day(self, number: int) -> str:
        """The day with that number: 1 to 5 are history, 8 is yesterday."""
        first = date.fromisoformat((self.root / "first_day").read_text())
        return (first + timedelta(days=number - 1)).isoformat()

    def arrive(self, key: str, *assets: str, number: int | None = None, config: object = None) -> None:
        """A run that is due: of *assets*, of the day with that number."""
        order = {"key": key, "assets": assets, "partition": self.day(number) if number else None, "config": config}
        with (self.root / "arrivals").open("a") as file:
            file.write(json.dumps(order) + "\n")

    def plant(self, target: str, kind: str, number: int, **params: float) -> None:
        """A fault that the next run of that day meets."""
        now = datetime.now(UTC)
        fault = Injection(target=target, kind=kind, partition=self.day(number), params=tuple(params.items()))
        plant(self.ledger, fault, actor="a test", reason="to see", at=now, wall=now)

    def everything_arrives(self) -> None:
        """Every trigger of the story at once."""
        self.arrive("once", "once/raw", "once/clean", "once/total", number=8)
        self.arrive("stubborn", "stubborn/raw", "stubborn/clean", "stubborn/total", number=7)
        self.arrive("better", "better/trend")
        self.arrive(
            "worse", "worse/model", "worse/backtest", config={"ops": {"worse__model": {"config": {"error": 0.4}}}}
        )
        self.arrive("bad", "bad/forecast", "bad/scorecard")

    # ------------------------------------------------------------------------- effects, counted where they take place

    def runs(self, contract: str) -> list[DagsterRun]:
        """The runs that reactions of *contract* asked for, as Dagster has them, oldest first."""
        ours = {r.id for r in self.ledger.find(Reaction) if r.contract == contract}
        found = [r for r in self.instance.get_runs() if r.tags.get(tags.REACTION) in ours]
        return found[::-1]

    def attempts(self, contract: str) -> Counter[str]:
        """Run key → how many runs carry it."""
        return Counter(r.tags[tags.KEY] for r in self.runs(contract))

    def arrived(self, key: str) -> DagsterRun | None:
        """The run of an order, once it has ended."""
        found = self.instance.get_runs(RunsFilter(tags={"market/order": key}))
        assert len(found) <= 1
        return found[0] if found and found[0].is_finished else None

    def fetches(self, asset: str, number: int) -> list[str]:
        """The runs that fetched that day, each as often as it did."""
        lines = (self.root / "fetches").read_text().splitlines()
        return [run for place, run in map(str.split, lines) if place == f"{asset}/{self.day(number)}"]

    def published(self, asset: str, number: int) -> list[Move]:
        """Every move of a day's pointer."""
        return self.ledger.moves(PointerKind.PUBLISHED, key=f"{asset}|{self.day(number)}")

    def materializations(self, asset: str, number: int) -> list[str]:
        """The data versions that Dagster was told of a day, newest first."""
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset.split("/")), asset_partitions=[self.day(number)])
        found = [r.asset_materialization for r in self.instance.fetch_materializations(wanted, limit=20).records]
        return [(m.tags or {})["dagster/data_version"] for m in found if m is not None]

    def champions(self, model: str) -> list[Move]:
        """Every move of the alias champion."""
        return self.ledger.moves(PointerKind.ALIAS, key=f"{model}|champion")

    def episodes(self, contract: str) -> list[Episode]:
        """The episodes of a contract."""
        return [e for e in self.ledger.find(Episode) if e.key.contract == contract]

    def reactions(self, contract: str, kind: ReactionKind) -> list[Reaction]:
        """The reactions of a contract of one kind."""
        return [r for r in self.ledger.find(Reaction) if r.contract == contract and r.kind is kind]

    def last(self, reaction: Reaction) -> Outcome | None:
        """The last outcome of a reaction."""
        found = self.ledger.find(Outcome, series=reaction.id)
        return found[-1] if found else None

    def settled(self, contracts: Iterable[str] = (*CHAINS, *MODELS)) -> bool:
        """Whether every reaction has come to its end, every episode was told of and nothing waits to be delivered."""
        names = set(contracts)
        last = {o.reaction: o for o in self.ledger.find(Outcome)}
        mine = [r for r in self.ledger.find(Reaction) if r.contract in names]
        over = all(r.id in last and last[r.id].final for r in mine)
        return over and not self.ledger.outbox("webhook:ops") and not self.ledger.outbox("dagster")

    def counted(self) -> dict[str, int]:
        """How much of everything there is."""
        ledger = self.ledger
        moves = sum(len(ledger.moves(kind)) for kind in PointerKind)
        return {
            "runs": self.instance.get_runs_count(), "moves": moves, "reactions": len(ledger.find(Reaction)),
            "outcomes": len(ledger.find(Outcome, all_revisions=True)), "trials": len(ledger.find(Trial)),
        }  # fmt: skip

    def assert_once(self, webhook: Receiver, contracts: Iterable[str]) -> None:
        """Each run key has one run, each reaction moved each pointer once, each alert arrived under one key."""
        for contract in contracts:
            assert set(self.attempts(contract).values()) <= {1}
            alerts = {r.id for r in self.reactions(contract, ReactionKind.ALERT)}
            keys = webhook.keys(contract)
            assert set(keys) == alerts, webhook.titles
            assert all(len(found) == 1 for found in keys.values())
        moves = Counter((m.kind, m.key, m.reaction) for k in PointerKind for m in self.ledger.moves(k) if m.reaction)
        taken = {PointerKind.INJECTION}  # a fault names who met it
        assert {n for (kind, _, _), n in moves.items() if kind not in taken} <= {1}
        for kind in PointerKind:
            for head in self.ledger.pointers(kind):
                history = self.ledger.moves(kind, key=head.key)
                assert [m.generation for m in history] == list(range(1, len(history) + 1))
                assert history[-1].value == head.value
        assert self.ledger.verify() == []

    def told(self) -> str:
        """What stands where, for a test that fails."""
        last = {o.reaction: o for o in self.ledger.find(Outcome)}
        lines = [f"{r.contract} {r.kind} {r.target}: {last.get(r.id)}" for r in self.ledger.find(Reaction)]
        lines += [
            f"run {r.status} {sorted(map(str, r.asset_selection or ()))} {r.tags}" for r in self.instance.get_runs()
        ]
        logs = [f"==== {s.name} ({s.code})\n{s.said()}" for s in (self.server, self.daemon, self.reactor)]
        return "\n".join([*lines, *logs])
