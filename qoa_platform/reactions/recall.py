"""Owns Recall: what one process has read of a ledger already, so that every look reads only what is new."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import RLock
from weakref import WeakKeyDictionary

from qoa_platform.ports import Ledger
from qoa_platform.records import (
    Contract,
    Enacted,
    Episode,
    Key,
    ModelVersion,
    Move,
    Outcome,
    PointerKind,
    Reaction,
    Release,
    Verdict,
    Window,
)

Place = tuple[Key, Window]
"""Where a verdict is current: its key and window."""


PRUNED = timedelta(days=2)
"""Windows that ended so long before anybody asks for them are forgotten: a process may live for months."""


class Recall:
    """Decoded records of one ledger, kept because the ledger only appends: what was read once never changes.

    It remembers facts, not decisions: a process that starts with an empty one decides the same. Each :meth:`refresh`
    reads on from the position of the one before. A ledger that stands before that position is another one (restored
    from a copy), and is read anew. Hold *lock* while looking at what it holds.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self._contracts: dict[str, Contract] = {}
        self._forget()

    def _forget(self) -> None:
        self._seq = 0
        self._since: datetime | None = None
        self.verdicts: dict[str, dict[Place, Verdict]] = {}
        self.episodes: dict[str, dict[str, Episode]] = {}
        self.reactions: dict[str, dict[str, Reaction]] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.releases: dict[str, Release] = {}
        self.versions: dict[str, ModelVersion] = {}
        self.alias_moves: dict[tuple[str, int], Move] = {}

    def refresh(self, ledger: Ledger, since: datetime) -> None:
        """Read on. Then it holds every record there is, and the current verdicts of windows that end after *since*."""
        with self.lock:
            position = ledger.seq()
            if position < self._seq or (self._since is not None and since < self._since):
                self._forget()
            if self._since is None:
                self._since = since
            elif since - self._since > PRUNED:
                self._prune(since)
            if position > self._seq:
                self._read_on(ledger, self._since)
                self._seq = position

    def _read_on(self, ledger: Ledger, since: datetime) -> None:
        """Reactions before their outcomes: what was performed meanwhile is then seen as done, never as still to do."""
        seq = self._seq
        for verdict in ledger.find(Verdict, ends_after=since, since_seq=seq, all_revisions=True):
            self._judged(verdict)
        for episode in ledger.find(Episode, since_seq=seq, all_revisions=True):
            self.episodes.setdefault(episode.key.contract, {})[episode.id] = episode
        for reaction in ledger.find(Reaction, since_seq=seq, all_revisions=True):
            self.reactions.setdefault(reaction.contract, {})[reaction.id] = reaction
        self.outcomes.update({o.reaction: o for o in ledger.find(Outcome, since_seq=seq)})
        self.releases.update({r.id: r for r in ledger.find(Release, since_seq=seq, all_revisions=True)})
        self.versions.update({v.id: v for v in ledger.find(ModelVersion, since_seq=seq)})
        self.alias_moves.update({(m.key, m.generation): m for m in ledger.moves(PointerKind.ALIAS, since=seq)})

    def _judged(self, verdict: Verdict) -> None:
        """The current verdict of every place: the last by ``at``, later rows first where equal (semantics 2)."""
        heads = self.verdicts.setdefault(verdict.key.contract, {})
        place = (verdict.key, verdict.window)
        head = heads.get(place)
        if head is None or verdict.at >= head.at:
            heads[place] = verdict

    def _prune(self, since: datetime) -> None:
        kept = {n: {p: v for p, v in heads.items() if p[1].end > since} for n, heads in self.verdicts.items()}
        self.verdicts, self._since = kept, since

    def contracts(self, ledger: Ledger, digests: Sequence[str]) -> tuple[Contract, ...]:
        """The contracts of those digests, in that order; one that the ledger does not hold is left out."""
        with self.lock:
            missing = [d for d in digests if d not in self._contracts]
            if missing:
                self._contracts.update({e.id: e.contract for e in ledger.find(Enacted, ids=missing)})
            return tuple(self._contracts[d] for d in digests if d in self._contracts)


_recalled: "WeakKeyDictionary[Ledger, Recall]" = WeakKeyDictionary()
_making = RLock()


def recall_of(ledger: Ledger) -> Recall:
    """What this process remembers of *ledger*: one Recall per open ledger, for as long as it is open."""
    with _making:
        found = _recalled.get(ledger)
        if found is None:
            found = _recalled[ledger] = Recall()
        return found
