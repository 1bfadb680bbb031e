"""Foreign contracts as contracts of ours: explained, linted and digested like any other."""

from pathlib import Path

from qoa_platform.contracts import explain, frame_schema, lint, read_foreign, read_foreign_text
from qoa_platform.records import SubjectKind
from tests.contracts.documents import SALES

RULED = """apiVersion: v3.1.0
kind: DataContract
name: Orders & Co
version: 2.1.0
servers: [{server: x}]
schema:
  - name: orders
    properties:
      - name: qty
        logicalType: integer
        quality: [{metric: missingValues, arguments: {missingValues: [N/A]}, mustBe: 0}]
      - {name: sold_at, logicalType: timestamp}
    quality:
      - {metric: rowCount, mustBeGreaterThan: 100, severity: error}
      - {type: sql, query: SELECT 1, mustBe: 1}
  - name: Order Lines
    properties: [{name: a, logicalType: string}]
slaProperties:
  - {property: latency, value: 26, unit: h, element: orders.sold_at}
"""


def test_a_data_contract_becomes_a_contract(tmp_path: Path) -> None:
    """One subject per object, with its schema, promises and missing tokens; the rest is said with its place."""
    path = tmp_path / "orders.odcs.yaml"
    path.write_text(RULED, encoding="utf-8")
    found = read_foreign(path)
    assert (found.dialect, found.contract.name, found.contract.owner) == ("odcs", "orders-co", "unknown")
    orders, order_lines = found.contract.subjects
    assert [p.id for p in orders.promises] == ["row_count", "present_qty", "fresh"]
    assert (orders.kind, orders.asset, orders.missing) == (SubjectKind.ASSET, "orders", (("qty", ("N/A",)),))
    assert (order_lines.id, order_lines.asset) == ("order_lines", "order_lines")
    assert orders.schema is not None
    assert [c.name for c in frame_schema(orders.schema).columns] == ["qty", "sold_at"]
    assert [(p.line, p.code) for p in found.not_understood] == [(5, "I400"), (15, "I400")]
    assert len(found.contract.digest) == 64


def test_it_is_explained_and_linted_like_any_other() -> None:
    """What is missing for daily use (a runbook, people) is what the linter then says; nothing raises."""
    found = read_foreign_text(RULED, "orders.odcs.yaml").contract
    text = explain(found)
    assert "gates row_count  data.row_count is more than 100" in text
    assert "gates schema     the columns, types and values of orders.odcs.yaml#orders" in text
    assert {p.code for p in lint(found)} == {"W300", "W304", "W305"}


def test_the_running_example_is_understood_whole() -> None:
    """contracts/sales.odcs.yaml has nothing that is not understood."""
    found = read_foreign(SALES)
    assert found.not_understood == ()
    assert [s.asset for s in found.contract.subjects] == ["sales_day"]


def test_names_that_become_one_are_told_apart() -> None:
    """Two objects whose names differ only in what an id cannot hold are two subjects."""
    text = RULED.replace("name: orders\n", "name: order-lines\n").replace(
        "element: orders.sold_at", "element: order-lines.sold_at"
    )
    assert [s.id for s in read_foreign_text(text).contract.subjects] == ["order_lines", "order_lines_2"]
