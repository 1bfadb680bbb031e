"""QoA4ML MLContract documents, v0.2 and v0.3: what they promise here, and what is said of the rest."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import ContractErrors, Foreign, Level, lint, read_foreign_text
from qoa_platform.contracts.mlcontract import read_mlcontract
from qoa_platform.contracts.mlcontract_terms import METRICS
from qoa_platform.metrics import catalogue
from qoa_platform.records import Fixed, Operator, Role, Stakeholder, SubjectKind, Unit


def constraint(
    name: str, operator: str, value: Any, unit: str | None = None, aggregate: str = "AVERAGE"
) -> dict[str, Any]:
    """A v0.3 constraint."""
    metric: dict[str, Any] = {"metric_name": name, "records": [], "unit": unit, "description": None}
    return {"metrics": metric, "condition": {"operator": operator, "value": value}, "aggregate_function": aggregate}


def v03(**quality: list[dict[str, Any]]) -> str:
    """A v0.3 contract with these constraints by category."""
    empty: dict[str, list[Any]] = {c: [] for c in (
        "service", "data", "ml_specific", "security", "privacy", "fairness", "interpretability", "cost")}  # fmt: skip
    return json.dumps({
        "stakeholders": [{"id": "p1", "name": "provider one", "roles": ["ml_provider"],
                          "provisioning": ["ml_service"]}],
        "resources": {
            "services_specs": [{"id": "classifier", "name": "the classifier"}],
            "data_specs": {"id": "elements", "name": "building elements"},
            "ml_specs": {"id": "forest", "name": "a forest"},
        },
        "quality": empty | {c: [{"name": f"{c}_constraint", "constraint_list": q}] for c, q in quality.items()},
    })  # fmt: skip


INSTEAD = "Promise a metric of the catalogue instead"
LACKS = "is not whole yet: this contract does not say all that it needs"

V02 = """{
  "stakeholders": {"id": "vendor", "roles": ["mlprovider"]},
  "resources": {
    "services": [{"id": "classification", "machinetypes": ["small"]}],
    "data": [{"id": "elements", "formats": ["csv"]}],
    "mlmodels": [{"id": "model1"}]
  },
  "quality": {
    "services": {"ResponseTime": {"operators": ["min"], "value": "300"}},
    "data": {"Accuracy": {"operators": ["min"], "value": "0.99"}},
    "mlmodels": {"Accuracy": {"operators": ["min"], "value": "0.99"}}
  },
  "interpretability": {"explainability": {"modes": ["full"]}}
}"""
"""In the shape of the BIM contract they published: it demands an answer that takes at least 300 seconds."""


def promised(found: Foreign) -> dict[str, tuple[str, Operator, float, float | None]]:
    """Every promise as (metric, operator, bound, upper), by subject and id."""
    made = {}
    for subject in found.contract.subjects:
        for promise in subject.promises:
            assert isinstance(promise.must, Fixed)
            made[f"{subject.id}.{promise.id}"] = (
                promise.metric,
                promise.must.operator,
                promise.must.bound,
                promise.must.upper,
            )
    return made


def notes(found: Foreign) -> list[str]:
    """What was not understood, without places."""
    return [str(p).partition("  ")[2] for p in found.not_understood]


def test_a_contract_of_version_0_3() -> None:
    """Service, data and model constraints become promises of a service, an asset and a model, in base units."""
    found = read_foreign_text(v03(
        service=[constraint("response_time", "less_equal", 200.0, "ms"),
                 constraint("reliability", "greater_equal", 99, "%")],
        data=[constraint("duplicate_ratio", "less_than", 5, "percentage"),
              constraint("total_duplicate", "range", {"min": 0, "max": 3})],
        ml_specific=[constraint("mse", "less_equal", 4.0), constraint("auc", "greater_than", 0.9)],
    ), "bim.json")  # fmt: skip
    assert found.dialect == "mlcontract"
    assert promised(found) == {
        "service.responsetime": ("service.response_time", Operator.LE, 0.2, None),
        "service.reliability": ("service.reliability", Operator.GE, 0.99, None),
        "data.duplicateratio": ("data.distinctness", Operator.GT, 0.95, None),
        "data.totalduplicate": ("data.duplicate_rows", Operator.BETWEEN, 0.0, 3.0),
        "model.mse": ("model.rmse", Operator.LE, 2.0, None),
        "model.auc": ("model.roc_auc", Operator.GT, 0.9, None),
    }  # fmt: skip
    subjects = {s.id: (s.kind, s.target) for s in found.contract.subjects}
    assert subjects == {
        "service": (SubjectKind.SERVICE, "service:classifier"), "data": (SubjectKind.ASSET, "elements"),
        "model": (SubjectKind.MODEL, "model:forest"),
    }  # fmt: skip
    assert found.contract.stakeholders == (Stakeholder(name="provider one", role=Role.ML_PROVIDER),)
    assert (found.contract.name, found.contract.owner) == ("bim", "provider one")
    (response,) = [p for p in found.contract.subjects[0].promises if p.metric == "service.response_time"]
    assert response.aggregate == "mean"


def test_a_contract_of_version_0_2() -> None:
    """Mappings, lists of one and numbers in quotes are read; what has no measure here is said."""
    found = read_foreign_text(V02, "bim.json")
    assert promised(found) == {
        "service.responsetime": ("service.response_time", Operator.GE, 300.0, None),
        "data.accuracy": ("data.cell_accuracy", Operator.GE, 0.99, None),
        "model.accuracy": ("model.accuracy", Operator.GE, 0.99, None),
    }
    assert notes(found) == [
        "I400 not understood: no aggregate of service.response_time: read as max, every answer counts",
        f"I400 data.cell_accuracy {LACKS}. Name the reference data: truth",
        f"I400 model.accuracy {LACKS}. Name the prediction frame: over",
        f"I400 not understood: section 'interpretability': nothing of it is measured. {INSTEAD}",
    ]
    assert all(p.line > 1 and p.level is Level.INFO for p in found.not_understood)


def test_the_published_direction_contradicts_the_metric() -> None:
    """A response time of at least 300 demands slow answers: the linter says so."""
    found = lint(read_foreign_text(V02, "bim.json").contract)
    (problem,) = [p for p in found if p.code == "E206"]
    assert problem.path == "subjects.service.promises.responsetime.must"
    assert "contradicts the direction of service.response_time: lower is better. Did you mean '<= 300 s'?" in str(
        problem
    )


def test_what_a_promise_lacks_is_an_error_of_the_linter() -> None:
    """A constraint that is not whole becomes no silent pass: completeness without columns is refused by the linter."""
    found = read_foreign_text(v03(data=[constraint("completeness", "greater_equal", 90, "%")]))
    assert promised(found) == {"data.completeness": ("data.completeness", Operator.GE, 0.9, None)}
    assert any(p.code == "E204" and "Allowed: one or more" in str(p) for p in lint(found.contract))


@pytest.mark.parametrize(
    ("spelling", "role"),
    [
        ("ml_consumer", Role.ML_CONSUMER), ("mlconsumer", Role.ML_CONSUMER), ("ml_user", Role.ML_CONSUMER),
        ("mlprovider", Role.ML_PROVIDER), ("ML-Provider", Role.ML_PROVIDER), ("inf_provider", Role.ML_INFRASTRUCTURE),
        ("mlinfrastructure", Role.ML_INFRASTRUCTURE), ("data_provider", Role.DATA_PROVIDER),
    ],
)  # fmt: skip
def test_old_spellings_of_roles(spelling: str, role: Role) -> None:
    """Every spelling in their files is one role; a consumer is no provider (QT-3)."""
    text = json.dumps({"stakeholders": [{"id": "x", "roles": spelling}], "quality": {}})
    assert read_mlcontract(text).stakeholders == (Stakeholder(name="x", role=role),)


def test_every_role_round_trips() -> None:
    """Each of our roles is read from its own name, and no two are one (QT-3)."""
    text = json.dumps({"stakeholders": [{"id": "x", "roles": [r.value for r in Role]}], "quality": {}})
    assert [s.role for s in read_mlcontract(text).stakeholders] == list(Role)


@pytest.mark.parametrize(
    ("quality", "said"),
    [
        ({"service": [constraint("respnse_tiem", "less_equal", 1)]}, "metric 'respnse_tiem' of service"),
        ({"data": [constraint("null_correlations", "less_equal", 1)]}, "metric 'null_correlations' of data"),
        ({"service": [constraint("reliability", "greatr_equal", 1)]},
         "'reliability': operator 'greatr_equal'. Did you mean 'greater_equal'?"),
        ({"service": [constraint("reliability", "range", 5)]}, "'reliability': range 5 names no two bounds"),
        ({"service": [constraint("reliability", "range", [5])]}, "'reliability': range a list names no two bounds"),
        ({"service": [constraint("reliability", "range", [2, 1])]}, "'reliability': "),
        ({"service": [constraint("reliability", "equal", "value")]}, "'reliability': 'value' is no quantity"),
        ({"service": [constraint("reliability", "equal", None)]}, "'reliability': value nothing"),
        ({"service": [constraint("reliability", "equal", 1, "parsecs")]}, "'reliability': unit 'parsecs'"),
        ({"service": [constraint("reliability", "equal", 1, "ms")]}, "'reliability': unit 'ms' does not fit"),
        ({"ml_specific": [constraint("mse", "less_equal", -1)]}, "'mse': value -1: a squared error is not negative"),
        ({"cost": [constraint("cost", "less_equal", 1)]}, "section 'cost': nothing of it is measured"),
        ({"fairness": [constraint("bias", "less_equal", 1)]}, "section 'fairness': nothing of it is measured"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(quality: dict[str, list[dict[str, Any]]], said: str) -> None:
    """QT-11: unknown metrics, a range of one number, odd operators and units are said, and promise nothing."""
    found = read_foreign_text(v03(**quality), "x.json")
    assert promised(found) == {}
    assert any(note.startswith(f"I400 not understood: {said}") for note in notes(found)), notes(found)


def test_aggregates() -> None:
    """MAX and AVERAGE of a response time are ours; any other is said, and read as the strictest."""
    for word, ours, odd in (
        ("MAX", "max", False),
        ("AVERAGE", "mean", False),
        ("MIN", "max", True),
        ("PRODUCT", "max", True),
    ):
        found = read_foreign_text(v03(service=[constraint("response_time", "less_equal", 1, "s", word)]))
        assert found.contract.subjects[0].promises[0].aggregate == ours
        assert bool(notes(found)) is odd
    found = read_foreign_text(v03(service=[constraint("reliability", "greater_equal", 1, "ratio", "MIN")]))
    assert "aggregate 'MIN' of service.reliability: a window has one value" in notes(found)[0]


def test_several_services_and_equal_names() -> None:
    """The first of several services is taken, and said; two constraints on one metric are two promises."""
    document = json.loads(V02)
    document["resources"]["services"].append({"id": "other"})
    document["quality"]["services"] = [{"ResponseTime": {"operators": "max", "value": v, "unit": "s"}} for v in (1, 2)]
    found = read_foreign_text(json.dumps(document))
    assert {"service.responsetime", "service.responsetime_2"} <= set(promised(found))
    assert any("which of 'classification', 'other' is meant. Taken: 'classification'" in note for note in notes(found))


def test_every_metric_of_theirs_is_one_of_ours() -> None:
    """The table names metrics of the catalogue, in their units."""
    for (category, name), found in METRICS.items():
        spec = catalogue()[found.metric]
        same = {Unit.COUNT, Unit.ROWS}
        assert spec.unit is found.unit or {spec.unit, found.unit} <= same, (category, name)


def test_documents_of_no_dialect_are_refused(tmp_path: Any) -> None:
    """Our own contract, something else, nothing at all: an error that says what is read."""
    for text, said in (
        ("kind: QualityContract\n", "This is one of our own"), ("a: 1\n", "Allowed: an ODCS data contract"),
        ("", "E002"),
        ("[1]", "no dialect that is known (kind nothing)"), ('{"quality": 1', "E002"),
    ):  # fmt: skip
        with pytest.raises(ContractErrors) as error:
            read_foreign_text(text)
        assert said in str(error.value)
    with pytest.raises(ContractErrors, match="this is no MLContract"):
        read_mlcontract("{}")
    from qoa_platform.contracts import read_foreign

    with pytest.raises(ContractErrors, match="E001 cannot be read"):
        read_foreign(tmp_path / "none.json")


keys = st.sampled_from([
    "stakeholders", "resources", "quality", "service", "services", "data", "ml_specific", "id", "name", "roles",
    "constraint_list", "metrics", "metric_name", "condition", "operator", "operators", "value", "unit", "ResponseTime",
    "Accuracy",
])  # fmt: skip
scalars = (
    st.sampled_from(["max", "min", "range", "ms", "%", "reliability", "x"])
    | st.integers(-2, 2)
    | st.floats()
    | st.none()
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=25
)


@given(trees, trees)
def test_whatever_the_document_it_is_read_or_refused(stakeholders: Any, quality: Any) -> None:
    """Any JSON in the place of stakeholders and quality: a contract, or ContractErrors."""
    try:
        found = read_foreign_text(json.dumps({"stakeholders": stakeholders, "resources": quality, "quality": quality}))
    except ContractErrors:
        return
    lint(found.contract)
