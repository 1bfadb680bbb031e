"""Owns engines: who answers asks where the rows are (a database, Ray, Spark), by a word or by what the data is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.distributing import UNMERGED
from qoa_platform.scans.kernel import Answers
from qoa_platform.scans.normalising import Missing
from qoa_platform.scans.opening import Opened, SourceError, SqlTable
from qoa_platform.scans.planning import plan

ROWS = 262_144
"""So many rows of a local source are one partition."""
NAMES = ("database", "kernel", "ray", "spark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an engine answered, the lines of the report, and the rows that it read where it counted them."""

    answers: Answers
    passes: tuple[str, ...]
    rows: int | None = None
    fused: int = 0
    """The asks that shared a pass."""


def engine_of(data: Any, name: str | None) -> Any:
    """The engine of that *name*, or the one that *data* suggests: its own database or cluster; ``None``: the kernel.

    ``kernel`` reads the rows whatever holds them. Raises SourceError for another name.
    """
    chosen = _suggested(data) if name is None else name
    if chosen not in NAMES:
        near = get_close_matches(chosen, NAMES, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SourceError(f"unknown engine {chosen!r}.{hint} Allowed: {', '.join(NAMES)}")
    return {"database": in_database, "ray": on_ray, "spark": on_spark}.get(chosen)


def _suggested(data: Any) -> str:
    if isinstance(data, Opened):
        return _suggested(data.data)
    if isinstance(data, SqlTable):
        return "database"
    home = type(data).__module__.split(".", 1)[0].lstrip("_")
    if home == "duckdb":
        return "database"
    return {"ray": "ray", "pyspark": "spark"}.get(home, "kernel")


def in_database(source: Opened, asks: Sequence[Ask], missing: Missing) -> Answered:
    """What the database of a relation or table answers by SQL; the rest is left, with nothing said against it."""
    from qoa_platform.scans.sql import push  # noqa: PLC0415 (only where there is a database)

    with _table(source.data) as table:
        if table is None:
            return Answered(answers={}, passes=())
        found = push([ask for ask in asks if _alone(ask)], table, missing)
    left = [f"streamed {ask.state}({', '.join(ask.columns)}): {cause}" for ask, cause in found.streamed.items()]
    return Answered(answers=found.answers, passes=(*found.passes, *left), rows=found.rows, fused=found.fused)


@contextmanager
def _table(data: Any) -> Iterator[Any]:
    """The table behind a source, if a database holds it; a connection of its own is closed at the end."""
    from qoa_platform.scans.sql import DuckTable, PostgresTable  # noqa: PLC0415

    if not isinstance(data, SqlTable):
        yield DuckTable(data) if hasattr(data, "to_arrow_reader") else None
    elif data.url.startswith("postgres"):
        import psycopg  # noqa: PLC0415 (the extra `postgres`)

        with psycopg.connect("postgresql://" + data.url.split("://", 1)[-1]) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield PostgresTable(connection, data.table, data.query)
    else:
        yield None


def _alone(ask: Ask) -> bool:
    """Whether an ask reads no other frame."""
    return not any(name.startswith("beside") for name, _ in ask.params)


def on_ray(source: Opened, asks: Sequence[Ask], missing: Missing) -> Answered:
    """The kernel as Ray tasks over a Dataset's blocks, or over batches of any other source."""
    from qoa_platform.scans.ray import answers_on_ray  # noqa: PLC0415 (an extra)

    mine = _mergeable(asks, source)
    if not mine:
        return Answered(answers={}, passes=())
    columns = sorted(plan(mine, source.schema).columns) or list(source.schema)[:1]
    native = type(source.data).__module__.startswith("ray.")
    data = source.data if native else (batch.frame for batch in source.batches(columns, ROWS))
    found, rows = answers_on_ray(data, mine, missing=missing, empty=pl.DataFrame(schema=dict(source.schema)))
    return Answered(answers=found, passes=(f"Ray: {_said(mine)}",), rows=rows, fused=len(mine))


def on_spark(source: Opened, asks: Sequence[Ask], missing: Missing) -> Answered:
    """The kernel in Spark's mapInArrow over a DataFrame. Raises SourceError for another source."""
    from qoa_platform.scans.spark import answers_on_spark  # noqa: PLC0415 (an extra)

    if not type(source.data).__module__.startswith("pyspark."):
        kind = type(source.data).__name__
        raise SourceError(f"the engine 'spark' is given a {kind}. Allowed: a Spark DataFrame, or the engine 'ray'")
    mine = _mergeable(asks, source)
    if not mine:
        return Answered(answers={}, passes=())
    found, rows = answers_on_spark(source.data, mine, missing=missing)
    return Answered(answers=found, passes=(f"Spark: {_said(mine)}",), rows=rows, fused=len(mine))


def _mergeable(asks: Sequence[Ask], source: Opened) -> list[Ask]:
    """The asks that partitions answer; what is left (quantiles, whole rows) is streamed here, within the memory."""
    broken: Mapping[str, str] = source.broken
    return [ask for ask in asks if ask.state not in UNMERGED and _alone(ask) and not broken]


def _said(asks: Sequence[Ask]) -> str:
    return ", ".join(f"{ask.state}({', '.join(ask.columns)})" for ask in asks)
