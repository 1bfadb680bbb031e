"""Owns the judging of a prediction frame without a ledger: every version in it, against baselines and a champion."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from qoa_platform.api.history import History
from qoa_platform.audit.candidate import Audited, Candidate, Judged
from qoa_platform.audit.evidence import audit_predictions
from qoa_platform.records import WHOLE, Baseline, Contract, ModelVersion, Subject, SubjectKind, Versus, Window


class SubjectError(ValueError):
    """A subject that the contract does not have, or that no frame can answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Which subject of a model is judged, on predictions that its promises are *over*, with which *champion*."""

    subject: Subject
    over: str
    champion: str | None = None

    @classmethod
    def of(cls, contract: Contract, name: str, over: str | None, champion: str | None) -> "Predictions | None":
        """The predictions of the subject *name*; ``None`` where it is not about a model. Raises SubjectError."""
        subject = contract.subject(name)
        if subject is None or subject.kind is not SubjectKind.MODEL:
            return None
        known = list(dict.fromkeys(p.over for p in subject.promises if p.over is not None))
        if (over is None and len(known) != 1) or (over is not None and over not in known):
            said = f"over {over!r}" if over is not None else "over several assets or none"
            raise SubjectError(
                f"promises of {name!r} {said}: say which frame it is. Allowed: {', '.join(known) or 'none'}"
            )
        return cls(subject=subject, over=over or known[0], champion=champion)

    def audited(self, contract: Contract, frame: pl.DataFrame, now: datetime) -> Audited:
        """What an audit says of *frame*: versions that a promise names as its baseline are not judged themselves."""
        model = self.subject.model or ""
        past = History(self.over)
        for version in self._versions(frame):
            past.know(ModelVersion(model=model, version=version, artifact="", trial="", at=now, wall=now))
        if self.champion is not None:
            past.crown(model, self.champion, now)
        candidate = Candidate(
            asset=self.over, partition=WHOLE, window=Window(start=now, end=now), frame=frame, digest="", trial="",
            at=now, wall=now,
        )  # fmt: skip
        return audit_predictions(past, Judged(contract=contract, subject=self.subject), candidate)

    def _versions(self, frame: pl.DataFrame) -> list[str]:
        if absent := sorted({"version", "time", "actual", "predicted"} - set(frame.columns)):
            message = (
                f"a prediction frame needs the columns version, time, actual, predicted; missing: {', '.join(absent)}"
            )
            raise SubjectError(message)
        musts = [p.must for p in self.subject.promises]
        baselines = {m.name for m in musts if isinstance(m, Versus) and m.baseline is Baseline.REFERENCE}
        found = frame.get_column("version").drop_nulls().unique().sort().to_list()
        return [str(version) for version in found if version not in baselines]
