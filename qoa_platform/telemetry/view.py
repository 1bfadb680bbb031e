"""Owns View: what a scrape needs of the ledger, kept between scrapes and brought up to date from the last position."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from qoa_platform.contracts import SCHEMA_PROMISE
from qoa_platform.ports import Ledger
from qoa_platform.records import (
    Contract,
    Enacted,
    Episode,
    Key,
    Outcome,
    PointerKind,
    Reaction,
    Severity,
    Status,
    Subject,
    Verdict,
    short,
)

HORIZON: Final = timedelta(days=35)
"""Verdicts of windows that ended longer ago are read for promises that have no later one, one by one."""


class Head(NamedTuple):
    """What is shown of the current verdict of a key's last window."""

    end: datetime
    start: datetime
    at: datetime
    wall: datetime
    status: Status
    value: float | None
    margin: float | None
    n: int


class Open(NamedTuple):
    """An open episode."""

    contract: str
    subject: str
    promise: str
    severity: Severity


class Place(NamedTuple):
    """A promise in force, by its declared names. *model*: whose versions it is about, if any."""

    contract: str
    subject: str
    promise: str
    metric: str
    severity: str
    model: str | None = None


def _places(contract: str, subject: Subject) -> list[Place]:
    own = [Place(contract, subject.id, p.id, p.metric, str(p.severity), subject.model) for p in subject.promises]
    if subject.schema is None:
        return own
    return [*own, Place(contract, subject.id, SCHEMA_PROMISE, "data.schema_violations", str(Severity.CRITICAL))]


@dataclass(slots=True)
class View:
    """A cache of facts that a ledger never takes back: reading everything again would give the same.

    *heads* hold the verdict of the last window per key; *reactions* (contract, kind) by id; *outcomes* the last
    (state, attempt) of a reaction.
    """

    contracts: dict[str, Contract] = field(default_factory=dict)
    heads: dict[Key, Head] = field(default_factory=dict)
    groups: dict[tuple[str, str, str], set[Key]] = field(default_factory=dict)
    episodes: dict[str, Open] = field(default_factory=dict)
    reactions: dict[str, tuple[str, str]] = field(default_factory=dict)
    outcomes: dict[str, tuple[str, int]] = field(default_factory=dict)
    evaluated: dict[str, datetime] = field(default_factory=dict)
    _seq: int | None = None
    _known: dict[str, Contract] = field(default_factory=dict)

    def refresh(self, ledger: Ledger, at: datetime) -> int:
        """Read what was written since the last time; the ledger's position before that."""
        position, since = ledger.seq(), self._seq or 0
        self._enacted(ledger)
        horizon = at - HORIZON if self._seq is None else None
        for verdict in ledger.find(Verdict, ends_after=horizon, since_seq=since):
            self._judged(verdict)
        for episode in ledger.find(Episode, since_seq=since):
            key = episode.key
            if episode.open:
                self.episodes[episode.id] = Open(key.contract, key.subject, key.promise, episode.severity)
            else:
                self.episodes.pop(episode.id, None)
        for reaction in ledger.find(Reaction, since_seq=since):
            self.reactions[reaction.id] = (reaction.contract, str(reaction.kind))
        for outcome in ledger.find(Outcome, since_seq=since):
            self.outcomes[outcome.reaction] = (str(outcome.state), outcome.attempt)
        if self._seq is None:
            self._fill(ledger)
        self._seq = position
        return position

    def places(self) -> list[Place]:
        """Every promise in force, in the order of the contracts."""
        return [p for c in self.contracts.values() for s in c.subjects for p in _places(c.name, s)]

    def head(self, place: Place, champion: str | None) -> Head | None:
        """The verdict of a promise as a whole; of a model, that of its champion, else of its newest version."""
        keys = [k for k in self.groups.get(place[:3], ()) if k.group is None]
        mine = [k for k in keys if k.version == champion] if champion is not None else []
        return max((self.heads[k] for k in mine or keys), default=None, key=lambda head: (head.end, head.at))

    def by_group(self, place: Place) -> list[Head]:
        """The verdicts of its groups in their last window."""
        found = [self.heads[k] for k in self.groups.get(place[:3], ()) if k.group is not None]
        last = max((head.end for head in found), default=None)
        return [head for head in found if head.end == last]

    def _enacted(self, ledger: Ledger) -> None:
        heads = [p for p in ledger.pointers(PointerKind.CONTRACT) if p.value is not None]
        missing = [p.value for p in heads if p.value is not None and p.value not in self._known]
        if missing:
            self._known |= {e.contract.digest: e.contract for e in ledger.find(Enacted, ids=missing)}
        in_force = [self._known[p.value] for p in heads if p.value in self._known]
        self.contracts = {c.name: c for c in in_force}

    def _judged(self, verdict: Verdict) -> None:
        key, window = verdict.key, verdict.window
        head = Head(
            window.end, window.start, verdict.at, verdict.wall, verdict.status, verdict.value, verdict.margin, verdict.n
        )
        known = self.heads.get(key)
        if known is None or head[:3] >= known[:3]:
            self.heads[key] = head
        self.groups.setdefault((key.contract, key.subject, key.promise), set()).add(key)
        last = self.evaluated.get(key.contract)
        self.evaluated[key.contract] = verdict.wall if last is None else max(last, verdict.wall)

    def _fill(self, ledger: Ledger) -> None:
        """Promises whose last window ended before the horizon (a model that nobody scored for long)."""
        for place in self.places():
            if place[:3] in self.groups or place.model is not None:
                continue
            key = Key(contract=place.contract, subject=place.subject, promise=place.promise)
            for verdict in ledger.find(Verdict, series=short(key), newest_first=True, limit=1):
                self._judged(verdict)
