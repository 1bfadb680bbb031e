"""Owns the passes of a plan over a frame: each answers its asks, and one that fails fails alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import polars as pl

from qoa_platform.metrics.expressions import parse_condition
from qoa_platform.records import Ask
from qoa_platform.scans.aggregates import Aggregate, Rows, aggregate
from qoa_platform.scans.columns import described
from qoa_platform.scans.compiling import compiled
from qoa_platform.scans.counting import counted, state_of_counts
from qoa_platform.scans.keying import complete, key_columns, keys, uniqueness
from qoa_platform.scans.keys import group_text
from qoa_platform.scans.planning import Pass, Shape, whole
from qoa_platform.scans.tallies import HIGH, LOW, fenced
from qoa_platform.states import OVERFLOW, State, Tally
from qoa_platform.states.grouped import CAP

BROKEN = (Exception, pl.exceptions.PanicException)
Answer = State | Mapping[str, State] | str
"""A state, the states of groups, or the cause why there is none."""


def answers(step: Pass, rows: pl.DataFrame) -> dict[Ask, Answer]:
    """The answers of one pass over *rows* (normal ones). Never raises: what fails has a cause instead."""
    try:
        return _answered(step, _filtered(step, rows))
    except BROKEN as error:
        if len(step.asks) == 1:
            return {step.asks[0]: cause_of(error, step.asks[0], rows)}
    alone = (Pass(shape=step.shape, where=step.where, by=step.by, columns=step.columns, asks=(a,)) for a in step.asks)
    return {ask: answer for single in alone for ask, answer in answers(single, rows).items()}


def cause_of(error: BaseException, ask: Ask, rows: pl.DataFrame) -> str:
    """Why an ask has no answer: what was found, then the columns it reads with their types."""
    text = str(error).strip().split("\n", 1)[0] or type(error).__name__
    schema = rows.schema
    return text if any(repr(c) in text for c in ask.columns) else f"{text}; it reads {described(ask.columns, schema)}"


def _filtered(step: Pass, rows: pl.DataFrame) -> pl.DataFrame:
    if step.where is None:
        return rows
    return rows.filter(compiled(parse_condition(step.where), rows.schema))


def _answered(step: Pass, rows: pl.DataFrame) -> dict[Ask, Answer]:
    match step.shape:
        case Shape.SELECT:
            return dict(_selected(step.asks, rows))
        case Shape.GROUP:
            return _grouped(step, rows)
        case Shape.COUNT:
            return _counted(step, rows)
        case Shape.KEY:
            return {ask: _keyed(ask, rows) for ask in step.asks}


def rows_of(rows: pl.DataFrame) -> Rows:
    """What aggregates need to know of a frame."""
    nullable = frozenset(name for name in rows.columns if rows.get_column(name).null_count())
    return Rows(schema=rows.schema, nullable=nullable)


def _selected(asks: Sequence[Ask], rows: pl.DataFrame) -> Iterator[tuple[Ask, Answer]]:
    found = {ask: aggregate(ask, rows_of(rows)) for ask in asks}
    exprs = _exprs(found.values())
    values = rows.lazy().select(e.alias(n) for n, e in exprs.items()).collect().row(0, named=True)
    for ask, item in found.items():
        yield ask, _read(item, values, ask, rows)


def _exprs(found: Any) -> dict[str, pl.Expr]:
    return {name: expr for item in found for name, expr in item.exprs.items()}


def _read(item: Aggregate, values: Mapping[str, Any], ask: Ask, rows: pl.DataFrame) -> State | str:
    try:
        return item.read(values)
    except BROKEN as error:
        return cause_of(error, ask, rows)


def _grouped(step: Pass, rows: pl.DataFrame) -> dict[Ask, Answer]:
    fences = [ask for ask in step.asks if dict(ask.params).get("hits") == "fences"]
    plain = [ask for ask in step.asks if ask not in fences]
    found: dict[Ask, Answer] = {}
    if plain:
        found |= _grouped_aggregates(plain, step.by, rows)
    for ask in fences:
        found |= _fenced(ask, step.by, rows)
    return found


def _grouped_aggregates(asks: Sequence[Ask], by: tuple[str, ...], rows: pl.DataFrame) -> dict[Ask, Answer]:
    found = {ask: aggregate(whole(ask), rows_of(rows)) for ask in asks}
    exprs = _exprs(found.values())
    table = rows.lazy().group_by(by).agg(e.alias(n) for n, e in exprs.items()).collect()
    states: dict[Ask, dict[str, State]] = {ask: {} for ask in asks}
    failed: dict[Ask, str] = {}
    texts = [group_text(key) for key in table.select(by).iter_rows()]
    for text, values in zip(texts, table.iter_rows(named=True), strict=True):
        for ask in asks:
            state = _read(found[ask], values, ask, rows)
            if isinstance(state, str):
                failed[ask] = state
            else:
                _add(states[ask], text, state)
    return states | failed  # type: ignore[return-value]


def _add(found: dict[str, State], text: str, state: State) -> None:
    found[text] = found[text] + state if text in found else state


def _fenced(ask: Ask, by: tuple[str, ...], rows: pl.DataFrame) -> dict[Ask, Answer]:
    flat = dict(ask.params)["fences"]
    assert isinstance(flat, tuple)  # noqa: S101 (the vocabulary says so)
    fences = {str(g): (float(lo), float(hi)) for g, lo, hi in zip(*[iter(flat)] * 3, strict=True)}  # type: ignore[arg-type]
    groups = rows.lazy().select(by).unique().collect()
    texts = [group_text(key) for key in groups.iter_rows()]
    bounds = [fences.get(text, (None, None)) for text in texts]
    lookup = groups.with_columns(
        pl.Series(LOW, [b[0] for b in bounds], dtype=pl.Float64),
        pl.Series(HIGH, [b[1] for b in bounds], dtype=pl.Float64),
    )
    column = pl.col(ask.columns[0])
    kept = pl.col(LOW).is_not_null() & column.is_not_null()
    inside = fenced(ask.columns[0], rows.schema)
    table = (
        rows.lazy().select({*by, *ask.columns}).join(lookup.lazy(), on=by, how="left", nulls_equal=True)
        .group_by(by).agg(inside.sum().alias(LOW), kept.sum().alias(HIGH)).collect()
    )  # fmt: skip
    found: dict[str, State] = {}
    for *key, hits, kept in table.select(*by, LOW, HIGH).iter_rows():
        _add(found, group_text(key), Tally(hits, kept))
    return {ask: found}


def _counted(step: Pass, rows: pl.DataFrame) -> dict[Ask, Answer]:
    table = counted(rows.lazy(), step.by, step.columns, rows.schema).collect()
    if not step.by:
        return {ask: _guarded(lambda a=ask: state_of_counts(a, table), ask, rows) for ask in step.asks}
    groups = _parts(table, step.by)
    return {
        ask: _guarded(lambda a=ask: {text: state_of_counts(a, part) for text, part in groups.items()}, ask, rows)
        for ask in step.asks
    }


def _guarded(answer: Callable[[], Answer], ask: Ask, rows: pl.DataFrame) -> Answer:
    try:
        return answer()
    except BROKEN as error:
        return cause_of(error, ask, rows)


def _parts(rows: pl.DataFrame, by: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Rows per group text; the groups beyond the cap of ``Grouped`` share one."""
    found: dict[str, list[pl.DataFrame]] = {}
    for key, part in rows.partition_by(by, as_dict=True).items():
        found.setdefault(group_text(key), []).append(part)
    last = set(sorted(found)[CAP:])
    merged: dict[str, list[pl.DataFrame]] = {}
    for text, several in found.items():
        merged.setdefault(OVERFLOW if text in last else text, []).extend(several)
    return {text: several[0] if len(several) == 1 else pl.concat(several) for text, several in merged.items()}


def _keyed(ask: Ask, rows: pl.DataFrame) -> Answer:
    columns = key_columns(ask, rows.schema)
    count = keys if ask.state == "keys" else uniqueness
    if not ask.by:
        return count(complete(rows, ask, columns), columns)
    return {text: count(complete(part, ask, columns), columns) for text, part in _parts(rows, ask.by).items()}


def merged(groups: Mapping[str, State], ask: Ask) -> State:
    """The whole of an ask whose whole is the sum of its groups."""
    return reduce(add, groups.values(), Tally())
