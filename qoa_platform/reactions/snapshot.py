"""Owns the snapshot: the ledger read once for all contracts, and handed out as one World per contract."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from qoa_platform.ports import Ledger
from qoa_platform.reactions.world import World, current
from qoa_platform.records import (
    Contract,
    Enacted,
    Episode,
    Graph,
    ModelVersion,
    Move,
    Outcome,
    Pointer,
    PointerKind,
    Reaction,
    Release,
    RunView,
    Verdict,
)

T = TypeVar("T")

KINDS = (
    PointerKind.ALIAS,
    PointerKind.HOLD,
    PointerKind.PRESET,
    PointerKind.CONTRACT,
    PointerKind.QUARANTINE,
    PointerKind.ACCEPTED,
    PointerKind.BAD_VERSION,
)
"""The pointers that a policy looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a reconcile needs, read with a fixed number of queries, however many contracts there are."""

    at: datetime
    wall: datetime
    contracts: tuple[Contract, ...]
    verdicts: dict[str, list[Verdict]]
    episodes: dict[str, list[Episode]]
    reactions: dict[str, list[Reaction]]
    outcomes: dict[str, Outcome]
    releases: tuple[Release, ...]
    versions: tuple[ModelVersion, ...]
    pointers: dict[tuple[PointerKind, str], Pointer]
    alias_moves: tuple[Move, ...]
    runs: tuple[RunView, ...]
    graph: Graph

    def world(self, contract: Contract) -> World:
        """The world of one contract."""
        return World(
            contract=contract,
            at=self.at,
            wall=self.wall,
            verdicts=current(self.verdicts.get(contract.name, [])),
            episodes=tuple(self.episodes.get(contract.name, [])),
            reactions=tuple(self.reactions.get(contract.name, [])),
            outcomes=self.outcomes,
            releases=self.releases,
            versions=self.versions,
            pointers=self.pointers,
            alias_moves=self.alias_moves,
            runs=self.runs,
            graph=self.graph,
        )

    def worlds(self) -> Iterator[World]:
        """One world per contract in force."""
        return (self.world(contract) for contract in self.contracts)


def read_snapshot(ledger: Ledger, *, graph: Graph, runs: Sequence[RunView], at: datetime, wall: datetime) -> Snapshot:
    """Read the ledger once: contracts in force, recent current verdicts, episodes, reactions, releases, pointers.

    Recent is what may still react (``react_within`` before *at*) and everything that an open episode holds.
    """
    pointers = {(kind, p.key): p for kind in KINDS for p in ledger.pointers(kind)}
    contracts = contracts_in_force(ledger, pointers.values())
    episodes = ledger.find(Episode)
    horizon = max((c.react_within for c in contracts), default=timedelta(0)) + timedelta(days=1)
    verdicts = {v.id: v for v in ledger.find(Verdict, ends_after=at - horizon)}
    old = {e.series for e in episodes if e.open and min(w.end for w in e.windows) < at - horizon}
    if old:
        verdicts |= {v.id: v for v in ledger.find(Verdict, series=sorted(old))}
    return Snapshot(
        at=at,
        wall=wall,
        contracts=contracts,
        verdicts=_grouped(verdicts.values(), lambda v: v.key.contract),
        episodes=_grouped(episodes, lambda e: e.key.contract),
        reactions=_grouped(ledger.find(Reaction), lambda r: r.contract),
        outcomes={o.reaction: o for o in ledger.find(Outcome)},
        releases=tuple(ledger.find(Release)),
        versions=tuple(ledger.find(ModelVersion)),
        pointers=pointers,
        alias_moves=tuple(ledger.moves(PointerKind.ALIAS)),
        runs=tuple(runs),
        graph=graph,
    )


def contracts_in_force(ledger: Ledger, pointers: Iterable[Pointer]) -> tuple[Contract, ...]:
    """The contents that the pointers ``contract`` name (semantics 23)."""
    digests = [p.value for p in pointers if p.kind is PointerKind.CONTRACT and p.value is not None]
    if not digests:
        return ()
    return tuple(e.contract for e in ledger.find(Enacted, ids=digests))


def _grouped(items: Iterable[T], name: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[name(item)].append(item)
    return groups
