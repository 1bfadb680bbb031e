"""Owns the snapshot: the ledger read once for all contracts, and handed out as one World per contract."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qoa_platform.ports import Ledger
from qoa_platform.reactions.recall import recall_of
from qoa_platform.reactions.world import World, current
from qoa_platform.records import (
    RUN_BACKED,
    WHOLE,
    Contract,
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
    Window,
)

MARGIN = timedelta(days=1)
"""Verdicts are read a day further back than any contract reacts: a row begins before its last window."""

KINDS = (
    PointerKind.ALIAS,
    PointerKind.HOLD,
    PointerKind.PRESET,
    PointerKind.CONTRACT,
    PointerKind.QUARANTINE,
    PointerKind.ACCEPTED,
    PointerKind.BAD_VERSION,
    PointerKind.DECIDED,
)
"""The pointers that a policy looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a reconcile needs, read with a fixed number of queries, however many contracts there are."""

    at: datetime
    wall: datetime
    contracts: tuple[Contract, ...]
    verdicts: Mapping[str, tuple[Verdict, ...]]
    episodes: Mapping[str, tuple[Episode, ...]]
    reactions: Mapping[str, tuple[Reaction, ...]]
    outcomes: Mapping[str, Outcome]
    releases: tuple[Release, ...]
    versions: tuple[ModelVersion, ...]
    pointers: Mapping[tuple[PointerKind, str], Pointer]
    alias_moves: tuple[Move, ...]
    runs: tuple[RunView, ...]
    graph: Graph
    asked: frozenset[Window] = frozenset()

    def world(self, contract: Contract) -> World:
        """The world of one contract."""
        return World(
            contract=contract,
            at=self.at,
            wall=self.wall,
            verdicts=self.verdicts.get(contract.name, ()),
            episodes=self.episodes.get(contract.name, ()),
            reactions=self.reactions.get(contract.name, ()),
            outcomes=self.outcomes,
            releases=self.releases,
            versions=self.versions,
            pointers=self.pointers,
            alias_moves=self.alias_moves,
            runs=self.runs,
            graph=self.graph,
            asked=self.asked,
        )

    def worlds(self) -> Iterator[World]:
        """One world per contract in force."""
        return (self.world(contract) for contract in self.contracts)


def read_snapshot(
    ledger: Ledger, *, graph: Graph, runs: Sequence[RunView], at: datetime, wall: datetime, asked: Sequence[Window] = ()
) -> Snapshot:
    """Read the ledger: contracts in force, recent current verdicts, episodes, reactions, releases, pointers.

    Recent is what may still react (``react_within`` before *at*), what an open episode holds, and the windows of
    history that are *asked* for. A process reads every record once (see ``Recall``), so that a snapshot in which
    nothing is new costs a handful of queries.
    """
    recall = recall_of(ledger)
    pointers = {(kind, p.key): p for kind in KINDS for p in ledger.pointers(kind)}
    contracts = contracts_in_force(ledger, pointers.values())
    horizon = min([horizon_of(contracts, at), *(w.start for w in asked)])
    with recall.lock:
        recall.refresh(ledger, horizon)
        episodes = {name: tuple(found.values()) for name, found in recall.episodes.items()}
        reactions = {name: tuple(found.values()) for name, found in recall.reactions.items()}
        outcomes = dict(recall.outcomes)
        verdicts = {
            name: tuple(v for (_, window), v in heads.items() if window.end > horizon)
            for name, heads in recall.verdicts.items()
        }
        releases, versions = tuple(recall.releases.values()), tuple(recall.versions.values())
        alias_moves = tuple(recall.alias_moves.values())
    return Snapshot(
        at=at,
        wall=wall,
        contracts=contracts,
        verdicts=_with_old(ledger, verdicts, episodes, horizon),
        episodes=episodes,
        reactions=reactions,
        outcomes=outcomes,
        releases=releases,
        versions=versions,
        pointers=pointers | _published(ledger, graph, reactions, outcomes),
        alias_moves=alias_moves,
        runs=tuple(runs),
        graph=graph,
        asked=frozenset(asked),
    )


def horizon_of(contracts: Iterable[Contract], at: datetime) -> datetime:
    """Windows that ended before this may not react under any of *contracts*."""
    return at - max((c.react_within for c in contracts), default=timedelta(0)) - MARGIN


def _with_old(
    ledger: Ledger, recent: Mapping[str, tuple[Verdict, ...]], episodes: Mapping[str, tuple[Episode, ...]],
    horizon: datetime,
) -> Mapping[str, tuple[Verdict, ...]]:  # fmt: skip
    """*recent*, and all verdicts of keys whose open episode holds a window from before the horizon."""
    old = [
        e for every in episodes.values() for e in every if e.open and min(w.end for w in e.windows) <= horizon
    ]  # fmt: skip
    if not old:
        return recent
    found: dict[str, list[Verdict]] = {}
    for verdict in ledger.find(Verdict, series=sorted({e.series for e in old})):
        found.setdefault(verdict.key.contract, []).append(verdict)
    more = {name: current([*vs, *recent.get(name, ())]) for name, vs in found.items()}
    return {**recent, **more}


def _published(
    ledger: Ledger, graph: Graph, reactions: Mapping[str, tuple[Reaction, ...]], outcomes: Mapping[str, Outcome]
) -> dict[tuple[PointerKind, str], Pointer]:
    """Which whole tables were published, when some reaction awaits a run: only those can have fallen behind."""
    awaited = any(
        r.kind in RUN_BACKED and not ((last := outcomes.get(r.id)) and last.final)
        for every in reactions.values()
        for r in every
    )
    if not awaited:
        return {}
    keys = [f"{node.asset}|{WHOLE}" for node in graph.nodes if not node.partitioned]
    heads = [ledger.pointer(PointerKind.PUBLISHED, key) for key in keys]
    return {(PointerKind.PUBLISHED, head.key): head for head in heads if head is not None}


def contracts_in_force(ledger: Ledger, pointers: Iterable[Pointer]) -> tuple[Contract, ...]:
    """The contents that the pointers ``contract`` name (semantics 23)."""
    digests = [p.value for p in pointers if p.kind is PointerKind.CONTRACT and p.value is not None]
    return recall_of(ledger).contracts(ledger, digests)
