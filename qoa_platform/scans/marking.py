"""Owns marking: which cells of a frame a metric points at, as masks over its rows (metrics.md 1.6)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

import polars as pl

from qoa_platform.metrics import Metric
from qoa_platform.metrics.expressions import columns as columns_of
from qoa_platform.metrics.row_level import SHARED
from qoa_platform.records import Ask, Direction, Profile, Reading
from qoa_platform.scans.besides import Beside, Sides
from qoa_platform.scans.columns import Schema, UnanswerableError, require
from qoa_platform.scans.compiling import condition, parsed
from qoa_platform.scans.dependencies import MAJORITY, ROW, minority
from qoa_platform.scans.grouping import group_name
from qoa_platform.scans.keying import quick_hash
from qoa_platform.scans.keys import spelled
from qoa_platform.scans.reasons import why_of
from qoa_platform.scans.spelling import RARE, WRONG, Known, expected_spelling
from qoa_platform.scans.tallies import hit, present
from qoa_platform.states import Tally

Mask = pl.Expr | pl.Series
Hints = Callable[[str, pl.DataFrame], Sequence[str | None]]
"""Column, rows (with their positions) → what each cell is expected to hold."""
MISSING = frozenset({"present", "cells"})
"""Tallies of what is missing, whole rows or cells of them: flagged are the cells."""
DEPENDENT = frozenset({"data.fd_violation", "data.fd_conflict_share"})
"""Metrics of functional dependencies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The *rows* that a metric flags, and in them its *cells*: per column a mask, or ``None`` for that of the rows."""

    rows: Mask
    cells: Mapping[str, Mask | None]
    why: str
    ambiguous: pl.Series | None = None
    expected: Hints | None = field(default=None, compare=False)


def marks(metric: Metric, profile: Profile | None, ask: Ask, rows: pl.DataFrame, beside: Beside) -> Marks:
    """What *metric*, which asks *ask*, flags in *rows* (normal, with ``ROW``).

    Raises UnanswerableError where it flags no cells or cannot here, CompileError, ExpressionError.
    """
    schema = {name: dtype for name, dtype in rows.schema.items() if name != ROW}
    require(reads(metric, ask), schema)
    if metric.id in DEPENDENT:
        return _dependent(metric, ask, rows)
    if metric.id in SHARED:
        return _shared(ask, rows, schema)
    if metric.id in WRONG:
        return _unknown(metric, profile, ask, rows)
    if ask.state == "tally" and dict(ask.params).get("hits") == "known":
        return _orphaned(ask, rows, beside)
    hits_are_bad = _side(metric, profile)
    if ask.state != "tally" or hits_are_bad is None:
        raise UnanswerableError(f"{metric.id} says nothing of a single row")
    return _tallied(ask, schema, bad=hits_are_bad)


def reads(metric: Metric, ask: Ask) -> tuple[str, ...]:
    """Every column that flagging reads for *metric*. Raises ExpressionError."""
    trees = [parsed(text) for text in (ask.expr, ask.where) if text is not None]
    named = [name for tree in trees for name in sorted(columns_of(tree))]
    sides = [name for side in ("left", "right") for name in names_of(getattr(metric, side, ()))]
    sides = sides if metric.id in DEPENDENT else []
    return tuple(dict.fromkeys((*ask.columns, *ask.by, *named, *sides)))


def names_of(side: str | Iterable[str]) -> tuple[str, ...]:
    """The columns of one side of a dependency: a tuple, or a text in which commas part them.

    >>> names_of("zip, state"), names_of(("zip",))
    (('zip', 'state'), ('zip',))
    """
    return tuple(part.strip() for part in side.split(",")) if isinstance(side, str) else tuple(side)


def violating(ask: Ask, schema: Schema) -> pl.Expr | None:
    """The rows that a tally counts and that are no hits; ``None`` for an ask that says nothing of a single row.

    ``present and not hit``, within the ask's filter: as many as the ``rows − hits`` of its answer, for it is built of
    the very predicate that is counted (of cells: the rows in which one is missing). Over normal rows. Raises
    UnanswerableError, CompileError, ExpressionError.
    """
    return _side_of(ask, schema, bad=False)


def _side_of(ask: Ask, schema: Schema, *, bad: bool) -> pl.Expr | None:
    """The rows that are no hits; or (*bad*) those that are."""
    params = dict(ask.params)
    if ask.state != "tally" or params.get("hits") == "rows" or "beside" in params:
        return None
    if params.get("hits") in MISSING:
        found = present(ask.columns)
        return _within(found if bad else ~found, ask, schema)
    if params.get("hits") == "fences" and ask.by:
        found, counted = _fenced(ask, schema, params)
    else:
        found, counted = hit(ask, schema), present(ask.columns)
    found = found.fill_null(value=False)
    return _within(counted & (found if bad else ~found), ask, schema)


def _within(mask: pl.Expr, ask: Ask, schema: Schema) -> pl.Expr:
    """*mask* in the rows that the ask's filter keeps, as long as the frame also where it names no column."""
    kept = pl.repeat(value=True, n=pl.len(), dtype=pl.Boolean) if not ask.columns else None
    if ask.where is not None:
        mask = mask & condition(parsed(ask.where), schema).fill_null(value=False)
    return mask if kept is None else kept & mask


def _fenced(ask: Ask, schema: Schema, params: Mapping[str, Any]) -> tuple[pl.Expr, pl.Expr]:
    """Whether a row lies within the fences of its group, and whether it is counted: its group has some."""
    flat = params["fences"]
    group = group_name(ask.by, schema)
    low, high = (
        group.replace_strict(pl.Series(flat[0::3], dtype=pl.String), pl.Series(ends, dtype=pl.Float64), default=None)
        for ends in (flat[1::3], flat[2::3])
    )
    value = pl.col(ask.columns[0]).cast(pl.Float64)
    return value.is_between(low, high), value.is_not_null() & low.is_not_null()


def is_row_local(metric: Metric, profile: Profile | None) -> bool:
    """Whether the metric counts single rows, good or bad."""
    return _side(metric, profile) is not None


def _side(metric: Metric, profile: Profile | None) -> bool | None:
    """Whether a hit is what the metric deplores (else a miss is); ``None`` where one row makes no difference."""
    hit_, miss = _value(metric, Tally(1, 1), profile), _value(metric, Tally(0, 1), profile)
    if hit_ is None or miss is None or hit_ == miss or metric.direction is Direction.TARGET:
        return None
    return (hit_ > miss) is (metric.direction is Direction.LOWER)


def _value(metric: Metric, state: Tally, profile: Profile | None) -> float | None:
    try:
        reading: Reading = metric.read(state, profile)
    except Exception:  # noqa: BLE001 (of another state than a tally, or anybody's metric)
        return None
    return reading.value


def _tallied(ask: Ask, schema: Schema, *, bad: bool) -> Marks:
    mask = _side_of(ask, schema, bad=bad)
    if mask is None:
        raise UnanswerableError(f"a tally of {dict(ask.params).get('hits')!r} says nothing of a single row")
    why = why_of(ask, bad=bad)
    if dict(ask.params).get("hits") in MISSING and not bad:
        return Marks(rows=mask, cells={c: _within(pl.col(c).is_null(), ask, schema) for c in ask.columns}, why=why)
    named = ask.columns if ask.expr is None else (*ask.columns, *sorted(columns_of(parsed(ask.expr))))
    return Marks(rows=mask, cells=dict.fromkeys(named), why=why)


def _shared(ask: Ask, rows: pl.DataFrame, schema: Schema) -> Marks:
    """The key cells of every row that shares its key: rows whose hash repeats, compared key by key."""
    columns = list(dict.fromkeys(ask.columns or schema))
    kept = _kept(rows, ask, schema)
    if dict(ask.params).get("missing_keys") != "value":
        kept = kept.drop_nulls(columns)
    suspects = kept.filter(quick_hash(columns, schema).is_duplicated()) if columns else kept
    repeated = suspects.filter(pl.len().over(columns) > 1) if columns else suspects
    mask = at(repeated.get_column(ROW), rows.height)
    return Marks(rows=mask, cells=dict.fromkeys(columns), why=f"key ({', '.join(columns)}) shared with another row")


def _dependent(metric: Metric, ask: Ask, rows: pl.DataFrame) -> Marks:
    left, right = (names_of(getattr(metric, side, ())) for side in ("left", "right"))
    if not left or not right:
        raise UnanswerableError(f"{metric.id} names no columns on its left or right")
    kept = _kept(rows, ask, rows.schema)
    found = {name: minority(kept, left, name) for name in right}
    cells = {name: at(item.rows, rows.height) for name, item in found.items()}
    doubtful = [at(item.ambiguous, rows.height) for item in found.values()]

    def expected(column: str, those: pl.DataFrame) -> Sequence[str | None]:
        joined = those.join(found[column].majorities, on=list(left), how="left", maintain_order="left")
        return spelled(joined.get_column(MAJORITY))

    why = f"differs from most rows with the same {', '.join(left)}"
    return Marks(
        rows=reduce(or_, cells.values()), cells=cells, why=why, ambiguous=reduce(or_, doubtful), expected=expected
    )  # fmt: skip


def _unknown(metric: Metric, profile: Profile | None, ask: Ask, rows: pl.DataFrame) -> Marks:
    """The cells whose text the frozen dictionary of the column does not hold (near misses, rare ones, masks)."""
    column = ask.columns[0]
    frozen = profile.column(column) if profile else None
    masks = frozen.masks if frozen is not None and metric.id == "data.unseen_pattern_share" else None
    if frozen is None or (frozen.dictionary is None and not masks):
        raise UnanswerableError(f"no dictionary of column {column!r} is frozen")
    known = Known.of(frozen.dictionary or (), rare=getattr(metric, "rare", RARE), masks=masks or None)
    kept = _kept(rows, ask, rows.schema).lazy().select(ROW, column).drop_nulls(column)
    values = kept.select(column).unique().collect()
    wrong = WRONG[metric.id][0]
    texts = spelled(values.get_column(column))
    bad = values.filter(pl.Series([text is not None and wrong(known, text) for text in texts], dtype=pl.Boolean))
    found = kept.join(bad.lazy(), on=column, how="semi").select(ROW).collect().to_series()

    def expected(column: str, those: pl.DataFrame) -> Sequence[str | None]:
        return [None if text is None else expected_spelling(known, text) for text in spelled(those.get_column(column))]

    mask = at(found, rows.height)
    return Marks(rows=mask, cells={column: None}, why=WRONG[metric.id][1], expected=expected)


def _orphaned(ask: Ask, rows: pl.DataFrame, beside: Beside) -> Marks:
    """The foreign keys that are not found in the parent: compared as they are counted, numbers by value."""
    kept = _kept(rows, ask, rows.schema).drop_nulls(list(ask.columns))
    sides = Sides.of(ask, kept.lazy(), kept.schema, beside)
    names, own, theirs = sides.joinable()
    keys = sides.other.lazy().select(theirs).drop_nulls().unique()
    orphans = kept.lazy().select(ROW, *own).join(keys, on=names, how="anti").select(ROW).collect()
    mask = at(orphans.to_series(), rows.height)
    return Marks(rows=mask, cells=dict.fromkeys(ask.columns), why=f"not found in {dict(ask.params)['beside']}")


def _kept(rows: pl.DataFrame, ask: Ask, schema: Schema) -> pl.DataFrame:
    return rows if ask.where is None else rows.filter(condition(parsed(ask.where), schema))


def at(positions: pl.Series, height: int) -> pl.Series:
    """The mask of *height* rows that is true at *positions*.

    >>> at(pl.Series([2]), 3).to_list()
    [False, False, True]
    """
    return pl.int_range(height, eager=True, dtype=pl.UInt32).is_in(positions.cast(pl.UInt32).implode())
