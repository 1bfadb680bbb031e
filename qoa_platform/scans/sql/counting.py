"""Owns answers read off counts of values and keys in SQL: frequencies, confusion, fences by group, uniqueness."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.counting import CELLS, ROWS, answer_of_counts, answer_of_fences, within_fences
from qoa_platform.scans.keying import key_columns
from qoa_platform.scans.keys import group_names, spelled
from qoa_platform.scans.keys import joined as joined_values
from qoa_platform.scans.planning import Pass, Shape
from qoa_platform.scans.sql.columns import Layout, frame_of
from qoa_platform.scans.sql.tables import Table
from qoa_platform.scans.sql.text import NotPushed, Sql, joined, size, sql
from qoa_platform.states import Frequencies, State, Sums
from qoa_platform.states.frequencies import CAP
from qoa_platform.states.grouped import CAP as GROUPS

Found = State | Mapping[str, State]


def counted_answers(step: Pass, rows: Sql, table: Table, layout: Layout) -> Mapping[Ask, Found]:
    """The answers of a pass that counts rows per value. Raises NotPushed for more values than are fetched."""
    whole = [ask for ask in step.asks if ask.state == "frequencies" and not ask.by and step.shape is Shape.COUNT]
    answers: dict[Ask, Found] = {ask: _frequencies(ask, rows, table, layout) for ask in whole}
    rest = [ask for ask in step.asks if ask not in answers]
    if not rest:
        return answers
    counts = _counts(list(dict.fromkeys((*step.by, *step.columns))), rows, table, layout)
    for ask in rest:
        if step.shape is Shape.FENCE:
            answers[ask] = answer_of_fences(ask, within_fences(ask, counts.lazy(), layout.schema).collect())
        else:
            answers[ask] = answer_of_counts(ask, counts)
    return answers


def _columns(names: Sequence[str], layout: Layout) -> Sql:
    return joined(", ", (layout.value(name) for name in names))


def _counts(names: Sequence[str], rows: Sql, table: Table, layout: Layout) -> pl.DataFrame:
    """Rows per combination of values, as the kernel's own table of counts."""
    columns = _columns(names, layout)
    query = sql("SELECT {}, count(*) FROM {} AS r GROUP BY {} LIMIT {}", columns, rows, columns, size(CELLS + 1))
    fetched = table.rows(query)
    if len(fetched) > CELLS:
        raise NotPushed(f"more than {CELLS:,} combinations of {', '.join(names)}")
    counts = pl.Series(ROWS, [row[-1] for row in fetched], dtype=pl.UInt32)
    return frame_of([row[:-1] for row in fetched], names, layout.schema).with_columns(counts)


def _frequencies(ask: Ask, rows: Sql, table: Table, layout: Layout) -> Frequencies:
    """The most frequent values, one more than the cap, which says how much the others are cut."""
    given: Any = dict(ask.params).get("cap")
    cap = int(given) if given else CAP
    names = list(dict.fromkeys(ask.columns))
    columns, present = _columns(names, layout), layout.present(names)
    query = sql(
        "SELECT {}, count(*), sum(count(*)) OVER (), sum(CASE WHEN {} THEN count(*) ELSE 0 END) OVER () "
        "FROM {} AS r GROUP BY {} ORDER BY CASE WHEN {} THEN 0 ELSE 1 END, count(*) DESC LIMIT {}",
        columns, present, rows, columns, present, size(cap + 1),
    )  # fmt: skip
    fetched = table.rows(query)
    if not fetched:
        return Frequencies(cap=cap)
    total, n = (int(number) for number in fetched[0][-2:])
    kept = [row for row in fetched if None not in row]
    cut = int(kept[cap][-3]) if len(kept) > cap else 0
    kept = [row for row in kept if row[-3] > cut]
    values = frame_of([row[:-3] for row in kept], names, layout.schema)
    texts = zip(*(spelled(values.get_column(name)) for name in ask.columns), strict=True)
    found: dict[str, int] = {}
    for parts, row in zip(texts, kept, strict=True):
        text = joined_values([str(part) for part in parts])
        found[text] = found.get(text, 0) + int(row[-3]) - cut
    return Frequencies.exact(found, n=n, missing=total - n, error=cut, cap=cap)


def unique(ask: Ask, rows: Sql, table: Table, layout: Layout) -> Found:
    """Rows, distinct keys and keys seen once, by a GROUP BY of its own. Raises NotPushed for too many groups."""
    keys = key_columns(ask, layout.schema)
    layout.require(keys)
    present = layout.present(keys)
    if dict(ask.params).get("missing_keys") == "value":
        present = Sql(("TRUE",))
    by, every = _columns(ask.by, layout), _columns(list(dict.fromkeys((*ask.by, *keys))), layout)
    inner = sql("(SELECT {}, count(*) AS n FROM {} AS r GROUP BY {}) AS k", every, rows, every)
    sums = sql(
        "sum(n) FILTER (WHERE {}), count(*) FILTER (WHERE {}), count(*) FILTER (WHERE {} AND n = 1)",
        present, present, present,
    )  # fmt: skip
    if not ask.by:
        return _sums(table.rows(sql("SELECT {} FROM {}", sums, inner))[0])
    query = sql("SELECT {}, {} FROM {} GROUP BY {} LIMIT {}", by, sums, inner, by, size(GROUPS + 1))
    fetched = table.rows(query)
    names = group_names(frame_of([row[:-3] for row in fetched], ask.by, layout.schema), ask.by)
    if len(fetched) > GROUPS or len(set(names)) < len(names):
        raise NotPushed(f"uniqueness within more than {GROUPS:,} groups")
    return {name: _sums(row[-3:]) for name, row in zip(names, fetched, strict=True)}


def _sums(numbers: Sequence[Any]) -> Sums:
    n, distinct, once = (int(number or 0) for number in numbers)
    return Sums.of_terms(n, distinct=distinct, once=once)
