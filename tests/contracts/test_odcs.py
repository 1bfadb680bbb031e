"""ODCS data contracts: their schema, the promises of their rules and service levels, and what is said of the rest."""

from typing import Any

import pytest
import yaml

from qoa_platform.contracts import ColumnCheck, ColumnSchema, ContractErrors, DataContract, LogicalType, read_odcs
from qoa_platform.contracts.schema import CheckKind
from qoa_platform.metrics import build
from qoa_platform.records import Fixed, Operator, Promise, Severity, Subject, SubjectKind
from tests.contracts.documents import SALES


def document(*properties: dict[str, Any], quality: list[Any] | None = None, **more: Any) -> str:
    """A data contract of one object ``orders``."""
    orders = {"name": "orders", "properties": list(properties) or [{"name": "a", "logicalType": "integer"}]}
    orders |= {"quality": quality} if quality is not None else {}
    whole = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "version": "1.0.0", "status": "active"}
    return yaml.safe_dump(whole | {"schema": [orders]} | more)


def promises(contract: DataContract) -> dict[str, Promise]:
    """The promises of its only object, by id."""
    return {p.id: p for p in contract.object().promises}


def notes(contract: DataContract) -> list[str]:
    """What was not understood, without file and place."""
    return [str(p).partition("  ")[2] for p in contract.not_understood]


def test_the_running_example_is_understood_whole() -> None:
    """contracts/sales.odcs.yaml: 14 columns, a key of three in the order of its positions, nothing left over."""
    contract = read_odcs(SALES.read_bytes(), str(SALES))
    schema = contract.object("sales_day").schema
    assert (len(schema.columns), schema.key) == (14, ("basket_id", "product_id", "store_id"))
    when = schema.column("transaction_timestamp")
    assert when is not None
    assert (when.type, when.timezone, when.nullable) == (LogicalType.TIMESTAMP, "UTC", False)
    department = schema.column("department")
    assert department is not None
    assert department.nullable
    assert contract.not_understood == ()


def test_a_property_becomes_a_column_with_its_checks() -> None:
    """Types, nullability, uniqueness, options, and enumerations (plain or with descriptions)."""
    schema = read_odcs(document(
        {"name": "n", "logicalType": "integer", "required": True,
         "logicalTypeOptions": {"minimum": 0, "exclusiveMaximum": 9}},
        {"name": "s", "logicalType": "string", "unique": True, "logicalTypeOptions": {"maxLength": 3, "pattern": "^a"}},
        {"name": "e", "logicalType": "string", "enum": ["x", {"value": "y", "description": "why"}]},
        {"name": "t", "logicalType": "timestamp", "logicalTypeOptions": {"timezone": True, "format": "yyyy"}},
    )).object().schema  # fmt: skip
    assert schema.columns == (
        ColumnSchema(name="n", type=LogicalType.INTEGER, nullable=False, checks=(
            ColumnCheck(kind=CheckKind.EXCLUSIVE_MAXIMUM, value=9), ColumnCheck(kind=CheckKind.MINIMUM, value=0))),
        ColumnSchema(name="s", type=LogicalType.STRING, unique=True, checks=(
            ColumnCheck(kind=CheckKind.MAX_LENGTH, value=3), ColumnCheck(kind=CheckKind.PATTERN, value="^a"))),
        ColumnSchema(name="e", type=LogicalType.STRING, checks=(ColumnCheck(kind=CheckKind.VALUES, value=("x", "y")),)),
        ColumnSchema(name="t", type=LogicalType.TIMESTAMP, timezone="UTC"),
    )  # fmt: skip


RULES: list[tuple[str, dict[str, Any], str | None, str, tuple[str, ...], Operator, float]] = [
    # what, the rule, its column, and the metric, columns, operator and bound of its promise
    ("nulls in rows", {"metric": "nullValues", "mustBe": 0}, "a", "data.missing_count", ("a",), Operator.EQ, 0.0),
    ("nulls in percent", {"metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"}, "a",
     "data.completeness", ("a",), Operator.GT, 0.99),
    ("at most so many nulls",
     {"type": "library", "metric": "nullValues", "mustBeLessOrEqualTo": 0.1, "unit": "percent"}, "a",
     "data.completeness", ("a",), Operator.GE, 0.999),
    ("missing tokens",
     {"metric": "missingValues", "arguments": {"missingValues": [None, "", "N/A"]}, "mustBeLessThan": 100}, "a",
     "data.missing_count", ("a",), Operator.LT, 100.0),
    ("duplicates of a column", {"metric": "duplicateValues", "mustBeLessThan": 10, "unit": "rows"}, "a",
     "data.duplicate_rows", ("a",), Operator.LT, 10.0),
    ("duplicates in percent", {"metric": "duplicateValues", "mustBeLessThan": 1, "unit": "percent"}, "a",
     "data.distinctness", ("a",), Operator.GT, 0.99),
    ("duplicates of a key", {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["t", "o"]}}, None,
     "data.duplicate_rows", ("t", "o"), Operator.EQ, 0.0),
    ("rows", {"metric": "rowCount", "mustBeGreaterThan": 100}, None, "data.row_count", (), Operator.GT, 100.0),
    ("rows between", {"metric": "rowCount", "mustBeBetween": [100, 120]}, None, "data.row_count", (), Operator.BETWEEN,
     100.0),
    ("the deprecated word", {"rule": "rowCount", "type": "library", "mustNotBe": 0}, None, "data.row_count", (),
     Operator.NE, 0.0),
    ("invalid values",
     {"metric": "invalidValues", "arguments": {"validValues": ["pounds", "kg"]}, "mustBeLessThan": 5}, "a",
     "data.violation_count", (), Operator.LT, 5.0),
    ("invalid pattern",
     {"metric": "invalidValues", "arguments": {"pattern": "^[A-Z]{2}'"}, "mustBe": 0, "unit": "percent"}, "a",
     "data.pass_rate", (), Operator.EQ, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "column", "metric", "columns", "operator", "bound"), [r[1:] for r in RULES],
                         ids=[r[0] for r in RULES])  # fmt: skip
def test_library_rules_become_promises(
    rule: dict[str, Any], column: str | None, metric: str, columns: tuple[str, ...], operator: Operator, bound: float
) -> None:
    """Each library metric is one of ours; percents of bad values are shares of good ones, the operator mirrored."""
    whole = (
        document({"name": column, "logicalType": "string", "quality": [rule]}) if column else document(quality=[rule])
    )
    contract = read_odcs(whole)
    (promise,) = contract.object().promises
    assert isinstance(promise.must, Fixed)
    assert (promise.metric, promise.columns, promise.must.operator) == (metric, columns, operator)
    assert promise.must.bound == pytest.approx(bound, abs=1e-12)
    assert contract.not_understood == ()
    subject = Subject(id="orders", kind=SubjectKind.ASSET, asset="orders", promises=(promise,))
    assert build(promise, subject), "the promise can be measured"


def test_tokens_that_mean_missing_belong_to_the_object() -> None:
    """MissingValues declares tokens; null is missing anyway, and a token that is no text is said."""
    rule = {"metric": "missingValues", "arguments": {"missingValues": [None, "", "N/A", -1]}, "mustBe": 0}
    contract = read_odcs(document({"name": "a", "logicalType": "string", "quality": [rule]}))
    assert contract.object().missing == (("a", ("", "N/A")),)
    assert notes(contract) == ["I400 not understood: missing values of 'a' that are no text: -1"]


def test_severity_and_names() -> None:
    """Severe rules are critical; two rules of one name get two ids; ids can be check names."""
    rules = [
        {"metric": "rowCount", "mustBeGreaterThan": 1, "severity": "error"},
        {"metric": "rowCount", "mustBeLessThan": 9},
    ]
    found = promises(read_odcs(document({"name": "Größe 1", "logicalType": "string",
                                         "quality": [{"metric": "nullValues", "mustBe": 0}]},
                                         quality=rules)))  # fmt: skip
    assert [(i, p.severity) for i, p in found.items()] == [
        ("row_count", Severity.CRITICAL), ("row_count_2", Severity.WARNING), ("present_gr_e_1", Severity.WARNING),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "column", "said"),
    [
        ({"type": "sql", "query": "SELECT COUNT(*) FROM {object}", "mustBe": 0}, None,
         "a sql rule (reported, never run): 'SELECT"),
        ({"type": "custom", "engine": "soda", "implementation": "x"}, "a",
         "a custom rule (reported, never run): 'soda'"),
        ({"type": "text", "description": "It is verified."}, "a",
         "a text rule (reported, never run): 'It is verified.'"),
        ({"description": "no type"}, "a", "a text rule"),
        ({"metric": "sparkle", "mustBe": 0}, "a", "library metric 'sparkle' of a property"),
        ({"metric": "nullValues", "mustBe": 0}, None, "library metric 'nullValues' of an object"),
        ({"metric": "rowCount", "mustBe": 0}, "a", "library metric 'rowCount' of a property"),
        ({"metric": "rowCount"}, None, "'rowCount' with no operator"),
        ({"metric": "rowCount", "mustBe": 1, "mustNotBe": 2}, None, "'rowCount' with 'mustBe', 'mustNotBe'"),
        ({"metric": "rowCount", "mustNotBeBetween": [1, 2]}, None, "'rowCount' with 'mustNotBeBetween'"),
        ({"metric": "rowCount", "mustBe": "many"}, None, "'rowCount': 'many' is no quantity"),
        ({"metric": "rowCount", "mustBe": 1, "unit": "bushels"}, None, "unit 'bushels' of 'rowCount'"),
        ({"metric": "invalidValues", "mustBe": 0}, "a", "invalidValues of 'a' without validValues or pattern"),
        ({"metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "(a"}}, "a", "invalidValues of 'a': "),
        ({"type": "vibes", "metric": "x"}, "a", "a rule of type 'vibes'"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said_and_promises_nothing(
    rule: dict[str, Any], column: str | None, said: str
) -> None:
    """sql, custom and text rules, unknown metrics and odd operators are infos with a place; no promise is made up."""
    whole = document({"name": "a", "logicalType": "string", "quality": [rule]}) if column else document(quality=[rule])
    contract = read_odcs(whole, "x.yaml")
    assert contract.object().promises == ()
    (note,) = contract.not_understood
    assert note.message.startswith(f"not understood: {said}"), note.message
    assert note.code == "I400"
    assert note.line > 1


def sla(**item: Any) -> DataContract:
    """The contract with one service level."""
    return read_odcs(document(slaProperties=[item]))


def test_latency_is_timeliness() -> None:
    """Latency (ly, freshness), in any unit of time, is the age of the newest row of its column."""
    for name, value, unit, seconds in (
        ("latency", 4, "d", 4 * 86400.0),
        ("LY", 26, "h", 93600.0),
        ("freshness", 1.5, "hours", 5400.0),
    ):
        (promise,) = sla(property=name, value=value, unit=unit, element="orders.sold_at").object().promises
        assert (promise.metric, promise.columns) == ("data.timeliness", ("sold_at",))
        assert isinstance(promise.must, Fixed)
        assert (promise.must.operator, promise.must.bound) == (Operator.LE, seconds)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"property": "retention", "value": 3, "unit": "y"}, "service level 'retention'"),
        ({"property": "generalAvailability", "value": "2022-05-12T09:30:10-08:00"},
         "service level 'generalAvailability'"),
        ({"property": "latency", "value": 4, "unit": "fortnights"}, "service level latency: 4 'fortnights'"),
        ({"property": "latency", "value": -4, "unit": "d"}, "service level latency: -4 'd'"),
        ({"property": "latency", "value": 1e300, "unit": "y"}, "service level latency: 1e+300 is too long"),
        ({"property": "latency", "value": 4, "unit": "d", "element": "oders.sold_at"},
         "service level 'latency' of element 'oders.sold_at'"),
        ({}, "service level ''"),
    ],
)  # fmt: skip
def test_other_service_levels_are_said(item: dict[str, Any], said: str) -> None:
    """A service level that promises nothing measurable, or of no object of the contract, is never dropped silently."""
    contract = sla(**item)
    assert contract.object().promises == ()
    assert [n.partition("not understood: ")[2].startswith(said) for n in notes(contract)] == [True], notes(contract)


def test_a_service_level_may_name_columns_of_several_objects() -> None:
    """element: 'a.x, b.y' promises x of a and y of b; without an object it means the only one."""
    two = yaml.safe_dump({
        "apiVersion": "v3.1.0", "kind": "DataContract",
        "schema": [{"name": n, "properties": [{"name": "x", "logicalType": "date"}]} for n in ("a", "b")],
        "slaProperties": [{"property": "latency", "value": 1, "unit": "d", "element": "a.x, b.y"}],
    })  # fmt: skip
    contract = read_odcs(two)
    assert [[p.columns for p in o.promises] for o in contract.objects] == [[("x",)], [("y",)]]
    assert sla(property="latency", value=1, unit="d", element="x").object().promises[0].columns == ("x",)
    with pytest.raises(KeyError, match="several objects: a, b"):
        contract.object()
    with pytest.raises(KeyError, match="no single object 'c'"):
        contract.object("c")


def test_sections_without_promises_and_unknown_ones_are_said() -> None:
    """Servers and team promise nothing, and that is said; a misspelt section is a question; descriptions are silent."""
    contract = read_odcs(document(team={"name": "t"}, slaProperty=[], domain="d", tags=["x"]))
    assert notes(contract) == [
        "I400 not understood: section 'slaProperty'. Did you mean 'slaProperties'?",
        "I400 not understood: section 'team' (no promise follows from it)",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1\n", "E103 a data contract must be a mapping"),
        ("kind: QualityContract\n", "E105 this is no ODCS data contract. Allowed: kind: DataContract"),
        (document(apiVersion="v2.2.0"), "E105 apiVersion 'v2.2.0' is not read"),
        (document({"name": "a", "logicalType": "integr"}),
         "E105 logicalType 'integr' is not known. Did you mean 'integer'?"),
        (document({"logicalType": "integer"}), "E102 'name' is missing"),
        (document({"name": "a", "logicalType": "date"}, {"name": "a", "logicalType": "date"}),
         "E111 column 'a' stands twice"),
        (document({"name": "a", "logicalType": "date", "required": "yes"}),
         "E103 'required' must be true or false, found 'yes'"),
        (document(slaProperties={"latency": 4}), "E103 'slaProperties' must be a list"),
        (document(slaProperties=["latency"]), "E103 a service level must be a mapping"),
        (document(quality=["rowCount > 5"]), "E103 a quality rule must be a mapping"),
        ("kind: DataContract\napiVersion: v3.1.0\n", "E102 'schema' is missing"),
    ],
)  # fmt: skip
def test_what_is_no_data_contract_is_refused(text: str, said: str) -> None:
    """Errors of an ODCS document have the same form, and come all at once."""
    with pytest.raises(ContractErrors) as error:
        read_odcs(text, "x.yaml")
    assert any(str(p).partition("  ")[2].startswith(said) for p in error.value.problems), str(error.value)
