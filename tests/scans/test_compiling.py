"""Compiling: the engine answers an expression as its meaning, written out over one row in plain Python, says."""

import math
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics.expressions import parse
from qoa_platform.scans.compiling import CompileError, compiled, condition
from qoa_platform.scans.normalising import normal
from tests.scans.interpreter import Row, meaning

NAN = float("nan")
SCHEMA: dict[str, Any] = {
    "i": pl.Int64,
    "j": pl.Int32,
    "f": pl.Float64,
    "s": pl.String,
    "b": pl.Boolean,
    "t": pl.Datetime("us", "UTC"),
}


def ask(text: str, rows: list[Row]) -> list[object]:
    """The engine's answer, row by row."""
    frame = normal(pl.DataFrame(rows, schema=SCHEMA), SCHEMA, {})
    found = frame.select(compiled(parse(text), frame.schema).alias("x")).to_series().to_list()
    return found * len(rows) if len(found) != len(rows) else found


TEXTS = [
    "col('i') > 0", "col('f') >= 0", "col('f') <= col('i')", "0 < col('f') <= 2.5", "not col('f') > 1", "col('b')",
    "~col('b') & (col('i') != 2)", "col('b') or col('i') == 1", "col('i').is_in([1, 2.5, 300])",
    "col('f').is_in([1, 2])",
    "col('j').is_in([1, 3])", "(col('i') + 1).is_in([1, 3])", "col('s').is_in(['a', ''])", "col('b').is_in([True])",
    "col('i').is_between(0, 2)", "col('f').is_between(col('i'), 2.5)", "col('f').is_null()", "col('s').is_not_null()",
    "col('f') / col('i') >= 0", "col('i') // col('j') > 0", "col('i') % col('j') == 1", "col('f') - col('f') == 0",
    "col('f') / col('f') >= 0", "-col('i') < col('j')", "col('i').abs() <= 2", "abs(col('f')) <= 2",
    "col('s').str.len_chars() >= 1", "col('s').str.contains('^[a-b]')", "col('s').str.starts_with('a')",
    "col('s').str.ends_with('é')", "when(col('b')).then(col('i')).when(col('i') > 0).then(0).otherwise(5) <= 1",
    "col('t').dt.year() == 2017", "col('t').dt.month() > 1", "col('t').dt.day() < 20", "col('t').dt.hour() == 0",
    "col('t').dt.weekday() <= 5", "col('i') * 4611686018427387904 > col('i')", "col('i') + 9223372036854775807 > 0",
    "-col('i') - 9223372036854775807 < 0", "col('i') * col('j') * col('i') // 2 > 1", "col('s') == 'a'",
    "col('s') > 'a'", "col('b') == (col('i') > 0)", "True", "lit(1) == 2",
]  # fmt: skip
rows = st.fixed_dictionaries(
    {
        "i": st.none() | st.integers(-3, 3),
        "j": st.none() | st.integers(-3, 3),
        "f": st.none() | st.sampled_from([NAN, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.5, -1.5]),
        "s": st.none() | st.text("abé\U0001f600", max_size=3),
        "b": st.none() | st.booleans(),
        "t": st.none() | st.datetimes(datetime(1960, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    }
)


@pytest.mark.parametrize("text", TEXTS)
@settings(max_examples=40)
@given(found=st.lists(rows, min_size=1, max_size=5))
def test_the_engine_answers_what_is_meant(text: str, found: list[Row]) -> None:
    """Every construct gives, row by row, what its definition gives: null, NaN, ±inf and division by zero included."""
    assert ask(text, found) == [meaning(parse(text), row) for row in found]


def test_a_text_beside_a_time_is_a_time() -> None:
    """A time column is compared with ISO 8601 texts, in UTC; another text is refused with what is allowed."""
    row: Row = dict.fromkeys(SCHEMA) | {"t": datetime(2017, 10, 4, 12, tzinfo=UTC)}
    assert ask("col('t') > '2017-10-04T11:00:00'", [row]) == [True]
    assert ask("col('t').is_between('2017-10-04', '2017-10-04T14:00:00+02:00')", [row]) == [True]
    assert ask("col('t').is_in(['2017-10-04T12:00:00Z'])", [row]) == [True]
    with pytest.raises(CompileError, match="ISO 8601"):
        ask("col('t') > 'noon'", [row])


def test_times_are_compared_as_moments() -> None:
    """Zones, naive times (UTC), dates (00:00 UTC) and units do not matter, only when it was."""
    noon = pl.Series([datetime(2026, 7, 1, 12)])
    frame = pl.DataFrame({
        "utc": noon.dt.replace_time_zone("UTC"), "naive": noon.cast(pl.Datetime("ns")), "day": noon.dt.date(),
        "vienna": noon.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Vienna"),
    })  # fmt: skip
    true = [
        "col('utc') == col('vienna')", "col('naive') == col('vienna')", "col('day') < col('vienna')",
        "col('vienna') == '2026-07-01T12:00:00'", "col('day') < '2026-07-01T00:00:01'",
        "col('vienna').is_in(['2026-07-01T14:00:00+02:00'])", "col('naive').is_between(col('day'), col('utc'))",
    ]  # fmt: skip
    assert frame.select(compiled(parse(t), frame.schema).alias(t) for t in true).row(0) == (True,) * len(true)


def test_a_bare_column_in_a_condition_is_boolean() -> None:
    """Numbers and text are neither true nor false: wherever a condition is needed, the error names the column."""
    schema = pl.Schema(SCHEMA)
    for text in ("col('i')", "not col('i')", "col('b') and col('i')", "when(col('i')).then(1).otherwise(2) > 1"):
        with pytest.raises(CompileError, match="'i' is Int64: a condition needs"):
            condition(parse(text), schema)
    assert condition(parse("col('b') or not col('b')"), schema) is not None


def test_order_of_categories_is_that_of_text() -> None:
    """A category is the text it holds: the order in which an enumeration lists its values means nothing."""
    frame = pl.DataFrame({"e": pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])), "s": ["a", "a"]})
    for text, expected in [("col('e') > 'a'", [True, False]), ("col('e') == col('s')", [False, True])]:
        assert frame.select(compiled(parse(text), frame.schema)).to_series().to_list() == expected


def test_categorical_text_is_text() -> None:
    """Patterns and lengths read categorical columns as the text they hold."""
    frame = pl.DataFrame({"c": pl.Series(["ab", "c", None], dtype=pl.Categorical)})
    for text, expected in [
        ("col('c').str.contains('b')", [True, False, None]),
        ("col('c').str.len_chars() == 1", [False, True, None]),
        ("col('c') == 'c'", [False, True, None]),
        ("col('c').is_in(['ab', 'x'])", [True, False, None]),
    ]:
        assert frame.select(compiled(parse(text), frame.schema)).to_series().to_list() == expected


def test_the_difference_of_times_is_in_seconds() -> None:
    """Two time columns of any unit and zone: their difference is a number of seconds; a missing one has none."""
    noon = pl.Series([datetime(2026, 7, 1, 12), None])
    frame = pl.DataFrame({
        "utc": noon.dt.replace_time_zone("UTC"), "ns": noon.cast(pl.Datetime("ns")), "day": noon.dt.date(),
    })  # fmt: skip
    for text, expected in [("col('utc') - col('day')", 43_200.0), ("col('ns') - col('utc')", 0.0)]:
        assert frame.select(compiled(parse(text), frame.schema)).to_series().to_list() == [expected, None]
    assert frame.select(compiled(parse("col('utc') - col('day') > 3600"), frame.schema)).item(0, 0) is True
