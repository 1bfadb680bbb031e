"""Owns coverage: which promises were ever put to the test, by the data or by a planted fault, and which never were."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qoa_platform.contracts.reading import SCHEMA_PROMISE
from qoa_platform.records import Contract, Reason, Status, Subject, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One promise in history. A window judged again counts once, under each status it ever had.

    *decided* windows had a verdict that was not unknown; *violated* ones were violated at least once (superseded
    verdicts and groups included), of them *injected* while a fault was planted. *unknown* counts windows by reason.
    """

    subject: str
    promise: str
    windows: int
    decided: int
    satisfied: int
    violated: int
    injected: int
    unknown: dict[Reason, int] = field(default_factory=dict)
    last_violated: datetime | None = None

    @property
    def proven(self) -> bool:
        """Whether it was seen to be violated at least once: it can fail."""
        return self.violated > 0

    def __str__(self) -> str:
        if not self.windows:
            return f"{self.subject}.{self.promise}: never judged"
        unknown = ", ".join(f"{n} {reason}" for reason, n in sorted(self.unknown.items()))
        said = (
            f"{self.subject}.{self.promise}: {self.decided} of {self.windows} windows decided, {self.violated} violated"
        )
        planted = f" ({self.injected} of them planted)" if self.injected else ""
        return (
            f"{said}{planted}"
            + (f"; unknown: {unknown}" if unknown else "")
            + ("" if self.proven else "; NEVER VIOLATED")
        )


def coverage(
    contract: Contract, verdicts: Iterable[Verdict], *, injected: Collection[str] = ()
) -> tuple[Coverage, ...]:
    """How every promise of *contract* fared in *verdicts*, in the order of the contract. Pure.

    A promise that was never once violated has not been shown to catch anything: its bound may be out of reach, or its
    metric blind. *verdicts* are records of the ledger, superseded ones included (of other contracts: ignored);
    *injected* are the ids of trials in which ``qoa inject`` had planted a fault.
    """
    found: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.key.contract == contract.name:
            found.setdefault((verdict.key.subject, verdict.key.promise), []).append(verdict)
    return tuple(
        _covered(subject.id, promise, found.get((subject.id, promise), ()), frozenset(injected))
        for subject in contract.subjects
        for promise in _promised(subject)
    )


def _promised(subject: Subject) -> list[str]:
    return [SCHEMA_PROMISE] * (subject.schema is not None) + [promise.id for promise in subject.promises]


def _covered(subject: str, promise: str, verdicts: Sequence[Verdict], injected: frozenset[str]) -> Coverage:
    bad = [v for v in verdicts if v.violated]
    unknown = {(v.window, v.reason) for v in verdicts if v.status is Status.UNKNOWN and v.reason is not None}
    return Coverage(
        subject=subject, promise=promise, windows=len({v.window for v in verdicts}),
        decided=len({v.window for v in verdicts if v.status is not Status.UNKNOWN}),
        satisfied=len({v.window for v in verdicts if v.satisfied}), violated=len({v.window for v in bad}),
        injected=len({v.window for v in bad if v.trial in injected}),
        unknown=dict(Counter(reason for _, reason in unknown)), last_violated=max((v.at for v in bad), default=None),
    )  # fmt: skip
