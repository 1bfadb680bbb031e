"""FrameSchema: what fits a declared column, whatever engine spells the type, and its canonical content."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import ColumnCheck, ColumnSchema, FrameSchema, LogicalType, frame_schema, violations
from qoa_platform.contracts.schema import CheckKind, logical_type
from qoa_platform.records import SchemaRef

NOON = datetime(2017, 1, 1, 12)
VALUES: dict[LogicalType, list[Any]] = {
    LogicalType.STRING: ["a"], LogicalType.INTEGER: [1], LogicalType.NUMBER: [1.5], LogicalType.BOOLEAN: [True],
    LogicalType.TIMESTAMP: [NOON],
}  # fmt: skip
POLARS: dict[LogicalType, list[Any]] = VALUES | {
    LogicalType.DATE: [date(2017, 1, 1)], LogicalType.TIME: [NOON.time()], LogicalType.OBJECT: [{"a": 1}],
    LogicalType.ARRAY: [[1]],
}  # fmt: skip


@pytest.mark.parametrize("kind", list(POLARS))
def test_types_of_polars_and_arrow(kind: LogicalType) -> None:
    """Every logical type is known again in the dtypes of real Polars and Arrow columns."""
    series = pl.Series("x", POLARS[kind])
    assert logical_type(series.dtype)[0] is kind
    assert logical_type(series.to_arrow().type)[0] is kind


@pytest.mark.parametrize("kind", list(VALUES))
def test_types_of_pandas(kind: LogicalType) -> None:
    """Real pandas columns too."""
    assert logical_type(pd.Series(VALUES[kind]).dtype)[0] is kind


@pytest.mark.parametrize(
    ("dtype", "kind", "zone"),
    [
        (pl.Datetime("us", "UTC"), LogicalType.TIMESTAMP, "UTC"), (pl.Datetime("ms"), LogicalType.TIMESTAMP, None),
        (pl.Datetime("ns", "Europe/Helsinki"), LogicalType.TIMESTAMP, "Europe/Helsinki"),
        (pl.Series([NOON]).dt.replace_time_zone("UTC").to_arrow().type, LogicalType.TIMESTAMP, "UTC"),
        (pd.DatetimeTZDtype("ns", "UTC"), LogicalType.TIMESTAMP, "UTC"), (pl.Null(), None, None),
        (pl.Decimal(10, 2), LogicalType.NUMBER, None), (pl.Categorical(), LogicalType.STRING, None),
        (pl.Binary(), LogicalType.ANY, None), ("whatever", LogicalType.ANY, None),
    ],
)  # fmt: skip
def test_time_zones_and_rarer_types(dtype: object, kind: LogicalType | None, zone: str | None) -> None:
    """Aware times say their zone; an all-missing column has no type; what is not known is any."""
    assert logical_type(dtype) == (kind, zone)


def schema(kind: LogicalType, **more: Any) -> FrameSchema:
    """A schema of one column ``x``."""
    return FrameSchema(columns=(ColumnSchema(name="x", type=kind, **more),))


@pytest.mark.parametrize(
    ("declared", "dtype", "fits"),
    [
        (schema(LogicalType.NUMBER), pl.Int64(), True), (schema(LogicalType.INTEGER), pl.Float64(), False),
        (schema(LogicalType.ANY), pl.Binary(), True), (schema(LogicalType.STRING), pl.Null(), True),
        (schema(LogicalType.STRING, nullable=False), pl.Null(), False),
        (schema(LogicalType.DATE), pl.Datetime(), False),
        (schema(LogicalType.TIMESTAMP, timezone="UTC"), pl.Datetime("us", "Etc/UTC"), True),
        (schema(LogicalType.TIMESTAMP, timezone="UTC"), pl.Datetime("us"), False),
        (schema(LogicalType.TIMESTAMP), pl.Datetime("us", "UTC"), False),
        (schema(LogicalType.STRING), pl.Int64(), False),
    ],
)  # fmt: skip
def test_what_fits(declared: FrameSchema, dtype: object, fits: bool) -> None:
    """Whole numbers pass as numbers, all-missing where nulls may be, zones must agree; nothing else is lenient."""
    assert (violations(declared, {"x": dtype}) == ()) is fits


def test_missing_optional_and_surplus_columns() -> None:
    """A missing column is a violation unless it is optional; a surplus one only where the schema is strict."""
    wanted = FrameSchema(columns=(
        ColumnSchema(name="a", type=LogicalType.INTEGER),
        ColumnSchema(name="b", type=LogicalType.INTEGER, optional=True),
    ))  # fmt: skip
    assert [str(v) for v in violations(wanted, {"c": "String"})] == ["column 'a' is missing. Declared: integer"]
    strict = FrameSchema(columns=wanted.columns, strict=True)
    found = [str(v) for v in violations(strict, {"a": "Int64", "c": "String"})]
    assert found == ["column 'c' is String. Declared: no such column"]


columns = st.builds(
    ColumnSchema, name=st.text("abc_", min_size=1), type=st.sampled_from(LogicalType), nullable=st.booleans(),
    unique=st.booleans(), optional=st.booleans(), timezone=st.none() | st.just("UTC"),
    checks=st.lists(st.builds(ColumnCheck, kind=st.sampled_from(CheckKind), value=st.integers() | st.tuples(st.text())),
                    max_size=2).map(tuple),
)  # fmt: skip


@given(st.lists(columns, unique_by=lambda c: c.name, max_size=4), st.booleans())
def test_content_is_read_back_and_blind_to_the_order_of_columns(made: list[ColumnSchema], strict: bool) -> None:
    """frame_schema(content) is the schema, its columns sorted; their order does not change the content."""
    whole = FrameSchema(columns=tuple(made), key=tuple(c.name for c in made[:1]), strict=strict)
    turned = FrameSchema(columns=tuple(reversed(made)), key=whole.key, strict=strict)
    assert whole.content == turned.content
    back = frame_schema(SchemaRef(ref="x", dialect="odcs", content=whole.content))
    assert back == FrameSchema(columns=tuple(sorted(made, key=lambda c: c.name)), key=whole.key, strict=strict)


def test_content_that_is_no_schema_says_so() -> None:
    """A damaged row of the ledger is a ValueError that names the reference."""
    for content in ("", "{}", "[]", '{"columns": [{}], "key": [], "strict": false}'):
        with pytest.raises(ValueError, match=r"schema 's\.odcs\.yaml': its resolved content cannot be read"):
            frame_schema(SchemaRef(ref="s.odcs.yaml", dialect="odcs", content=content))


def test_a_real_frame_keeps_a_real_schema() -> None:
    """A frame made of the declared columns has no violation, as Polars, as pandas and as Arrow."""
    kinds = [k for k in VALUES if k is not LogicalType.TIMESTAMP]
    at = ColumnSchema(name="at", type=LogicalType.TIMESTAMP, timezone="UTC")
    wanted = FrameSchema(columns=(*(ColumnSchema(name=k.value, type=k) for k in kinds), at))
    frame = pl.DataFrame({k.value: VALUES[k] for k in kinds}).with_columns(
        pl.lit(datetime(2017, 1, 1, tzinfo=UTC)).alias("at")
    )
    pandas = frame.to_pandas()
    assert violations(wanted, dict(frame.schema)) == ()
    assert violations(wanted, {str(name): dtype for name, dtype in pandas.dtypes.items()}) == ()
    assert violations(wanted, {f.name: f.type for f in frame.to_arrow().schema}) == ()
