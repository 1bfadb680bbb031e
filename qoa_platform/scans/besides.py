"""Owns answers that join a frame with another one beside it: keys it holds, cells that are equal, labels, flags."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from operator import and_
from typing import Any, NamedTuple

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, UnanswerableError, require
from qoa_platform.scans.compiling import condition, parsed
from qoa_platform.scans.equality import Closeness, aligned, equal
from qoa_platform.scans.keys import group_names, spelled
from qoa_platform.scans.normalising import Missing, normal
from qoa_platform.states import Confusion, State, Tally

Beside = Mapping[str, pl.DataFrame | pl.LazyFrame]
"""Other frames that an ask may name, by asset or by the metric's parameter."""
KEY, FOUND, HITS, ROWS, OTHER = "␟key", "␟found", "␟hits", "␟rows", "␟other "
PAIRS = {"true true": ("true", "true"), "true false": ("true", "false"), "false true": ("false", "true"),
         "false false": ("false", "false")}  # fmt: skip
"""Truth and flag of a cell."""


def neighbours(beside: Beside, asks: Iterable[Ask], missing: Missing) -> Beside:
    """The frames that *asks* name, in memory, and after the missing rule (a token counts in columns of its name)."""
    found: dict[str, pl.DataFrame | pl.LazyFrame] = {}
    for name in {str(dict(ask.params).get("beside")) for ask in asks} & set(beside):
        frame = beside[name]
        with suppress(Exception):  # what cannot be read is not at hand: the asks that name it say so
            held = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
            found[name] = normal(held, held.columns, missing)
    return found


class Sides(NamedTuple):
    """Two frames about to be joined: their key columns, and the *compare*d ones, which both have."""

    rows: pl.LazyFrame
    other: pl.DataFrame
    schema: Schema
    keys: tuple[str, ...]
    other_keys: tuple[str, ...]
    compare: tuple[str, ...]

    @classmethod
    def of(cls, ask: Ask, rows: pl.LazyFrame, schema: Schema, beside: Beside) -> "Sides":
        """Raises UnanswerableError for a frame, or a column, that is not there."""
        params: Any = dict(ask.params)
        name = str(params["beside"])
        if name not in beside:
            raise UnanswerableError(f"frame {name!r} is not at hand. Beside: {', '.join(sorted(beside)) or 'none'}")
        frame = beside[name]
        other = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
        keys = tuple(params.get("key") or ask.columns)
        others = tuple(params.get("beside_columns") or keys)
        named = tuple(c for c in ask.columns if c not in keys)
        shared = tuple(c for c in schema if c in other.schema and c not in keys)
        try:
            require([*others, *named], other.schema)
        except UnanswerableError as error:
            raise UnanswerableError(f"of {name!r}: {error}") from error
        return cls(rows, other, schema, keys, others, named or shared)

    def joinable(self) -> tuple[list[str], list[pl.Expr], list[pl.Expr]]:
        """Names of the join keys, and their expressions on both sides. Raises UnanswerableError."""
        names = [f"{KEY}{i}" for i in range(len(self.keys))]
        pairs = [
            aligned(a, self.schema[a], b, self.other.schema[b]) for a, b in zip(self.keys, self.other_keys, strict=True)
        ]
        return (
            names,
            [a.alias(n) for n, (a, _) in zip(names, pairs, strict=True)],
            [b.alias(n) for n, (_, b) in zip(names, pairs, strict=True)],
        )

    def joined(self, by: Sequence[str]) -> pl.LazyFrame:
        """The rows with the other side's cells (named ``OTHER`` + column), ``FOUND`` where there is one.

        Raises UnanswerableError where a key stands twice on the other side: which row would be the truth?
        """
        names, own, theirs = self.joinable()
        right = self.other.lazy().select(*theirs, *(pl.col(c).alias(OTHER + c) for c in self.compare)).drop_nulls(names)
        twice = int(right.select(pl.struct(names).is_duplicated().sum()).collect().item())
        if twice:
            raise UnanswerableError(
                f"{twice:,} rows beside share their key ({', '.join(self.other_keys)}) with another"
            )
        left = self.rows.select(*dict.fromkeys([*by, *self.compare]), *own)
        return left.join(right.with_columns(pl.lit(value=True).alias(FOUND)), on=names, how="left")

    def equal(self, close: Closeness) -> dict[str, pl.Expr]:
        """Per compared column, whether the cells of both sides are equal. Raises UnanswerableError."""
        return {c: equal(c, self.schema[c], OTHER + c, self.other.schema[c], close) for c in self.compare}


def beside_table(ask: Ask, rows: pl.LazyFrame, schema: Schema, beside: Beside) -> pl.LazyFrame:
    """What is counted for *ask*, per group. Raises UnanswerableError, CompileError, ExpressionError."""
    sides, params = Sides.of(ask, rows, schema, beside), dict(ask.params)
    close = Closeness.of(params)
    match ask.state, params.get("hits") or params.get("of"):
        case "tally", "known":
            return _known(sides, ask.by)
        case "tally", "equal_cells":
            each = sides.equal(close).values()
            return _tallied(sides, ask.by, [pl.sum_horizontal(e.cast(pl.Int64) for e in each)], len(sides.compare))
        case "tally", "equal_rows":
            return _tallied(sides, ask.by, [reduce(and_, sides.equal(close).values(), pl.lit(value=True))], 1)
        case "confusion", "labels":
            (column,) = sides.compare
            pairs = list(dict.fromkeys([*ask.by, column, OTHER + column]))
            return sides.joined(ask.by).group_by(pairs).agg(pl.len().alias(ROWS))
        case "confusion", "flags":
            return _flags(sides, ask.by)
        case "reconciled" | "covered", _:
            return _both(ask, sides, close)
        case state, what:
            raise UnanswerableError(f"{state} of {what!r} is not known to a scan beside another frame")


def _grouped(table: pl.LazyFrame, by: Sequence[str], *exprs: pl.Expr) -> pl.LazyFrame:
    return table.group_by(list(by)).agg(*exprs) if by else table.select(*exprs)


def _known(sides: Sides, by: Sequence[str]) -> pl.LazyFrame:
    """Keys with all parts present, and those that the other side holds."""
    names, own, theirs = sides.joinable()
    left, right = sides.rows.select(*by, *own), sides.other.lazy().select(theirs)
    present = reduce(and_, (pl.col(name).is_not_null() for name in names))
    there = sides.rows.select(reduce(and_, (pl.col(c).is_not_null() for c in sides.keys)).sum().alias(ROWS))
    if not by:
        hits = left.filter(present).join(right, on=names, how="semi").select(pl.len().alias(HITS))
        return pl.concat([hits, there], how="horizontal")
    kept = reduce(and_, (pl.col(c).is_not_null() for c in sides.keys)).alias(ROWS)
    rows = sides.rows.select(*by, *own, kept)
    marked = rows.join(right.unique().with_columns(pl.lit(value=True).alias(FOUND)), on=names, how="left")
    return _grouped(marked, by, pl.col(FOUND).count().alias(HITS), pl.col(ROWS).sum())


def _tallied(sides: Sides, by: Sequence[str], hits: Sequence[pl.Expr], weight: int) -> pl.LazyFrame:
    """Hits in the rows that were found, and those rows, each counted *weight* times."""
    found = pl.col(FOUND).is_not_null()
    counted = pl.when(found).then(hits[0]).otherwise(0).cast(pl.Int64).sum().alias(HITS)
    return _grouped(sides.joined(by), by, counted, (found.sum().cast(pl.Int64) * weight).alias(ROWS))


def _flags(sides: Sides, by: Sequence[str]) -> pl.LazyFrame:
    for column in sides.compare:
        for dtype in (sides.schema[column], sides.other.schema[column]):
            if not isinstance(dtype, pl.Boolean | pl.Null):
                raise UnanswerableError(f"column {column!r} is {dtype}: flags are true or false")
    sums = []
    for name, (truth, flag) in PAIRS.items():
        cells = [
            (pl.col(OTHER + c).cast(pl.Boolean) == (truth == "true")) & (pl.col(c).cast(pl.Boolean) == (flag == "true"))
            for c in sides.compare
        ]
        count = pl.sum_horizontal(cell.fill_null(value=False).cast(pl.Int64) for cell in cells) if cells else pl.lit(0)
        sums.append(pl.when(pl.col(FOUND)).then(count).otherwise(0).sum().alias(name))
    return _grouped(sides.joined(by), by, *sums)


def _both(ask: Ask, sides: Sides, close: Closeness) -> pl.LazyFrame:
    """Keys of either side (or rows of the other) and those that agree (or are found), filtered alike on both sides."""
    names, own, theirs = sides.joinable()
    other = sides.other.lazy()
    if ask.where is not None:
        tree = parsed(ask.where)
        other = other.filter(condition(tree, sides.other.schema))
    if ask.state == "covered":
        right = other.select(theirs).drop_nulls(names)
        hits = right.join(sides.rows.select(own), on=names, how="semi").select(pl.len().alias(HITS))
        return pl.concat([hits, right.select(pl.len().alias(ROWS))], how="horizontal")
    first = [pl.col(c).first() for c in sides.compare]
    left = sides.rows.select(*own, *sides.compare).drop_nulls(names).group_by(names).agg(*first, pl.len().alias(ROWS))
    right = (
        other.select(*theirs, *(pl.col(c).alias(OTHER + c) for c in sides.compare)).drop_nulls(names)
        .group_by(names).agg(*(pl.col(OTHER + c).first() for c in sides.compare), pl.len().alias(FOUND))
    )  # fmt: skip
    once = (pl.col(ROWS) == 1) & (pl.col(FOUND) == 1)
    agree = reduce(and_, sides.equal(close).values(), once).fill_null(value=False)
    both = left.join(right, on=names, how="full", coalesce=True)
    return both.select(agree.sum().alias(HITS), pl.len().alias(ROWS))


def answer_beside(ask: Ask, table: pl.DataFrame) -> State | Mapping[str, State]:
    """The state of *ask*, or one per group, off the table that was counted for it."""
    if not ask.by:
        return _state(ask, table)
    found: dict[str, State] = {}
    names = group_names(table, ask.by)
    rest = table.drop([c for c in ask.by if c not in ask.columns] if ask.state == "confusion" else list(ask.by))
    for name, part in rest.with_columns(pl.Series(KEY, names, dtype=pl.String)).partition_by(KEY, as_dict=True).items():
        found[str(name[0])] = _state(ask, part)
    return found


def _state(ask: Ask, table: pl.DataFrame) -> State:
    if ask.state != "confusion":
        return Tally(int(table.get_column(HITS).sum()), int(table.get_column(ROWS).sum()))
    if dict(ask.params).get("of") == "flags":
        cells = [(truth, flag, int(table.get_column(n).sum())) for n, (truth, flag) in PAIRS.items()]
        return Confusion(tuple(sorted(cell for cell in cells if cell[2])))
    column = next(c for c in table.columns if c.startswith(OTHER))
    counts: dict[tuple[str, str], int] = {}
    texts = (spelled(table.get_column(name)) for name in (column, column.removeprefix(OTHER), ROWS))
    for truth, label, count in zip(*texts, strict=True):
        if truth is not None and label is not None:
            counts[truth, label] = counts.get((truth, label), 0) + int(count or 0)
    return Confusion(tuple(sorted((truth, label, count) for (truth, label), count in counts.items())))
