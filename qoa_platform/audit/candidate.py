"""Owns Candidate and Audited: a frame that wants to be published, and what was measured and judged of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import polars as pl

from qoa_platform.audit.setting_aside import Aside
from qoa_platform.records import Contract, Measurement, Profile, StoredState, Subject, Verdict, Window, digest
from qoa_platform.scans import ScanReport


class Gauges(NamedTuple):
    """What a scan's pace and memory are read off, if off anything: a *clock* (seconds), bytes in use (*resident*)."""

    clock: Callable[[], float] | None = None
    resident: Callable[[], int] | None = None


NO_GAUGES = Gauges()


class Neighbour(NamedTuple):
    """The published frame of another asset, and the digest of its content."""

    frame: pl.DataFrame | pl.LazyFrame
    digest: str


def content_of(partitions: Mapping[str, str]) -> str:
    """The digest of a neighbour that is put together of *partitions* (name → digest): of a single one its own."""
    return next(iter(partitions.values())) if len(partitions) == 1 else digest("frames", sorted(partitions.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an asset's function returned for one partition, before it is published.

    *digest* is the content's; *trial* the materialization; *rows_in* the rows that were read (for ``data.retained``);
    *size* the bytes of its file; *beside* the published frames of other assets that a promise names, by asset;
    *imported* marks an import of history, which is judged and gated but never reacts (semantics 11).
    """

    asset: str
    partition: str
    window: Window
    frame: pl.DataFrame
    digest: str
    trial: str
    rows_in: int | None = None
    size: int | None = None
    beside: Mapping[str, Neighbour] = field(default_factory=dict)
    imported: bool = False
    at: datetime
    wall: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an audit found. *states* are kept so that no row of the partition is read twice.

    *aside* are the rows that failed promises which say that such rows may be set aside; *profiles* edges that moving
    references are counted on from now on; *scans* what each subject's scan did for it.
    """

    verdicts: tuple[Verdict, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    states: tuple[StoredState, ...] = ()
    aside: tuple[Aside, ...] = ()
    profiles: tuple[Profile, ...] = ()
    scans: tuple[ScanReport, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether the candidate must not be published."""
        return any(v.blocks for v in self.verdicts)

    def __add__(self, other: "Audited") -> "Audited":
        return Audited(
            verdicts=self.verdicts + other.verdicts,
            measurements=self.measurements + other.measurements,
            states=self.states + other.states,
            aside=self.aside + other.aside,
            profiles=tuple({p.digest: p for p in (*self.profiles, *other.profiles)}.values()),
            scans=self.scans + other.scans,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A subject of a contract whose asset is audited."""

    contract: Contract
    subject: Subject


def subjects_of(contracts: tuple[Contract, ...], asset: str) -> list[Judged]:
    """Every subject that promises something of *asset*'s own frame."""
    return [
        Judged(contract=c, subject=s)
        for c in contracts
        for s in c.subjects
        if s.asset == asset and s.model is None and s.promises
    ]


def readers_of(contracts: tuple[Contract, ...], asset: str) -> list[Judged]:
    """Every subject with promises ``over:`` *asset*: they are checks of that asset and never gate (semantics 12)."""
    return [
        Judged(contract=c, subject=s) for c in contracts for s in c.subjects if any(p.over == asset for p in s.promises)
    ]
