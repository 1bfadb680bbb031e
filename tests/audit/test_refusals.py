"""Owns the tests of the verdicts that a failure leaves: for every promise of the asset, and over it."""

import pytest

from qoa_platform.audit import refusal_verdicts
from qoa_platform.contracts import read
from qoa_platform.ledger import Store
from qoa_platform.records import Reason, Unit, Verdict, Window
from tests.audit.desk import HEAD, NOW, Desk, said

SUBJECTS = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: enough, metric: data.row_count, must: ">= 5 rows", severity: critical}
      - {id: complete, metric: data.completeness, column: amount, must: ">= 90 %"}
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: live, metric: model.wape, over: shop/sales, must: "<= 30 %", severity: critical}
"""
DAY = Window.of_partition("2017-12-24")


@pytest.fixture
def desk(ledger: Store) -> Desk:
    """Sales with two promises of their own, and one over them."""
    return Desk.of(ledger, SUBJECTS)


def refused(
    desk: Desk, reason: Reason, champions: dict[str, str] | None = None, asset: str = "shop/sales"
) -> list[Verdict]:
    """The verdicts that a refusal leaves."""
    found = refusal_verdicts(
        [desk.contract], asset, DAY, reason, "the feed is down", trial="t", imported=False, at=NOW, wall=NOW,
        champions=champions,
    )  # fmt: skip
    return list(found)


@pytest.mark.parametrize("reason", [Reason.ERROR, Reason.NO_DATA])
def test_every_promise_is_unknown(desk: Desk, reason: Reason) -> None:
    """One verdict per promise, with the reason, the cause, the unit and the trial; the critical one blocks."""
    found = refused(desk, reason)
    assert said(found) == {"sales.enough": f"unknown({reason})", "sales.complete": f"unknown({reason})"}
    assert [(v.blocks, v.unit) for v in found] == [(True, Unit.ROWS), (False, Unit.RATIO)]
    assert {(v.trial, v.value, v.n) for v in found} == {("t", None, 0)}
    assert all("the feed is down" in str(v.cause) for v in found)


def test_promises_over_it_speak_of_the_version_in_force(desk: Desk) -> None:
    """The champion's promise over the asset is unknown too, and never blocks; without a champion nobody is meant."""
    found = refused(desk, Reason.ERROR, {"demand": "v3", "other": "v1"})
    assert said(found)["demand.live[v3]"] == "unknown(error)"
    assert [v.blocks for v in found if v.key.subject == "demand"] == [False]
    assert "demand" not in {v.key.subject for v in refused(desk, Reason.ERROR, {"other": "v1"})}


def test_a_model_assets_failure_is_nobodys_promise(desk: Desk) -> None:
    """The asset that trains has no promises of its own frame: its failure leaves a trial, no verdict."""
    assert refused(desk, Reason.ERROR, {"demand": "v3"}, asset="shop/demand_model") == []


def test_an_asset_without_promises_leaves_none(desk: Desk) -> None:
    """Nobody promised anything about it."""
    assert refused(desk, Reason.NO_DATA, asset="shop/raw") == []


def test_a_schema_is_a_promise(ledger: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    """``schema:`` is an implied critical promise: unknown and blocking as any other."""
    root = tmp_path_factory.mktemp("project")
    (root / "contracts").mkdir()
    (root / "workspace.yaml").write_text("load_from: []\n")
    (root / "contracts" / "sales.odcs.yaml").write_text(ODCS)
    with_schema = SUBJECTS.replace("    partition: day\n", "    partition: day\n    schema: sales.odcs.yaml\n")
    (root / "contracts" / "shop.yaml").write_text(HEAD + with_schema)
    contract = read(root / "contracts" / "shop.yaml")
    found = refusal_verdicts(
        [contract], "shop/sales", DAY, Reason.ERROR, "x", trial="t", imported=True, at=NOW, wall=NOW
    )  # fmt: skip
    assert [v.key.promise for v in found] == ["schema", "enough", "complete"]
    assert [v.blocks for v in found] == [True, True, False]
    assert all(v.imported for v in found)


ODCS = """\
apiVersion: v3.1.0
kind: DataContract
id: sales
name: sales
version: 1.0.0
status: active
schema:
  - name: sales
    logicalType: object
    properties:
      - {name: amount, logicalType: number}
"""
