"""Owns Prepared: a contract read once, with its metrics built once, ready to judge many frames."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from json import dumps
from pathlib import Path
from typing import Any

import polars as pl

from qoa_platform.api.asking import GIVEN
from qoa_platform.api.flagging import Cells
from qoa_platform.api.frames import framed
from qoa_platform.api.history import Given, History
from qoa_platform.api.measuring import frozen
from qoa_platform.api.predictions import Predictions, SubjectError
from qoa_platform.api.verdicts import Verdicts
from qoa_platform.api.windows import Moment, moment, window_of
from qoa_platform.audit.candidate import Candidate, Judged, Neighbour
from qoa_platform.audit.own import Asked, audit_own
from qoa_platform.audit.telling import Told
from qoa_platform.contracts import read, read_text
from qoa_platform.profiles.suggesting import Suggestion
from qoa_platform.records import Contract, Measurement, Profile, Subject, SubjectKind, Window
from qoa_platform.scans.flagging import flagged

Past = History | Mapping[Any, Any] | Iterable[Measurement | Verdicts]
Document = Contract | Suggestion | Mapping[str, Any] | str | Path


@dataclass(frozen=True, slots=True)
class Prepared:
    """A contract that is ready to judge: everything that follows from it alone is worked out once."""

    contract: Contract
    _asked: dict[str, Asked] = field(default_factory=dict, compare=False, repr=False)

    def judge(
        self, data: Any, *, subject: str | None = None, history: Past | None = None, profile: Any = None,
        window: Moment | None = None, now: datetime | None = None, beside: Mapping[str, Any] | None = None,
        over: str | None = None, champion: str | None = None,
    ) -> Verdicts:  # fmt: skip
        """The verdicts on *data*; see :func:`qoa_platform.api.judge`."""
        if subject is not None and (of_model := Predictions.of(self.contract, subject, over, champion)) is not None:
            said = of_model.audited(self.contract, framed(data), now or datetime.now(UTC))
            return Verdicts(said.verdicts, said.measurements, self.contract)
        judged, candidate, references = self._readied(data, subject, history, profile, window, now, beside=beside)
        found = audit_own(
            references.ledger,
            judged,
            candidate,
            asked=self._built(judged.subject),
            references=references,
            keep=False,
            sample=False,
        )
        shared = history if isinstance(history, History) else None  # one made for this call alone is let go of
        return Verdicts(found.verdicts, found.measurements, self.contract, shared)

    def flags(
        self, data: Any, *, subject: str | None = None, history: Past | None = None, profile: Any = None,
        window: Moment | None = None, now: datetime | None = None, beside: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Cells:  # fmt: skip
        """The cells of *data* that row-level promises point at; see :func:`qoa_platform.api.flags`."""
        judged, candidate, references = self._readied(data, subject, history, profile, window, now, beside=beside)
        tell = Told.of(judged.subject, candidate, references).metric
        every = [(p, m) for p, metrics in self._built(judged.subject).promises for m in metrics]
        found = flagged(
            candidate.frame, [(tell(m), references.profile(p, m)) for p, m in every],
            missing=dict(judged.subject.missing), limit=limit, sensitive=judged.subject.sensitive,
            beside={name: n.frame for name, n in candidate.beside.items()},
        )  # fmt: skip
        return Cells(found, tuple(p.id for p, _ in every))

    def history(self, days: Past, *, subject: str | None = None, profile: Any = None) -> History:
        """Earlier *days* as something that can be learnt from again and again: frames by day, or earlier verdicts."""
        chosen = self.subject(subject)
        now = datetime.now(UTC)
        return self._past(days, chosen, _profiles(profile, chosen, Window.of_day(now.date()), now), None)

    def freeze(self, data: Any, *, name: str = "training", subject: str | None = None) -> Profile:
        """What the promises of the subject compare with, frozen from *data*; no row, no sensitive value is kept."""
        now, own = datetime.now(UTC), self.subject(subject)
        window = Window(start=now, end=now)
        return frozen(data, own, name=name, window=window, now=now, sensitive=own.sensitive)

    def subject(self, name: str | None = None) -> Subject:
        """The subject of that id; without one the only subject of data that something is promised of."""
        own = [s for s in self.contract.subjects if s.kind is SubjectKind.ASSET and s.model is None and s.promises]
        names = ", ".join(s.id for s in own) or "none"
        if name is None:
            if len(own) != 1:
                raise SubjectError(
                    f"contract {self.contract.name!r} has {len(own)} subjects of data: {names}. Say which"
                )
            return own[0]
        found = next((s for s in own if s.id == name), None)
        if found is None:
            raise SubjectError(f"{name!r} is no subject of data of contract {self.contract.name!r}. Allowed: {names}")
        return found

    def _readied(
        self, data: Any, subject: str | None, history: Past | None, profile: Any, window: Moment | None,
        now: datetime | None, *, beside: Mapping[str, Any] | None,
    ) -> tuple[Judged, Candidate, Given]:  # fmt: skip
        """Whose promises are judged, of which candidate, against what."""
        chosen = self.subject(subject)
        frame, told = framed(data), now or datetime.now(UTC)
        about = window_of(chosen, frame, window, told)
        profiles = _profiles(profile, chosen, about, told)
        past = History(chosen.target) if history is None else self._past(history, chosen, profiles, now)
        candidate = _candidate(chosen, frame, about, told, beside)
        references = Given(past, self.contract, chosen, candidate, profiles=profiles)
        return Judged(contract=self.contract, subject=chosen), candidate, references

    def _built(self, subject: Subject) -> Asked:
        if subject.id not in self._asked:
            self._asked[subject.id] = Asked.of(subject)
        return self._asked[subject.id]

    def _past(self, days: Past, subject: Subject, profiles: dict[str, Profile], now: datetime | None) -> History:
        if isinstance(days, History):
            return days
        past = History(subject.target)
        if not isinstance(days, Mapping):
            _recall(past, days)
            return past
        judged, asked = Judged(contract=self.contract, subject=subject), self._built(subject)
        for window, day in sorted(((moment(day), day) for day in days), key=lambda pair: pair[0]):
            candidate = _candidate(subject, framed(days[day]), window, now or window.end)
            references = Given(past, self.contract, subject, candidate, profiles=profiles)
            found = audit_own(past, judged, candidate, asked=asked, references=references, sample=False)
            past.audited(window, found)
        return past


def prepare(contract: "Document | Prepared") -> Prepared:
    """*contract* (path, text, dictionary, Contract, Suggestion) ready to judge; the same document is prepared once.

    Raises ContractErrors with all problems at once.
    """
    match contract:
        case Prepared():
            return contract
        case Contract():
            return _known(contract.digest, _Same(contract))
        case Suggestion():
            return prepare(contract.contract)
        case Mapping():
            return _of_text(dumps(contract, default=str))
        case str() if "\n" in contract:
            return _of_text(contract)
        case _:
            path = Path(contract)
            return _of_file(path, _stamp(path))


@dataclass(frozen=True, slots=True)
class _Same:
    """A contract that is told apart by its digest alone, which is what the cache looks at."""

    contract: Contract

    def __hash__(self) -> int:
        return hash(self.contract.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.contract.digest == self.contract.digest


@lru_cache(maxsize=64)
def _known(_digest: str, same: _Same) -> Prepared:
    return Prepared(same.contract)


@lru_cache(maxsize=64)
def _of_text(text: str) -> Prepared:
    return Prepared(read_text(text))


@lru_cache(maxsize=64)
def _of_file(path: Path, _stamp: object) -> Prepared:
    return Prepared(read(path))


def _stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What a contract's folder looks like: a data contract beside a contract is part of it."""
    found = sorted(path.parent.glob("*.yaml")) if path.is_file() else []
    return tuple((p.name, s.st_mtime_ns, s.st_size) for p in found for s in [p.stat()])


def _candidate(
    subject: Subject, frame: pl.DataFrame, window: Window, now: datetime, beside: Mapping[str, Any] | None = None
) -> Candidate:
    neighbours = {name: Neighbour(framed(data), GIVEN) for name, data in (beside or {}).items()}
    return Candidate(
        asset=subject.target, partition=window.partition, window=window, frame=frame, digest="", trial="",
        beside=neighbours, at=now, wall=now,
    )  # fmt: skip


def _profiles(profile: Any, subject: Subject, window: Window, now: datetime) -> dict[str, Profile]:
    """Frozen references by name; the one without a name stands for any."""
    match profile:
        case None:
            return {}
        case Profile():
            return {"": profile}
        case Mapping() if profile and all(isinstance(p, Profile) for p in profile.values()):
            return {str(name): found for name, found in profile.items()}
        case _:
            return {"": frozen(profile, subject, name="training", window=window, now=now)}


def _recall(past: History, days: Iterable[Measurement | Verdicts]) -> None:
    by_window: dict[Window, list[Measurement]] = {}
    for item in days:
        for measured in item.measurements if isinstance(item, Verdicts) else (item,):
            by_window.setdefault(measured.window, []).append(measured)
    for window in sorted(by_window):
        past.remember(window, by_window[window])
