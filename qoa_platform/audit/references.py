"""Owns references: which frozen (or moving) profile a promise is read against, from the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from qoa_platform.audit.candidate import Candidate
from qoa_platform.audit.reader import Reader
from qoa_platform.metrics import Metric
from qoa_platform.metrics.facts import Past
from qoa_platform.profiles import FreezeError, freeze, moving, unfilled, wanted
from qoa_platform.records import (
    Ask,
    Contract,
    ModelVersion,
    Pointer,
    PointerKind,
    Profile,
    Promise,
    ReferenceKind,
    StoredState,
    Subject,
    short,
)
from qoa_platform.states import decode

EDGES = "edges of "
"""How the name of a profile begins that moving references are counted on."""
MERGED = frozenset({"histogram", "frequencies", "moments"})
"""States of partitions that become a moving reference."""


@dataclass(slots=True)
class References:
    """Profiles for the promises of *subject* on one candidate. Reads are kept: several promises share a reference."""

    ledger: Reader
    contract: Contract
    subject: Subject
    candidate: Candidate
    _known: dict[str, Profile | None] = field(default_factory=dict)
    _published: list[Pointer] | None = None
    _counted: list[Profile] | None = None
    frozen: list[Profile] = field(default_factory=list)
    """Edges that were frozen for this audit, to be kept where the candidate is not held back."""

    def published(self) -> list[Pointer]:
        """Published partitions of the asset before the candidate's window, oldest first."""
        if self._published is None:
            prefix = f"{self.candidate.asset}|"
            heads = self.ledger.pointers(PointerKind.PUBLISHED, prefix=prefix)
            before = [h for h in heads if h.value and h.key.removeprefix(prefix) < self.candidate.partition]
            self._published = sorted(before, key=lambda h: h.key)
        return self._published

    def profile(self, promise: Promise, metric: Metric) -> Profile | None:
        """The profile in force for *promise*; ``None``: there is none (the reading is then ``no_reference``)."""
        reference = promise.reference
        if reference is None:
            return None
        match reference.kind:
            case ReferenceKind.TRAINING:
                return self._cached("training", self._training)
            case ReferenceKind.LAST_PARTITIONS:
                return self._moving(metric, reference.count or 1)
            case ReferenceKind.PREVIOUS:
                return self._moving(metric, 1)
            case ReferenceKind.PROFILE:
                name = reference.name or ""
                return self._cached(f"profile:{name}", lambda: self._named(name))
            case _:
                assert_never(reference.kind)

    def past(self, ask: Ask, count: int) -> tuple[Past, ...]:
        """What *ask* was answered in the last *count* published partitions, oldest first: stored states, no rows."""
        found = self._stored(ask, count)
        return tuple(Past(s.window, decode(s.content)) for s in sorted(found, key=lambda s: s.window.start))

    def _stored(self, ask: Ask, count: int) -> list[StoredState]:
        asset, heads = self.candidate.asset, self.published()[-count:]
        ids = [short("state", ask, asset, h.key.removeprefix(f"{asset}|"), h.value) for h in heads]
        return self.ledger.find(StoredState, ids=ids) if ids else []

    def _cached(self, key: str, read: Callable[[], Profile | None]) -> Profile | None:
        if key not in self._known:
            self._known[key] = read()
        return self._known[key]

    def _training(self) -> Profile | None:
        """What the run that trained the champion froze: in force from its promotion on (semantics 7)."""
        model = next((s.model for s in self.contract.subjects if s.model is not None), None)
        head = self.ledger.pointer(PointerKind.ALIAS, f"{model}|champion") if model else None
        if model is None or head is None or head.value is None:
            return None
        version = self.ledger.last(ModelVersion, short("model_version", model, head.value))
        digest = version.profile(self.candidate.asset) if version else None
        return self.ledger.last(Profile, digest) if digest else None

    def _named(self, name: str) -> Profile | None:
        found = self.ledger.last(Profile, name)
        return found or next((p for p in self.ledger.find(Profile, newest_first=True) if p.name == name), None)

    def _moving(self, metric: Metric, count: int) -> Profile | None:
        """The last *count* published partitions, merged from their stored states: no row is read.

        What has to be counted on edges is counted on those that were frozen once (metrics.md 2 d). Until a partition
        has been counted on them, they come without a reference count, so that this one is.
        """
        base = None if metric.ask(None) is not None else self._edges(metric)
        ask = metric.ask(base)
        if ask is None or ask.state not in MERGED:
            return None
        stored = self._stored(ask, count)
        if not stored:
            return unfilled(base) if base is not None else None
        return moving(
            [(s.partition, decode(s.content)) for s in stored], ask=ask, subject=self.candidate.asset,
            at=self.candidate.at, wall=self.candidate.wall, source=tuple(s.data for s in stored),
        )  # fmt: skip

    def _edges(self, metric: Metric) -> Profile | None:
        """The edges that a moving reference is counted on: the first of the ledger, else frozen now, of this candidate.

        The candidate itself is not read against them: it has no reference yet, and is the first one of the next.
        """
        subject = self.subject
        if self._counted is None:
            frozen = self.ledger.find(Profile, series=subject.target)
            self._counted = [p for p in frozen if p.name.startswith(EDGES)]
        found = next((p for p in self._counted if metric.ask(p) is not None), None)
        if found is not None:
            return found
        try:
            fresh = freeze(
                self.candidate.frame, [w for w in wanted(subject) if w.column in metric.columns],
                name=f"{EDGES}{self.candidate.asset}", subject=subject.target, window=self.candidate.window,
                source=(self.candidate.digest,), at=self.candidate.at, wall=self.candidate.wall,
                missing=dict(subject.missing), where=subject.where, sensitive=subject.sensitive,
            )  # fmt: skip
        except FreezeError:
            return None
        if metric.ask(fresh) is None:
            return None
        self._counted.append(fresh)
        self.frozen.append(fresh)
        return fresh
