"""Owns Workspace: one project's ledger, artifacts, clock and contracts in force, opened once per process."""

import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl

from qoa_platform.alerts import Channels
from qoa_platform.artifacts import FileStore, frame_to_parquet, parquet_to_frame
from qoa_platform.audit import Neighbour
from qoa_platform.audit.candidate import content_of
from qoa_platform.contracts import ContractErrors, read
from qoa_platform.ledger import open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.ledger.home import Home, find_home
from qoa_platform.ports import Ledger
from qoa_platform.profiles import FreezeError, Wanted, freeze, wanted
from qoa_platform.reactions.enacting import Enactment, Standing, enact, unreadable
from qoa_platform.records import WHOLE, Batch, Contract, PointerKind, Profile, Refused, Subject, Window

FRAME_BYTES = 256 * 1024 * 1024
"""How much of published frames a process keeps in memory. They are content-addressed: a digest never changes."""


@dataclass(slots=True)
class Workspace:
    """What every step, sensor and command of one project shares within a process."""

    home: Home
    ledger: Ledger
    files: FileStore
    clock: LedgerClock
    channels: Channels
    _frames: OrderedDict[str, pl.DataFrame] = field(default_factory=OrderedDict)
    _held: int = 0

    def offered(self) -> tuple[Contract, ...]:
        """The contracts as the project's files say now. Raises ContractErrors with all problems at once."""
        return tuple(_contract(p, _stamp(p.parent)) for p in self.home.contracts)

    def enactments(self) -> list[Enactment]:
        """Offer every contract of the project; the result says which is in force and how the offered one stands.

        A file that cannot be read (somebody is editing it) leaves the contract from it that is in force as it is; where
        there is none, ContractErrors is raised.
        """
        return [self._enacted(path) for path in self.home.contracts]

    def _enacted(self, path: Path) -> Enactment:
        at, wall, sinks = self.clock.at(), self.clock.wall(), self.channels.sinks
        try:
            offered = _contract(path, _stamp(path.parent))
        except ContractErrors as error:
            standing = unreadable(self.ledger, str(path), str(error), at=at, wall=wall, sinks=sinks)
            if standing is None:
                raise
            return standing
        return enact(self.ledger, offered, at=at, wall=wall, actor="qoa", sinks=sinks)

    def contracts(self) -> tuple[Contract, ...]:
        """The contracts in force for this project."""
        return tuple(e.contract for e in self.enactments())

    def stale(self) -> tuple[str, ...]:
        """Contracts of which this process holds an older version: it refuses to decide them."""
        return tuple(e.contract.name for e in self.enactments() if e.standing is Standing.OLDER)

    def write_frame(self, asset: str, partition: str, frame: pl.DataFrame) -> str:
        """Store a frame; its digest. Nothing is published by this."""
        digest = self.files.put(data_name(asset, partition), frame_to_parquet(frame), ".parquet")
        self._keep(digest, frame)
        return digest

    def read_frame(self, asset: str, partition: str, digest: str) -> pl.DataFrame:
        """The frame of that digest, checked before it is parsed."""
        if digest in self._frames:
            self._frames.move_to_end(digest)
            return self._frames[digest]
        frame = parquet_to_frame(self.files.get(data_name(asset, partition), digest, ".parquet"))
        self._keep(digest, frame)
        return frame

    def read_aside(self, asset: str, partition: str, digest: str) -> pl.DataFrame:
        """The rows of that digest that were set aside, checked before they are parsed."""
        return parquet_to_frame(self.files.get(aside_name(asset, partition), digest, ".parquet"))

    def frame_size(self, asset: str, partition: str, digest: str) -> int:
        """The bytes of the file that holds the frame of that digest."""
        return self.files.path(data_name(asset, partition), digest, ".parquet").stat().st_size

    def beside(self, names: Iterable[str], partition: str) -> dict[str, Neighbour]:
        """The published frames of the assets *names* that stand beside *partition*; what is not published is left out.

        Of an asset without partitions its whole, else the same partition; beside a whole, all partitions together.
        """
        found = {name: self._neighbour(name, partition) for name in sorted(names)}
        return {name: neighbour for name, neighbour in found.items() if neighbour is not None}

    def _neighbour(self, asset: str, partition: str) -> Neighbour | None:
        published = self.published(asset)
        wanted = {name: d for name, d in published.items() if name in {partition, WHOLE}}
        wanted = wanted or (published if partition == WHOLE else {})
        kept = all(self.files.exists(data_name(asset, name), held, ".parquet") for name, held in wanted.items())
        if not wanted or not kept:  # of a foreign asset only the digest is known
            return None
        frames = [self.read_frame(asset, name, held) for name, held in wanted.items()]
        whole = pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0]
        return Neighbour(whole, content_of(wanted))

    def published(self, asset: str) -> dict[str, str]:
        """Partition → digest of everything published of *asset*, in partition order."""
        prefix = f"{asset}|"
        heads = self.ledger.pointers(PointerKind.PUBLISHED, prefix=prefix)
        return {h.key.removeprefix(prefix): h.value for h in sorted(heads, key=lambda h: h.key) if h.value}

    def freeze(
        self, subject: Subject, since: date, until: date, *, name: str, columns: Sequence[str] = ()
    ) -> Profile:  # fmt: skip
        """The published days of *subject* from *since* to before *until*, frozen as a reference and kept in the ledger.

        Frozen is what promises of the subject compare, and *columns* besides. Raises FreezeError where no such day is
        published, nothing is to be frozen, or the same content is frozen under another name.
        """
        asset = subject.asset or ""
        published = self.published(asset)
        days = {p: d for p, d in published.items() if since.isoformat() <= p < until.isoformat()}
        if not days:
            there = f"{next(iter(published))} … {list(published)[-1]}" if published else "nothing"
            raise FreezeError(f"no day of {asset} in [{since}, {until}) is published. Published: {there}")
        asked = [*wanted(subject), *map(Wanted, columns)]
        if not asked:
            raise FreezeError(
                f"no promise of {subject.id} compares with a frozen reference. Say which columns to freeze"
            )
        profile = freeze(
            pl.concat([self.read_frame(asset, p, d) for p, d in days.items()], how="vertical_relaxed"), asked,
            name=name, subject=subject.target, source=tuple(days.values()), at=self.clock.at(), wall=self.clock.wall(),
            window=Window(start=Window.of_day(since).start, end=Window.of_day(until).start),
            missing=dict(subject.missing), where=subject.where, fine=True, sensitive=subject.sensitive,
        )  # fmt: skip
        done = self.ledger.commit(Batch(records=(profile,)))
        if isinstance(done, Refused):
            raise FreezeError(f"the same content is frozen already, under another name: {done.reason}")
        return profile

    def _keep(self, digest: str, frame: pl.DataFrame) -> None:
        size = int(frame.estimated_size())
        if digest in self._frames or size > FRAME_BYTES:
            return
        self._frames[digest] = frame
        self._held += size
        while self._held > FRAME_BYTES:
            _, dropped = self._frames.popitem(last=False)
            self._held -= int(dropped.estimated_size())


def data_name(asset: str, partition: str) -> str:
    """Where the bytes of an asset's partition lie, below the store."""
    return f"data/{asset}/{partition}"


def aside_name(asset: str, partition: str) -> str:
    """Where the rows lie that were set aside of an asset's partition."""
    return f"set_aside/{asset}/{partition}"


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What the folder of contracts looks like: a data contract beside a contract is part of it."""
    found = sorted(folder.glob("*.yaml"))
    return tuple((p.name, s.st_mtime_ns, s.st_size) for p in found for s in [p.stat()])


@lru_cache(maxsize=64)
def _contract(path: Path, _stamp: tuple[tuple[str, int, int], ...]) -> Contract:
    return read(path)


def open_workspace(start: Path | None = None) -> Workspace:
    """The workspace of the project that *start* lies in, opened once per process (and again after a fork)."""
    return _opened(find_home(start), os.getpid())


@lru_cache(maxsize=8)
def _opened(home: Home, _process: int) -> Workspace:
    home.state.mkdir(parents=True, exist_ok=True)
    ledger = open_ledger(home.ledger)
    return Workspace(
        home=home, ledger=ledger, files=FileStore(home.state), clock=LedgerClock(ledger),
        channels=Channels.of(home.root),
    )  # fmt: skip


def forget_workspaces() -> None:
    """Let go of what :func:`open_workspace` keeps: tests, and a demo that starts afresh."""
    _opened.cache_clear()
