"""Owns the incident fold: episodes, verdicts, reactions and outcomes as one W4H record per group (decision 17)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from qoa_platform.records import (
    Closing,
    Contract,
    Effect,
    Episode,
    Graph,
    Handled,
    Incident,
    IncidentState,
    IncidentType,
    Outcome,
    OutcomeState,
    Reaction,
    ReactionKind,
    Role,
    Subject,
    SubjectKind,
    Trial,
    Verdict,
    Window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the fold reads: all verdicts (superseded ones too), episodes, reactions, outcomes and trials."""

    contracts: Mapping[str, Contract]
    episodes: Sequence[Episode]
    verdicts: Sequence[Verdict]
    reactions: Sequence[Reaction]
    outcomes: Mapping[str, Sequence[Outcome]]
    trials: Sequence[Trial] = ()
    graph: Graph = Graph()


def fold_incidents(evidence: Evidence) -> tuple[Incident, ...]:
    """One incident per group of coalesced episodes, in the order in which they were detected.

    Episodes belong together when one reaction serves them, or when they opened at once on the same subject and window.
    """
    groups = sorted(_groups(evidence), key=lambda g: min((e.opened_at, e.opened_wall) for e in g))
    return tuple(_incident(evidence, number, group) for number, group in enumerate(groups, start=1))


def _groups(evidence: Evidence) -> list[list[Episode]]:
    parent = {e.id: e.id for e in evidence.episodes}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    def join(names: Iterable[str]) -> None:
        first, *rest = [n for n in names if n in parent] or [""]
        for other in rest:
            parent[root(other)] = root(first)

    for reaction in evidence.reactions:
        join(reaction.serves)
    together: dict[tuple[str, str, Window, datetime], list[str]] = {}
    for episode in evidence.episodes:
        place = (episode.key.contract, episode.key.subject, episode.windows[0], episode.opened_at)
        together.setdefault(place, []).append(episode.id)
    for names in together.values():
        join(names)
    groups: dict[str, list[Episode]] = {}
    for episode in evidence.episodes:
        groups.setdefault(root(episode.id), []).append(episode)
    return list(groups.values())


def _incident(evidence: Evidence, number: int, group: Sequence[Episode]) -> Incident:
    first = min(group, key=lambda e: (e.opened_at, -e.severity.rank, str(e.key)))
    contract = evidence.contracts[first.key.contract]
    subject = contract.subject(first.key.subject)
    windows = tuple(sorted({w for e in group for w in e.windows}))
    mine = [v for v in evidence.verdicts if any(v.key == e.key and v.window in e.windows for e in group)]
    handled = _handled(evidence, group)
    times = _Times.of(evidence, group, mine, subject)
    return Incident(
        id=first.id,
        number=number,
        state=_state(group, handled),
        resolution=", ".join(sorted({str(e.closing) for e in group if e.closing})) or None,
        type=_type(subject),
        effect=_effect(mine, handled),
        promises=tuple(sorted({str(e.key) for e in group})),
        windows=windows,
        started=times.started,
        detected=times.detected,
        mitigated=times.mitigated,
        recovered=times.recovered,
        time_to_detect=times.detected_wall - times.started_wall,
        time_to_recover=times.recovered_wall - times.detected_wall if times.recovered_wall else None,
        subject=subject.target if subject else first.key.subject,
        downstream=_downstream(evidence.graph, subject),
        evidence=tuple(v.id for v in mine),
        cause=_cause(evidence, mine),
        owner=contract.owner,
        responsible=_people(contract, {Role.DATA_PROVIDER, Role.ML_PROVIDER, Role.DATA_ENGINEER}, subject),
        affected=_people(contract, {Role.ML_CONSUMER, Role.DATA_CONSUMER}, None),
        runbook=contract.runbook,
        handled=handled,
        episodes=tuple(e.id for e in group),
        recovered_by=_recovered_by(group, handled),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """started = when the bad data was fetched (else the window's due time); detected = first bad verdict."""

    started: datetime
    started_wall: datetime
    detected: datetime
    detected_wall: datetime
    mitigated: datetime | None
    recovered: datetime | None
    recovered_wall: datetime | None

    @classmethod
    def of(
        cls, evidence: Evidence, group: Sequence[Episode], mine: Sequence[Verdict], subject: Subject | None
    ) -> "_Times":
        bad = [v for v in mine if not v.satisfied]
        first = min(bad, key=lambda v: (v.at, v.wall), default=None)
        detected = first.at if first else min(e.opened_at for e in group)
        detected_wall = first.wall if first else min(e.opened_wall for e in group)
        fetched = [t for t in evidence.trials if first and t.id == first.trial]
        started = fetched[0].fetched or fetched[0].at if fetched else None
        due = first.window.end + subject.delay if first and subject else detected
        closed = [e for e in group if not e.open]
        over = len(closed) == len(group)
        applied = [
            (o.at, r.kind)
            for r in evidence.reactions
            if set(r.serves) & {e.id for e in group} and r.kind is not ReactionKind.ALERT
            for o in evidence.outcomes.get(r.id, ())
            if o.state is OutcomeState.APPLIED
        ]
        gated = [v.at for v in bad if v.blocks]
        return cls(
            started=min(started or due, detected),
            started_wall=min(fetched[0].wall if fetched else detected_wall, detected_wall),
            detected=detected,
            detected_wall=detected_wall,
            mitigated=min([*gated, *[at for at, _ in applied]], default=None),
            recovered=max((e.closed_at for e in closed if e.closed_at), default=None) if over else None,
            recovered_wall=max((e.closed_wall for e in closed if e.closed_wall), default=None) if over else None,
        )


def _handled(evidence: Evidence, group: Sequence[Episode]) -> tuple[Handled, ...]:
    names = {e.id for e in group}
    served = [r for r in evidence.reactions if set(r.serves) & names]
    lines: list[Handled] = []
    for reaction in sorted(served, key=lambda r: (r.at, r.wall)):
        outcomes = evidence.outcomes.get(reaction.id, ())
        last = outcomes[-1] if outcomes else None
        lines.append(
            Handled(
                reaction=reaction.id, kind=str(reaction.kind), target=str(reaction.target), rule=reaction.rule,
                outcome=str(last) if last else "decided", attempts=max((o.attempt for o in outcomes), default=0),
                at=reaction.at, wall=reaction.wall,
            )
        )  # fmt: skip
    return tuple(lines)


def _state(group: Sequence[Episode], handled: Sequence[Handled]) -> IncidentState:
    if not any(e.open for e in group):
        return IncidentState.RESOLVED
    acted = any(h.outcome.startswith("applied") and h.kind != ReactionKind.ALERT for h in handled)
    return IncidentState.MITIGATED if acted else IncidentState.OPEN


def _type(subject: Subject | None) -> IncidentType:
    match subject.kind if subject else None:
        case SubjectKind.MODEL:
            return IncidentType.MODEL
        case SubjectKind.SERVICE:
            return IncidentType.SERVICE
        case SubjectKind.RUN:
            return IncidentType.PROCESSING
        case _:
            return IncidentType.DATA


def _effect(mine: Sequence[Verdict], handled: Sequence[Handled]) -> Effect:
    if any(v.blocks for v in mine):
        repaired = any(h.kind == ReactionKind.RERUN and h.outcome.startswith("applied") for h in handled)
        return Effect.NO_IMPACT if repaired else Effect.INTERRUPTION
    return Effect.REDUCED_QUALITY


def _downstream(graph: Graph, subject: Subject | None) -> tuple[str, ...]:
    if subject is None:
        return ()
    start = subject.asset or (subject.run[-1] if subject.run else None)
    return graph.below(start) if start else ()


def _cause(evidence: Evidence, mine: Sequence[Verdict]) -> str | None:
    """What the trials of the bad verdicts say: their error, or the fault that was planted in them."""
    names = {v.trial for v in mine if not v.satisfied}
    for trial in evidence.trials:
        if trial.id in names and (trial.error or trial.parameters.get("injected")):
            return str(trial.error or f"injected: {trial.parameters['injected']}")
    causes = [v.cause for v in mine if v.cause]
    return causes[0] if causes else None


def _people(contract: Contract, roles: set[Role], subject: Subject | None) -> tuple[str, ...]:
    wanted = set(roles)
    if subject is not None and subject.kind is SubjectKind.ASSET:
        wanted -= {Role.ML_PROVIDER}
    elif subject is not None:
        wanted -= {Role.DATA_PROVIDER}
    return tuple(s.name for s in contract.stakeholders if s.role in wanted)


def _recovered_by(group: Sequence[Episode], handled: Sequence[Handled]) -> str | None:
    if any(e.open for e in group):
        return None
    kinds = {
        ReactionKind.RERUN,
        ReactionKind.ROLLBACK,
        ReactionKind.UPGRADE,
        ReactionKind.DEGRADE,
        ReactionKind.PROMOTE,
    }
    done = [h for h in handled if h.kind in kinds and h.outcome.startswith("applied")]
    if done:
        return f"{done[-1].kind} {done[-1].target}"
    if {e.closing for e in group} & {Closing.REPAIRED, Closing.ACCEPTED}:
        return "a person"
    if any(e.closing is Closing.CHAMPION_CHANGED for e in group):
        return "a new champion"
    return "itself"
