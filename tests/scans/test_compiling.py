"""Compiling: the engine answers an expression as its meaning, written out over one row in plain Python, says."""

import math
import operator
import re
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics.expression_nodes import (
    And, Apply, Arithmetic, Column, Comparison, Computing, Expr, Function, IsBetween, IsIn, IsNull, Literal, Match,
    Matching, Negative, Not, Or, When,
)  # fmt: skip
from qoa_platform.metrics.expressions import parse
from qoa_platform.scans.compiling import CompileError, compiled
from qoa_platform.scans.normalising import normal

NAN = float("nan")
SCHEMA = {"i": pl.Int64, "j": pl.Int32, "f": pl.Float64, "s": pl.String, "b": pl.Boolean, "t": pl.Datetime("us", "UTC")}
Row = dict[str, object]


def meaning(expr: Expr, row: Row) -> object:  # noqa: C901, PLR0911, PLR0912 (one case a node: it is the definition)
    """What *expr* means for one row; ``None`` is missing. The oracle."""
    match expr:
        case Column(name=name):
            value = row[name]
            return None if isinstance(value, float) and math.isnan(value) else value
        case Literal(value=value):
            return value
        case Negative(operand=x):
            return None if (v := meaning(x, row)) is None else -v
        case Not(operand=x):
            return None if (v := meaning(x, row)) is None else not v
        case And(operands=xs):
            found = [meaning(x, row) for x in xs]
            return False if False in found else None if None in found else True
        case Or(operands=xs):
            found = [meaning(x, row) for x in xs]
            return True if True in found else None if None in found else False
        case Comparison(operator=op, left=a, right=b):
            x, y = meaning(a, row), meaning(b, row)
            signs = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le}
            return None if x is None or y is None else (signs | {">": operator.gt, ">=": operator.ge})[op](x, y)
        case Arithmetic(operator=op, left=a, right=b):
            return _arithmetic(op, meaning(a, row), meaning(b, row))
        case Apply(function=function, operand=x):
            if (v := meaning(x, row)) is None:
                return None
            if function is Function.WEEKDAY:
                return v.isoweekday()
            return {Function.ABS: abs, Function.LEN_CHARS: len}.get(
                function, operator.attrgetter(function.partition(".")[2] or "real")
            )(v)
        case Match(matching=matching, operand=x, text=text):
            if (v := meaning(x, row)) is None:
                return None
            if matching is Matching.CONTAINS:
                return re.search(text, v) is not None
            return v.startswith(text) if matching is Matching.STARTS_WITH else v.endswith(text)
        case IsIn(operand=x, values=values):
            return None if (v := meaning(x, row)) is None else v in values
        case IsBetween(operand=x, low=a, high=b):
            return meaning(parse("col('x') >= col('a') and col('x') <= col('b')"),
                           {"x": meaning(x, row), "a": meaning(a, row), "b": meaning(b, row)})  # fmt: skip
        case IsNull(operand=x, negated=negated):
            return (meaning(x, row) is None) != negated
        case When(cases=cases, otherwise=z):
            return next((meaning(v, row) for c, v in cases if meaning(c, row) is True), meaning(z, row))


def _arithmetic(op: Computing, x: object, y: object) -> object:
    if x is None or y is None or (op in {"/", "//", "%"} and y == 0):
        return None
    signs = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
    value = (signs | {"//": operator.floordiv, "%": operator.mod})[op](x, y)
    return None if isinstance(value, float) and math.isnan(value) else value


def ask(text: str, rows: list[Row]) -> list[object]:
    """The engine's answer, row by row."""
    frame = normal(pl.DataFrame(rows, schema=SCHEMA), SCHEMA, {})
    found = frame.select(compiled(parse(text), frame.schema).alias("x")).to_series().to_list()
    return found * len(rows) if len(found) != len(rows) else found


TEXTS = [
    "col('i') > 0", "col('f') >= 0", "col('f') <= col('i')", "0 < col('f') <= 2.5", "not col('f') > 1", "col('b')",
    "~col('b') & (col('i') != 2)", "col('b') or col('i') == 1", "col('i').is_in([1, 2.5, 300])", "col('f').is_in([1, 2])",
    "col('j').is_in([1, 3])", "(col('i') + 1).is_in([1, 3])", "col('s').is_in(['a', ''])", "col('b').is_in([True])",
    "col('i').is_between(0, 2)", "col('f').is_between(col('i'), 2.5)", "col('f').is_null()", "col('s').is_not_null()",
    "col('f') / col('i') >= 0", "col('i') // col('j') > 0", "col('i') % col('j') == 1", "col('f') - col('f') == 0",
    "col('f') / col('f') >= 0", "-col('i') < col('j')", "col('i').abs() <= 2", "abs(col('f')) <= 2",
    "col('s').str.len_chars() >= 1", "col('s').str.contains('^[a-b]')", "col('s').str.starts_with('a')",
    "col('s').str.ends_with('é')", "when(col('b')).then(col('i')).when(col('i') > 0).then(0).otherwise(5) <= 1",
    "col('t').dt.year() == 2017", "col('t').dt.month() > 1", "col('t').dt.day() < 20", "col('t').dt.hour() == 0",
    "col('t').dt.weekday() <= 5", "col('s') == 'a'", "col('s') > 'a'", "col('b') == (col('i') > 0)", "True", "lit(1) == 2",
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
