"""pandera: a validator made of a data contract, and a model of the project read as a schema."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from pandera.errors import SchemaErrors

from qoa_platform.contracts import ContractErrors, FrameSchema, LogicalType, read, read_odcs, to_pandera
from qoa_platform.contracts.pandera_reading import of_pandera
from qoa_platform.contracts.schema import frame_schema
from tests.contracts.documents import SALES, shop

AT = datetime(2017, 1, 2, tzinfo=UTC)
ROW: dict[str, Any] = {
    "household_id": 1, "store_id": 2, "basket_id": 3, "product_id": 4, "quantity": 1, "sales_value": 1.5,
    "retail_disc": 0.0,
    "coupon_disc": 0.0, "coupon_match_disc": 0.0, "week": 1, "transaction_timestamp": AT, "department": "GROCERY",
    "product_category": None, "package_size": None,
}  # fmt: skip


def sales(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of sales, each ROW with changes."""
    text = {"product_category": pl.String, "package_size": pl.String, "department": pl.String}
    return pl.DataFrame([ROW | row for row in rows], schema_overrides=text).with_columns(
        pl.col("transaction_timestamp").dt.cast_time_unit("us")
    )


def declaring(column: str) -> str:
    """A data contract of one column ``x``."""
    return f"apiVersion: v3.1.0\nkind: DataContract\nschema: [{{name: s, properties: [{{name: x, {column}}}]}}]\n"


def failures(schema: Any, frame: pl.DataFrame) -> list[tuple[str, str]]:
    """(column, check) of everything pandera finds, lazily."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        return sorted({(str(r["column"]), str(r["check"])) for r in cases.to_dicts()})
    return []


def test_the_running_example_validates_real_frames() -> None:
    """contracts/sales.odcs.yaml becomes a validator that passes good rows and names every broken rule."""
    schema = to_pandera(read_odcs(SALES.read_bytes()).object().schema)
    assert failures(schema, sales({}, {"product_id": 5})) == []
    assert failures(schema, sales({"quantity": None}, {"product_id": 5})) == [("quantity", "not_nullable")]
    twice = failures(schema, sales({}, {"quantity": 7}))
    assert [check for _, check in twice] == ["multiple_fields_uniqueness"]
    assert ("week", "dtype('Int64')") in failures(schema, sales({}).with_columns(pl.col("week").cast(pl.String)))
    assert any("column_in_dataframe" in check for _, check in failures(schema, sales({}).drop("week")))


OPTIONS: list[tuple[str, dict[str, Any], list[Any], list[Any]]] = [
    ("integer", {"minimum": 2}, [2, 3], [1]),
    ("integer", {"maximum": 2}, [2, 1], [3]),
    ("integer", {"exclusiveMinimum": 2}, [3], [2]),
    ("integer", {"exclusiveMaximum": 2}, [1], [2]),
    ("integer", {"multipleOf": 3}, [0, 6], [4]),
    ("string", {"minLength": 2}, ["ab"], ["a"]),
    ("string", {"maxLength": 2}, ["ab"], ["abc"]),
    ("string", {"pattern": "^a+$"}, ["aa"], ["ab"]),
]


@pytest.mark.parametrize(("kind", "options", "good", "bad"), OPTIONS, ids=[next(iter(o[1])) for o in OPTIONS])
def test_every_option_is_checked(kind: str, options: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    """Each logicalTypeOption passes what keeps it (null too), and fails what does not."""
    text = declaring(f"logicalType: {kind}, logicalTypeOptions: {options}")
    schema = to_pandera(read_odcs(text).object().schema)
    dtype = pl.Int64 if kind == "integer" else pl.String
    assert failures(schema, pl.DataFrame({"x": [*good, None]}, schema={"x": dtype})) == []
    assert len(failures(schema, pl.DataFrame({"x": [*good, *bad]}, schema={"x": dtype}))) == 1


def test_enumerations_uniqueness_and_strictness() -> None:
    """enum, unique, and a strict schema made by hand."""
    text = declaring("logicalType: string, enum: [a, b], unique: true")
    made = read_odcs(text).object().schema
    assert failures(to_pandera(made), pl.DataFrame({"x": ["a", "b"]})) == []
    assert len(failures(to_pandera(made), pl.DataFrame({"x": ["a", "c"]}))) == 1
    assert len(failures(to_pandera(made), pl.DataFrame({"x": ["a", "a"]}))) == 1
    strict = FrameSchema(columns=made.columns, strict=True)
    assert len(failures(to_pandera(strict), pl.DataFrame({"x": ["a"], "y": [1]}))) == 1
    assert failures(to_pandera(made), pl.DataFrame({"x": ["a"], "y": [1]})) == []


@pytest.mark.parametrize("kind", list(LogicalType))
def test_every_logical_type_has_a_validator(kind: LogicalType) -> None:
    """No type is refused, and each goes through pandera and back (what pandera does not check is any)."""
    text = declaring("" if kind is LogicalType.ANY else f"logicalType: {kind}")
    made = read_odcs(text).object().schema
    back = of_pandera(to_pandera(made)).columns[0].type
    unchecked = (LogicalType.OBJECT, LogicalType.ARRAY, LogicalType.ANY)
    assert back is (LogicalType.ANY if kind in unchecked else kind)


def test_a_pandera_schema_is_read_with_its_checks() -> None:
    """Every check that ODCS has a word for comes back as one, and validates the same."""
    theirs = pa.DataFrameSchema(
        {
            "n": pa.Column(
                pl.Int64, [pa.Check.in_range(0, 9, include_max=False), pa.Check.isin([1, 2])], nullable=True
            ),
            "s": pa.Column(pl.String, [pa.Check.str_length(1, 3), pa.Check.str_matches("a")], unique=True),
            "t": pa.Column(pl.Datetime("us", "UTC"), required=False),
            "f": pa.Column(
                pl.Float64, [pa.Check.gt(0), pa.Check.lt(5), pa.Check.ge(0), pa.Check.le(5), pa.Check.ne(3)]
            ),
        },
        unique=["n"],
        strict=True,
    )
    ours = of_pandera(theirs)
    assert (ours.key, ours.strict) == (("n",), True)
    checks = {c.name: [(k.kind.value, k.value) for k in c.checks] for c in ours.columns}
    assert checks["n"] == [("exclusiveMaximum", 9), ("minimum", 0), ("values", (1, 2))]
    assert checks["s"] == [("maxLength", 3), ("minLength", 1), ("pattern", "^(?:a)")]
    assert [k for k, _ in checks["f"]] == ["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "notEqual"]
    assert [(c.optional, c.timezone) for c in ours.columns if c.name == "t"] == [(True, "UTC")]
    good = pl.DataFrame({"n": [1], "s": ["ab"], "f": [1.0]})
    assert failures(to_pandera(ours), good) == failures(theirs, good) == []
    for column, value in (("n", 9), ("s", "ba"), ("f", 0.0)):
        bad = good.with_columns(pl.lit(value).cast(good.schema[column]).alias(column))
        assert {c for c, _ in failures(to_pandera(ours), bad)} == {c for c, _ in failures(theirs, bad)} == {column}


MODEL = """
import pandera.polars as pa

class SalesDay(pa.DataFrameModel):
    quantity: int = pa.Field(ge=0)
    department: str = pa.Field(nullable=True)

class Typo(pa.DataFrameModel):
    n: int

    @pa.check("m")
    def fine(cls, data):
        return data

not_a_model = 3
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a pandera model in a module of its own."""
    (tmp_path / "workspace.yaml").write_text("", encoding="utf-8")
    package = tmp_path / "shop_schemas_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "sales.py").write_text(MODEL, encoding="utf-8")
    (package / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "contracts").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [n for n in sys.modules if n.startswith("shop_schemas_of_a_test")]:
        del sys.modules[name]


def asked(project: Path, ref: str) -> str:
    """What reading a contract with that ``schema:`` gives: the schema's columns, or the error."""
    path = project / "contracts" / "shop.yaml"
    path.write_text(shop(("    partition", f"    schema: {ref}\n    partition")), encoding="utf-8")
    try:
        found = read(path).subjects[0].schema
    except ContractErrors as error:
        return str(error)
    assert found is not None
    return ", ".join(f"{c.name}: {c.type}" for c in frame_schema(found).columns)


def test_a_model_of_the_project_is_read(project: Path) -> None:
    """schema: module:Model takes a pandera model of the project's own modules."""
    assert asked(project, "shop_schemas_of_a_test.sales:SalesDay") == "department: string, quantity: integer"


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("os:environ", "module 'os' is not the project's own"),
        ("pandera.polars:DataFrameModel", "is not the project's own"),
        ("shop_schemas_of_a_test.gone:X", "is not the project's own"),
        ("shop_schemas_of_a_test.sales:Gone", "has no pandera model 'Gone'"),
        ("shop_schemas_of_a_test.sales:not_a_model", "has no pandera model 'not_a_model'"),
        ("shop_schemas_of_a_test.broken:X", "raised ZeroDivisionError"),
        ("shop_schemas_of_a_test.sales:Typo", "the model Typo of shop_schemas_of_a_test.sales raised SchemaInitError"),
    ],
)
def test_no_other_module_is_imported(project: Path, ref: str, said: str) -> None:
    """A module from elsewhere, a missing one, one that raises, a name that is no model: an error with its place."""
    found = asked(project, ref)
    assert said in found
    assert "shop.yaml:13:13  E113" in found
