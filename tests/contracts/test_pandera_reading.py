"""Reading pandera schemas: what becomes a rule, what stays pandera's, what is refused, and their YAML."""

from datetime import time, timedelta
from typing import Any

import numpy as np
import pandera.pandas as pp
import pandera.polars as pa
import polars as pl
import pytest

from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.pandera_reading import of_pandera
from qoa_platform.contracts.pandera_yaml import is_pandera_yaml, read_pandera_yaml
from qoa_platform.contracts.schema import ColumnSchema, FrameSchema, LogicalType
from qoa_platform.contracts.yaml12 import load


def positive(data: Any) -> Any:
    """A named check."""
    return data.lazyframe.select(pl.col(data.key) > 0)


def column(*checks: Any, **more: Any) -> pa.DataFrameSchema:
    """A schema of one column."""
    return pa.DataFrameSchema({"x": pa.Column(pl.Int64, list(checks), **more)})


INDEXED = pp.DataFrameSchema({"x": pp.Column("int64")}, index=pp.Index("int64"))
REFUSED: list[tuple[Any, str]] = [
    (column(pa.Check(lambda d: d)), "check 1 of column 'x' is a lambda: it cannot be printed, compared or stored"),
    (column(pa.Check(lambda d: d, name="fine")), "is a lambda"),
    (column(pa.Check.ge(0, raise_warning=True)), "only warns: make it a promise with severity: warning"),
    (column(drop_invalid_rows=True), "drop_invalid_rows changes the frame (and reports nothing)"),
    (pa.DataFrameSchema({"x": pa.Column(pl.Int64, default=3)}), "column 'x': a default changes the frame"),
    (pa.DataFrameSchema({"^x.*$": pa.Column(pl.Int64, regex=True)}), "a pattern of names (regex=True)"),
    (pa.DataFrameSchema({"x": pa.Column(pl.Int64)}, strict="filter"), "strict='filter' changes the frame"),
    (pa.DataFrameSchema({"x": pa.Column(pl.Int64)}, checks=pa.Check(lambda d: d)), "check 1 of the frame is a lambda"),
    (INDEXED, "an index is declared, and a published frame has none: make it a column"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "said"), REFUSED, ids=[said[-30:] for _, said in REFUSED])
def test_what_cannot_enter_a_contract_is_refused(schema: Any, said: str) -> None:
    """Code without a name, warnings, an index and whatever would change the frame: each with its reason."""
    with pytest.raises(GrammarError) as error:
        of_pandera(schema)
    assert said in str(error.value)


def test_everything_that_is_refused_is_said_at_once() -> None:
    """One error names all of it."""
    with pytest.raises(GrammarError) as error:
        of_pandera(column(pa.Check(lambda d: d), pa.Check.ge(0, raise_warning=True), drop_invalid_rows=True))
    assert str(error.value).count("; ") == 2


@pytest.mark.parametrize("given", [np.int64(2), np.int8(2), np.float32(2), np.uint16(2)])
def test_numbers_of_numpy_are_numbers(given: Any) -> None:
    """A bound is the number that it is, not its text; so are a truth value and the members of a set."""
    (bound,) = of_pandera(column(pa.Check.ge(given))).columns[0].checks
    assert (bound.value, type(bound.value) in {int, float}) == (2, True)
    (truth,) = of_pandera(column(pa.Check.eq(np.bool_(True)))).columns[0].checks
    assert truth.value is True
    (members,) = of_pandera(column(pa.Check.isin([given]))).columns[0].checks
    assert members.value == (2,)


@pytest.mark.parametrize("check", [pa.Check.ge(timedelta(1)), pa.Check.lt(time(12)), pa.Check.isin(["a", None])])
def test_a_value_that_no_ask_can_hold_is_left_to_pandera(check: Any) -> None:
    """A duration is not its text, and None is not ``'None'``: pandera runs such a check."""
    made = of_pandera(column(check))
    assert (made.columns[0].checks, [f.name for f in made.foreign]) == ((), [check.name])


def test_a_named_check_stays_panderas() -> None:
    """By name, arguments and the digest of its source; a built-in under another name is still a rule of ours."""
    made = of_pandera(
        column(pa.Check(positive), pa.Check.ge(0, name="not_negative"), pa.Check.unique_values_eq([1, 2]))
    )
    assert [str(check) for check in made.foreign] == ["positive()", 'unique_values_eq("values":[1,2])']
    assert made.foreign[0].code
    assert [(c.kind, c.value) for c in made.columns[0].checks] == [("minimum", 0)]


def test_a_check_without_an_ask_stays_panderas() -> None:
    """A pattern with look-around, and a check that wants to see missing values, are pandera's to run."""
    text = pa.DataFrameSchema({"s": pa.Column(pl.String, [pa.Check.str_contains("(?<=a)b"), pa.Check.ne("x")])})
    assert [check.name for check in of_pandera(text).foreign] == ["str_contains"]
    assert [check.name for check in of_pandera(column(pa.Check.ge(0, ignore_na=False))).foreign] == [
        "greater_than_or_equal_to"
    ]


def test_the_code_of_a_check_is_part_of_the_digest() -> None:
    """The same name with other code is another schema."""

    def positive(data: Any) -> Any:
        return data.lazyframe.select(pl.col(data.key) > 1)

    mine, theirs = of_pandera(column(pa.Check(globals()["positive"]))), of_pandera(column(pa.Check(positive)))
    assert mine.content != theirs.content


def test_coercion_is_stated_and_not_done() -> None:
    """The columns that pandera would convert first are kept as a fact of the schema."""
    made = of_pandera(pa.DataFrameSchema({"x": pa.Column(pl.Int64, coerce=True), "y": pa.Column(pl.String)}))
    assert made.coerced == ("x",)


def test_what_came_later_does_not_change_old_digests() -> None:
    """A schema that declares nothing new has the canonical text that it always had."""
    made = FrameSchema(columns=(ColumnSchema(name="a", type=LogicalType.INTEGER),))
    assert made.content == (
        '{"columns":[{"checks":[],"name":"a","nullable":true,"optional":false,"timezone":null,"type":"integer",'
        '"unique":false}],"key":[],"strict":false}'
    )


WRITTEN: list[Any] = [
    pp.DataFrameSchema(
        {
            "n": pp.Column("int64", [pp.Check.ge(1), pp.Check.in_range(0, 5, include_max=False), pp.Check.isin([1, 2])],
                           unique=True, coerce=True, required=False),
            "s": pp.Column("str", [pp.Check.str_length(2), pp.Check.str_matches("a"), pp.Check.notin(["b"])],
                           nullable=True),
            "t": pp.Column("datetime64[ns]"),
        },
        unique=["n", "s"], strict=True, ordered=True,
    ),
    pa.DataFrameSchema({
        "n": pa.Column(pl.Int32, [pa.Check.gt(1), pa.Check.le(9), pa.Check.ne(4)]),
        "s": pa.Column(pl.String, [pa.Check.str_length(1, 3), pa.Check.str_startswith("a"), pa.Check.str_endswith("b"),
                                   pa.Check.str_contains("x"), pa.Check.eq("axb")]),
        "t": pa.Column(pl.Datetime("us", "UTC"), nullable=True),
    }),
]  # fmt: skip


@pytest.mark.parametrize("schema", WRITTEN, ids=["pandas", "polars"])
def test_a_schema_and_its_yaml_are_one(schema: Any) -> None:
    """What ``to_yaml`` writes reads back as the very schema that was written, without pandera."""
    document = load(schema.to_yaml()).root
    assert document is not None
    assert is_pandera_yaml(document.plain)
    assert read_pandera_yaml(document.plain).content == of_pandera(schema).content


OLD = """
schema_type: dataframe
version: 0.20.0
columns:
  n:
    dtype: int64
    nullable: false
    checks:
      greater_than_or_equal_to: 0
      in_range: {min_value: 0, max_value: 9}
    unique: false
    coerce: false
    required: true
    regex: false
checks: null
index: null
strict: false
"""


def test_yaml_of_older_versions_is_read() -> None:
    """``checks:`` as a mapping, as pandera wrote it for years."""
    document = load(OLD).root
    assert document is not None
    (made,) = read_pandera_yaml(document.plain).columns
    assert [(c.kind.value, c.value) for c in made.checks] == [("maximum", 9), ("minimum", 0), ("minimum", 0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {n: {dtype: int64, my_check: {k: 2}}}", "check 'my_check' is none of pandera's own"),
        ("columns: {n: {dtype: int64, greater_thn: 2}}", "Did you mean 'greater_than'?"),
        ("columns: {n: {greater_than: {min_value: 2, options: {raise_warning: true}}}}", "only warns"),
        ("columns: {n: {isin: [a], ignore_na: false}}", "check 'ignore_na' is none of pandera's own"),
        ("columns: {n: {dtype: int64}}\nindex: [{dtype: int64}]", "an index is declared"),
        ("columns: {n: {dtype: int64}}\nstrict: filter", "strict: filter changes the frame"),
        ("columns: {n: {dtype: int64}}\nchecks: [{k: 2}]", "checks of the whole frame"),
        ("columns: {}", "no columns are declared"),
        ("colums: {}", "Did you mean 'columns'?"),
        ("columns: {n: {str_contains: '(?<=a)b'}}", "cannot be asked"),
    ],
)
def test_what_yaml_cannot_say_is_refused(text: str, said: str) -> None:
    """Checks of one's own, warnings, an index, unknown keys: each with its reason and the nearest guess."""
    document = load(f"schema_type: dataframe\n{text}\n").root
    assert document is not None
    with pytest.raises(GrammarError) as error:
        read_pandera_yaml(document.plain)
    assert said in str(error.value)
