"""Owns the tests of contracts over assets that somebody else makes: native checks, one load, no say in publishing."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import polars as pl
import pytest

from qoa_platform.audit import audit
from qoa_platform.contracts import read
from qoa_platform.ledger import open_ledger
from qoa_platform.orchestration import ContractComponent, contract_checks, foreign
from qoa_platform.records import Measurement, PointerKind, Verdict
from qoa_platform.workspace import open_workspace

CONTRACT = """\
apiVersion: qoa/v1
kind: QualityContract
name: foreign
version: 1
owner: me
runbook: docs/foreign.md
subjects:
  stock:
    asset: far/stock
    promises:
      - {id: enough, metric: data.row_count, must: ">= 3 rows", severity: critical}
      - {id: full, metric: data.completeness, column: amount, must: ">= 90 %"}
"""
ERROR = dg.AssetCheckSeverity.ERROR


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """The contract's file, in a project of its own."""
    (tmp_path / "contracts").mkdir()
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    path = tmp_path / "contracts" / "foreign.yaml"
    path.write_text(CONTRACT)
    return path


class Memory(dg.IOManager):
    """Somebody else's I/O manager; it counts how often it was read."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, ...], Any] = {}
        self.loads = 0

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.kept[tuple(context.asset_key.path)] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        self.loads += 1
        return self.kept[tuple(context.asset_key.path)]


def run(contract: Path, frame: Any, memory: Memory | None = None, **more: Any) -> dg.ExecuteInProcessResult:
    """Materialize the foreign asset and what lies below it, with the contract's checks."""

    @dg.asset(key=["far", "stock"])
    def stock() -> Any:
        """Somebody else's."""
        return frame

    @dg.asset(key=["far", "report"], deps=[["far", "stock"]])
    def report() -> None:
        """What rests on it."""

    checks = contract_checks(read(contract), **more)
    return dg.materialize(
        [stock, report, *checks], resources={"io_manager": memory or Memory()}, raise_on_error=False,
        instance=dg.DagsterInstance.ephemeral(),
    )  # fmt: skip


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The evaluations by name."""
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


MAKERS: dict[str, Callable[[list[Any]], Any]] = {
    "polars": lambda values: pl.DataFrame({"amount": values}),
    "lazy": lambda values: pl.LazyFrame({"amount": values}),
    "pandas": lambda values: pd.DataFrame({"amount": values}),
    "arrow": lambda values: pl.DataFrame({"amount": values}).to_arrow(),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_frames_of_many_kinds_are_judged(contract: Path, kind: str) -> None:
    """Polars, lazy or not, pandas and Arrow: the same verdicts, loaded once for all promises."""
    memory = Memory()
    result = run(contract, MAKERS[kind]([1.0, 2.0, None, 4.0]), memory)
    assert result.success
    found = checks(result)
    assert {name: c.passed for name, c in found.items()} == {"enough": True, "full": False}
    assert found["full"].metadata["qoa/value"].value == 0.75
    assert memory.loads == 1


def test_a_bad_foreign_asset_blocks_what_lies_below(contract: Path) -> None:
    """It is materialized already, for it is not ours; the blocking check fails, and nothing below it runs."""
    result = run(contract, pl.DataFrame({"amount": [1.0]}))
    assert not result.success
    assert (checks(result)["enough"].passed, checks(result)["enough"].severity) == (False, ERROR)
    assert len(result.asset_materializations_for_node("far__stock")) == 1
    assert "far__report" not in {e.step_key for e in result.all_node_events if e.is_step_start}


def test_verdicts_go_to_the_ledger_and_data_does_not(contract: Path) -> None:
    """Verdicts and measurements are kept; the pointer names the digest that was observed; no byte of it is stored."""
    run(contract, pl.DataFrame({"amount": [1.0, 2.0, 3.0]}))
    with open_ledger(contract.parents[1] / ".qoa" / "ledger.db") as ledger:
        assert {v.key.promise for v in ledger.find(Verdict)} == {"enough", "full"}
        assert len(ledger.find(Measurement)) == 2
        head = ledger.pointer(PointerKind.PUBLISHED, "far/stock|all")
        moves = ledger.moves(PointerKind.PUBLISHED)
    assert head is not None
    assert [m.verb for m in moves] == ["observe"]
    assert list((contract.parents[1] / ".qoa").rglob("*.parquet")) == []


def test_what_was_bad_is_not_learnt_from(contract: Path) -> None:
    """A blocked observation moves no pointer: history and references learn from what was good."""
    run(contract, pl.DataFrame({"amount": [1.0]}))
    with open_ledger(contract.parents[1] / ".qoa" / "ledger.db") as ledger:
        assert ledger.pointer(PointerKind.PUBLISHED, "far/stock|all") is None


def test_something_else_than_a_frame_is_unknown(contract: Path) -> None:
    """A list is no frame: unknown(error) for every promise, in Dagster and in the ledger, with what is allowed."""
    result = run(contract, [1, 2, 3])
    assert not result.success
    found = checks(result)
    assert {name: c.metadata["qoa/reason"].value for name, c in found.items()} == {"enough": "error", "full": "error"}
    assert "loaded as list. Allowed: a frame of Polars, pandas or Arrow" in str(found["enough"].description)
    assert "far__report" not in {e.step_key for e in result.all_node_events if e.is_step_start}
    with open_ledger(contract.parents[1] / ".qoa" / "ledger.db") as ledger:
        assert {str(v) for v in ledger.find(Verdict)} == {"unknown(error)"}


def test_verdicts_stand_although_somebody_was_faster(contract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs check one asset at once: the pointer names one of them, and the verdicts of both are kept."""
    real = audit
    frames = iter([pl.DataFrame({"amount": [1.0] * 5})])

    def slow(ledger: Any, contracts: Any, candidate: Any) -> Any:
        found = real(ledger, contracts, candidate)
        for frame in frames:
            foreign.observe(open_workspace(contract), "far/stock", "all", frame, run="other")
        return found

    monkeypatch.setattr(foreign, "audit", slow)
    assert run(contract, pl.DataFrame({"amount": [1.0, 2.0, 3.0]})).success
    with open_ledger(contract.parents[1] / ".qoa" / "ledger.db") as ledger:
        assert [v.value for v in ledger.find(Verdict) if v.key.promise == "enough"] == [5.0, 3.0]
        assert len(ledger.moves(PointerKind.PUBLISHED)) == 1


def test_two_contracts_over_one_foreign_asset(contract: Path) -> None:
    """Checks of one contract show its own verdicts, also where another has promises of the same names."""
    other = CONTRACT.replace("name: foreign", "name: other").replace(">= 3 rows", ">= 100 rows")
    contract.with_name("other.yaml").write_text(other)
    result = run(contract, pl.DataFrame({"amount": [1.0, 2.0, 3.0]}))
    assert result.success
    assert checks(result)["enough"].metadata["qoa/contract"].value == "foreign v1"


def test_an_asset_that_the_contract_does_not_know(contract: Path) -> None:
    """A name that the contract promises nothing about is an error that lists those it does."""
    with pytest.raises(ValueError, match=r"promises nothing about far/stick\. Allowed: far/stock"):
        contract_checks(read(contract), assets=["far/stick"])


def test_a_subset_of_checks_may_be_run(contract: Path) -> None:
    """Only the chosen check is evaluated; the other one is not."""
    definition = contract_checks(read(contract))[0]
    memory = Memory()
    memory.kept["far", "stock"] = pl.DataFrame({"amount": [1.0, 2.0, 3.0]})
    chosen = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey(["far", "stock"]), "full"))
    defs = dg.Definitions(
        asset_checks=[definition], resources={"io_manager": memory}, jobs=[dg.define_asset_job("one", selection=chosen)]
    )
    result = defs.resolve_job_def("one").execute_in_process(instance=dg.DagsterInstance.ephemeral())
    assert list(checks(result)) == ["full"]


def test_a_component_makes_checks_and_the_sensor(contract: Path) -> None:
    """``defs.yaml`` names a contract: its checks, and one reconcile sensor, or none where none is wanted."""
    context = dg.ComponentTree.for_test().load_context
    made = ContractComponent(contract=str(contract)).build_defs(context)
    assert [s.name for s in made.sensors or ()] == ["quality"]
    specs = [spec for check in made.asset_checks or () for spec in check.check_specs]
    assert sorted(s.name for s in specs) == ["enough", "full"]
    silent = ContractComponent(contract=str(contract), sensor="").build_defs(context)
    assert list(silent.sensors or ()) == []


def test_a_component_says_what_is_wrong(contract: Path) -> None:
    """A contract that cannot be read, or found, is an error with file and line, or with where it was looked for."""
    context = dg.ComponentTree.for_test().load_context
    contract.write_text(CONTRACT.replace("data.row_count", "data.row_cuont"))
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"foreign\.yaml:\d+:\d+.*row_cuont"):
        ContractComponent(contract=str(contract)).build_defs(context)
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"contract 'nowhere\.yaml' is neither"):
        ContractComponent(contract="nowhere.yaml").build_defs(context)


@pytest.mark.filterwarnings("ignore:.parse_obj_as. is deprecated")  # Dagster 1.13.27 reads YAML so (November 2026)
def test_a_component_is_read_from_yaml(contract: Path) -> None:
    """What ``defs.yaml`` says becomes the component (``dg check defs`` derives its schema just so), days as days."""
    written = f"contract: {contract}\nassets: [far/stock]\ndaily_from: 2017-01-01\n"
    made = ContractComponent.resolve_from_yaml(written)
    assert (made.contract, made.assets, made.daily_from) == (str(contract), ["far/stock"], date(2017, 1, 1))
    assert ContractComponent.resolve_from_yaml(f"contract: {contract}\n").daily_from is None
    with pytest.raises(Exception, match=r"daily_from 'soon' is no day\. Allowed: YYYY-MM-DD"):
        ContractComponent.resolve_from_yaml(f"contract: {contract}\ndaily_from: soon\n")
