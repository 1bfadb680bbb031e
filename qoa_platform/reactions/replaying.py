"""Owns replay: what a contract would have done over the past, next to what was done (semantics 25). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from qoa_platform.reactions.decide import decide, merged
from qoa_platform.reactions.reader import Reader
from qoa_platform.reactions.rejudging import How, audits, objectives, past_of, rejudged
from qoa_platform.reactions.snapshot import KINDS, horizon_of
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Contract,
    Enacted,
    Episode,
    Graph,
    Measurement,
    ModelVersion,
    Move,
    Outcome,
    OutcomeState,
    Pointer,
    PointerKind,
    Reaction,
    ReactionKind,
    RunState,
    RunView,
    Verdict,
)

APART = timedelta(days=1)
"""A step that would have been taken, and one that was, are the same when they lie no further apart."""
TICK = timedelta(days=1)
"""Steps that only wait for time to go by (cool-down, ``for 2 d``) are looked for at every event, and so often."""
Moment = tuple[datetime, datetime]
"""``at``, then ``wall``: on a replay clock a whole day of verdicts, steps and repairs has one ``at``."""
OPEN_LOOP = (
    "open loop: what was done is taken as it happened; a step that was not done then is assumed to have worked, "
    "and to have changed nothing that was measured afterwards"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step: that would have been taken (*would*), that was taken (*was*), or both."""

    at: datetime
    kind: ReactionKind
    target: str
    rule: str
    why: str
    would: Reaction | None = None
    was: Reaction | None = None
    outcome: str = ""
    """What became of the step that was taken; of one that was not, what is known of it (``superseded``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a contract would have done between *since* and *until*, next to what was done.

    *judged* counts the verdicts it rests on by where they come from; *episodes* are those that would have been.
    """

    contract: str
    version: int
    since: datetime
    until: datetime
    rows: tuple[Row, ...]
    episodes: tuple[Episode, ...]
    judged: Mapping[How, int]
    note: str = OPEN_LOOP


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """Everything that a replay reads, once."""

    verdicts: Sequence[tuple[Verdict, How | None]]
    moves: Sequence[Move]
    versions: Sequence[ModelVersion]
    reactions: Sequence[Reaction]
    outcomes: Mapping[str, Sequence[Outcome]]


def replay(
    reader: Reader, contract: Contract, *, since: datetime, until: datetime, graph: Graph | None = None
) -> Replay:
    """Walk the ledger in order of ``at`` and decide by *contract* what was measured then.

    Verdicts on promises that did not change are taken as they were given; changed ones are judged again from what was
    measured; what was not measured is unknown. Open loop: recorded moves and outcomes happen as they did, whatever this
    contract would have decided. The walk begins a while before *since*, so that what was open then is not new.
    """
    begin = horizon_of((contract,), since)
    history = _read(reader, contract, begin)
    walk = _Walk(history=history, graph=graph or Graph(), world=World(contract=contract, at=begin, wall=begin))
    for moment in _moments(history, begin, until):
        walk.step(moment)
    counts = {how: sum(h is how and since <= v.at <= until for v, h in history.verdicts) for how in How}
    mine = [r for r in history.reactions if since <= r.at <= until]
    would = [(r, o) for r, o in walk.steps if since <= r.at <= until]
    return Replay(
        contract=contract.name, version=contract.version, since=since, until=until,
        rows=tuple(_rows(would, mine, history.outcomes, walk.matched)),
        episodes=tuple(e for e in walk.world.episodes if e.opened_at >= since), judged=counts,
    )  # fmt: skip


def _read(reader: Reader, contract: Contract, begin: datetime) -> _History:
    """Everything about windows that may react after *begin*; measurements only where some promise changed since."""
    enacted = [e.contract for e in reader.find(Enacted)]
    oldest = horizon_of((contract,), begin)
    recorded = reader.find(Verdict, ends_after=oldest)
    known = contract.name in {c.name for c in enacted}
    own = [v for v in recorded if v.key.contract == contract.name or not known]
    changed = any(v.contract_digest != contract.digest for v in own)
    past = past_of(enacted, reader.find(Measurement, ends_after=oldest) if changed else ())
    found: list[tuple[Verdict, How | None]] = [
        pair for audit in audits(past, own) for pair in rejudged(contract, past, audit)
    ]
    found += [(v, None) for v in objectives(contract, past, own)]
    outcomes: dict[str, list[Outcome]] = {}
    for outcome in reader.find(Outcome, all_revisions=True):
        outcomes.setdefault(outcome.reaction, []).append(outcome)
    moves = [m for kind in KINDS if kind is not PointerKind.DECIDED for m in reader.moves(kind)]
    return _History(
        verdicts=sorted(found, key=lambda pair: _moment(pair[0])), moves=sorted(moves, key=_moment),
        versions=reader.find(ModelVersion), outcomes=outcomes,
        reactions=[r for r in reader.find(Reaction) if r.contract == contract.name],
    )  # fmt: skip


def _moment(record: Verdict | Move | Outcome | ModelVersion | Reaction) -> Moment:
    return record.at, record.wall


def _moments(history: _History, begin: datetime, until: datetime) -> list[Moment]:
    """When something happened, and every tick between."""
    happened = {_moment(v) for v, _ in history.verdicts} | {_moment(m) for m in history.moves}
    happened |= {_moment(v) for v in history.versions}
    happened |= {_moment(o) for outcomes in history.outcomes.values() for o in outcomes}
    found = {(at, wall) for at, wall in happened if begin <= at <= until}
    first = min((at for at, _ in found), default=until)
    ticks = {first + TICK * n for n in range(int((until - first) / TICK) + 1)} | {until}
    last = max((wall for _, wall in found), default=until)
    return sorted(found | {(at, last) for at in ticks})


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The world as it moves through the past: verdicts of this contract, moves and outcomes as they were."""

    history: _History
    graph: Graph
    world: World
    steps: list[tuple[Reaction, Outcome | None]] = field(default_factory=list)
    matched: dict[str, str] = field(default_factory=dict)
    """The id of a step that would have been taken → that of the one that was."""
    _known: dict[str, Outcome] = field(default_factory=dict)
    _heads: dict[tuple[object, object], Verdict] = field(default_factory=dict)
    _judged: int = 0
    _moved: int = 0

    def step(self, moment: Moment) -> None:
        """Take what was known at *moment*, decide, and then let happen what happened then."""
        at, wall = moment
        self._take_verdicts(moment)
        self.world = replace(
            self.world, at=at, wall=wall, graph=self.graph, outcomes=self._outcomes(moment), verdicts=self._recent(at),
            versions=tuple(v for v in self.history.versions if _moment(v) <= moment), runs=self._runs(moment),
        )  # fmt: skip
        self._decide(moment)
        self._take_moves(moment)
        for _ in range(2):  # what follows from that: an episode that ends, and then its resolution
            self._decide(moment)

    def _outcomes(self, moment: Moment) -> dict[str, Outcome]:
        return {r.id: o for r in self.world.reactions if (o := self._outcome(r, moment)) is not None}

    def _decide(self, moment: Moment) -> None:
        plan = decide(self.world)
        known = {o.reaction: o for o in plan.outcomes}
        self._known |= known
        before = {r.id for r in self.world.reactions}
        for reaction in (r for r in plan.reactions if r.id not in before):
            if reaction.id not in known:
                self._match(reaction)
            self.steps.append((reaction, known.get(reaction.id)))
        reactions = {r.id: r for r in (*self.world.reactions, *plan.reactions)}
        releases = {r.id: r for r in (*self.world.releases, *plan.releases)}
        self.world = replace(
            self.world, episodes=merged(self.world.episodes, plan.episodes), reactions=tuple(reactions.values()),
            releases=tuple(releases.values()), outcomes={**self.world.outcomes, **known},
        )  # fmt: skip
        self.world = replace(self.world, outcomes=self._outcomes(moment))

    def _match(self, reaction: Reaction) -> None:
        """The step that was taken nearest in time, of the same kind on the same target."""
        taken = set(self.matched.values())
        same = [
            r
            for r in self.history.reactions
            if r.id not in taken and _place(r) == _place(reaction) and abs(r.at - reaction.at) <= APART
        ]
        if same:
            near = min(same, key=lambda r: (abs(r.at - reaction.at), abs(r.wall - reaction.wall)))
            self.matched[reaction.id] = near.id

    def _outcome(self, reaction: Reaction, moment: Moment) -> Outcome | None:
        """What is known of a step at *moment*: what became of its twin, else that it is assumed done."""
        if reaction.id in self._known:
            return self._known[reaction.id]
        twin = self.matched.get(reaction.id)
        if twin is None:
            return Outcome(
                reaction=reaction.id, state=OutcomeState.APPLIED, detail="assumed", at=reaction.at, wall=reaction.wall
            )
        told = [o for o in self.history.outcomes.get(twin, ()) if _moment(o) <= max(moment, _moment(reaction))]
        return replace(told[-1], reaction=reaction.id) if told else None

    def _take_verdicts(self, moment: Moment) -> None:
        while self._judged < len(self.history.verdicts) and _moment(self.history.verdicts[self._judged][0]) <= moment:
            verdict = self.history.verdicts[self._judged][0]
            self._heads[verdict.key, verdict.window] = verdict
            self._judged += 1

    def _recent(self, at: datetime) -> tuple[Verdict, ...]:
        """Current verdicts that may still react, and those of open episodes; older ones are let go."""
        horizon = horizon_of((self.world.contract,), at)
        still = {e.key for e in self.world.episodes if e.open}
        self._heads = {p: v for p, v in self._heads.items() if v.window.end > horizon or v.key in still}
        return tuple(self._heads.values())

    def _runs(self, moment: Moment) -> tuple[RunView, ...]:
        """The runs that were active: those that were judged at this very moment, while they ran."""
        seen = {
            str(v.evidence["run"]): self.world.contract.subject(v.key.subject)
            for v in self._heads.values()
            if v.provisional and _moment(v) == moment and "run" in v.evidence
        }
        return tuple(RunView(id=i, state=RunState.RUNNING, assets=s.run if s else ()) for i, s in seen.items())

    def _take_moves(self, moment: Moment) -> None:
        pointers, moves = dict(self.world.pointers), list(self.world.alias_moves)
        while self._moved < len(self.history.moves) and _moment(self.history.moves[self._moved]) <= moment:
            move = self.history.moves[self._moved]
            pointers[move.kind, move.key] = Pointer(
                kind=move.kind, key=move.key, value=move.value, generation=move.generation, at=move.at, wall=move.wall
            )
            moves += [move] if move.kind is PointerKind.ALIAS else []
            self._moved += 1
        self.world = replace(self.world, pointers=pointers, alias_moves=tuple(moves))


def _place(reaction: Reaction) -> tuple[object, ...]:
    """What makes two steps the same step, although their causes have other ids."""
    if reaction.kind is ReactionKind.ALERT:
        return reaction.kind, reaction.subject, reaction.rule if reaction.rule.startswith("(") else None
    return reaction.kind, replace(reaction.target, episode=None)


def _rows(
    would: Iterable[tuple[Reaction, Outcome | None]], was: Iterable[Reaction],
    outcomes: Mapping[str, Sequence[Outcome]], matched: Mapping[str, str],
) -> Iterator[Row]:  # fmt: skip
    recorded = {r.id: r for r in was}
    rows: list[Row] = []
    for reaction, known in would:
        twin = recorded.get(matched.get(reaction.id, ""))
        rows.append(_row(reaction, would=reaction, was=twin, said=_last(outcomes, twin) or str(known or "")))
    left = set(recorded) - set(matched.values())
    rows += [_row(r, would=None, was=r, said=_last(outcomes, r)) for r in recorded.values() if r.id in left]
    yield from sorted(rows, key=lambda row: (row.at, row.kind, row.target))


def _last(outcomes: Mapping[str, Sequence[Outcome]], reaction: Reaction | None) -> str:
    told = outcomes.get(reaction.id, ()) if reaction else ()
    return str(max(told, key=lambda o: o.revision)) if told else ""


def _row(reaction: Reaction, *, would: Reaction | None, was: Reaction | None, said: str) -> Row:
    return Row(
        at=reaction.at, kind=reaction.kind, target=str(reaction.target), rule=reaction.rule, why=reaction.reason,
        would=would, was=was, outcome=said,
    )  # fmt: skip
