"""Owns the times of an incident: started, detected, mitigated, recovered, and what lies between them (decision 17)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qoa_platform.reactions.episodes import MENDED
from qoa_platform.records import (
    Contract,
    Episode,
    Graph,
    Outcome,
    OutcomeState,
    Reaction,
    ReactionKind,
    Subject,
    Trial,
    Verdict,
)

TOGETHER = timedelta(minutes=1)
"""A ledger's two clocks differ by less than this when there is no replay: then ``at`` is the wall clock."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When it started, was detected, mitigated and over (in ``at``); *to_detect* and *to_recover* in wall-clock time.

    *to_detect* is ``None`` where nobody knows on the wall clock when it began: nothing came, in a replay.
    """

    started: datetime
    detected: datetime
    mitigated: datetime | None
    recovered: datetime | None
    to_detect: timedelta | None
    to_recover: timedelta | None


def times_of(evidence: Evidence, group: Sequence[Episode], mine: Sequence[Verdict], subject: Subject | None) -> Times:
    """The times of one group of episodes; *mine* are all verdicts on their windows, in order of ``at``.

    started: when the bad data was fetched, else when its window was due. detected: the first bad verdict. mitigated:
    the first applied step other than an alert; the gate counts. recovered: the superseding satisfied verdict, or the
    end of the last episode where there is none.
    """
    bad = [v for v in mine if not v.satisfied]
    first = bad[0] if bad else None
    detected = first.at if first else min(e.opened_at for e in group)
    detected_wall = first.wall if first else min(e.opened_wall for e in group)
    started, started_wall = _started(evidence, first, subject) if first else (detected, detected_wall)
    over = _recovered(group, mine)
    return Times(
        started=min(started, detected),
        detected=detected,
        mitigated=min([*(v.at for v in bad if v.blocks), *_acted(evidence, group)], default=None),
        recovered=over[0] if over else None,
        to_detect=None if started_wall is None else max(detected_wall - started_wall, timedelta(0)),
        to_recover=over[1] - detected_wall if over else None,
    )


def _started(evidence: Evidence, first: Verdict, subject: Subject | None) -> tuple[datetime, datetime | None]:
    trials = {t.id: t for t in evidence.trials}
    trial = trials.get(first.trial or "")
    if trial is not None:
        source = _fetched(evidence, trial)
        return source.fetched or source.at, source.wall
    due = first.window.end + subject.delay if subject and first.window.end <= first.at else first.at
    return due, due if abs(first.wall - first.at) < TOGETHER else None


def _fetched(evidence: Evidence, trial: Trial) -> Trial:
    """The trial that fetched what *trial* made of it: up the digests that were really read, within the partition."""
    made = {(t.asset, t.partition, t.output): t for t in evidence.trials if t.output is not None}
    seen: set[str] = set()
    while trial.id not in seen:
        seen.add(trial.id)
        reads = [r for r in trial.reads if r.partition == trial.partition]
        above = [made[r.asset, r.partition, r.digest] for r in reads if (r.asset, r.partition, r.digest) in made]
        if len(above) != 1:
            return trial
        trial = above[0]
    return trial


def _acted(evidence: Evidence, group: Sequence[Episode]) -> list[datetime]:
    names = {e.id for e in group}
    return [
        o.at
        for r in evidence.reactions
        if r.kind is not ReactionKind.ALERT and not names.isdisjoint(r.serves)
        for o in evidence.outcomes.get(r.id, ())
        if o.state is OutcomeState.APPLIED
    ]


def _recovered(group: Sequence[Episode], mine: Sequence[Verdict]) -> tuple[datetime, datetime] | None:
    """When (``at``, wall) the last episode was over; ``None`` while one is open."""
    ends: list[tuple[datetime, datetime]] = []
    for episode in group:
        if episode.closed_at is None or episode.closed_wall is None:
            return None
        ends.append(_end(episode, mine) or (episode.closed_at, episode.closed_wall))
    return max(ends)


def _end(episode: Episode, mine: Sequence[Verdict]) -> tuple[datetime, datetime] | None:
    """The verdict that repaired the last of its windows; ``None`` when it ended in another way."""
    if episode.closing not in MENDED or episode.closed_at is None:
        return None
    good: dict[object, tuple[datetime, datetime]] = {}
    for verdict in mine:
        if verdict.key != episode.key or verdict.at > episode.closed_at:
            continue
        if not verdict.satisfied:
            good.pop(verdict.window, None)
        else:
            good.setdefault(verdict.window, (verdict.at, verdict.wall))
    return max((t for w, t in good.items() if w in episode.windows), default=None)
