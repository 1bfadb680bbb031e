"""pandera schemas are judged in our own pass: the same rows as pandera finds, and none of its defects."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pp
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from qoa_platform.audit import Candidate, Judged
from qoa_platform.audit.own import audit_own
from qoa_platform.contracts.pandera_reading import of_pandera
from qoa_platform.contracts.pandera_schema import read_model
from qoa_platform.contracts.schema import FrameSchema, frame_schema
from qoa_platform.contracts.schema_rules import rules
from qoa_platform.ledger import Store
from qoa_platform.ledger.codec import encode
from qoa_platform.records import FailingRows, SchemaRef, Verdict, Window
from qoa_platform.scans.flagging import flagged
from tests.audit.desk import NOW, Desk

CHECKS: dict[str, list[Callable[[Any], Any]]] = {
    "n": [
        lambda c: c.ge(0), lambda c: c.gt(1), lambda c: c.le(3), lambda c: c.lt(2), lambda c: c.eq(1),
        lambda c: c.ne(1), lambda c: c.in_range(0, 3, include_max=False), lambda c: c.isin([1, 2]),
        lambda c: c.notin([1, 5]),
    ],
    "f": [
        lambda c: c.ge(0.5), lambda c: c.in_range(0, 2.5, include_min=False), lambda c: c.ne(2.5),
        lambda c: c.isin([0.5, 2.5]), lambda c: c.notin([0.5]), lambda c: c.lt(2.5),
    ],
    "s": [
        lambda c: c.isin(["a", "b"]), lambda c: c.notin(["a"]), lambda c: c.str_length(1, 2),
        lambda c: c.str_length(max_value=1), lambda c: c.str_matches("a+"), lambda c: c.str_contains("b$"),
        lambda c: c.str_startswith("a"), lambda c: c.str_endswith("b"), lambda c: c.eq("a"), lambda c: c.ne("ab"),
    ],
}  # fmt: skip
rows = st.fixed_dictionaries({
    "n": st.none() | st.integers(-1, 5),
    "f": st.none() | st.sampled_from([0.5, 2.5, -1.0, 0.0, float("nan"), float("inf")]),
    "s": st.none() | st.sampled_from(["", "a", "b", "ab", "bab", "é", "aa\U0001f600"]),
})  # fmt: skip
columns = st.fixed_dictionaries({
    name: st.tuples(st.lists(st.integers(0, len(made) - 1), unique=True, max_size=3), st.booleans(), st.booleans())
    for name, made in CHECKS.items()
})  # fmt: skip
Chosen = Mapping[str, tuple[list[int], bool, bool]]
TYPES: Mapping[str, tuple[Any, str]] = {"n": (pl.Int64, "Int64"), "f": (pl.Float64, "float64"), "s": (pl.String, "str")}


def schema_of(chosen: Chosen, engine: Any) -> Any:
    """A schema of pandera's with the chosen checks, nullability and uniqueness."""
    polars = engine is pa
    return engine.DataFrameSchema({
        name: engine.Column(
            TYPES[name][0 if polars else 1], [CHECKS[name][k](engine.Check) for k in picked], nullable=nullable,
            unique=unique,
        )
        for name, (picked, nullable, unique) in chosen.items()
    })  # fmt: skip


def by_pandera(schema: Any, frame: Any) -> dict[str, set[int]]:
    """Column → the rows that pandera lists; of a Polars frame also missing values, which repeat nothing here."""
    found: dict[str, set[int]] = defaultdict(set)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        for case in cases.to_dicts() if isinstance(cases, pl.DataFrame) else cases.to_dict("records"):
            if case["check"] != "field_uniqueness" or not pd.isna(case["failure_case"]):
                found[case["column"]].add(case["index"])
    return dict(found)


def by_us(schema: FrameSchema, frame: pl.DataFrame) -> dict[str, set[int]]:
    """Column → the rows that break one of its rules."""
    found: dict[str, set[int]] = {}
    made = list(rules(schema))
    flags = flagged(frame, [(rule.metric, None) for rule in made], missing={})
    for item, (rule, of_it) in enumerate(zip(made, flags, strict=True)):
        assert of_it.cause is None
        if of_it.rows:
            found.setdefault(rule.column, set()).update(flags.of(item)["row"])
    return found


@settings(max_examples=30)
@given(st.lists(rows, min_size=1, max_size=8), columns)
def test_polars_models_find_the_same_rows(given_rows: list[dict[str, Any]], chosen: Chosen) -> None:
    """Every built-in check, nullability and uniqueness: ours and pandera's (on the normal frame) are the same rows."""
    frame = pl.DataFrame(given_rows, schema={name: dtype for name, (dtype, _) in TYPES.items()})
    theirs = schema_of(chosen, pa)
    assert by_us(of_pandera(theirs), frame) == by_pandera(theirs, frame.fill_nan(None))


@settings(max_examples=30)
@given(st.lists(rows, min_size=1, max_size=8), columns)
def test_pandas_models_find_the_same_rows(given_rows: list[dict[str, Any]], chosen: Chosen) -> None:
    """The same of pandas schemas, whose frames have types of their own."""
    frame = pl.DataFrame(given_rows, schema={name: dtype for name, (dtype, _) in TYPES.items()})
    theirs = schema_of(chosen, pp)
    clean = frame.with_columns(pl.col("f").fill_nan(None))
    given_frame = pd.DataFrame({n: pd.Series(clean[n].to_list(), dtype=d) for n, (_, d) in TYPES.items()})
    assert by_us(of_pandera(theirs), frame) == by_pandera(theirs, given_frame)


VALUES: dict[str, list[Any]] = {
    "n": [None, -1, 0, 1, 2, 3, 5], "f": [None, float("nan"), float("inf"), -1.0, 0.0, 0.5, 1.0, 2.5, 3.0],
    "s": [None, "", "a", "aa", "b", "ab", "ba", "bab", "axb", "é", "aa\U0001f600"],
}  # fmt: skip


@pytest.mark.parametrize("engine", [pa, pp], ids=["polars", "pandas"])
@pytest.mark.parametrize(("name", "place"), [(name, k) for name, made in CHECKS.items() for k in range(len(made))])
def test_every_check_finds_the_same_rows_at_every_bound(name: str, place: int, engine: Any) -> None:
    """Each check by itself, over values on, beside and between its bounds."""
    dtype, of_pandas = TYPES[name]
    frame = pl.DataFrame({name: VALUES[name]}, schema={name: dtype}, strict=False)
    theirs, clean = schema_of({name: ([place], True, False)}, engine), frame.fill_nan(None)
    given_frame = clean if engine is pa else pd.DataFrame({name: pd.Series(clean[name].to_list(), dtype=of_pandas)})
    assert by_us(of_pandera(theirs), frame) == by_pandera(theirs, given_frame)


MODEL = """
import pandas as pd
import pandera.pandas as pp
import pandera.polars as pa
import polars as pl
from pandera import extensions

@extensions.register_check_method(statistics=["k"])
def multiple_of_k(data, *, k):
    if isinstance(data, pd.Series):
        return data % k == 0
    return data.lazyframe.select(pl.col(data.key) % k == 0)

class Day(pa.DataFrameModel):
    n: int = pa.Field(ge=0, nullable=True, multiple_of_k=2)
    m: int

    @pa.check("m")
    def small(cls, data):
        return data.lazyframe.select(pl.col(data.key) < 10)

    @pa.dataframe_check
    def n_below_m(cls, data):
        return data.lazyframe.select(pl.col("n") <= pl.col("m"))

class WholeNumbers(pa.DataFrameModel):
    x: float = pa.Field(nullable=True)

    @pa.check("x")
    def whole(cls, data):
        return data.lazyframe.select(pl.col(data.key).is_not_nan() & (pl.col(data.key) % 1 == 0))

class Raising(pa.DataFrameModel):
    n: int
    @pa.check("n")
    def broken(cls, data):
        return data.lazyframe.select(pl.col("gone"))

OfPandas = pp.DataFrameSchema(
    {"n": pp.Column("float64", pp.Check.multiple_of_k(k=2), nullable=True), "m": pp.Column("int64")}
)
def means_agree(frame):
    return bool(abs(frame["n"].mean() - frame["m"].mean()) < 100)
def rising(groups):
    return groups["a"].mean() < groups["b"].mean()
def above_one(value):
    return value > 1

Grouped = pp.DataFrameSchema({
    "n": pp.Column("float64", [
        pp.Check(above_one, element_wise=True), pp.Check(rising, groupby="g"),
        pp.Hypothesis.two_sample_ttest(sample1="a", sample2="b", groupby="g", relationship="equal", alpha=0.05),
    ]),
    "g": pp.Column("str"),
})

Whole = pp.DataFrameSchema({"n": pp.Column("float64", nullable=True), "m": pp.Column("int64")},
    checks=[pp.Check(means_agree)])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose module holds pandera models with checks of their own."""
    root = tmp_path_factory.mktemp("pandera")
    (root / "workspace.yaml").write_text("", encoding="utf-8")
    (root / "contracts").mkdir()
    package = root / "schemas_of_the_audit_test"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "day.py").write_text(MODEL, encoding="utf-8")
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))
    for name in [n for n in sys.modules if n.startswith("schemas_of_the_audit_test")]:
        del sys.modules[name]


SALES = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: any, metric: data.row_count, must: ">= 0 rows"}
"""


def judged(
    ledger: Store, ref: SchemaRef, frame: pl.DataFrame, source: str = "", sensitive: tuple[str, ...] = ()
) -> Verdict:
    """The verdict on the implied promise."""
    desk = Desk.of(ledger, SALES)
    contract = replace(desk.contract, source=source)
    subject = replace(contract.subjects[0], schema=ref, sensitive=sensitive)
    candidate = Candidate(
        asset="shop/sales", partition="2017-12-24", window=Window.of_partition("2017-12-24"), frame=frame,
        digest="0" * 64, trial="t", at=NOW, wall=NOW,
    )  # fmt: skip
    return audit_own(ledger, Judged(contract=contract, subject=subject), candidate).verdicts[0]


def ref_of(schema: Any) -> SchemaRef:
    """A schema as a contract holds it."""
    return SchemaRef(ref="made:Here", dialect="pandera", content=of_pandera(schema).content)


def model(ledger: Store, project: Path, name: str, frame: pl.DataFrame, sensitive: tuple[str, ...] = ()) -> Verdict:
    """The verdict by a model of the project."""
    ref = f"schemas_of_the_audit_test.day:{name}"
    content = read_model(ref, project).content
    made = SchemaRef(ref=ref, dialect="pandera", content=content)
    return judged(ledger, made, frame, str(project / "contracts" / "shop.yaml"), sensitive)


def test_checks_of_ones_own_are_run_by_pandera(ledger: Store, project: Path) -> None:
    """Registered checks, methods and checks of the frame run once each; rows are counted, by position, by us."""
    frame = pl.DataFrame({"n": [2, 3, None, -2], "m": [5, 1, 30, 4]})
    verdict = model(ledger, project, "Day", frame)
    assert verdict.value == 4
    assert str(verdict.cause) == (
        "column 'n' fails minimum(0) (1 rows); column 'n' fails multiple_of_k(\"k\":2) (1 rows); "
        "column 'm' fails small() (1 rows); the frame fails n_below_m() (1 rows)"
    )
    found = FailingRows.of(verdict.evidence)
    assert found is not None
    assert (found.count, [row.row for row in found.sample]) == (3, [1, 2, 3])
    assert dict(found.sample[1].cells) == {"m": "30"}
    assert model(ledger, project, "Day", pl.DataFrame({"n": [2, None], "m": [5, 6]})).satisfied


def test_pandas_models_run_their_own_checks_on_pandas(ledger: Store, project: Path) -> None:
    """A check written for pandas gets a pandas series, in which missing is missing, and counts rows all the same."""
    frame = pl.DataFrame({"n": [2.0, 3.0, None, float("nan")], "m": [1, 1, 1, 1]})
    verdict = model(ledger, project, "OfPandas", frame)
    assert (verdict.value, str(verdict.cause)) == (1, "column 'n' fails multiple_of_k(\"k\":2) (1 rows)")
    whole = model(ledger, project, "Whole", pl.DataFrame({"n": [900.0], "m": [1]}))
    assert (whole.value, str(whole.cause)) == (1, "the frame fails means_agree()")


def test_hypotheses_and_checks_of_groups_are_run(ledger: Store, project: Path) -> None:
    """Value by value, per group, and a t-test between groups: the last two judge the frame as a whole."""
    frame = pl.DataFrame({"n": [12.0, 11.0, 10.0, 1.0, 2.0, 3.0], "g": list("aaabbb")})
    verdict = model(ledger, project, "Grouped", frame)
    found = FailingRows.of(verdict.evidence)
    assert verdict.value == 3
    assert found is not None
    assert [row.row for row in found.sample] == [3]
    assert '"relationship":"equal","samples":["a","b"]' in read_model(
        "schemas_of_the_audit_test.day:Grouped", project
    ).foreign[2].arguments.replace('"relationship_kwargs":{"alpha":0.05},', "")


def test_checks_of_ones_own_see_missing_as_missing(ledger: Store, project: Path) -> None:
    """NaN is null before pandera sees it, on Polars too: a check that says nothing of missing values skips it."""
    assert model(ledger, project, "WholeNumbers", pl.DataFrame({"x": [1.0, float("nan"), None]})).satisfied
    assert model(ledger, project, "WholeNumbers", pl.DataFrame({"x": [1.5, float("nan"), None]})).value == 1


def test_a_check_that_raises_is_unknown_and_nothing_else(ledger: Store, project: Path) -> None:
    """The cause names the check; silence is never compliance."""
    verdict = model(ledger, project, "Raising", pl.DataFrame({"n": [1]}))
    assert str(verdict) == "unknown(error)"
    assert str(verdict.cause).startswith("check broken() raised ColumnNotFoundError: ")
    assert verdict.blocks


def test_what_a_check_says_when_it_raises_is_not_kept_of_sensitive_columns(ledger: Store, project: Path) -> None:
    """Its own words may quote a value: of a subject with sensitive columns only the kind of the error is said."""
    verdict = model(ledger, project, "Raising", pl.DataFrame({"n": [1]}), ("n",))
    assert str(verdict.cause) == "check broken() raised ColumnNotFoundError"
    assert verdict.blocks


def test_a_model_that_changed_is_not_run(ledger: Store, project: Path) -> None:
    """A check of one's own is part of the digest, its source too: another one is not quietly run in its place."""
    ref = "schemas_of_the_audit_test.day:Day"
    content = read_model(ref, project).content
    assert "multiple_of_k" in content
    changed = SchemaRef(ref=ref, dialect="pandera", content=content.replace('"k\\":2', '"k\\":3'))
    verdict = judged(ledger, changed, pl.DataFrame({"n": [2], "m": [5]}), str(project / "contracts" / "shop.yaml"))
    assert "is not the model that the contract in force was read with any more" in str(verdict.cause)


def test_rows_are_told_by_position_not_by_label(ledger: Store) -> None:
    """Defect: drop_invalid_rows drops by index label, and valid rows vanish. Rows are counted by position here."""
    doubled = pd.DataFrame({"x": [1, 5, 7, 2]}, index=[0, 1, 0, 1])
    schema = pp.DataFrameSchema({"x": pp.Column("int64", pp.Check.ge(3))})
    verdict = judged(ledger, ref_of(schema), pl.from_pandas(doubled))
    found = FailingRows.of(verdict.evidence)
    assert found is not None
    assert (found.count, [row.row for row in found.sample]) == (2, [0, 3])


def test_no_switch_of_the_environment_skips_a_check(
    ledger: Store, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: data checks of lazy frames (or with depth SCHEMA_ONLY, or validation off) are skipped in silence."""
    from pandera.config import ValidationDepth, config_context

    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    with config_context(validation_enabled=False, validation_depth=ValidationDepth.SCHEMA_ONLY):
        verdict = model(ledger, project, "Day", pl.DataFrame({"n": [-1], "m": [50]}))
    assert verdict.value == 3


@pytest.mark.parametrize("engine", [pa, pp])
def test_nan_in_a_nullable_column_is_missing_on_every_engine(ledger: Store, engine: Any) -> None:
    """Defect: NaN passes in_range on pandas and fails it on Polars. Here it is missing, on both."""
    dtype = pl.Float64 if engine is pa else "float64"
    frame = pl.DataFrame({"x": [0.5, float("nan"), None]})
    checks = [engine.Check.in_range(0, 1)]
    nullable = engine.DataFrameSchema({"x": engine.Column(dtype, checks, nullable=True)})
    assert judged(ledger, ref_of(nullable), frame).satisfied
    never = engine.DataFrameSchema({"x": engine.Column(dtype, checks)})
    assert str(judged(ledger, ref_of(never), frame).cause) == "column 'x' is missing values (2 rows)"


def test_types_are_compared_as_what_they_hold(ledger: Store) -> None:
    """Defect: inferred schemas name storage (string[pyarrow], datetime64[ns]). Logical types are compared here."""
    schema = pp.DataFrameSchema({"s": pp.Column("string[pyarrow]"), "t": pp.Column("datetime64[ns]")})
    frame = pl.DataFrame({"s": ["a"], "t": [datetime(2017, 1, 1)]})
    assert judged(ledger, ref_of(schema), frame).satisfied
    zoned = frame.with_columns(pl.lit(datetime(2017, 1, 1, tzinfo=UTC)).alias("t"))
    assert judged(ledger, ref_of(schema), zoned).violated


def test_failing_rows_are_bounded_and_counted(ledger: Store) -> None:
    """Defect: n_failure_cases caps the list and loses the count, and without it nothing is bounded."""
    schema = pa.DataFrameSchema({"x": pa.Column(pl.Int64, pa.Check.ge(0, n_failure_cases=5))})
    verdict = judged(ledger, ref_of(schema), pl.DataFrame({"x": [-1] * 50_000}))
    found = FailingRows.of(verdict.evidence)
    assert found is not None
    assert (found.count, len(found.sample)) == (50_000, 10)
    assert "(50,000 rows)" in str(verdict.cause)
    wordy = pa.DataFrameSchema({"s": pa.Column(pl.String, pa.Check.ne("z" * 3_000))})
    assert len(encode(judged(ledger, ref_of(wordy), pl.DataFrame({"s": ["z" * 3_000]})))) < 3_000


def test_ordered_and_strict_are_kept(ledger: Store) -> None:
    """Strict counts columns that are not declared; ordered says which column stands elsewhere than declared."""
    schema = pa.DataFrameSchema({"a": pa.Column(pl.Int64), "b": pa.Column(pl.Int64)}, strict=True, ordered=True)
    ref = ref_of(schema)
    assert frame_schema(ref).ordered
    assert judged(ledger, ref, pl.DataFrame({"a": [1], "b": [1]})).satisfied
    assert judged(ledger, ref, pl.DataFrame({"a": [1], "b": [1], "c": [1]})).value == 1
    turned = judged(ledger, ref, pl.DataFrame({"b": [1], "a": [1]}))
    assert str(turned.cause) == "column 'b' is before it. Declared: after 'a'"


def test_rows_that_fail_a_schema_may_be_set_aside(ledger: Store, project: Path) -> None:
    """``set_aside`` of a subject is about its schema: rules of ours and checks of pandera's own alike."""
    ref = "schemas_of_the_audit_test.day:Day"
    schema = SchemaRef(ref=ref, dialect="pandera", content=read_model(ref, project).content)
    contract = replace(Desk.of(ledger, SALES).contract, source=str(project / "contracts" / "shop.yaml"))
    subject = replace(contract.subjects[0], schema=schema, set_aside=0.5)
    frame = pl.DataFrame({"n": [2, 3, None, -2, 2, 2, 2, 2], "m": [5, 4, 30, 4, 5, 5, 5, 5]})
    candidate = Candidate(
        asset="shop/sales", partition="2017-12-24", window=Window.of_partition("2017-12-24"), frame=frame,
        digest="0" * 64, trial="t", at=NOW, wall=NOW,
    )  # fmt: skip
    bound = Judged(contract=contract, subject=subject)
    (aside,) = audit_own(ledger, bound, candidate).aside
    assert (aside.promise, aside.allowed) == ("sales.schema", True)
    assert aside.mask.arg_true().to_list() == [1, 2, 3]
    again = audit_own(ledger, bound, replace(candidate, frame=frame.filter(~aside.mask)))
    assert next(v for v in again.verdicts if v.key.promise == "schema").satisfied
