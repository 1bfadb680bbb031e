"""Owns the desk of the audit tests: a ledger in a file, a contract, a clock that stands still, and published days."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import polars as pl

from qoa_platform.audit import Audited, Candidate, audit
from qoa_platform.contracts import read_text
from qoa_platform.ledger import Store
from qoa_platform.records import (
    Batch,
    Committed,
    Contract,
    ModelVersion,
    Move,
    PointerKind,
    Trial,
    TrialState,
    Usage,
    Verdict,
    Window,
    short,
)

NOW = datetime(2017, 12, 26, 12, tzinfo=UTC)
HEAD = """\
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: me
runbook: docs/shop.md
subjects:
"""


@dataclass(slots=True)
class Clock:
    """A clock that is moved by hand."""

    now: datetime = NOW

    def at(self) -> datetime:
        return self.now

    def wall(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Desk:
    """What an audit works with."""

    ledger: Store
    contract: Contract
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def of(cls, ledger: Store, subjects: str) -> "Desk":
        """A desk under a contract with those *subjects*."""
        return cls(ledger=ledger, contract=read_text(HEAD + subjects))

    def judged(self, asset: str, partition: str, frame: pl.DataFrame, **more: Any) -> Audited:
        """What an audit of *frame* finds; nothing is written."""
        digest = sha256(repr((asset, partition, frame.rows())).encode()).hexdigest()
        window = (
            Window.of_partition(partition) if partition != "all" else Window(start=self.clock.now, end=self.clock.now)
        )
        candidate = Candidate(
            asset=asset, partition=partition, window=window, frame=frame, digest=digest,
            trial=short("trial", asset, partition), at=self.clock.now, wall=self.clock.now, **more,
        )  # fmt: skip
        return audit(self.ledger, [self.contract], candidate)

    def publish(self, asset: str, partition: str, frame: pl.DataFrame, **more: Any) -> Audited:
        """Audit *frame*, write what was found, and move the pointer."""
        found = self.judged(asset, partition, frame, **more)
        digest = next((v.data for v in found.verdicts if v.data), "0" * 64)
        key = f"{asset}|{partition}"
        head = self.ledger.pointer(PointerKind.PUBLISHED, key)
        move = Move(
            kind=PointerKind.PUBLISHED, key=key, value=digest, expected=head.generation if head else 0, verb="publish",
            actor="test", reason="test", at=self.clock.now, wall=self.clock.now,
        )  # fmt: skip
        self.write(Batch(records=(*found.measurements, *found.states, *found.verdicts, *found.profiles), moves=(move,)))
        return found

    def write(self, batch: Batch) -> None:
        """Commit, which must succeed."""
        done = self.ledger.commit(batch)
        assert isinstance(done, Committed), done

    def champion(self, *versions: str, model: str = "demand") -> None:
        """Record *versions*; the first is champion."""
        now = self.clock.now
        records = tuple(
            ModelVersion(model=model, version=v, artifact=sha256(v.encode()).hexdigest(), trial="t", at=now, wall=now)
            for v in versions
        )
        move = Move(
            kind=PointerKind.ALIAS, key=f"{model}|champion", value=versions[0], expected=0, verb="promote",
            actor="test", reason="test", at=now, wall=now,
        )  # fmt: skip
        self.write(Batch(records=records, moves=(move,)))

    def trial(self, run: str, asset: str, seconds: float | None, usd: float | None = None, **more: Any) -> Trial:
        """Record a trial of *run* that took *seconds* (``None``: it is not over)."""
        usage = Usage(seconds=seconds, usd=usd, vcpus=1, gigabytes=4) if seconds is not None else None
        ended = self.clock.now + timedelta(seconds=seconds) if seconds is not None else None
        made = Trial(
            id=short("trial", run, asset), experiment=asset, asset=asset, partition="all", run=run, code="1",
            environment="e", state=TrialState.STARTED if usage is None else TrialState.PUBLISHED, usage=usage,
            ended=ended, at=self.clock.now, wall=self.clock.now, **more,
        )  # fmt: skip
        self.write(Batch(records=(made,)))
        return made


def sold(rows: int, day: str = "2017-12-24") -> pl.DataFrame:
    """A day with *rows* rows."""
    noon = Window.of_partition(day).start + timedelta(hours=12)
    return pl.DataFrame(
        {"item": [f"i{n % 4}" for n in range(rows)], "amount": [float(n) for n in range(rows)], "time": [noon] * rows},
        schema={"item": pl.String, "amount": pl.Float64, "time": pl.Datetime("us", "UTC")},
    )


def said(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Key → verdict, as text."""
    return {str(v.key): str(v) for v in verdicts}


def days(first: str, count: int) -> list[str]:
    """*count* days from *first* on."""
    start = Window.of_partition(first).start
    return [(start + timedelta(days=n)).date().isoformat() for n in range(count)]
