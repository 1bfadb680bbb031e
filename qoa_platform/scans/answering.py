"""Owns the answers of a plan over a frame: all passes collected together; one that fails fails alone."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.besides import Beside
from qoa_platform.scans.planning import Pass, Plan, sums_its_groups, whole
from qoa_platform.scans.queries import BROKEN, NONE, Answer, Answers, Failure, Query, Source, query
from qoa_platform.states import Grouped, State, Tally

AS_WRITTEN = pl.QueryOptFlags.none()


def answered(steps: Plan, rows: pl.DataFrame, beside: Beside = NONE) -> dict[Ask, State | Failure]:
    """The state of every ask of the plan, over normal *rows*, or why there is none. Never raises for what they hold."""
    found: dict[Ask, Answer] = {ask: Failure(cause) for ask, cause in steps.refused.items()}
    for answers in _together(steps.passes, Source.of(rows, beside)):
        found.update(answers)
    return {ask: assembled(ask, found) for ask in steps.asks}


def _together(passes: Sequence[Pass], source: Source) -> Iterator[Answers]:
    """All passes collected at once, which runs what they share once; if that fails, one by one."""
    queries: list[Query] = []
    for step in passes:
        try:
            queries.append(query(step, source, passes))
        except BROKEN as error:
            yield {ask: source.failure(error, ask) for ask in step.asks}
    try:
        tables = _collected([item.table for item in queries], source)
    except BROKEN:
        yield from _apart(passes, source)
    else:
        for item, table in zip(queries, tables, strict=True):
            yield item.read(table)


def _collected(tables: Sequence[pl.LazyFrame], source: Source) -> list[pl.DataFrame]:
    """The tables. Of few rows one by one, as they are written: looking for a better plan would take longer."""
    if not source.few:
        return pl.collect_all(tables)
    return [table.collect(engine="in-memory", optimizations=AS_WRITTEN) for table in tables]


def _apart(passes: Sequence[Pass], source: Source) -> Iterator[Answers]:
    """Each pass by itself, and each ask of one that fails: what cannot be answered fails alone."""
    for step in passes:
        try:
            item = query(step, source)
            yield item.read(item.table.collect())
        except BROKEN as error:
            if len(step.asks) > 1:
                yield from _apart([step._replace(asks=(ask,)) for ask in step.asks], source)
            else:
                yield {ask: source.failure(error, ask) for ask in step.asks}


def assembled(ask: Ask, found: Mapping[Ask, Answer]) -> State | Failure:
    """The answer to *ask*, from those of its parts."""
    if ask.state == "nothing":
        return Tally()
    own = found[ask]
    if isinstance(own, State | Failure):
        return own
    if sums_its_groups(ask):
        return Grouped.from_groups(reduce(add, own.values(), Tally()), own)
    total = found[whole(ask)]
    return Grouped.from_groups(total, own) if isinstance(total, State) else _as_failure(total)


def _as_failure(answer: Answer) -> Failure:
    assert isinstance(answer, Failure)  # noqa: S101 (the whole has no groups)
    return answer
