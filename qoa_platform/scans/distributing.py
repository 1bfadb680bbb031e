"""Owns what every distributed scan is made of: the kernel over one partition as a row of states, and their merge.

A partition becomes one Arrow row of encoded states; rows merge to one row, in a tree; the last row is read. What no
state of one partition answers, the uniqueness of keys, goes by its stable hash: every hash is counted in one place.
Which machine does what is said by ``ray`` and ``spark``; nothing here imports either.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.metrics.expr_metric import define, definitions
from qoa_platform.records import Ask
from qoa_platform.scans.besides import Beside
from qoa_platform.scans.columns import Schema
from qoa_platform.scans.compiling import condition, parsed
from qoa_platform.scans.fields import fields_of
from qoa_platform.scans.grouping import GROUP, group_name
from qoa_platform.scans.hashing import WORD, stable_hash
from qoa_platform.scans.kernel import Answers, answers, merged
from qoa_platform.scans.keying import HASH, key_columns
from qoa_platform.scans.normalising import Missing, normal
from qoa_platform.scans.planning import columns_read, plan
from qoa_platform.scans.queries import BROKEN, NONE, Failure
from qoa_platform.states import Grouped, State, StateError, Sums, decode, encode
from qoa_platform.states.grouped import CAP

ROWS = 262_144
"""So many rows the kernel takes at once."""
ROW = pa.schema([("states", pa.list_(pa.binary())), ("causes", pa.list_(pa.string())), ("rows", pa.int64())])
"""The answers of a partition: per ask its state, or the cause why there is none; and the rows that were read."""
KEYS: Mapping[str, type[pl.DataType]] = {
    "ask": pl.Int32, "group": pl.String, "high": pl.Int64, "low": pl.Int64, "n": pl.Int64,
}  # fmt: skip
"""The keys of a partition: of which ask, of which group (null: of the whole), both halves of its hash, rows."""
KEY = ("ask", "group", "high", "low")
UNMERGED = UNMERGEABLE - {"nothing", "uniqueness"}
"""``Ask.state`` that no partitions answer together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is asked of every partition: states that merge, and keys whose hashes are counted.

    *failed* are the asks that no merge answers, or that the columns cannot, with their causes.
    """

    merging: tuple[Ask, ...]
    keys: tuple[Ask, ...]
    failed: Mapping[Ask, Failure]
    missing: Missing
    beside: Beside = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    """The narwhals expressions of own metrics, which workers do not know."""

    @classmethod
    def of(cls, asks: Iterable[Ask], empty: pl.DataFrame, missing: Missing, beside: Beside = NONE) -> "Work":
        """The work for *asks* of data whose columns are those of *empty*, a frame without rows."""
        distinct = tuple(dict.fromkeys(asks))
        failed = {ask: Failure(cause) for ask, cause in plan(distinct, empty.schema).refused.items()}
        keys: list[Ask] = []
        for ask in distinct:
            if ask in failed:
                continue
            if ask.state == "uniqueness":
                try:
                    key_rows(empty, [ask], missing)
                except BROKEN as error:
                    failed[ask] = Failure(str(error).split("\n", 1)[0])
                else:
                    keys.append(ask)
            elif ask.state in UNMERGED:
                failed[ask] = Failure(
                    f"{ask.state}({', '.join(ask.columns)}) needs all rows at once, which no single worker holds. "
                    "Allowed here: what merges, such as a sketch, moments, a histogram"
                )
        merging = tuple(ask for ask in distinct if ask not in failed and ask not in keys)
        near = {name: frame.collect() if isinstance(frame, pl.LazyFrame) else frame for name, frame in beside.items()}
        own = definitions(tuple(f.text for ask in merging if ask.state == "fields" for f in fields_of(ask)))
        return cls(merging=merging, keys=tuple(keys), failed=failed, missing=dict(missing), beside=near, own=own)

    @property
    def columns(self) -> list[str] | None:
        """The columns that are read, sorted; ``None``: all of them."""
        if any(ask.state in {"keys", "uniqueness"} and not ask.columns for ask in (*self.merging, *self.keys)):
            return None
        return sorted({name for ask in (*self.merging, *self.keys) for name in columns_read(ask)})

    def row(self, frames: Iterable[pl.DataFrame]) -> pa.RecordBatch:
        """One partition, which comes in *frames*, as one row of states."""
        rows = 0
        define(self.own)

        def parts() -> Iterator[Answers]:
            nonlocal rows
            for frame in frames:
                rows += frame.height
                yield answers(frame, self.merging, missing=self.missing, beside=self.beside)

        return self.written(merged(parts()), rows)

    def written(self, found: Answers, rows: int) -> pa.RecordBatch:
        """Answers as a row."""
        states: list[bytes | None] = []
        causes: list[str | None] = []
        for ask in self.merging:
            state, cause = _encoded(found[ask])
            states.append(state)
            causes.append(cause)
        return pa.RecordBatch.from_arrays(
            [
                pa.array([states], ROW.field(0).type),
                pa.array([causes], ROW.field(1).type),
                pa.array([rows], pa.int64()),
            ],
            schema=ROW,
        )

    def answers_of(self, rows: pa.Table | pa.RecordBatch) -> tuple[dict[Ask, State | Failure], int]:
        """The merged answers of all *rows*, and how many rows of data they were read off."""
        found = merged(self._answers(row) for row in rows.to_pylist())
        return found, sum(count or 0 for count in rows.column("rows").to_pylist())

    def merge(self, rows: pa.Table | pa.RecordBatch) -> pa.RecordBatch:
        """Several rows as one."""
        return self.written(*self.answers_of(rows))

    def _answers(self, row: Mapping[str, Sequence[bytes | str | None]]) -> Answers:
        states, causes = row["states"], row["causes"]
        return {
            ask: decode(state) if isinstance(state, bytes) else Failure(str(cause))
            for ask, state, cause in zip(self.merging, states, causes, strict=True)
        }


def _encoded(answer: State | Failure) -> tuple[bytes | None, str | None]:
    try:
        return (None, answer.cause) if isinstance(answer, Failure) else (encode(answer), None)
    except StateError as error:
        return None, str(error)


def frames(batches: Iterable[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    """Arrow batches as frames of some 262 000 rows: each has its price."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= ROWS:
            yield frame_of(held)
            held = []
    if held:
        yield frame_of(held)


def frame_of(batches: Sequence[pa.RecordBatch] | pa.Table) -> pl.DataFrame:
    """Arrow batches, or a table of them, as a frame."""
    table = batches if isinstance(batches, pa.Table) else pa.Table.from_batches(batches)
    found = pl.from_arrow(table)
    return found if isinstance(found, pl.DataFrame) else found.to_frame()


def key_rows(frame: pl.DataFrame, asks: Sequence[Ask], missing: Missing) -> pl.DataFrame:
    """The distinct keys of *frame* per ask, of the whole and of each group, with their rows. Raises what keys raise."""
    columns = {name for ask in asks for name in (*columns_read(ask), *key_columns(ask, frame.schema))}
    rows = normal(frame, columns, missing).lazy()
    tables: list[pl.LazyFrame] = []
    for place, ask in enumerate(asks):
        hashed = _hashed(rows, ask, frame.schema)
        tables.append(_counted(hashed.with_columns(pl.lit(None, dtype=pl.String).alias(GROUP)), place))
        if ask.by:
            tables.append(_counted(hashed.with_columns(group_name(ask.by, frame.schema).alias(GROUP)), place))
    return pl.concat(pl.collect_all(tables)) if tables else pl.DataFrame(schema=KEYS)


def _hashed(rows: pl.LazyFrame, ask: Ask, schema: Schema) -> pl.LazyFrame:
    """Rows of the key with its stable hash; 0 rows of a key that is incomplete, so that its group is known."""
    keys = key_columns(ask, schema)
    if ask.where is not None:
        rows = rows.filter(condition(parsed(ask.where), schema))
    kept = pl.lit(1, dtype=pl.Int64)
    if dict(ask.params).get("missing_keys") != "value":
        kept = pl.all_horizontal(pl.col(name).is_not_null() for name in keys).cast(pl.Int64)
    return rows.select(*dict.fromkeys([*ask.by]), stable_hash(keys, schema).alias(HASH), kept.alias("n"))


def _counted(hashed: pl.LazyFrame, place: int) -> pl.LazyFrame:
    half = pl.col(HASH) // pl.lit(WORD, dtype=pl.UInt128), pl.col(HASH) % pl.lit(WORD, dtype=pl.UInt128)
    high, low = (each.cast(pl.UInt64).reinterpret(signed=True) for each in half)
    grouped = hashed.group_by(GROUP, HASH).agg(pl.col("n").sum())
    return grouped.select(
        pl.lit(place, dtype=pl.Int32).alias("ask"), pl.col(GROUP).alias("group"), high.alias("high"), low.alias("low"),
        pl.col("n").cast(pl.Int64),
    )  # fmt: skip


def keys_counted(keys: pl.DataFrame) -> pl.DataFrame:
    """Rows, distinct keys and keys seen once, per ask and group, of *keys* all of whose equal hashes are there."""
    n = pl.col("n")
    return (
        keys.lazy().group_by(*KEY).agg(n.sum())
        .group_by("ask", "group")
        .agg(n.sum().alias("rows"), (n > 0).sum().alias("distinct"), (n == 1).sum().alias("once"))
        .collect()
    )  # fmt: skip


def key_answers(asks: Sequence[Ask], counts: pl.DataFrame) -> dict[Ask, State | Failure]:
    """The uniqueness of each ask, off the counts of all buckets of keys."""
    found: dict[int, dict[str | None, Sums]] = {}
    sums = counts.group_by("ask", "group").agg(pl.col("rows", "distinct", "once").sum())
    for place, group, rows, distinct, once in sums.select("ask", "group", "rows", "distinct", "once").iter_rows():
        found.setdefault(place, {})[group] = Sums.of_terms(rows, distinct=distinct, once=once)
    return {ask: _uniqueness(ask, found.get(place, {})) for place, ask in enumerate(asks)}


def _uniqueness(ask: Ask, found: Mapping[str | None, Sums]) -> State | Failure:
    whole = found.get(None, Sums.of_terms(0, distinct=0, once=0))
    groups = {group: state for group, state in found.items() if group is not None}
    if not ask.by:
        return whole
    if len(groups) > CAP:
        return Failure(f"uniqueness within {len(groups):,} groups by {', '.join(ask.by)}. Allowed here: {CAP:,}")
    return Grouped.from_groups(whole, groups)
