"""Owns Project: what a command needs of the project around it, opened without importing a frame library."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.output import listing
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.ledger.home import Home, find_home
from qoa_platform.records import Batch, Committed, Contract, Graph, ModelVersion, PointerKind, Refused, Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from qoa_platform.reactions.snapshot import Snapshot
    from qoa_platform.reactions.world import World


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project's home, its ledger and its clock."""

    home: Home
    ledger: Store
    clock: LedgerClock = field(repr=False)

    def in_force(self) -> tuple[Contract, ...]:
        """The contracts in force, by name; none where nothing was ever judged."""
        from qoa_platform.reactions.snapshot import contracts_in_force

        found = contracts_in_force(self.ledger, self.ledger.pointers(PointerKind.CONTRACT))
        return tuple(sorted(found, key=lambda c: c.name))

    def contracts(self) -> tuple[Contract, ...]:
        """The contracts in force. Raises Complaint when none is."""
        if found := self.in_force():
            return found
        message = (
            f"no contract is in force in {self.home.root}: nothing was judged yet. "
            "Materialize an asset, or: qoa react --once"
        )
        raise Complaint(Exit.STATE, message)

    @cached_property
    def recorded(self) -> Graph:
        """The asset graph as the trials of the ledger tell it."""
        from qoa_platform.cli.recorded import recorded_graph

        return recorded_graph(self.ledger)

    def snapshot(self, graph: Graph | None = None) -> "Snapshot":
        """The ledger as a policy sees it now; by default with the asset graph that the trials recorded."""
        from qoa_platform.reactions.snapshot import read_snapshot

        self.contracts()
        known = self.recorded if graph is None else graph
        return read_snapshot(self.ledger, graph=known, runs=(), at=self.clock.at(), wall=self.clock.wall())

    def world_of_asset(self, asset: str) -> "World":
        """The world of the contract that says something about *asset*; of any contract where none does."""
        return self._world(lambda c: any(s.asset == asset for s in c.subjects))

    def world_of_model(self, model: str) -> "World":
        """The world of the contract that releases *model*, or else says something about it."""
        return self._world(
            lambda c: c.release is not None and c.release.model == model,
            lambda c: any(s.model == model for s in c.subjects),
        )

    def _world(self, *about: "Callable[[Contract], bool]") -> "World":
        snapshot = self.snapshot()
        ordered = sorted(snapshot.contracts, key=lambda c: c.name)
        fitting = [c for test in about for c in ordered if test(c)]
        return snapshot.world((fitting or ordered)[0])

    def versions(self, model: str) -> list[ModelVersion]:
        """The versions of *model*. Raises Complaint, with the nearest guess, when the ledger knows no such model."""
        found = self.ledger.find(ModelVersion, series=model)
        if not found:
            raise unknown("model", model, (v.model for v in self.ledger.find(ModelVersion)))
        return found

    def trainer(self, version: ModelVersion) -> str:
        """The asset that made *version*."""
        trial = self.ledger.last(Trial, version.trial)
        return trial.asset if trial is not None else f"model/{version.model}"

    def commit(self, batch: Batch) -> Committed:
        """Write what a person asked for. Raises Complaint when the ledger moved on in between."""
        done = self.ledger.commit(batch)
        if isinstance(done, Refused):
            message = f"nothing was written, for the ledger moved on meanwhile: {done.reason}. Look again, then repeat"
            raise Complaint(Exit.STATE, message)
        return done


def open_project() -> Project:
    """The project that the working directory lies in; its ledger is closed when the command ends."""
    home = find_home()
    ledger = open_ledger(home.ledger)
    click.get_current_context().call_on_close(ledger.close)
    return Project(home=home, ledger=ledger, clock=LedgerClock(ledger))


def one_of(what: str, prefix: str | None, known: list[str], hint: str) -> str:
    """The only one of *known* (that begins with *prefix*). Raises Complaint when there is none, or more than one."""
    found = [k for k in known if k.startswith(prefix or "")]
    if len(found) == 1 or (prefix and prefix in found):
        return prefix if prefix and prefix in found else found[0]
    if not found and prefix and known:
        raise unknown(what, prefix, known)
    if not found:
        raise Complaint(Exit.STATE, f"there is no {what}")
    raise Complaint(Exit.USAGE, f"{len(found)} fit as {what}: {listing(k[:16] for k in found)}. {hint}")
