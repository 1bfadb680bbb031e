"""The linter: every rule finds what its docstring says, at its place, and lets a near miss pass."""

from dataclasses import replace
from pathlib import Path

import pytest

from qoa_platform.contracts import Level, lint, lint_all, read, read_text
from qoa_platform.contracts.linting import RULES, SKIPPED
from qoa_platform.records import Graph, Node
from tests.contracts.documents import EXAMPLES, GOOD, RETAIL
from tests.contracts.lint_cases import CASES, more
from tests.contracts.linted import CLEAN, GRAPH, NODES, Case, clean, linted, resolved


def test_the_clean_contract_is_clean() -> None:
    """The document that all cases start from has nothing wrong with it."""
    assert [str(p) for p in linted()] == []


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.code}-{c.said[:24]}")
def test_each_rule_finds_its_mistake_at_its_place(case: Case) -> None:
    """The mistake is found under its code, with its level, on its line, in words."""
    found = [p for p in linted(*case.bad) if p.code == case.code]
    assert any(case.said in f"{p.message}. {p.hint}" for p in found), [str(p) for p in linted(*case.bad)]
    problem = next(p for p in found if case.said in f"{p.message}. {p.hint}")
    lines = clean(*case.bad).splitlines()
    assert case.at in lines[problem.line - 1]
    assert problem.level is {"E": Level.ERROR, "W": Level.WARNING, "I": Level.INFO}[case.code[0]]


@pytest.mark.parametrize("case", [c for c in CASES if c.fine], ids=lambda c: f"{c.code}-{c.said[:24]}")
def test_each_rule_lets_a_near_miss_pass(case: Case) -> None:
    """What looks like the mistake, and is none, is not found."""
    assert [str(p) for p in linted(*case.fine) if p.code == case.code] == []


def test_a_reference_to_a_training_that_nobody_does() -> None:
    """W309: reference: training in a contract that is about no model would never be in force."""
    model, policy = CLEAN.index("  demand:\n"), CLEAN.index("  training:\n")
    text = CLEAN[:model] + CLEAN[policy : CLEAN.index("policy:")] + "policy: []\n"
    found = lint(read_text(text, file="shop.yaml", resolve=resolved), graph=GRAPH)
    assert [(p.code, p.path) for p in found] == [("W309", "subjects.sales.promises.steady.reference")]


OTHERWISE = {"E204", "E216", "E217", "I405", "I406"}
"""Rules that one document cannot break; they have tests of their own."""


def test_every_rule_has_a_case_and_a_summary() -> None:
    """A rule without a test, without a summary, or with the code of another fails here."""
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
    assert set(codes) == {case.code for case in CASES} | OTHERWISE
    assert all(rule.summary for rule in RULES)


def test_the_retail_contract_has_nothing_but_an_implied_promise() -> None:
    """contracts/retail.yaml lints without an error or warning: too_slow follows from slow, and both are kept."""
    names = [
        "raw_day",
        "sales_day",
        "department_sales",
        "features",
        "demand_model",
        "backtest",
        "forecast",
        "scorecard",
    ]
    found = lint(read(RETAIL), graph=chain(*names, partitioned=2, model=("demand_model", "demand")))
    assert [(p.code, p.path) for p in found] == [("I401", "subjects.training.promises.too_slow")]


def chain(*names: str, partitioned: int, model: tuple[str, str]) -> Graph:
    """Assets of retail, each reading the one before."""
    nodes = [
        Node(asset=f"retail/{name}", upstream=(f"retail/{names[i - 1]}",) if i else (), partitioned=i < partitioned,
             model=model[1] if name == model[0] else None)
        for i, name in enumerate(names)
    ]  # fmt: skip
    return Graph(nodes=tuple(nodes))


def test_rf_1_the_original_rules_report_the_implied_promise() -> None:
    """RF-1: 1000 s holds whenever 500 s does. The original hid one behind the other; here both are kept, and said."""
    found = lint(read(EXAMPLES / "retail_original.yaml"))
    assert ("I401", "subjects.training.promises.too_slow") in [(p.code, p.path) for p in found]
    assert not [str(p) for p in found if p.level is Level.ERROR]


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_good_examples_have_no_errors(path: Path) -> None:
    """No running example has an error, also where the graph is not known."""
    assert [str(p) for p in lint(read(path)) if p.level is Level.ERROR] == []


def test_without_a_graph_the_rest_is_checked_and_the_gap_is_said() -> None:
    """What needs the graph is skipped with its reason; silence would look like compliance."""
    broken = (("over: shop/backtest, by", "over: shop/backtst, by"), ("runbook: docs/shop.md\n", ""))
    contract = read_text(clean(*broken), file="shop.yaml", resolve=resolved)
    found = lint(contract, no_graph="assets.definitions raised ImportError")
    assert {"W304", SKIPPED} <= {p.code for p in found}
    assert "E201" not in {p.code for p in found}
    (skipped,) = [p for p in found if p.code == SKIPPED]
    assert "assets.definitions raised ImportError" in skipped.message
    assert all(rule.code in skipped.message for rule in RULES if rule.needs_graph)


def test_a_contract_made_by_hand_is_checked_against_the_catalogue() -> None:
    """E204: what the reader would have refused is found in a contract that came another way (imported, or built)."""
    contract = read_text(CLEAN, file="shop.yaml", resolve=resolved)
    subject = contract.subjects[0]
    odd = [replace(subject.promises[0], metric="data.completness"), replace(subject.promises[0], columns=())]
    for promise, said in zip(odd, ("unknown metric 'data.completness'", "Allowed: one or more"), strict=True):
        broken = replace(contract, subjects=(replace(subject, promises=(promise,)), *contract.subjects[1:]))
        assert any(p.code == "E204" and said in str(p) for p in lint(broken, graph=GRAPH))
    assert "E204" not in {p.code for p in lint(contract, graph=GRAPH)}


def test_contracts_of_one_project_are_compared() -> None:
    """E216, E217: one release per model, one contract per name; a rollback finds the release of another contract."""
    one = read_text(CLEAN, file="one.yaml", resolve=resolved)
    two = replace(one, name="shop-two", source="two.yaml")
    assert [p.code for p in lint_all([one, two], graph=GRAPH)] == ["E216", "E216"]
    assert {p.code for p in lint_all([one, replace(two, name="shop", release=None)], graph=GRAPH)} >= {"E217"}
    unreleased = replace(two, release=None)
    assert lint_all([one, unreleased], graph=GRAPH) == ()
    assert "E215" in {p.code for p in lint_all([unreleased], graph=GRAPH)}


def test_columns_of_frames_at_hand_win() -> None:
    """columns= says what a frame really has, over the declared schema."""
    contract = read_text(CLEAN, file="shop.yaml", resolve=resolved)
    found = lint(contract, graph=GRAPH, columns={"shop/sales": ["qty", "sold_at"]})
    assert [(p.code, p.path) for p in found] == [("E202", "subjects.sales.segments")]


def test_a_rule_may_feed_itself_where_the_graph_does_not_tell() -> None:
    """Without a graph a rerun may reach what the promise reads; the benefit of the doubt goes to caution."""
    change = ("[{rollback: demand}, alert]", "[{rerun: shop/other}]")
    assert "E213" in {p.code for p in linted(change, graph=None)}
    assert "E213" not in {p.code for p in linted(change)}
    alone = Graph(nodes=tuple(n for n in NODES if n.asset != "shop/other"))
    assert "E213" in {p.code for p in linted(change, graph=alone)}


def test_places_have_columns_while_the_file_is_the_same(tmp_path: Path) -> None:
    """file:line:column points at the very key; of a file that was edited since, the line is still known."""
    path = tmp_path / "shop.yaml"
    text = clean(("    schema: sales.odcs.yaml\n", ""), ("runbook: docs/shop.md\n", ""), (">= 99 %", ">= 99"))
    path.write_text(text, encoding="utf-8")
    contract = read(path)
    (problem,) = [p for p in lint(contract, graph=GRAPH) if p.code == "E207"]
    line = text.splitlines()[problem.line - 1]
    assert line[problem.column - 1 :].startswith("must")
    path.write_text("# a new line\n" + text, encoding="utf-8")
    (edited,) = [p for p in lint(contract, graph=GRAPH) if p.code == "E207"]
    assert (edited.line, edited.column) == (problem.line, 1)
    path.unlink()
    assert [p.line for p in lint(contract, graph=GRAPH) if p.code == "E207"] == [problem.line]


ODCS = """apiVersion: v3.1.0
kind: DataContract
schema:
  - name: sales
    properties:
      - {name: qty, logicalType: integer, quality: [{metric: nullValues, mustBeLessThan: 1, unit: percent}]}
      - {name: dept, logicalType: string}
      - {name: sold_at, logicalType: timestamp}
    quality: [{metric: rowCount, mustBeGreaterThan: 100}]
"""


def test_rules_of_the_data_contract_that_are_not_promised_are_named(tmp_path: Path) -> None:
    """I405: schema: takes columns and types; a rule of the data contract that nobody promises is said, not assumed."""
    (tmp_path / "sales.odcs.yaml").write_text(ODCS, encoding="utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(CLEAN, encoding="utf-8")
    (problem,) = [p for p in lint(read(path), graph=GRAPH) if p.code == "I405"]
    assert "sales.odcs.yaml has rules that are not promised here: row_count" in problem.message
    path.write_text(clean(more('{id: rows, metric: data.row_count, must: "> 10"}')), encoding="utf-8")
    assert [p for p in lint(read(path), graph=GRAPH) if p.code == "I405"] == []


WRITTEN_BY_PANDERA = """\
schema_type: dataframe
columns:
  qty: {dtype: int64, coerce: true}
  dept: {dtype: str}
"""


def test_coercion_that_is_not_done_is_said(tmp_path: Path) -> None:
    """I406: a pandera schema would convert a column first; the schema that pandera wrote is read as it stands."""
    (tmp_path / "sales.odcs.yaml").write_text(WRITTEN_BY_PANDERA, encoding="utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(CLEAN, encoding="utf-8")
    (problem,) = [p for p in lint(read(path), graph=GRAPH) if p.code == "I406"]
    assert "would convert qty first (coerce): that is not done" in problem.message
