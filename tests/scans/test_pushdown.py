"""Pushdown: what DuckDB and PostgreSQL answer is what the Polars kernel answers, for every ask that is pushed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.records import Ask
from qoa_platform.scans.queries import Failure
from qoa_platform.scans.sql import DuckTable, PostgresTable, Pushed, push
from qoa_platform.scans.sql.regexes import common
from qoa_platform.scans.sql.text import NotPushed
from tests.ledger.private_postgres import private_postgres
from tests.scans.alike import alike
from tests.scans.asked import BY, FENCED, PLAIN, SCHEMA, WHERE, Rows, ask, frame_of, rows, states

EXPRESSIONS = (
    "col('i') > 0", "col('f') >= 0", "col('f') <= col('i')", "0 < col('f') <= 2.5", "not col('f') > 1", "col('b')",
    "~col('b') & (col('i') != 2)", "col('b') or col('i') == 1", "col('i').is_in([1, 2.5, 300])", "col('m') >= 1.5",
    "col('f').is_in([1, 2])", "col('n').is_in([1, 3])", "(col('i') + 1).is_in([1, 3])", "col('s').is_in(['a', ''])",
    "col('i').is_between(0, 2)", "col('f').is_between(col('i'), 2.5)", "col('f').is_null()", "col('s').is_not_null()",
    "col('f') / col('i') >= 0", "col('n') // col('n') > 0", "col('n') % 3 == 1", "col('n') % -2 == -1",
    "col('n') // -2 == -1", "col('f') - col('f') == 0", "col('f') / col('f') >= 0", "-col('i') < col('n')",
    "col('i').abs() <= 2", "abs(col('f')) <= 2", "col('s').str.len_chars() >= 1", "col('s').str.contains('^[a-b]')",
    "col('s').str.starts_with('a')", "col('c').str.ends_with('s')", "col('s') > 'a'", "col('c') == col('s')",
    "when(col('b')).then(col('i')).when(col('i') > 0).then(0).otherwise(5) <= 1", "col('b') == (col('i') > 0)",
    "col('t').dt.year() == 2017", "col('u').dt.month() > 1", "col('d').dt.day() < 20", "col('t').dt.hour() == 0",
    "col('d').dt.weekday() <= 5", "col('t') > '2000-01-01T01:00:00+01:00'", "col('t') > col('u')",
    "col('d') == col('u')",
    "col('d').is_in(['2017-01-01'])", "col('i') * 4611686018427387904 > col('i')", "col('i') + 9223372036854775807 > 0",
    "-col('i') - 9223372036854775807 < 0", "col('m') < 2", "True", "lit(1) == 2",
)  # fmt: skip
PATTERNS = ("^[a-b]$", "e.", "(a|é)+s?", r"\.", "^$", "[^a]", "4{1,2}")
OWN = (
    ("sum", "count()"), ("sum", "count(col('s'))"), ("sum", "count(col('f') > 1)"), ("sum", "sum(col('f') > col('i'))"),
    ("sum", "sum(col('i'))"), ("sum", "sum(col('n') * 2)"), ("sum", "sum(col('g'))"), ("min", "min(col('n'))"),
    ("max", "max(col('f'))"), ("sum", "sum(col('t') - col('u') > 3600)"), ("max", "max(col('u') - col('d'))"),
)  # fmt: skip
MORE = (
    *(ask("tally", expr=text, hits="expr") for text in EXPRESSIONS),
    *(ask("tally", "s", hits="matches", pattern=pattern) for pattern in PATTERNS),
    ask("frequencies", "i", cap=2), ask("frequencies", "s", "b", cap=1), ask("tally", "q", hits="present"),
    ask("moments", "s"), ask("tally", "f", expr="col('s')", hits="expr"),
    *(ask("fields", "i", "f", "n", "t", "u", "d", "s", fields=("a", rule, text)) for rule, text in OWN),
)  # fmt: skip
MISSING = {"s": ("a",), "c": ("yes",), "f": ("2.5", "x"), "i": ("412",), "t": ("2017-01-01",), "m": ("1.5",)}


def check(found: Pushed, frame: pl.DataFrame, asks: tuple[Ask, ...], missing: Any = None) -> None:
    """What was pushed equals the kernel's answer, and every ask was either pushed or is to be streamed."""
    kernel = states(frame, asks, missing or {})
    assert {*found.answers, *found.streamed} == set(asks)
    assert not set(found.answers) & set(found.streamed)
    both = {asked: (answer, kernel[asked]) for asked, answer in found.answers.items()}
    assert not {asked: pair for asked, pair in both.items() if not _alike(*pair)}


def _alike(a: Any, b: Any) -> bool:
    return isinstance(b, Failure) if isinstance(a, Failure) else alike(a, b)


def in_duckdb(frame: pl.DataFrame, asks: tuple[Ask, ...], missing: Any = None) -> Pushed:
    """*asks* of a relation in memory."""
    with duckdb.connect() as connection:
        connection.register("rows", frame.to_arrow())
        return push(asks, DuckTable(connection.table("rows")), missing or {})


ALL = (*PLAIN, *MORE)
PUSHED = 0.6
"""Such a share of them is pushed at least: pushdown that streams everything would be right, and of no use."""
EACH = 5
"""An example asks every fifth of them, beginning anywhere."""


@settings(max_examples=10)
@given(
    st.lists(rows, max_size=12), st.sampled_from([(), *BY]), st.none() | st.sampled_from(WHERE),
    st.integers(0, EACH - 1),
)  # fmt: skip
def test_duckdb_answers_as_the_kernel_does(found: Rows, by: tuple[str, ...], where: str | None, first: int) -> None:
    """Every kind of ask over every type of column, whole and by group, filtered or not."""
    frame = frame_of(found)
    asks = tuple(replace(asked, by=by, where=where) for asked in ALL[first::EACH]) + FENCED[first::EACH]
    pushed = in_duckdb(frame, asks)
    check(pushed, frame, asks)
    assert len(pushed.answers) >= PUSHED * len(asks), pushed.streamed


@settings(max_examples=4)
@given(st.lists(rows, max_size=12), st.integers(0, EACH - 1))
def test_tokens_are_missing_in_sql_too(found: Rows, first: int) -> None:
    """Declared tokens of text, numbers and times are null before anything reads a column."""
    frame, asks = frame_of(found), ALL[first::EACH]
    check(in_duckdb(frame, asks, MISSING), frame, asks, MISSING)


def test_a_view_of_parquet_files_is_pushed_down(tmp_path: Path) -> None:
    """A relation over files answers as one in memory."""
    frame = pl.DataFrame({"x": [1.0, None, float("nan"), -2.5] * 50, "g": ["a", "b", "b", None] * 50})
    frame[:100].write_parquet(tmp_path / "a.parquet")
    frame[100:].write_parquet(tmp_path / "b.parquet")
    asks = (ask("moments", "x"), replace(ask("moments", "x"), by=("g",)), ask("frequencies", "g"))
    with duckdb.connect() as connection:
        found = push(asks, DuckTable(connection.read_parquet(str(tmp_path / "*.parquet"))), {})
    check(found, frame, asks)
    assert not found.streamed
    assert len(found.passes) == 3


COLUMNS = {
    "i": "bigint", "n": "smallint", "f": "double precision", "g": "double precision", "s": "text", "c": "varchar(9)",
    "e": "text", "b": "boolean", "t": "timestamptz", "u": "timestamp", "d": "date", "m": "numeric(18,2)",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A connection to a private PostgreSQL with an empty table of all types."""
    with private_postgres() as private:
        import psycopg

        with psycopg.connect(private.database(), autocommit=True) as connection:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
            connection.execute("CREATE SCHEMA shop")
            connection.execute(f"CREATE TABLE shop.rows ({columns})")
            yield connection


@settings(max_examples=5)
@given(found=st.lists(rows, max_size=12), by=st.sampled_from([(), *BY]), where=st.none() | st.sampled_from(WHERE))
def test_postgres_answers_as_the_kernel_does(server: Any, found: Rows, by: tuple[str, ...], where: str | None) -> None:
    """The same law over a real PostgreSQL, with tokens that mean missing."""
    frame = frame_of(found)
    server.execute("TRUNCATE shop.rows")
    with server.cursor() as cursor:
        places = ", ".join(["%s"] * len(SCHEMA))
        cursor.executemany(f"INSERT INTO shop.rows VALUES ({places})", frame.rows())
    asks = tuple(replace(asked, by=by, where=where) for asked in ALL) + FENCED
    frame = frame.cast({"n": pl.Int16, "c": pl.String, "e": pl.String})
    pushed = push(asks, PostgresTable(server, "shop.rows"), MISSING)
    check(pushed, frame, asks, MISSING)
    assert len(pushed.answers) >= PUSHED * len(asks), pushed.streamed


@pytest.mark.parametrize(
    "pattern", [r"\d", r"\bx", r"\w+", "(?i)a", "a**", "", "(|a)", "[[:alpha:]]", "[a&&b]", "a{300}"]
)
def test_a_pattern_that_engines_read_differently_is_not_pushed(pattern: str) -> None:
    """Classes of Unicode, flags, look-around and empty alternatives are streamed to the kernel."""
    with pytest.raises(NotPushed):
        common(pattern)


def test_large_means_keep_their_spread() -> None:
    """Central sums are taken about the mean of the group: values around 10¹² lose nothing, beside others around 0."""
    values = [1e12 + k % 7 for k in range(700)] + [k % 7 for k in range(700)]
    frame = pl.DataFrame({"x": values, "g": ["far"] * 700 + ["near"] * 700})
    asked = replace(ask("moments", "x"), by=("g",))
    (grouped,) = in_duckdb(frame, (asked,)).answers.values()
    for name in ("far", "near"):
        assert grouped.get(name).m2 == pytest.approx(2800, rel=1e-12)  # type: ignore[union-attr]


def test_names_and_texts_stay_what_they_are() -> None:
    """Quotes in names, texts and groups are data: nothing of a contract becomes SQL."""
    name, text = "a\"b'; DROP TABLE x; --", 'it\'s "so"; %s $1 {} \\'
    frame = pl.DataFrame({name: [text, "other", None], "%s": [1, 2, 3]})
    asks = (
        ask("tally", name, hits="in_set", values=(text,)), ask("frequencies", name),
        replace(ask("tally", "%s", hits="in_range", low=2), by=(name,)),
    )  # fmt: skip
    found = in_duckdb(frame, asks)
    check(found, frame, asks)
    assert not found.streamed
