"""Owns the incident fold: episodes, verdicts, reactions and outcomes as one W4H record per group (decision 17)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from qoa_platform.reactions.timing import Evidence, Times, times_of
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
    Key,
    OutcomeState,
    ReactionKind,
    Role,
    Subject,
    SubjectKind,
    Trial,
    Verdict,
    Window,
    show,
)

__all__ = ["Evidence", "fold_incidents"]


def fold_incidents(evidence: Evidence) -> tuple[Incident, ...]:
    """One incident per group of coalesced episodes, in the order in which they were detected.

    Episodes belong together when one reaction serves them, or when they opened at once on the same subject and window.
    """
    groups = sorted(_groups(evidence), key=lambda g: min((e.opened_at, e.opened_wall) for e in g))
    verdicts = _by_window(evidence.verdicts)
    return tuple(
        _incident(evidence, number, group, _mine(verdicts, group)) for number, group in enumerate(groups, start=1)
    )


def _groups(evidence: Evidence) -> list[list[Episode]]:
    parent = {e.id: e.id for e in evidence.episodes}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for names in _together(evidence):
        first, *rest = [n for n in names if n in parent] or [""]
        for other in rest:
            parent[root(other)] = root(first)
    groups: dict[str, list[Episode]] = {}
    for episode in evidence.episodes:
        groups.setdefault(root(episode.id), []).append(episode)
    return list(groups.values())


def _together(evidence: Evidence) -> Iterator[Sequence[str]]:
    """Episodes that belong together, pairwise at least: by a reaction, or by subject, window and moment."""
    for reaction in evidence.reactions:
        yield reaction.serves
    opened: dict[tuple[str, str, Window, datetime], list[str]] = {}
    for e in evidence.episodes:
        opened.setdefault((e.key.contract, e.key.subject, e.windows[0], e.opened_at), []).append(e.id)
    yield from opened.values()


def _incident(evidence: Evidence, number: int, group: Sequence[Episode], mine: Sequence[Verdict]) -> Incident:
    first = min(group, key=lambda e: (e.opened_at, -e.severity.rank, str(e.key)))
    contract = evidence.contracts[first.key.contract]
    subject = contract.subject(first.key.subject)
    handled = _handled(evidence, group)
    times = times_of(evidence, group, mine, subject)
    return Incident(
        id=first.id,
        number=number,
        state=_state(group, times),
        resolution=", ".join(sorted({str(e.closing) for e in group if e.closing})) or None,
        type=_type(subject),
        effect=_effect(mine, handled),
        promises=tuple(sorted({str(e.key) for e in group})),
        windows=tuple(sorted({w for e in group for w in e.windows})),
        started=times.started,
        detected=times.detected,
        mitigated=times.mitigated,
        recovered=times.recovered,
        time_to_detect=times.to_detect,
        time_to_recover=times.to_recover,
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


def _by_window(verdicts: Iterable[Verdict]) -> Mapping[tuple[Key, Window], list[Verdict]]:
    found: dict[tuple[Key, Window], list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault((verdict.key, verdict.window), []).append(verdict)
    return found


def _mine(verdicts: Mapping[tuple[Key, Window], Sequence[Verdict]], group: Sequence[Episode]) -> list[Verdict]:
    """Every verdict on a window that one of the group's episodes held, in order of ``at``."""
    places = dict.fromkeys((e.key, w) for e in group for w in e.windows)
    return sorted((v for place in places for v in verdicts.get(place, ())), key=lambda v: (v.at, v.wall))


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


def _state(group: Sequence[Episode], times: Times) -> IncidentState:
    if not any(e.open for e in group):
        return IncidentState.RESOLVED
    return IncidentState.OPEN if times.mitigated is None else IncidentState.MITIGATED


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
        repaired = any(h.kind == ReactionKind.RERUN and h.outcome.startswith(OutcomeState.APPLIED) for h in handled)
        return Effect.NO_IMPACT if repaired else Effect.INTERRUPTION
    return Effect.REDUCED_QUALITY


def _downstream(graph: Graph, subject: Subject | None) -> tuple[str, ...]:
    if subject is None:
        return ()
    start = subject.asset or (subject.run[-1] if subject.run else None)
    return graph.below(start) if start else ()


def _cause(evidence: Evidence, mine: Sequence[Verdict]) -> str | None:
    """What the trials of the bad verdicts say, and those of what they read: an error, or a fault that was planted.

    Where nothing of that is recorded: what was measured, and what is allowed.
    """
    bad = [v for v in mine if not v.satisfied]
    for trial in _upstream(evidence.trials, {v.trial for v in bad if v.trial is not None}):
        if trial.error or trial.parameters.get("injected"):
            return trial.error or f"injected into {trial.asset}: {trial.parameters['injected']}"
    return next((v.cause for v in bad if v.cause), None) or next(map(_measured, bad), None)


def _upstream(trials: Sequence[Trial], names: set[str]) -> Iterator[Trial]:
    """The trials of *names*, then those that wrote what they read, nearest first."""
    wrote = {(t.asset, t.partition, t.output): t for t in trials if t.output is not None}
    level, seen = [t for t in trials if t.id in names], set(names)
    while level:
        yield from level
        above = [
            wrote[r.asset, r.partition, r.digest]
            for t in level
            for r in t.reads
            if (r.asset, r.partition, r.digest) in wrote
        ]
        level = [t for t in {t.id: t for t in above}.values() if t.id not in seen and t.window is not None]
        seen |= {t.id for t in level}


def _measured(verdict: Verdict) -> str:
    low, high = (show(b, verdict.unit) for b in (verdict.bounds.low, verdict.bounds.high))
    return f"{verdict.metric} is {show(verdict.value, verdict.unit)}, allowed {low} to {high}"


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
    kinds = {ReactionKind.RERUN, ReactionKind.ROLLBACK, ReactionKind.DEGRADE, ReactionKind.TERMINATE}
    done = [h for h in handled if h.kind in kinds and h.outcome.startswith(OutcomeState.APPLIED)]
    back = [h for h in done if h.kind == ReactionKind.ROLLBACK]
    if done:
        last = (back or done)[-1]
        return f"{last.kind} {last.target}"
    if {e.closing for e in group} & {Closing.REPAIRED, Closing.ACCEPTED}:
        return "a person"
    if any(e.closing is Closing.CHAMPION_CHANGED for e in group):
        return "a new champion"
    return "itself"
