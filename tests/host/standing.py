"""Owns Standing: an open project with its runs in process, and short ways to ask what became of things."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg
from dagster import DagsterEvent, DagsterEventType, DagsterRun

from qoa_platform.ledger.injections import plant
from qoa_platform.loop import Ports, Reconciled
from qoa_platform.orchestration.inline import InlineRuns, settle
from qoa_platform.reactions.progress import due_at
from qoa_platform.reactions.snapshot import read_snapshot
from qoa_platform.reactions.world import World
from qoa_platform.records import Injection, Outcome, PointerKind, Reaction, ReactionKind, Trial, Verdict
from qoa_platform.workspace import Workspace

NOBODY = "a test"


@dataclass(slots=True, kw_only=True)
class Standing:
    """A project whose runs are executed here and now, on a replay clock."""

    workspace: Workspace
    instance: dg.DagsterInstance
    ports: Ports
    repository: dg.RepositoryDefinition

    @property
    def runs(self) -> InlineRuns:
        """The runs in process."""
        assert isinstance(self.ports.runs, InlineRuns)
        return self.ports.runs

    @property
    def ledger(self) -> Any:
        """The project's ledger."""
        return self.workspace.ledger

    @property
    def world(self) -> World:
        """The ledger as the contract's policy sees it now."""
        clock = self.workspace.clock
        active = self.runs.active()
        seen = read_snapshot(self.ledger, graph=self.ports.graph, runs=active, at=clock.at(), wall=clock.wall())
        return next(iter(seen.worlds()))

    def tick(self, at: datetime) -> None:
        """Move the replay clock, never back."""
        if not self.workspace.clock.replayed or at > self.workspace.clock.at():
            self.workspace.clock.set(at)

    def run(
        self, *assets: str, partition: str | None = None, span: tuple[str, str] | None = None,
        tags: Mapping[str, str] | None = None, config: Mapping[str, Any] | None = None,
    ) -> DagsterRun:  # fmt: skip
        """Materialize *assets*; the run, however it ended."""
        run = self.runs.execute(assets, partition=partition, span=span, run_tags=tags, config=config)
        return self.run_of(run)

    def run_of(self, run: str) -> DagsterRun:
        """The run as Dagster tells it."""
        found = self.instance.get_run_by_id(run)
        assert found is not None
        return found

    def settle(self) -> list[Reconciled]:
        """Let the loop act until nothing is left to do, jumping to the next backoff."""
        done: list[Reconciled] = []
        while True:
            done += settle(self.ports)
            world = self.world
            waits = [due for r in world.reactions if (due := due_at(world, r)) is not None]
            if not waits:
                return done
            self.tick(min(waits))

    def plant(self, target: str, kind: str, partition: str | None = None, **more: Any) -> str:
        """Plant a fault, as ``qoa inject`` does."""
        injection = Injection(target=target, kind=kind, partition=partition, **more)
        clock = self.workspace.clock
        return plant(self.ledger, injection, actor=NOBODY, reason="to see", at=clock.at(), wall=clock.wall())

    # ------------------------------------------------------------------------------------------ what the ledger says

    def published(self, asset: str, partition: str = "all") -> str | None:
        """The digest that is published."""
        return self.workspace.published(asset).get(partition)

    def verdicts(self, promise: str | None = None, partition: str | None = None) -> list[Verdict]:
        """All verdicts of the whole, oldest first."""
        return [
            v
            for v in self.ledger.find(Verdict)
            if v.key.group is None
            and promise in (None, v.key.promise)
            and partition in (None, v.window.partition if v.window.is_day else "all")
        ]

    def said(self, partition: str | None = None) -> dict[str, str]:
        """Promise → its current verdict, as text."""
        return {v.key.promise: str(v) for v in self.verdicts(partition=partition)}

    def trial(self, asset: str, partition: str = "all") -> Trial:
        """The newest trial."""
        found: list[Trial] = self.ledger.find(Trial, series=f"{asset}|{partition}")
        return found[-1]

    def trials(self, asset: str, partition: str = "all") -> list[Trial]:
        """All trials, oldest first, each in its last revision."""
        found: list[Trial] = self.ledger.find(Trial, series=f"{asset}|{partition}")
        return found

    def reactions(self, kind: ReactionKind | None = None) -> list[Reaction]:
        """All reactions, or those of one *kind*."""
        return [r for r in self.ledger.find(Reaction) if kind in (None, r.kind)]

    def lives(self, kind: ReactionKind) -> list[list[str]]:
        """The states of each reaction of *kind*, in order."""
        return [[str(o.state) for o in self.outcomes(r)] for r in self.reactions(kind)]

    def outcomes(self, reaction: Reaction) -> list[Outcome]:
        """The life of one reaction."""
        found: list[Outcome] = self.ledger.find(Outcome, series=reaction.id, all_revisions=True)
        return found

    def pointer(self, kind: PointerKind, key: str) -> str | None:
        """What a pointer names."""
        head = self.ledger.pointer(kind, key)
        return head.value if head is not None else None

    # -------------------------------------------------------------------------------------------- what Dagster says

    def events(self, run: DagsterRun, kind: DagsterEventType) -> list[DagsterEvent]:
        """The events of that kind in the run's log."""
        logs = self.instance.all_logs(run.run_id, of_type=kind)
        return [entry.dagster_event for entry in logs if entry.dagster_event is not None]

    def materialized(self, run: DagsterRun) -> dict[tuple[str, str | None], str | None]:
        """(asset, partition) → the data version that Dagster was told."""
        events = self.events(run, DagsterEventType.ASSET_MATERIALIZATION)
        made = [e.step_materialization_data.materialization for e in events]
        return {(m.asset_key.to_user_string(), m.partition): (m.tags or {}).get("dagster/data_version") for m in made}

    def checks(self, run: DagsterRun, asset: str) -> dict[tuple[str, str | None], Any]:
        """(check, partition) → Dagster's evaluation of it."""
        events = self.events(run, DagsterEventType.ASSET_CHECK_EVALUATION)
        found = [e.asset_check_evaluation_data for e in events]
        return {(c.check_name, c.partition): c for c in found if c.asset_key.to_user_string() == asset}

    def steps(self, run: DagsterRun) -> list[str]:
        """The steps that began, in order."""
        return [str(e.step_key) for e in self.events(run, DagsterEventType.STEP_START)]

    def failures(self, run: DagsterRun) -> dict[str, str]:
        """Step → what it failed with."""
        events = self.events(run, DagsterEventType.STEP_FAILURE)
        return {str(e.step_key): _cause(e) for e in events}


def _cause(event: DagsterEvent) -> str:
    data = event.step_failure_data
    described = data.user_failure_data.description if data.user_failure_data else None
    if described or data.error is None:
        return described or ""
    return data.error.cause.message if data.error.cause else data.error.message
