"""Owns Stage: the project that the story plays on, in process, and everything that a person or the world does to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg

from assets.demo.calendar import morning
from qoa_platform.alerts import deliver
from qoa_platform.ledger.injections import plant, withdraw
from qoa_platform.loop import Ports, Reconciled
from qoa_platform.orchestration.inline import InlineRuns, settle
from qoa_platform.orchestration.lanes import project_ports
from qoa_platform.orchestration.outbox import report
from qoa_platform.reactions.commands import promote_by_force
from qoa_platform.reactions.progress import due_at
from qoa_platform.reactions.snapshot import read_snapshot
from qoa_platform.reactions.world import World
from qoa_platform.records import Fixed, Injection, ModelVersion, Params, Refused, Trial, Usage, short
from qoa_platform.workspace import Workspace

DAILY = ("retail/raw_day", "retail/sales_day", "retail/department_sales", "retail/forecast", "retail/scorecard")
TRAINING = ("retail/features", "retail/demand_model", "retail/backtest")
MODEL, FEED = "demand", "feed:retail/raw_day"
PERSON = "a person"

Watch = Callable[[date, Sequence[Reconciled]], None]


@dataclass(slots=True, kw_only=True)
class Stage:
    """The project, its runs in process, and its replay clock. *watch* sees every settling (to tell of it)."""

    workspace: Workspace
    instance: dg.DagsterInstance
    ports: Ports
    watch: Watch
    today: date
    runs: InlineRuns = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.ports.runs, InlineRuns):
            message = "the demo runs in process: make its ports with inline=True"
            raise TypeError(message)
        self.runs = self.ports.runs

    @classmethod
    def of(cls, workspace: Workspace, instance: dg.DagsterInstance, watch: Watch, today: date) -> "Stage":
        """The stage of a project, before anything happened."""
        ports = project_ports(workspace, inline=True, instance=instance)
        return cls(workspace=workspace, instance=instance, ports=ports, watch=watch, today=today)

    @property
    def world(self) -> World:
        """The ledger as the policy that releases the model sees it now."""
        clock = self.workspace.clock
        seen = read_snapshot(
            self.ports.ledger, graph=self.ports.graph, runs=self.runs.active(), at=clock.at(), wall=clock.wall()
        )
        return next(world for world in seen.worlds() if world.contract.release is not None)

    @property
    def champion(self) -> str | None:
        """The version in force."""
        return self.world.champion(MODEL)

    def tick(self, at: datetime) -> None:
        """Move the replay clock, never back."""
        if at > self.workspace.clock.at() or not self.workspace.clock.replayed:
            self.workspace.clock.set(at)

    def history(self, first: date, last: date) -> str:
        """Import every day from *first* to *last* in one run: judged, published or not, and without reactions."""
        span = (first.isoformat(), last.isoformat())
        return self.runs.execute(DAILY[:2], span=span, run_tags={"qoa/import": "history"})

    def look(self, first: date, last: date, *, imported: bool = True) -> str:
        """Measure the published days from *first* to *last* by every metric that applies, in one run."""
        span, run_tags = (first.isoformat(), last.isoformat()), {"qoa/import": "watched"} if imported else None
        return self.runs.execute(("retail/watched_day",), span=span, run_tags=run_tags)

    def freeze(self, first: date, last: date, name: str) -> None:
        """Freeze the watched days from *first* to *last* as a reference, as ``qoa contract freeze`` does."""
        contract = next(c for c in self.workspace.contracts() if c.name == "retail-watched")
        self.workspace.freeze(contract.subjects[0], first, last + timedelta(days=1), name=name)

    def materialize(self, when: date, assets: Sequence[str] = DAILY) -> str:
        """The daily run of *when*."""
        return self.runs.execute(assets, partition=when.isoformat())

    def train(
        self, *, recipe: str | None = None, run_tags: Mapping[str, str] | None = None, afresh: bool = False
    ) -> str:
        """A person's training run: features, a candidate of the model, and its backtest (*afresh*: of the sales too).

        Raises RuntimeError when it fails: the story cannot go on without it.
        """
        config: dict[str, Any] | None = None
        if recipe is not None:
            config = {"ops": {"retail__demand_model": {"config": {"recipe": recipe}}}}
        assets = ("retail/department_sales", *TRAINING) if afresh else TRAINING
        run = self.runs.execute(assets, run_tags=run_tags, config=config)
        failed = [t for t in self.ports.ledger.find(Trial, newest_first=True, limit=10) if t.run == run and t.error]
        if failed:
            message = f"the training run {run} failed: {failed[-1].asset}: {failed[-1].error}"
            raise RuntimeError(message)
        return run

    def vcpu_hour(self, times: float) -> float:
        """The USD per vCPU-hour at which the last training run would have cost *times* what the contract allows."""
        subject = self.world.contract.subject("training")
        promise = subject.promise("price") if subject else None
        allowed = promise.must.bound if promise is not None and isinstance(promise.must, Fixed) else 1.0
        trial = self.ports.ledger.find(Trial, series="retail/demand_model|all")[-1]
        usage = trial.usage or Usage(seconds=1.0)
        return times * allowed * 3600 / (max(usage.seconds, 0.001) * (usage.vcpus or 1.0))

    def settle(self) -> None:
        """Let the loop act until nothing is left to do, jumping to the next backoff; then tell those who wait."""
        while True:
            self.watch(self.today, settle(self.ports))
            deliver(
                self.ports.ledger, self.workspace.channels, at=self.workspace.clock.at(),
                wall=self.workspace.clock.wall(),
            )  # fmt: skip
            report(self.workspace, self.instance)
            world = self.world
            waits = [due for r in world.reactions if (due := due_at(world, r)) is not None]
            if not waits:
                return
            self.tick(min(waits))

    def play(self, when: date) -> None:
        """One day: its run at one o'clock of the next morning, then the loop."""
        self.begin(when)
        self.materialize(when)
        self.settle()

    def begin(self, when: date) -> None:
        """The clock of *when*'s processing."""
        self.today = when
        self.tick(morning(when))

    def plant(
        self, kind: str, *, day: date | None = None, since: date | None = None, times: int | None = 1,
        params: Params = (), reason: str,
    ) -> str:  # fmt: skip
        """Damage the feed, as ``qoa inject`` does; the key by which it is mended."""
        injection = Injection(
            target=FEED, kind=kind, partition=day.isoformat() if day else None,
            since=since.isoformat() if since else None, times=times, params=params, seed=7,
        )  # fmt: skip
        clock = self.workspace.clock
        return plant(self.ports.ledger, injection, actor=PERSON, reason=reason, at=clock.at(), wall=clock.wall())

    def mend(self, key: str) -> None:
        """End an injection."""
        clock = self.workspace.clock
        withdraw(self.ports.ledger, key, actor=PERSON, reason="mended", at=clock.at(), wall=clock.wall())

    def force(self, version: str, reason: str) -> None:
        """``qoa promote --force``: against the gate, recorded as such. Raises RuntimeError when the ledger refuses."""
        record = self.ports.ledger.last(ModelVersion, short("model_version", MODEL, version))
        if record is None:
            message = f"model {MODEL} has no version {version}"
            raise RuntimeError(message)
        asset = self.ports.graph.trainer(MODEL) or MODEL
        done = self.ports.ledger.commit(promote_by_force(self.world, record, asset, actor=PERSON, reason=reason))
        if isinstance(done, Refused):
            raise RuntimeError(done.reason)  # noqa: TRY004 (a refusal is no wrong type)
