"""Owns the small world of the failpoint tests: a project whose whole life can be begun again after every SIGKILL.

No Dagster instance: runs are files. What the world does (a day's run, a verdict) it does when it is not done yet, so
that ``life`` is the same program before and after a crash.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from qoa_platform.alerts import Channels, deliver
from qoa_platform.loop import Ports, reconcile
from qoa_platform.orchestration.publishing import Made, Work, publish
from qoa_platform.records import (
    Alert,
    Batch,
    Bounds,
    Graph,
    Key,
    ModelVersion,
    Move,
    Node,
    PointerKind,
    Reaction,
    ReactionKind,
    RunRequest,
    RunState,
    RunView,
    Severity,
    Status,
    Trial,
    TrialState,
    Verdict,
    Window,
)  # fmt: skip
from qoa_platform.workspace import Workspace, open_workspace

CONTRACTS = {
    "shop": """
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: me
subjects:
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: enough, metric: data.row_count, must: ">= 5 rows", severity: critical}
  stock:
    asset: shop/stock
    partition: day
    promises:
      - {id: volume, metric: data.row_count, must: ">= 10 rows"}
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: live, metric: model.wape, over: shop/scorecard, must: "<= 30 %", severity: critical}
presets:
  shop/features: [poor, medium, high]
policy:
  - {name: stop-bad-data, when: sales.* blocked, do: [quarantine, alert]}
  - {name: refetch, when: sales.* blocked, do: [{rerun: shop/sales, attempts: 3, backoff: 0 s}]}
  - {name: hold, when: stock.* violated, do: [hold], on_recovery: release}
  - {name: cheaper, when: stock.* violated, do: [{degrade: shop/features}], on_recovery: upgrade, cooldown: 7 d}
  - {name: back-out, when: demand.live violated, do: [{rollback: demand}, {rerun: shop/scorecard, attempts: 3}, alert]}
""",
    "price": """
apiVersion: qoa/v1
kind: QualityContract
name: price
version: 1
owner: me
subjects:
  level:
    asset: price/level
    partition: day
    promises:
      - {id: steady, metric: data.row_count, must: ">= 10 rows"}
  price:
    model: price
    asset: price/model
    promises:
      - {id: useful, metric: model.wape, over: price/backtest, must: "<= 50 %"}
  slow:
    model: slow
    asset: price/slow_model
    promises:
      - {id: useful, metric: model.wape, over: price/slow_backtest, must: "<= 50 %"}
  training:
    run: [price/slow_model]
    promises:
      - {id: too_slow, metric: resource.elapsed, must: "<= 5 min", severity: critical}
policy:
  - {name: relearn, when: level.* violated, do: [{retrain: slow, attempts: 3}], cooldown: 7 d}
  - {name: kill, when: training.too_slow violated, do: [{terminate: price/slow_model}, alert]}
release:
  model: price
  stages: [backtest, full]
  first: promises
  objective: {metric: model.wape, over: price/backtest, pair_by: [week], confidence: 95 %, margin: 0 %}
  inconclusive: wait
  rollback: {to: last_good, keep: 2}
""",
}
GRAPH = Graph(nodes=(
    Node(asset="shop/sales", partitioned=True),
    Node(asset="shop/stock", partitioned=True),
    Node(asset="shop/features", upstream=("shop/sales",)),
    Node(asset="shop/demand_model", upstream=("shop/features",), model="demand"),
    Node(asset="shop/scorecard", upstream=("shop/demand_model",)),
    Node(asset="price/level", partitioned=True),
    Node(asset="price/model", upstream=("price/level",), model="price"),
    Node(asset="price/backtest", upstream=("price/model",)),
    Node(asset="price/slow_model", upstream=("price/level",), model="slow"),
))  # fmt: skip
DAYS = 1
"""How many days ago the day was of which all this is about."""


@dataclass(slots=True)
class FileRuns:
    """An orchestrator that keeps a file per run and executes it here. A run whose process died has failed."""

    folder: Path
    execute: Callable[[RunRequest, str], bool | None]
    """Whether the run succeeds; ``None``: it hangs until it is ended."""

    def request(self, request: RunRequest, /) -> str | None:
        """Start the run of that key. Creating its file is what starts it: a second start of one key is an error."""
        run = request.key.replace(":", "-")
        path = self.folder / f"{run}.json"
        facts = {"key": request.key, "assets": request.assets, "partition": request.partition, "state": "running",
                 "reaction": request.reaction, "attempt": request.attempt}  # fmt: skip
        with path.open("x") as file:
            json.dump(facts, file)
        succeeded = self.execute(request, run)
        if succeeded is None:
            self._write(path, {**facts, "hangs": True})
        else:
            self._write(path, {**facts, "state": "succeeded" if succeeded else "failed"})
        return run

    def adopt_lost(self) -> None:
        """Fail the runs that died with the process that executed them."""
        for path, facts in self._all():
            if facts["state"] == "running" and not facts.get("hangs"):
                self._write(path, {**facts, "state": "failed"})

    def by_key(self, key: str, /) -> RunView | None:
        """The run of that key."""
        return next((v for v in self.views() if f"{v.reaction}:{v.attempt}" == key), None)

    def active(self) -> Sequence[RunView]:
        """The runs that are not over."""
        return [v for v in self.views() if v.state is RunState.RUNNING]

    def terminate(self, run: str, /) -> bool:
        """End a run; it is counted how often one was really ended."""
        path = self.folder / f"{run}.json"
        facts = json.loads(path.read_text())
        if facts["state"] != "running":
            return False
        self._write(path, {**facts, "state": "canceled", "ended": facts.get("ended", 0) + 1})
        return True

    def views(self) -> list[RunView]:
        """All runs."""
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        return [
            RunView(
                id=path.stem, state=RunState(facts["state"]), assets=tuple(facts["assets"]),
                partition=facts["partition"], reaction=facts["reaction"], attempt=facts["attempt"], started=hour_ago,
                ended=None if facts["state"] == "running" else datetime.now(UTC),
            )
            for path, facts in self._all()
        ]  # fmt: skip

    def _all(self) -> list[tuple[Path, dict[str, Any]]]:
        return [(path, json.loads(path.read_text())) for path in sorted(self.folder.glob("*.json"))]

    def _write(self, path: Path, facts: dict[str, object]) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(facts))
        draft.replace(path)


class FileNotifier:
    """A receiver that notes every receipt: under which idempotency key which alerts came."""

    name = "ops"

    def __init__(self, path: Path) -> None:
        self._path = path

    def notify(self, alert: Alert, /) -> None:
        """Append one line, whole or not at all."""
        receipt = json.dumps({"key": alert.key, "alerts": alert.details.get("keys", [alert.key])})
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, f"{receipt}\n".encode())
        os.close(file)


@dataclass(slots=True, kw_only=True)
class Life:
    """One life of the project in *root*: it ends by itself when nothing is left to do, or by SIGKILL."""

    root: Path
    workspace: Workspace
    runs: FileRuns

    @classmethod
    def of(cls, root: Path) -> "Life":
        """The life of the project in *root*; whoever lived it before is dead."""
        life = cls(root=root, workspace=open_workspace(root), runs=FileRuns(root / "runs", lambda *_: None))
        life.runs.execute = life.executed
        life.runs.adopt_lost()
        return life

    def live(self) -> None:
        """Everything that happens in this world, until nothing is left to do."""
        ledger, clock = self.workspace.ledger, self.workspace.clock
        channels = Channels({"ops": FileNotifier(self.root / "receipts")})
        ports = Ports(ledger=ledger, clock=clock, runs=self.runs, graph=GRAPH, sinks=("ops",))
        self.workspace.contracts()
        for _ in range(40):
            self.happens()
            done = reconcile(ports)
            for request in done.requests:
                self.runs.request(request)
            told = deliver(ledger, channels, at=clock.at(), wall=clock.wall())
            if done.idle and not done.requests and not told.deferred and not ledger.outbox("ops"):
                return
        message = "it never comes to rest"
        raise AssertionError(message)

    # ------------------------------------------------------------------------------------------ what the world does

    def happens(self) -> None:
        """The day's run, and verdicts that others wrote: each once."""
        ledger = self.workspace.ledger
        trials = [t for t in ledger.find(Trial) if t.run.startswith("daily")]
        if not any(t.state is not TrialState.STARTED for t in trials):
            self.publish(f"daily-{len(trials) + 1}", rows=2)
        known = {(v.key.subject, v.status) for v in ledger.find(Verdict)}
        for subject in ("stock", "level", "demand", "price"):
            if not known & {(subject, Status.VIOLATED), (subject, Status.SATISFIED)}:
                ledger.commit(Batch(records=(verdict(subject),)))
        applied = any(m.verb == "degrade" for m in ledger.moves(PointerKind.PRESET))
        if applied and ledger.moves(PointerKind.HOLD) and ("stock", Status.SATISFIED) not in known:
            ledger.commit(Batch(records=(replace(verdict("stock"), status=Status.SATISFIED),)))

    def publish(self, run: str, rows: int, cause: str | None = None) -> bool:
        """A run of the day's sales; whether they were published."""
        partition = window().partition
        work = Work(
            asset="shop/sales", partition=partition, window=window(), run=run, attempt=1, cause=cause, code="1",
            imported=False,
        )  # fmt: skip
        frame = pl.DataFrame({"amount": [float(n) for n in range(rows)]})
        done = publish(self.workspace, self.workspace.contracts(), work, (), lambda: Made(frame=frame))
        return done.digest is not None

    def executed(self, request: RunRequest, run: str) -> bool | None:
        """What a run does: fetch the day again, forecast again, or train: too long at first."""
        with (self.root / "executed").open("a") as file:
            file.write(f"{request.key}\n")
        reaction = self.workspace.ledger.last(Reaction, request.reaction)
        assert reaction is not None
        if reaction.kind is ReactionKind.RETRAIN:
            return None if request.attempt == 1 else True
        if "shop/sales" in request.assets:
            return self.publish(run, rows=9, cause=request.reaction)
        return True


def window() -> Window:
    """The day."""
    return Window.of_day((datetime.now(UTC) - timedelta(days=DAYS)).date())


def verdict(subject: str) -> Verdict:
    """A bad one (of ``price`` a good one): what somebody judged of the day."""
    at = datetime.now(UTC)
    contract = "price" if subject in ("price", "level") else "shop"
    promise, metric, version = {
        "stock": ("volume", "data.row_count", None), "level": ("steady", "data.row_count", None),
        "demand": ("live", "model.wape", "v2"), "price": ("objective", "model.wape", "v2"),
    }[subject]  # fmt: skip
    place = "release" if subject == "price" else subject
    good = subject == "price"
    evidence: dict[str, object] = {"champion": "v1", "low": 0.1, "high": 0.2} if good else {}
    return Verdict(
        key=Key(contract=contract, subject=place, promise=promise, version=version), window=window(),
        status=Status.SATISFIED if good else Status.VIOLATED,
        severity=Severity.CRITICAL if subject == "demand" else Severity.WARNING, metric=metric,
        value=0.1 if good else 1.0, n=12, bounds=Bounds(low=10.0), contract_version=1, contract_digest="0" * 64,
        data="a" * 64, evidence=evidence, at=at, wall=at,
    )  # fmt: skip


def write(root: Path) -> None:
    """The project: contracts in force, two versions of each model, of which the last (of price the first) reigns."""
    (root / "contracts").mkdir(parents=True)
    (root / "runs").mkdir()
    (root / "workspace.yaml").write_text("load_from: []\n")
    for name, text in CONTRACTS.items():
        (root / "contracts" / f"{name}.yaml").write_text(text)
    workspace = open_workspace(root)
    workspace.contracts()
    at = datetime.now(UTC) - timedelta(hours=2)
    for model, crowned in (("demand", ("v1", "v2")), ("price", ("v1",))):
        versions = [
            ModelVersion(model=model, version=v, artifact="0" * 64, trial=f"t {model} {v}", at=at, wall=at)
            for v in ("v1", "v2")
        ]
        workspace.ledger.commit(Batch(records=tuple(versions)))
        for generation, version in enumerate(crowned):
            move = Move(
                kind=PointerKind.ALIAS, key=f"{model}|champion", value=version, expected=generation, verb="promote",
                actor="a test", reason="because", at=at, wall=at,
            )  # fmt: skip
            workspace.ledger.commit(Batch(moves=(move,)))
    workspace.ledger.close()
