"""Owns spilled answers: uniqueness and exact distinct counts of a stream, for any number of keys."""

from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.grouping import GROUP, named
from qoa_platform.scans.hashing import WORD, stable_hash
from qoa_platform.scans.keying import HASH, key_columns
from qoa_platform.scans.part import Part, Parted
from qoa_platform.scans.queries import BROKEN, Failure
from qoa_platform.scans.spill import Spill, SpillError
from qoa_platform.states import Sums

OFF = (
    "rows do not fit in memory, and keys may not be spilled to disk. Allowed: spill, more memory, or a distinct sketch"
)
ALL = ""
"""The name of the one group of an ask without groups."""


class Spills:
    """The keys of *asks* (``uniqueness``), on disk below *folder*; ``None``: they may not be spilled.

    :meth:`close` removes what was written, whatever happened.
    """

    def __init__(self, asks: Iterable[Ask], folder: Path | None, memory: int) -> None:
        self.asks = tuple(asks)
        self.written = 0
        self._parent, self._folder = folder, None if folder is None else folder
        self._made: Path | None = None
        self._spills: dict[Ask, Spill] = {}
        self._failed: dict[Ask, Failure] = {} if folder is not None else dict.fromkeys(self.asks, Failure(OFF))
        self._memory = memory // 2

    def add(self, part: Part) -> None:
        """The keys of a part. What cannot be hashed or written is a Failure of its ask, and stays one."""
        for number, ask in enumerate(self.asks):
            if ask in self._failed:
                continue
            if ask in part.refused:
                self._failed[ask] = Failure(part.refused[ask])
                continue
            try:
                spill = self._spills.setdefault(ask, Spill(folder=self._where() / str(number), memory=self._memory))
                before = spill.written
                spill.add(_hashes(ask, part))
                self.written += spill.written - before
            except (SpillError, OSError) as error:
                self._failed[ask] = Failure(f"keys could not be spilled to {self._parent}: {error}")
            except BROKEN as error:
                self._failed[ask] = part.source.failure(error, ask)

    def _where(self) -> Path:
        if self._made is None:
            self._made = Path(mkdtemp(prefix="qoa-spill-", dir=self._parent))
        return self._made

    def answers(self) -> Parted:
        """``Sums(n, distinct, once)`` of every ask, or one per group."""
        return {ask: self._failed.get(ask) or self._counted(ask) for ask in self.asks}

    def _counted(self, ask: Ask) -> "Sums | dict[str, Sums] | Failure":
        spill = self._spills.get(ask)
        try:
            found = {} if spill is None else dict(spill.count())
        except (SpillError, OSError) as error:
            return Failure(f"keys could not be spilled to {self._parent}: {error}")
        return found if ask.by else found.get(ALL, Sums.of_terms(0, distinct=0, once=0))

    def close(self) -> None:
        """Remove what was written."""
        if self._made is not None:
            rmtree(self._made, ignore_errors=True)


def _hashes(ask: Ask, part: Part) -> pl.DataFrame:
    """High and low word of the hash of each row's key, and the name of its group."""
    rows, schema = part.source.where(ask.where), part.source.layout.schema
    columns = key_columns(ask, schema)
    kept = pl.all_horizontal(pl.col(columns).is_not_null())
    if dict(ask.params).get("missing_keys") == "value":
        kept = pl.lit(True)  # noqa: FBT003 (a literal)
    hashed = rows.select(*dict.fromkeys(ask.by), stable_hash(columns, schema).alias(HASH), kept.alias("kept"))
    found = hashed.collect()
    found = named(found, ask.by) if ask.by else found.with_columns(pl.lit(ALL).alias(GROUP))
    value = pl.col(HASH)
    return found.select(
        (value // WORD).cast(pl.UInt64).alias("high"), value.cast(pl.UInt64, wrap_numerical=True).alias("low"),
        "kept", pl.col(GROUP).alias("name"),
    )  # fmt: skip
