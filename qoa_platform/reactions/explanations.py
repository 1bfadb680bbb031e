"""Owns explanations: what a ledger (or a judgement in memory) holds about one promise, as one Explanation."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from inspect import getdoc
from math import nan
from typing import NamedTuple

from qoa_platform.contracts import sentence
from qoa_platform.contracts.reading import SCHEMA_PROMISE
from qoa_platform.contracts.wording import compared_with, read_of
from qoa_platform.metrics import MetricSpec, catalogue
from qoa_platform.ports import Ledger
from qoa_platform.reactions.world import current
from qoa_platform.records import (
    Contract,
    Direction,
    Episode,
    Key,
    Measurement,
    Mode,
    Outcome,
    PointerKind,
    Profile,
    Promise,
    Reaction,
    Reference,
    Severity,
    Subject,
    SubjectKind,
    Unit,
    Usual,
    Verdict,
    show,
)
from qoa_platform.records.verdict import series_of
from qoa_platform.verdicts import Learning
from qoa_platform.verdicts.budget import Spend, looks_of, spent, spread
from qoa_platform.verdicts.explanation import Explanation, Followed, Moment, Named, model_of, moments
from qoa_platform.verdicts.remedies import Known, remedies

SHOWN, LAST, LONGEST = 120, 8, 1_000
"""So many windows of history are shown, so many last verdicts, superseded ones too; and looked at for changes."""
SPENT = timedelta(days=90)
"""Over so long, up to the verdict, the spend is counted."""
RELEASE, OBJECTIVE = "release", "objective"
SCHEMA_METRIC = "data.schema_violations"
_NAME = re.compile(r"(?:(?P<contract>[^/]+)/)?(?P<subject>[^./\[]+)\.(?P<promise>[^.\[]+)(?:\[(?P<extra>.+)\])?")


class UnknownPromise(LookupError):
    """No contract in force promises that, or it was never judged there."""


class Place(NamedTuple):
    """A promise in its contract. *promise* is ``None`` for what ``schema:`` and ``release:`` imply."""

    contract: Contract
    subject: Subject | None
    id: str
    promise: Promise | None = None

    @property
    def name(self) -> str:
        """As a person types it."""
        return f"{self.subject.id if self.subject is not None else RELEASE}.{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known about one promise: its *verdicts* (superseded ones too), and what it led to.

    *past* is a history without verdicts (in memory); *groups* is how many groups are judged beside the whole.
    """

    verdicts: Sequence[Verdict] = ()
    past: Sequence[Moment] = ()
    episodes: Sequence[Episode] = ()
    reactions: Sequence[Reaction] = ()
    outcomes: Sequence[Outcome] = ()
    accepted: Sequence[str] = ()
    digest: str | None = None
    profile: Profile | None = None
    groups: int = 0


def explanation_of(ledger: Ledger, contracts: Sequence[Contract], name: str, *, at: str | None = None) -> Explanation:
    """The Explanation of the promise that *name* says (``subject.promise``, ``contract/subject.promise``).

    ``sales.quantity[GROCERY]`` is one group of a promise ``by:``, ``demand.live[v2]`` one version of a model's (else
    the champion's). *at* is a partition (else the newest window). Raises UnknownPromise with the nearest guess.
    """
    place, extra = found([place for c in contracts for place in places(c)], name)
    key = _key(ledger, place, extra)
    verdicts = ledger.find(Verdict, series=series_of(key))
    verdict = _chosen(place, verdicts, at)
    episodes = ledger.find(Episode, series=series_of(key))
    ids = {e.id for e in episodes}
    reactions = [r for r in ledger.find(Reaction) if ids & set(r.serves)] if ids else []
    measured = ledger.find(Measurement, ids=list(verdict.measurements[:1])) if verdict and verdict.measurements else []
    digest = measured[0].profile if measured else None
    told = Held(
        verdicts=verdicts, episodes=episodes, reactions=reactions,
        outcomes=ledger.find(Outcome, series=[r.id for r in reactions]) if reactions else (),
        accepted=[h.value for h in ledger.pointers(PointerKind.ACCEPTED) if h.value is not None], digest=digest,
        profile=ledger.last(Profile, digest) if digest else None,
    )  # fmt: skip
    return explained(place, verdict, told)


def found(every: Sequence[Place], name: str) -> tuple[Place, str | None]:
    """The one of *every* place that *name* says, and what stands in brackets. Raises UnknownPromise."""
    match = _NAME.fullmatch(name.strip())
    if match is None:
        raise UnknownPromise(_unknown(name, every))
    fitting = [
        p for p in every
        if p.name == f"{match['subject']}.{match['promise']}" and match["contract"] in (None, p.contract.name)
    ]  # fmt: skip
    if len(fitting) > 1:
        said = ", ".join(f"{p.contract.name}/{p.name}" for p in fitting)
        raise UnknownPromise(f"promise {name!r} is in several contracts. Say which: {said}")
    if not fitting:
        raise UnknownPromise(_unknown(name, every))
    return fitting[0], match["extra"]


def places(contract: Contract) -> list[Place]:
    """Every promise of *contract*: of its subjects, of their schemas, and the objective of its release."""
    every = [
        place
        for s in contract.subjects
        for place in (
            *([Place(contract, s, SCHEMA_PROMISE)] if s.schema is not None else []),
            *(Place(contract, s, p.id, p) for p in s.promises),
        )
    ]
    return [*every, *([Place(contract, None, OBJECTIVE)] if contract.release is not None else [])]


def _unknown(name: str, every: Sequence[Place]) -> str:
    known = sorted({p.name for p in every} | {f"{p.contract.name}/{p.name}" for p in every if "/" in name})
    near = get_close_matches(name.partition("[")[0], known, 1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown promise {name!r}.{hint} Known: {', '.join(known[:20]) or 'none yet'}"


def _key(ledger: Ledger, place: Place, extra: str | None) -> Key:
    model = place.subject.model if place.subject is not None else None
    if place.subject is None and place.contract.release is not None:
        model = place.contract.release.model
    subject = place.subject.id if place.subject is not None else RELEASE
    version, group = (extra, None) if model is not None else (None, extra)
    if model is not None and version is None:
        head = ledger.pointer(PointerKind.ALIAS, f"{model}|champion")
        version = head.value if head else None
    return Key(contract=place.contract.name, subject=subject, promise=place.id, group=group, version=version)


def _chosen(place: Place, verdicts: Sequence[Verdict], at: str | None) -> Verdict | None:
    """The current verdict of the window that *at* names, else of the newest. Raises UnknownPromise."""
    heads = sorted(current(list(verdicts)), key=lambda v: (v.window.end, v.window.start, v.at))
    if at is None:
        return heads[-1] if heads else None
    named = [v for v in heads if at in (v.window.partition, str(v.window))]
    if not named:
        known = [str(v.window) for v in heads]
        near = get_close_matches(at, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        span = f"{known[0]} … {known[-1]}" if known else "none yet"
        raise UnknownPromise(f"{place.name} was never judged for {at!r}.{hint} Judged: {span}")
    return named[-1]


def explained(place: Place, verdict: Verdict | None, held: Held = Held()) -> Explanation:
    """The Explanation of *verdict*, from what is *held* about its promise. Pure."""
    promise, contract, subject = place.promise, place.contract, place.subject
    spec = catalogue().get(verdict.metric if verdict is not None else _metric(place))
    until = [v for v in held.verdicts if verdict is None or v.window.end <= verdict.window.end]
    history = (*held.past, *moments(current(until)))
    reference = promise.reference if promise is not None else None
    return Explanation(
        name=str(verdict.key) if verdict is not None else place.name, contract=contract.name,
        contract_version=contract.version, line=_line(place), wording=_wording(place),
        severity=str(_severity(place)), gates=_gates(place), metric=spec.id if spec else _metric(place),
        definition=spec.definition if spec else "", formula=_formula(spec),
        unit=spec.unit if spec else Unit.ONE, direction=spec.direction if spec else Direction.TARGET,
        reads=_reads(subject, promise), reference=_reference(reference, promise), digest=held.digest, verdict=verdict,
        remedies=remedies(verdict, promise, _known(place, verdict, held)) if verdict is not None else (),
        history=history[-SHOWN:], last=tuple(_told(v) for v in until[-LAST:][::-1]), model=model_of(verdict),
        followed=tuple(_followed(held)), changes=_changes(history[-LONGEST:]), spend=_spend(place, verdict, held),
    )  # fmt: skip


def _changes(history: Sequence[Moment]) -> tuple[Named, ...]:
    """The lasting changes of the values, each with the window in which it began."""
    if len(history) < LAST:
        return ()
    from qoa_platform.verdicts.changes import named  # noqa: PLC0415 (heavy import)

    found = named([nan if m.shown is None else m.shown for m in history])
    return tuple(
        Named(window=history[c.index].window, says=f"{str(c).partition(': ')[2]}, p = {c.p:.2g}") for c in found
    )


def _metric(place: Place) -> str:
    if place.promise is not None:
        return place.promise.metric
    release = place.contract.release
    return SCHEMA_METRIC if place.subject is not None or release is None else release.objective.metric


def _line(place: Place) -> str:
    contract = place.contract
    path = f"subjects.{place.subject.id}" if place.subject is not None else RELEASE
    line = (contract.line(f"{path}.promises.{place.id}") if place.promise is not None else None) or contract.line(path)
    return f"{contract.source}:{line or 1}" if contract.source else ""


def _wording(place: Place) -> str:
    if place.promise is not None:
        return sentence(place.promise)
    if place.subject is not None and place.subject.schema is not None:
        return f"the columns, types and values of {place.subject.schema.ref}"
    return f"{_metric(place)} of a candidate is better than the champion's, on paired evidence"


def _severity(place: Place) -> Severity:
    if place.promise is not None:
        return place.promise.severity
    return Severity.CRITICAL if place.subject is not None else Severity.WARNING


def _gates(place: Place) -> bool:
    """Whether a violation keeps a candidate of the subject's asset from being published."""
    own = place.subject is not None and place.subject.kind is SubjectKind.ASSET
    promise = place.promise
    observed = Mode.OBSERVE in (place.contract.mode, promise.mode if promise is not None else Mode.ENFORCE)
    return own and not observed and _severity(place) is Severity.CRITICAL and (promise is None or promise.over is None)


def _formula(spec: MetricSpec | None) -> str:
    """What the metric's class says beyond its definition: formula, cases, sources."""
    owner = getattr(spec.build, "__self__", None) if spec is not None else None
    text = getdoc(owner) if isinstance(owner, type) else None
    return (text or "").partition("\n")[2].strip()


def _reads(subject: Subject | None, promise: Promise | None) -> str:
    whose = subject.target if subject is not None else "the backtest"
    where = f" where {subject.where}" if subject is not None and subject.where else ""
    return f"{whose}{where} {read_of(promise) if promise is not None else ''}".strip()


def _reference(reference: Reference | None, promise: Promise | None) -> str | None:
    if reference is not None:
        return compared_with(reference)
    usual = promise is not None and isinstance(promise.must, Usual)
    return "its own published history before the window" if usual else None


def _known(place: Place, verdict: Verdict | None, held: Held) -> Known:
    before = [m for m in (*held.past, *moments(current(list(held.verdicts)))) if m.value is not None]
    told = [m for m in before if verdict is None or m.end < verdict.window.end]
    return Known(
        asset=place.subject.asset if place.subject is not None else None, history=len(told),
        minimum=Learning().minimum, reference_rows=_rows(place.promise, verdict, held.profile),
    )  # fmt: skip


def _rows(promise: Promise | None, verdict: Verdict | None, profile: Profile | None) -> int | None:
    """The rows of the reference with a value in the column that decided."""
    if promise is None or verdict is None or profile is None:
        return None
    named = verdict.evidence.get("column")
    names = [named] if isinstance(named, str) else list(promise.columns)
    column = profile.column(names[0], verdict.key.group) if names else None
    return column.n - column.missing if column is not None else None


def _told(verdict: Verdict) -> tuple[str, str, str, str]:
    return str(verdict.window), str(verdict), show(verdict.value, verdict.unit), f"{verdict.at:%Y-%m-%d %H:%M}"


def _followed(held: Held) -> Iterable[Followed]:
    """The last episodes, newest first, each with the reactions that served it."""
    last: dict[str, Outcome] = {}
    for outcome in held.outcomes:
        if outcome.reaction not in last or outcome.revision >= last[outcome.reaction].revision:
            last[outcome.reaction] = outcome
    for episode in sorted(held.episodes, key=lambda e: e.opened_at, reverse=True)[:LAST]:
        windows = ", ".join(str(w) for w in episode.windows[-3:])
        before = len(episode.windows) - len(episode.windows[-3:])
        what = f"{episode.status} in {windows}{f' and {before} before' if before else ''}"
        became = "open" if episode.closing is None else f"ended: {episode.closing}"
        yield Followed(kind="episode", what=what, at=episode.opened_at, became=became)
        yield from (_served(r, last.get(r.id)) for r in held.reactions if episode.id in r.serves)


def _served(reaction: Reaction, last: Outcome | None) -> Followed:
    became = "decided" if last is None else f"{last.state}{f': {last.detail}' if last.detail else ''}"
    what = f"{reaction.kind} {reaction.target} (rule {reaction.rule})"
    return Followed(kind="reaction", what=what, at=reaction.at, became=became)


def _spend(place: Place, verdict: Verdict | None, held: Held) -> Spend | None:
    """What the promise spent of the budget in the 90 days up to the verdict; ``None`` of what no promise declares."""
    if place.promise is None or place.subject is None:
        return None
    where = (place.subject.id, place.promise.id)
    end = verdict.window.end if verdict is not None else None
    counted = [
        v for v in held.verdicts
        if not v.imported and (end is None or end - SPENT < v.window.end <= end)
    ]  # fmt: skip
    budget = spread(place.contract, looks={where: looks_of(place.promise) * (1 + held.groups)})
    every = spent(place.contract, budget, counted, accepted=held.accepted)
    return next((s for s in every if (s.subject, s.promise) == where), None)
