"""Owns the spill: keys that do not fit in memory, counted exactly by way of files, partitioned by their hashes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from qoa_platform.states import OVERFLOW, Sums
from qoa_platform.states.grouped import CAP

RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("group", "<u4"), ("seen", "<u4")])
"""A key of a group on disk: its 128-bit hash, and whether it was seen once or more often (2)."""
KEY = ["group", "high", "low"]
BITS = 6
"""Of the hash: so many choose a file of each level."""
LEVELS = 10
ROOM = 12
"""A record that is counted takes so many times its size in memory."""
GROUPS = 200_000
"""No more names of groups are told apart."""


class SpillError(RuntimeError):
    """Keys that cannot be spilled: says why."""


@dataclass(slots=True, kw_only=True)
class Spill:
    """The keys of one ask. :meth:`add` batches of hashes, then :meth:`count` them.

    Every key goes to one of 64 files by the upper bits of its hash, so equal keys meet in one file; a file whose
    distinct keys do not fit *memory* is split again by the next bits. Of each batch only distinct keys are written: a
    key that fills the table takes one record a batch. Exact but for collisions of 128-bit hashes (P < n²/2¹²⁹).
    *written* is the number of bytes that went to disk.
    """

    folder: Path
    memory: int
    written: int = 0
    rows: dict[int, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)

    def add(self, table: pl.DataFrame) -> None:
        """The rows of a batch: ``high`` and ``low`` word of a key's hash, whether it is ``kept``, its group's ``name``.

        Raises SpillError where there are too many groups, OSError where nothing can be written.
        """
        if not table.height:
            return
        for name in table.get_column("name").unique().sort():
            self.names.setdefault(name, len(self.names))
        if len(self.names) > GROUPS:
            raise SpillError(f"more than {GROUPS:,} groups. Allowed: fewer, to count the keys of each")
        numbered = table.filter("kept").with_columns(
            pl.col("name").replace_strict(self.names, return_dtype=pl.UInt32).alias("group")
        )
        for group, rows in numbered.group_by("group").len().iter_rows():
            self.rows[group] = self.rows.get(group, 0) + rows
        self._write(_seen(numbered.with_columns(pl.lit(1, dtype=pl.UInt32).alias("seen"))), self.folder, 0)

    def _write(self, keys: pl.DataFrame, folder: Path, level: int) -> None:
        part = pl.col("high") // (1 << 64 - BITS * (level + 1)) % (1 << BITS)
        ordered = keys.with_columns(part.cast(pl.UInt8).alias("part")).sort("part")
        records = np.empty(ordered.height, dtype=RECORD)
        for name in RECORD.names or ():
            records[name] = ordered.get_column(name).to_numpy()
        ends = np.searchsorted(ordered.get_column("part").to_numpy(), np.arange((1 << BITS) + 1))
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1 << BITS):
            if (found := records[ends[number] : ends[number + 1]]).size:
                with (folder / f"{number}.keys").open("ab") as file:
                    found.tofile(file)
        self.written += records.nbytes

    def count(self) -> Mapping[str, Sums]:
        """Group → rows, distinct keys and keys seen once; above the cap of groups, the last names share one."""
        named = sorted(self.names.keys() - {OVERFLOW})
        kept = {name: (name if place < CAP else OVERFLOW) for place, name in enumerate(named)}
        kept |= {OVERFLOW: OVERFLOW} if OVERFLOW in self.names else {}
        numbers = {name: i for i, name in enumerate(dict.fromkeys(kept.values()))}
        renumbered = np.zeros(len(self.names), dtype=np.uint32)
        for name, number in self.names.items():
            renumbered[number] = numbers[kept[name]]
        rows = dict.fromkeys(numbers.values(), 0)
        for group, n in self.rows.items():
            rows[int(renumbered[group])] += n
        distinct, once = (dict.fromkeys(numbers.values(), 0) for _ in range(2))
        for keys in self._counted(self.folder, renumbered, 0):
            found = keys.group_by("group").agg(pl.len().alias("n"), (pl.col("seen") == 1).sum().alias("once"))
            for group, n, singles in found.iter_rows():
                distinct[group], once[group] = distinct[group] + n, once[group] + singles
        return {
            name: Sums.of_terms(rows[i], distinct=distinct[i], once=once[i]) for name, i in numbers.items()
        }  # fmt: skip

    def _counted(self, folder: Path, renumbered: Any, level: int) -> Iterator[pl.DataFrame]:
        """The distinct keys of each file, and how often each was seen: each key in one of the tables."""
        for path in sorted(folder.glob("*.keys")):
            keys = self._distinct(path, renumbered)
            if keys is None and level + 1 < LEVELS:
                yield from self._split(path, renumbered, level + 1)
            elif keys is None:
                raise SpillError("keys whose hashes agree in 60 bits do not fit in memory. Allowed: more memory")
            else:
                yield keys
            path.unlink(missing_ok=True)

    def _distinct(self, path: Path, renumbered: Any) -> pl.DataFrame | None:
        """The distinct keys of a file, or ``None`` where they do not fit."""
        found: pl.DataFrame | None = None
        for keys in self._chunks(path, renumbered):
            found = keys if found is None else _seen(pl.concat([found, keys]))
            if found.height > self._limit:
                return None
        return found

    def _split(self, path: Path, renumbered: Any, level: int) -> Iterator[pl.DataFrame]:
        folder = path.with_suffix("")
        for keys in self._chunks(path, renumbered):
            self._write(keys, folder, level)
        same = np.arange(int(renumbered.max(initial=0)) + 1, dtype=np.uint32)  # they are renumbered already
        yield from self._counted(folder, same, level)

    def _chunks(self, path: Path, renumbered: Any) -> Iterator[pl.DataFrame]:
        with path.open("rb") as file:
            while (records := np.fromfile(file, dtype=RECORD, count=self._limit)).size:
                columns = {name: np.ascontiguousarray(records[name]) for name in ("high", "low", "seen")}
                yield _seen(pl.DataFrame({**columns, "group": renumbered[records["group"]]}))

    @property
    def _limit(self) -> int:
        return max(1_000, self.memory // (RECORD.itemsize * ROOM))


def _seen(keys: pl.DataFrame) -> pl.DataFrame:
    """Every key once, seen once or 2 (more often)."""
    total = pl.col("seen").sum().clip(upper_bound=2).cast(pl.UInt32)
    return keys.group_by(KEY).agg(total)
