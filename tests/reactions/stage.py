"""Owns the stage of the reaction tests: a real ledger, a clock that is moved by hand, and runs that end when told."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from qoa_platform.ledger import Store, open_ledger
from qoa_platform.loop import Ports, Reconciled, reconcile
from qoa_platform.reactions.decide import decide
from qoa_platform.reactions.enacting import enact
from qoa_platform.reactions.snapshot import read_snapshot
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Batch,
    Choice,
    Committed,
    Contract,
    Episode,
    Fixed,
    Graph,
    Key,
    Margin,
    MarginKind,
    ModelVersion,
    Move,
    Node,
    Objective,
    Operator,
    Outcome,
    Plan,
    PointerKind,
    Presets,
    Promise,
    Reaction,
    ReactionKind,
    Reason,
    ReleasePolicy,
    Role,
    Rule,
    RunRequest,
    RunState,
    RunView,
    Severity,
    Stakeholder,
    Status,
    Step,
    Subject,
    SubjectKind,
    Verdict,
    When,
    WhenStatus,
    Window,
    digest,
    gates,
)  # fmt: skip
from qoa_platform.records import (
    Stage as ReleaseStage,
)

R = TypeVar("R")

START = datetime(2017, 10, 5, 6, tzinfo=UTC)
"""When every test begins: the day before is the partition that is judged first."""
DAY = timedelta(days=1)
MUST = Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %")
CHEAP = Fixed(operator=Operator.LE, bound=1e9, text="<= 1e9")
"""So loose that only a verdict made by a test breaks it, never one that the loop makes of a run."""
RAW, SALES, FEATURES, MODEL, BACKTEST, FORECAST = (
    "retail/raw_day", "retail/sales_day", "retail/features", "retail/demand_model", "retail/backtest",
    "retail/forecast",
)  # fmt: skip
GRAPH = Graph(
    nodes=(
        Node(asset=RAW, partitioned=True),
        Node(asset=SALES, upstream=(RAW,), partitioned=True),
        Node(asset=FEATURES, upstream=(SALES,)),
        Node(asset=MODEL, upstream=(FEATURES,), model="demand"),
        Node(asset=BACKTEST, upstream=(MODEL, FEATURES)),
        Node(asset=FORECAST, upstream=(FEATURES,)),
        Node(asset="retail/scorecard", upstream=(FORECAST, SALES)),
    )
)
RELEASE = ReleasePolicy(
    model="demand", stages=(ReleaseStage(name="backtest"), ReleaseStage(name="full")), max_samples=3,
    objective=Objective(metric="model.wape", over=BACKTEST, margin=Margin(kind=MarginKind.RELATIVE, value=0.0)),
)  # fmt: skip


def promise(id_: str, **given: object) -> Promise:
    """A promise of that id: 99 % of something, critical unless *given* otherwise."""
    values: dict[str, object] = {"metric": "data.completeness", "must": MUST, "severity": Severity.CRITICAL}
    return Promise(id=id_, **{**values, **given})  # type: ignore[arg-type]


SUBJECTS = (
    Subject(
        id="sales", kind=SubjectKind.ASSET, asset=SALES, partition="day",
        promises=(
            promise("complete"), promise("volume"), promise("steady", severity=Severity.WARNING, streak=3),
            promise("known", severity=Severity.WARNING),
        ),
    ),
    Subject(
        id="demand", kind=SubjectKind.MODEL, model="demand", asset=MODEL,
        promises=(promise("useful", over=BACKTEST), promise("live", over="retail/scorecard")),
    ),
    Subject(
        id="training", kind=SubjectKind.RUN, run=(FEATURES, MODEL),
        promises=(
            promise("price", metric="cost.usd", must=CHEAP, severity=Severity.WARNING),
            promise("too_slow", metric="resource.elapsed", must=CHEAP),
        ),
    ),
    Subject(id="coupons", kind=SubjectKind.SERVICE, service="coupons", promises=(promise("up"),)),
)  # fmt: skip


def when(text: str, streak: int | timedelta = 1, severity: Severity | None = None) -> When:
    """``sales.volume violated``, ``sales.* blocked``, ``any unknown(no_data|stale)``."""
    place, _, said = text.partition(" ")
    subject, _, name = place.partition(".")
    status, _, reasons = said.partition("(")
    found = tuple(Reason(r) for r in reasons.rstrip(")").split("|") if r)
    return When(
        subject=None if subject == "any" else subject, promise=None if name in ("", "*") else name,
        status=WhenStatus(status), reasons=found, severity=severity, streak=streak, text=text,
    )  # fmt: skip


def step(kind: ReactionKind | str, target: str | None = None, **given: object) -> Step:
    """``{rerun: retail/raw_day, attempts: 3}``."""
    return Step(kind=ReactionKind(kind), target=target, **given)  # type: ignore[arg-type]


def rule(name: str, on: str | When, *steps: Step | str, **given: object) -> Rule:
    """A rule of the policy."""
    made = tuple(s if isinstance(s, Step) else step(s) for s in steps)
    return Rule(name=name, when=on if isinstance(on, When) else when(on), steps=made, **given)  # type: ignore[arg-type]


def contract(*policy: Rule, version: int = 1, **given: object) -> Contract:
    """The retail contract with that policy, and a digest of its content."""
    values: dict[str, object] = {
        "name": "retail", "owner": "demand-planning", "runbook": "docs/runbooks/retail.md",
        "stakeholders": (
            Stakeholder(name="demand-planning", role=Role.ML_CONSUMER),
            Stakeholder(name="sales-feed", role=Role.DATA_PROVIDER),
            Stakeholder(name="ml-team", role=Role.ML_PROVIDER),
        ),
        "subjects": SUBJECTS, "presets": (Presets(asset=FEATURES, names=("poor", "medium", "high")),),
    }  # fmt: skip
    made = Contract(version=version, policy=policy, **{**values, **given})  # type: ignore[arg-type]
    return replace(made, digest=digest(made))


def day(number: int) -> Window:
    """Day 0 is 4 October 2017, the last that was over when a test begins."""
    return Window.of_day((START - DAY).date() + number * DAY)


def verdict(
    place: str, window: Window, status: Status | Reason | str, *, at: datetime = START, wall: datetime | None = None,
    data: str | None = "", group: str | None = None, version: str | None = None, severity: Severity | None = None,
    blocks: bool | None = None, under: str = "1" * 64, **given: object,
) -> Verdict:  # fmt: skip
    """A verdict on ``subject.promise``; a reason stands for unknown(reason). It gates where the promise would."""
    subject, _, name = place.partition(".")
    reason = Reason(status) if status in set(Reason) else None
    found = Status.UNKNOWN if reason else Status(status)
    held = next((p for s in SUBJECTS if s.id == subject for p in s.promises if p.id == name), None)
    how = severity or (held.severity if held else Severity.CRITICAL)
    asset = subject == "sales" and group is None
    return Verdict(
        key=Key(contract="retail", subject=subject, promise=name, group=group, version=version),
        window=window,
        status=found,
        reason=reason,
        severity=how,
        metric="data.completeness",
        value=None if reason else 0.5,
        n=100,
        blocks=(gates(how, found, reason) and asset) if blocks is None else blocks,
        contract_version=1,
        contract_digest=under,
        data=digest(place, str(window)) if data == "" else data,
        at=at,
        wall=wall or at,
        **given,  # type: ignore[arg-type]
    )


@dataclass(slots=True)
class Hand:
    """A clock that is moved by hand; ``wall`` runs along with ``at``, or (*replay*) on its own, a second a look."""

    now: datetime = START
    replay: bool = False
    looks: int = 0

    def at(self) -> datetime:
        return self.now

    def wall(self) -> datetime:
        if not self.replay:
            return self.now
        self.looks += 1
        return START + timedelta(days=3_000, seconds=self.looks)


@dataclass(slots=True)
class Runs:
    """An orchestrator in memory: a request starts a run, which ends when it is told to. A key starts one run only."""

    clock: Hand
    runs: dict[str, RunView] = field(default_factory=dict)
    launched: list[RunRequest] = field(default_factory=list)

    def request(self, request: RunRequest, /) -> str | None:
        if request.key in self.runs:
            return self.runs[request.key].id
        self.launched.append(request)
        run = f"run-{len(self.runs) + 1}"
        self.runs[request.key] = RunView(
            id=run, state=RunState.RUNNING, assets=request.assets, partition=request.partition,
            reaction=request.reaction, attempt=request.attempt, started=self.clock.wall(),
        )  # fmt: skip
        return run

    def by_key(self, key: str, /) -> RunView | None:
        return self.runs.get(key)

    def active(self) -> Sequence[RunView]:
        return [r for r in self.runs.values() if r.state in (RunState.QUEUED, RunState.RUNNING)]

    def terminate(self, run: str, /) -> bool:
        mine = [key for key, view in self.runs.items() if view.id == run and view in self.active()]
        return sum(self.end(key, RunState.CANCELED) for key in mine) > 0

    def start(self, assets: tuple[str, ...], partition: str | None = None) -> RunView:
        """A run that no reaction asked for."""
        run = f"run-{len(self.runs) + 1}"
        self.runs[run] = RunView(
            id=run, state=RunState.RUNNING, assets=assets, partition=partition, started=self.clock.wall()
        )
        return self.runs[run]

    def end(self, key: str, state: RunState, *, by_person: bool = False) -> bool:
        """The run of that key ends so."""
        self.runs[key] = replace(self.runs[key], state=state, ended=self.clock.wall(), by_person=by_person)
        return True

    def forget(self, key: str) -> None:
        """The orchestrator lost the run."""
        del self.runs[key]


class Scene:
    """One project: the ledger, the contract in force, and the loop over them."""

    def __init__(self, folder: Path, held: Contract, graph: Graph = GRAPH) -> None:
        self.ledger: Store = open_ledger(folder / "ledger.db")
        self.clock = Hand()
        self.runs = Runs(self.clock)
        self.ports = Ports(ledger=self.ledger, clock=self.clock, runs=self.runs, graph=graph, sinks=("log",))
        self.enact(held)

    def enact(self, held: Contract) -> None:
        """Offer a contract."""
        self.contract = held
        enact(self.ledger, held, at=self.clock.at(), wall=self.clock.wall(), actor="test")

    def later(self, by: timedelta) -> None:
        """Time goes by."""
        self.clock.now += by

    def commit(self, batch: Batch) -> Committed:
        """Write; a refusal fails the test."""
        done = self.ledger.commit(batch)
        assert isinstance(done, Committed), done
        return done

    def judge(self, place: str, window: Window, status: Status | Reason | str, **given: object) -> Verdict:
        """A verdict, now."""
        now = {"at": self.clock.at(), "wall": self.clock.wall()}
        made = verdict(place, window, status, under=self.contract.digest, **now, **given)  # type: ignore[arg-type]
        self.commit(Batch(records=(made,)))
        return made

    def reconcile(self, *, launch: bool = True) -> Reconciled:
        """One tick: reconcile, and start the runs that are wanted, as the sensor does."""
        done = reconcile(self.ports)
        for request in done.requests if launch else ():
            self.runs.request(request)
        return done

    def world(self) -> World:
        """The contract's world as the ledger stands."""
        snapshot = read_snapshot(
            self.ledger, graph=self.ports.graph, runs=self.runs.active(), at=self.clock.at(), wall=self.clock.wall()
        )
        return next(w for w in snapshot.worlds() if w.contract.name == self.contract.name)

    def plan(self) -> Plan:
        """What would be decided now."""
        return decide(self.world())

    def choices(self, kind: ReactionKind | str) -> list[Choice]:
        """The choices about steps of that kind."""
        return [c for c in self.plan().choices if c.kind is ReactionKind(kind)]

    def episodes(self) -> list[Episode]:
        """All episodes in their last revision, in the order in which they opened."""
        return self.ledger.find(Episode)

    def reactions(self, kind: ReactionKind | str | None = None) -> list[Reaction]:
        """All reactions (of that kind) in their last revision."""
        found = self.ledger.find(Reaction)
        return [r for r in found if kind is None or r.kind is ReactionKind(kind)]

    def outcome(self, reaction: Reaction) -> Outcome:
        """The last outcome of a reaction."""
        return self.ledger.find(Outcome, series=reaction.id)[-1]

    def said(self, kind: ReactionKind | str) -> list[str]:
        """The last outcome of every reaction of that kind, as text."""
        return [str(self.outcome(r)) for r in self.reactions(kind)]

    def alerts(self) -> list[str]:
        """The titles in the outbox of the log, oldest first."""
        return [str(e.data["title"]) for _, e in self.ledger.outbox("log")]

    def point(self, kind: PointerKind, key: str, value: str | None, verb: str = "test") -> None:
        """Somebody moves a pointer."""
        head = self.ledger.pointer(kind, key)
        move = Move(
            kind=kind, key=key, value=value, expected=head.generation if head else 0, verb=verb, actor="person",
            reason="because", at=self.clock.at(), wall=self.clock.wall(),
        )  # fmt: skip
        self.commit(Batch(moves=(move,)))

    def value(self, kind: PointerKind, key: str) -> str | None:
        """What a pointer names."""
        head = self.ledger.pointer(kind, key)
        return head.value if head else None

    def train(self, version: str) -> None:
        """A version of the model demand is there."""
        made = ModelVersion(
            model="demand", version=version, artifact=digest(version), trial="t", at=self.clock.at(),
            wall=self.clock.wall(),
        )  # fmt: skip
        self.commit(Batch(records=(made,)))

    def champion(self, version: str) -> None:
        """A person makes *version* champion."""
        self.point(PointerKind.ALIAS, "demand|champion", version, "promote")
