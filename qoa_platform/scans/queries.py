"""Owns the query of a pass: its lazy table, and the answers that are read off the table once it is collected."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import assert_never

import polars as pl

from qoa_platform.metrics.expressions import ExpressionError
from qoa_platform.records import Ask
from qoa_platform.scans.aggregates import Aggregate, Layout, Values, aggregate
from qoa_platform.scans.besides import Beside, answer_beside, beside_table
from qoa_platform.scans.columns import Schema, UnanswerableError, described
from qoa_platform.scans.compiling import CompileError, condition, parsed
from qoa_platform.scans.counting import answer_of_counts, answer_of_fences, coarser, counts, within_fences
from qoa_platform.scans.grouping import GROUP, named, parts
from qoa_platform.scans.keeping import KEPT, SMALL, Signature, flags, signature
from qoa_platform.scans.keying import answer_of_keys, hashed
from qoa_platform.scans.keys import group_names
from qoa_platform.scans.planning import Pass, Shape, columns_read, whole
from qoa_platform.scans.quantiles import Quantiles
from qoa_platform.scans.sketches import answer_of_codes, answer_of_values, codes_of, values_of
from qoa_platform.states import State
from qoa_platform.states.grouped import CAP
from qoa_platform.states.whole import Whole

BROKEN = (Exception, pl.exceptions.PanicException)
"""What a column can raise: a panic of the engine is no Exception."""


NONE: Beside = MappingProxyType({})


@lru_cache(maxsize=KEPT)
def layout_of(columns: Signature) -> Layout:
    """The layout for any rows of a signature."""
    return Layout.of_any(dict(zip(*columns, strict=True)))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer."""

    cause: str


Answer = State | Mapping[str, State] | Failure
"""A state, a state per group, or why there is none."""
Answers = Mapping[Ask, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The lazy table of a pass, and what is read off it. Reading never raises."""

    table: pl.LazyFrame
    read: Callable[[pl.DataFrame], Answers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Normal rows, as all passes read them: one lazy frame, so that equal parts of their queries run once."""

    rows: pl.LazyFrame
    layout: Layout
    columns: Signature
    beside: Beside = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pl.DataFrame, beside: Beside = NONE) -> "Source":
        """The rows of *frame*, in which missing is null, and the frames that stand *beside* it."""
        columns = signature(frame)
        layout = Layout.of(frame) if frame.height > SMALL else layout_of(columns)
        return cls(rows=frame.lazy(), layout=layout, columns=columns, beside=beside)

    @property
    def few(self) -> bool:
        """Whether the queries are for any rows of the schema: looking for a better plan would take longer than they."""
        return self.layout.frame is None

    def where(self, text: str | None) -> pl.LazyFrame:
        """The rows in which the condition is true. Raises CompileError, ExpressionError."""
        return self.rows if text is None else self.rows.filter(condition(parsed(text), self.layout.schema))

    def failure(self, error: BaseException, ask: Ask) -> Failure:
        """What was found; where the engine says it, which may name no column, with what was read and its types."""
        return _failure(error, ask, self.layout.schema)

    def guarded(self, ask: Ask, answer: Callable[[], Answer]) -> Answer:
        """The answer, or why it failed."""
        try:
            return answer()
        except BROKEN as error:
            return self.failure(error, ask)


def _failure(error: BaseException, ask: Ask, schema: Schema) -> Failure:
    text = str(error).strip().split("\n", 1)[0] or type(error).__name__
    if isinstance(error, UnanswerableError | CompileError | ExpressionError):
        return Failure(text)
    return Failure(f"{text}; read were {described(columns_read(ask) or tuple(schema), schema)}")


def query(  # noqa: C901 (one case per shape)
    step: Pass, source: Source, beside: Iterable[Pass] = ()
) -> Query:
    """The query of *step*; counts are read off finer counts that are taken *beside* it. Raises what its rows raise."""
    rows, schema, first = source.where(step.where), source.layout.schema, step.asks[0]
    match step.shape:
        case Shape.SELECT:
            return _select(step, source)
        case Shape.GROUP:
            return _group(step, source)
        case Shape.COUNT:
            return _each(step, source, _counts(step, source, beside), answer_of_counts)
        case Shape.FENCE:
            return _each(step, source, within_fences(first, _counts(step, source, beside), schema), answer_of_fences)
        case Shape.REPEAT | Shape.KEY:
            return _each(step, source, hashed(rows, first, schema), answer_of_keys)
        case Shape.QUANTILE:
            found = Quantiles(rows=rows, asks=step.asks, schema=schema)
            return _each(step, source, found.table(), found.answer)
        case Shape.KLL:
            return _each(step, source, values_of(rows, first, schema), answer_of_values)
        case Shape.HLL:
            return _each(step, source, codes_of(rows, first, schema), answer_of_codes)
        case Shape.WHOLE:
            columns = list(dict.fromkeys([*step.by, *(step.columns or schema)]))
            return _each(step, source, rows.select(columns), _wholes)
        case Shape.BESIDE:
            return _each(step, source, beside_table(first, rows, schema, source.beside), answer_beside)
        case _:
            assert_never(step.shape)


def _each(
    step: Pass, source: Source, table: pl.LazyFrame,
    answer: Callable[[Ask, pl.DataFrame], State | Mapping[str, State]],
) -> Query:  # fmt: skip
    """A query whose table every ask reads for itself."""

    def read(found: pl.DataFrame) -> Answers:
        return {ask: source.guarded(ask, lambda asked=ask: answer(asked, found)) for ask in step.asks}  # type: ignore[misc]

    return Query(table=table, read=read)


def _wholes(ask: Ask, table: pl.DataFrame) -> State | Mapping[str, State]:
    """The rows, or those of each group; the columns of the groups go along only where they are asked for."""
    columns = list(ask.columns) or [name for name in table.columns if name != GROUP]
    if not ask.by:
        return Whole(table.select(columns))
    return {name: Whole(part.select(columns)) for name, part in parts(table, ask.by)}


COUNTS = frozenset({Shape.COUNT, Shape.FENCE})


def _counts(step: Pass, source: Source, beside: Iterable[Pass]) -> pl.LazyFrame:
    names = _counted(step)
    finer = [_counted(p) for p in beside if p.shape in COUNTS and p.where == step.where and names < _counted(p)]
    chosen = min(finer, key=lambda found: (len(found), sorted(found)), default=names)
    table = counts(source.where(step.where), sorted(chosen), source.layout.schema)
    return table if chosen == names else coarser(table, sorted(names))


def _counted(step: Pass) -> frozenset[str]:
    return frozenset((*step.by, *step.columns))


@dataclass(frozen=True, slots=True)
class Written:
    """The aggregates of a pass, ask by ask, the asks that have none, and the distinct expressions."""

    found: Mapping[Ask, Aggregate]
    failed: Mapping[Ask, Answer]
    exprs: Sequence[pl.Expr]
    columns: Sequence[pl.Expr] = ()

    def rows(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """*rows* with the columns that the aggregates take."""
        return rows.with_columns_seq(self.columns) if self.columns else rows


def _written(step: Pass, source: Source) -> Written:
    """The aggregates of a pass, written once for all frames alike; but moments of many rows for these very rows."""
    if source.layout.frame is not None and any(ask.state == "moments" for ask in step.asks):
        return _write(step, source.layout)
    return _written_for(step, flags(step.asks), source.columns, source.layout.nullable)


@lru_cache(maxsize=KEPT)
def _written_for(step: Pass, exactly: tuple[bool, ...], columns: Signature, nullable: frozenset[str]) -> Written:
    del exactly  # tells asks apart that are equal but not the same
    return _write(step, Layout(schema=dict(zip(*columns, strict=True)), nullable=nullable))


def _write(step: Pass, layout: Layout) -> Written:
    found: dict[Ask, Aggregate] = {}
    failed: dict[Ask, Answer] = {}
    for ask in step.asks:
        try:
            found[ask] = aggregate(whole(ask), layout)
        except BROKEN as error:
            failed[ask] = _failure(error, ask, layout.schema)
    exprs, columns = (
        tuple(expr.alias(name) for name, expr in distinct.items())
        for distinct in (
            {name: expr for item in found.values() for name, expr in item.exprs.items()},
            {name: expr for item in found.values() for name, expr in item.columns.items()},
        )
    )
    return Written(found=found, failed=failed, exprs=exprs, columns=columns)


def _select(step: Pass, source: Source) -> Query:
    written = _written(step, source)
    found = written.found

    def read(table: pl.DataFrame) -> Answers:
        values: Values = table.row(0, named=True) if found else {}
        return {**written.failed} | {
            ask: source.guarded(ask, lambda i=item: i.read(values))  # type: ignore[misc]
            for ask, item in found.items()
        }

    rows = written.rows(source.where(step.where))
    return Query(table=rows.select_seq(written.exprs) if source.few else rows.select(written.exprs), read=read)


def _group(step: Pass, source: Source) -> Query:
    written = _written(step, source)
    rows, exprs, by = written.rows(source.where(step.where)), written.exprs, list(step.by)
    keys = [f"{GROUP} {name}" for name in by]  # no aggregate is called so

    def read(table: pl.DataFrame) -> Answers:
        if table.height > CAP:
            table = named(rows.collect(), by).lazy().group_by(GROUP).agg(exprs).collect()
        names = table.get_column(GROUP).to_list() if GROUP in table.columns else group_names(table, keys)
        groups = list(zip(names, table.iter_rows(named=True), strict=True))
        return {**written.failed} | {
            ask: source.guarded(ask, lambda i=item: _per_group(i, groups))  # type: ignore[misc]
            for ask, item in written.found.items()
        }

    grouped = rows.group_by(pl.col(name).alias(key) for name, key in zip(by, keys, strict=True))
    return Query(table=grouped.agg(exprs), read=read)


def _per_group(item: Aggregate, groups: Sequence[tuple[str, Values]]) -> Mapping[str, State]:
    """The state of each group; values that are spelled alike are one group."""
    found: dict[str, State] = {}
    for name, values in groups:
        state = item.read(values)
        found[name] = found[name] + state if name in found else state
    return found
