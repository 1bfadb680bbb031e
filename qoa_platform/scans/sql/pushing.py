"""Owns push: the asks of a scan answered by as few SQL statements as pay, and those that have to be streamed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from qoa_platform.metrics.expressions import ExpressionError
from qoa_platform.records import Ask
from qoa_platform.scans.aggregates import FUSED
from qoa_platform.scans.aggregates import Layout as KernelLayout
from qoa_platform.scans.aggregates import aggregate as kernel_aggregate
from qoa_platform.scans.answering import assembled
from qoa_platform.scans.columns import UnanswerableError
from qoa_platform.scans.compiling import CompileError, parsed
from qoa_platform.scans.compiling import condition as kernel_condition
from qoa_platform.scans.keys import group_names
from qoa_platform.scans.planning import Pass, Plan, Shape, columns_read, parts, plan, sums_its_groups, whole
from qoa_platform.scans.queries import Failure
from qoa_platform.scans.sql.aggregates import Aggregate, aggregate, understand
from qoa_platform.scans.sql.columns import EXACT_DIGITS, Layout, frame_of, too_long
from qoa_platform.scans.sql.compiling import condition
from qoa_platform.scans.sql.counting import Found, counted_answers, unique
from qoa_platform.scans.sql.tables import Table
from qoa_platform.scans.sql.text import NotPushed, Sql, double, identifier, joined, size, sql
from qoa_platform.states import State, Tally
from qoa_platform.states.grouped import CAP

GROUPS = 100_000
"""So many groups are fetched; more are streamed."""
Answer = Found | Failure
EVERY = Ask(state="tally", params=(("hits", "rows"),))
"""How many rows there are: asked along, where a statement reads them all."""
WRONG = (UnanswerableError, CompileError, ExpressionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What SQL answered, the asks that it did not with the cause of each, and the passes that were run."""

    answers: Mapping[Ask, State | Failure]
    streamed: Mapping[Ask, str]
    passes: tuple[str, ...]
    rows: int | None = None
    """The rows of the table, where a statement over all of them counted them."""
    fused: int = 0
    """The asks that shared a statement."""


def push(asks: Iterable[Ask], table: Table, missing: Mapping[str, tuple[str, ...]]) -> Pushed:
    """*asks* answered inside the database, one statement a pass, with the meaning of the Polars kernel.

    What the dialect cannot say exactly, and what the database refuses to compute, is left to be streamed. An ask that
    its columns cannot answer fails as in any scan. Never raises for what the table holds.
    """
    wanted = tuple(asks)
    counting = () if EVERY in wanted or not any(a.state in FUSED and a.where is None for a in wanted) else (EVERY,)
    steps = plan((*wanted, *counting), table.schema)
    opaque = {**table.opaque, **_long_decimals(steps.columns, table)}
    layout = Layout(schema=table.schema, opaque=opaque, missing=missing, dialect=table.dialect)
    found: dict[Ask, Answer] = {ask: Failure(cause) for ask, cause in steps.refused.items()}
    causes: dict[Ask, str] = {}
    run: list[str] = []
    shared: set[Ask] = set()
    for step in steps.passes:
        sayable = _sayable(step, layout, found, causes)
        before = len(found)
        for answers in _answered(sayable, table, layout, causes):
            found.update(answers)
        if len(sayable.asks) > 1:
            shared |= {ask for ask in sayable.asks if ask in found}
        if len(found) > before:
            run.append(f"{table.dialect.name} {sayable._replace(asks=tuple(a for a in sayable.asks if a in found))}")
    pushed, all_rows = _assembled(steps, found, causes, run), found.get(EVERY)
    answered = {ask: answer for ask, answer in pushed.answers.items() if ask not in counting}
    streamed = {ask: cause for ask, cause in pushed.streamed.items() if ask not in counting}
    rows = all_rows.rows if isinstance(all_rows, Tally) else None
    return Pushed(
        answers=answered, streamed=streamed, passes=pushed.passes, rows=rows, fused=len(shared & answered.keys())
    )


def _long_decimals(columns: Iterable[str], table: Table) -> Mapping[str, str]:
    """The columns that hold decimals of more digits than a double tells apart, by one statement over those that may."""
    names = sorted(name for name in columns if name not in table.opaque and too_long(table.schema[name]))
    if not names:
        return {}
    tests = [sql("max(abs({})) < {}", identifier(n), double(10.0 ** (EXACT_DIGITS - _scale(table, n)))) for n in names]
    try:
        short = table.rows(sql("SELECT {} FROM {}", joined(", ", tests), table.source))[0]
    except Exception:  # noqa: BLE001 (whatever a database says; the kernel is asked instead)
        short = tuple(False for _ in names)
    return {
        name: f"{table.schema[name]} with more than {EXACT_DIGITS} digits"
        for name, fits in zip(names, short, strict=True) if fits is False
    }  # fmt: skip


def _scale(table: Table, name: str) -> int:
    dtype = table.schema[name]
    return dtype.scale if isinstance(dtype, pl.Decimal) else 0


def _sayable(step: Pass, layout: Layout, found: dict[Ask, Answer], causes: dict[Ask, str]) -> Pass:
    """*step* with the asks that SQL can answer; those that nothing can are found to fail."""
    kept: list[Ask] = []
    for ask in step.asks:
        try:
            _check(ask, layout)
        except NotPushed as cause:
            causes[ask] = str(cause)
        except WRONG as error:
            found[ask] = Failure(str(error))
        else:
            kept.append(ask)
    return step._replace(asks=tuple(kept))


def _check(ask: Ask, layout: Layout) -> None:
    """Raises NotPushed for what SQL does not say, and what the kernel raises for what its columns cannot answer."""
    understand(ask)
    if dict(ask.params).get("hits") not in {"rows", "present"}:
        layout.require(columns_read(ask))
    layout.require(ask.by)
    if ask.where is not None:
        kernel_condition(parsed(ask.where), layout.schema)
    if ask.state in FUSED and not sums_its_groups(ask):
        kernel_aggregate(whole(ask), KernelLayout(schema=layout.schema, nullable=frozenset(layout.schema)))


def _answered(step: Pass, table: Table, layout: Layout, causes: dict[Ask, str]) -> Iterator[Mapping[Ask, Answer]]:
    """The answers of a pass; if its statement fails, each ask by itself, and what then fails is not answered."""
    if not step.asks:
        return
    try:
        yield _run(step, table, layout)
    except Exception as error:  # noqa: BLE001 (whatever a database says; the kernel is asked instead)
        if len(step.asks) == 1:
            causes[step.asks[0]] = str(error).strip().split("\n", 1)[0] or type(error).__name__
            return
        for ask in step.asks:
            yield from _answered(step._replace(asks=(ask,)), table, layout, causes)


def _run(step: Pass, table: Table, layout: Layout) -> Mapping[Ask, Answer]:
    where = None if step.where is None else condition(parsed(step.where), layout)
    read = {name for ask in step.asks for name in (columns_read(ask) or layout.schema)} | set(step.by)
    rows = layout.rows(table.source, read, where)
    match step.shape:
        case Shape.SELECT | Shape.GROUP | Shape.QUANTILE:
            return _aggregated(step, rows, table, layout)
        case Shape.REPEAT:
            return {ask: unique(ask, rows, table, layout) for ask in step.asks}
        case Shape.COUNT | Shape.FENCE:
            return counted_answers(step, rows, table, layout)
        case _:
            raise NotPushed(f"a pass of the shape {step.shape.name.lower()}")


def _aggregated(step: Pass, rows: Sql, table: Table, layout: Layout) -> Mapping[Ask, Answer]:
    """All aggregates of a pass in one statement, each distinct one once."""
    items = {ask: aggregate(whole(ask), layout) for ask in step.asks}
    exprs = {name: expr for item in items.values() for name, expr in item.exprs.items()}
    source, aliases = _with_means(step, items.values(), rows, layout)
    by = [layout.value(name) for name in step.by]
    selected = joined(", ", (*by, *(expr.filled(aliases) for expr in exprs.values())))
    query = sql("SELECT {} FROM {}", selected, source)
    if by:
        query = sql("{} GROUP BY {} LIMIT {}", query, joined(", ", by), size(GROUPS + 1))
    fetched = table.rows(query)
    values = [dict(zip(exprs, row[len(by) :], strict=True)) for row in fetched]
    if not by:
        return {ask: item.read(values[0]) for ask, item in items.items()}
    if len(fetched) > GROUPS:
        raise NotPushed(f"more than {GROUPS:,} groups by {', '.join(step.by)}")
    names = group_names(frame_of([row[: len(by)] for row in fetched], step.by, layout.schema), step.by)
    if step.shape is Shape.QUANTILE and (len(names) > CAP or len(set(names)) < len(names)):
        raise NotPushed(f"quantiles within more than {CAP:,} groups")
    return {ask: _per_group(item, names, values) for ask, item in items.items()}


def _with_means(step: Pass, items: Iterable[Aggregate], rows: Sql, layout: Layout) -> tuple[Sql, Mapping[str, str]]:
    """The rows beside the means that are needed beforehand (of their group), and the aliases of those."""
    means = {name: expr for item in items for name, expr in item.means.items()}
    aliases = {name: f"m{k}" for k, name in enumerate(means)}
    if not means:
        return sql("{} AS r", rows), aliases
    columns = [sql("{} AS " + aliases[name], expr) for name, expr in means.items()]
    if not step.by:
        return sql("{} AS r CROSS JOIN (SELECT {} FROM {} AS r) AS m", rows, joined(", ", columns), rows), aliases
    keys = [layout.value(name) for name in step.by]
    named = [sql("{} AS " + f"g{k}", key) for k, key in enumerate(keys)]
    group = sql("SELECT {} FROM {} AS r GROUP BY {}", joined(", ", (*named, *columns)), rows, joined(", ", keys))
    same = joined(" AND ", (_same(key, Sql((f"g{k}",))) for k, key in enumerate(keys)))
    return sql("{} AS r JOIN ({}) AS m ON {}", rows, group, same), aliases


def _same(left: Sql, right: Sql) -> Sql:
    """Two keys are equal, or both missing: written so that a hash join can do it."""
    flags = sql("({} IS NULL) = ({} IS NULL)", left, right)
    return sql("({} AND coalesce(CAST({} AS text), '') = coalesce(CAST({} AS text), ''))", flags, left, right)


def _per_group(item: Aggregate, names: Sequence[str], values: Sequence[Mapping[str, object]]) -> Mapping[str, State]:
    """The state of each group; values that are spelled alike are one group."""
    found: dict[str, State] = {}
    for name, row in zip(names, values, strict=True):
        state = item.read(row)
        found[name] = found[name] + state if name in found else state
    return found


def _assembled(steps: Plan, found: Mapping[Ask, Answer], causes: Mapping[Ask, str], run: Sequence[str]) -> Pushed:
    """The answer of every ask whose parts were all answered."""
    answers: dict[Ask, State | Failure] = {}
    streamed: dict[Ask, str] = {}
    for ask in steps.asks:
        lacking = [part for part in parts(ask) if part not in found]
        if ask in steps.refused or not lacking:
            answers[ask] = assembled(ask, found)
        else:
            streamed[ask] = causes.get(lacking[0], "it was not answered")
    return Pushed(answers=answers, streamed=streamed, passes=tuple(run))
