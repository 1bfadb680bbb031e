"""Owns the tests of what Dagster shows: checks that plot, code references, kinds, owners, columns, graph, loading."""

import sys
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.definitions import defs
from qoa_platform.contracts import read
from qoa_platform.ledger.home import find_home
from qoa_platform.orchestration import contracted
from qoa_platform.orchestration.graph import ends_of, graph_of
from qoa_platform.orchestration.loading import DefinitionsError, load_project
from qoa_platform.orchestration.mapping import metadata, sentence, shown
from qoa_platform.records import Bounds, Key, Node, Severity, Status, Unit, Verdict, Window
from tests.host.conftest import Open
from tests.host.shop import DAY, DAYS, DEMAND, NOON, RELEASE, SUCCESS, TRAINING, Shop, day_of, text

ROOT = Path(__file__).parents[2]
PLOTTED = {"qoa/value", "qoa/low", "qoa/high", "qoa/margin", "qoa/n"}


@pytest.fixture
def big(open_shop: Open) -> Shop:
    """The shop with its model."""
    return open_shop(text(DEMAND, TRAINING, RELEASE))


def verdict(**given: Any) -> Verdict:
    """A verdict on the rows of a day."""
    plain: dict[str, Any] = {
        "key": Key(contract="shop", subject="sales", promise="enough"), "window": Window.of_partition(DAY),
        "status": Status.VIOLATED, "severity": Severity.CRITICAL, "metric": "data.row_count", "unit": Unit.ROWS,
        "value": 3.0, "n": 3, "bounds": Bounds(low=5.0), "margin": -2.0, "contract_version": 1, "contract_digest": "d",
        "at": NOON, "wall": NOON,
    }  # fmt: skip
    return Verdict(**{**plain, **given})


def test_dagster_is_the_version_we_know() -> None:
    """The installed Dagster is 1.13: some integrations silently pull it down to an older one."""
    assert dg.__version__.split(".")[:2] == ["1", "13"]


def test_the_projects_definitions_are_valid() -> None:
    """Dagster can make a repository of everything in ``assets`` and ``sensors``."""
    dg.Definitions.validate_loadable(defs)


def test_the_projects_graph() -> None:
    """Assets under ``retail/``, upstream first, three of them daily up to New Year, one the trainer of ``demand``."""
    repository = defs.get_repository_def()
    graph = graph_of(repository)
    names = [f"retail/{n}" for n in ("raw_day", "sales_day", "department_sales", "features", "demand_model")]
    assert [a for a in graph.ordered if a in names] == names
    assert graph.below("retail/demand_model") == ("retail/backtest", "retail/forecast", "retail/scorecard")
    daily = ["retail/raw_day", "retail/sales_day", "retail/watched_day"]
    assert sorted(n.asset for n in graph.nodes if n.partitioned) == daily
    assert len({n.partitions for n in graph.nodes if n.partitioned}) == 1
    assert graph.trainer("demand") == "retail/demand_model"
    assert ends_of(repository) == dict.fromkeys(daily, date(2018, 1, 2))


def test_the_daily_run_is_partitioned_and_thin() -> None:
    """The schedule's job runs by day, and neither trains nor makes the evidence of a release."""
    job = defs.resolve_job_def("daily")
    assert job.partitions_def is not None
    assert job.partitions_def.has_partition_key("2017-10-04")
    chosen = {key.path[-1] for key in job.asset_layer.executable_asset_keys}
    assert chosen == {"raw_day", "sales_day", "department_sales", "forecast", "scorecard"}


def test_a_graph_says_who_reads_whom(big: Shop) -> None:
    """Nodes carry their upstream (also what is only a dependency), partitions and the model that they train."""
    found = {node.asset: node for node in graph_of(big.repository).nodes}
    assert found["shop/totals"] == Node(asset="shop/totals", upstream=("shop/sales",))
    sales = found["shop/sales"]
    assert (sales.upstream, sales.partitioned, sales.partitions) == (("shop/raw",), True, found["shop/raw"].partitions)
    assert (found["shop/demand_model"].model, found["shop/backtest"].upstream) == ("demand", ("shop/demand_model",))
    assert ends_of(big.repository)["shop/raw"] == date(2026, 4, 1)


def test_checks_stand_for_promises(big: Shop) -> None:
    """One check per promise: those of its own frame block where critical, those over an asset never block."""
    specs = {
        f"{s.asset_key.to_user_string()} {s.name}": s.blocking
        for asset in big.repository.assets_defs_by_key.values()
        for s in asset.check_specs
    }
    assert specs == {
        "shop/sales enough": True, "shop/sales sane": True, "shop/sales steady": True, "shop/sales complete": False,
        "shop/sales fresh": False, "shop/backtest demand_useful": False, "shop/backtest release_objective": False,
        "shop/scorecard demand_live": False,
    }  # fmt: skip


def test_a_check_names_its_line(big: Shop) -> None:
    """Every check carries file and line of its promise, and a description that a person can read."""
    sales = big.repository.assets_defs_by_key[dg.AssetKey(["shop", "sales"])]
    for spec in sales.check_specs:
        path, _, line = str(spec.metadata["qoa/line"]).rpartition(":")
        assert f"{{id: {spec.name}," in Path(path).read_text("utf-8").splitlines()[int(line) - 1]
    described = {s.name: s.description for s in sales.check_specs}
    assert described["complete"] == "data.completeness of amount is at least 90 % (warning)"


def test_an_asset_refers_to_code_and_contract(big: Shop) -> None:
    """Code references: the function's own line, and the contract's line about the subject."""
    sales = big.repository.assets_defs_by_key[dg.AssetKey(["shop", "sales"])]
    references = sales.specs_by_key[sales.key].metadata["dagster/code_references"].code_references
    lines = {r.label: Path(r.file_path).read_text("utf-8").splitlines()[r.line_number - 1] for r in references}
    assert lines["contract shop"] == "  sales:"
    assert "@contracted" in lines["function"] or "def sales" in lines["function"]


def test_an_asset_has_kinds_owners_and_tags(big: Shop) -> None:
    """Who owns it, what it is made with, under which contract, and which model it trains."""
    specs = {key.path[-1]: asset.specs_by_key[key] for key, asset in big.repository.assets_defs_by_key.items()}
    assert specs["sales"].owners == ["team:shop-team"]
    assert (specs["sales"].kinds, specs["demand_model"].kinds) == ({"polars"}, {"polars", "scikitlearn"})
    assert specs["sales"].tags["qoa/contract"] == "shop"
    assert (specs["sales"].code_version, specs["demand_model"].metadata["qoa/model"]) == ("2", "demand")


def test_a_materialization_shows_columns_rows_and_figures(shop: Shop) -> None:
    """The column schema, the row count, seconds and money as numbers, digest and trial as text."""
    run = shop.daily()
    events = shop.events(run, dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = next(e.step_materialization_data.materialization for e in events if "sales" in str(e.asset_key))
    told = made.metadata
    columns = told["dagster/column_schema"]
    assert isinstance(columns, dg.TableSchemaMetadataValue)
    assert [c.name for c in columns.schema.columns] == ["item", "amount", "time"]
    assert told["dagster/row_count"].value == 8
    assert isinstance(told["qoa/seconds"], dg.FloatMetadataValue)
    assert told["qoa/digest"].value == shop.published("shop/sales", DAY)
    assert told["qoa/trial"].value == shop.trial("shop/sales", DAY).id


def test_plotted_keys_are_stable_and_finite(shop: Shop) -> None:
    """Good day, bad day: the same keys for a promise, numbers as numbers, and all of them finite."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    bad = shop.checks(shop.daily(), "shop/sales")
    del shop.source.days[DAY]
    good = shop.checks(shop.daily(), "shop/sales")
    for name in ("enough", "sane", "complete", "fresh"):
        one, other = good[name, DAY].metadata, bad[name, DAY].metadata
        assert set(one) == set(other)
        plotted = {k: v for k, v in one.items() if k in PLOTTED}
        assert {"qoa/value", "qoa/margin", "qoa/n"} <= set(plotted)
        for value in (*plotted.values(), *(other[k] for k in plotted)):
            assert isinstance(value, dg.FloatMetadataValue | dg.IntMetadataValue)
            assert value.value is not None
            assert isfinite(value.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None])
def test_what_is_not_finite_is_not_plotted(value: float | None) -> None:
    """A value, bound or margin that is no finite number is left out of the plots; status and window stay."""
    found = metadata(verdict(value=value, margin=value, bounds=Bounds(low=value, high=5.0)))
    assert {k for k in found if k in PLOTTED} == {"qoa/high", "qoa/n"}
    assert (found["qoa/status"], found["qoa/window"]) == ("violated", DAY)


@pytest.mark.parametrize(
    ("status", "blocks", "passed", "severity"),
    [
        (Status.SATISFIED, False, True, dg.AssetCheckSeverity.WARN),
        (Status.VIOLATED, True, False, dg.AssetCheckSeverity.ERROR),
        (Status.VIOLATED, False, False, dg.AssetCheckSeverity.WARN),
        (Status.UNKNOWN, False, False, dg.AssetCheckSeverity.WARN),
        (Status.UNKNOWN, True, False, dg.AssetCheckSeverity.ERROR),
    ],
)
def test_the_mapping_of_verdicts(status: Status, blocks: bool, passed: bool, severity: dg.AssetCheckSeverity) -> None:
    """Only satisfied passes; only what blocks is an ERROR; everything else that is not satisfied warns."""
    told = shown(verdict(status=status, blocks=blocks))
    assert (told["passed"], told["severity"], told["check_name"]) == (passed, severity, "enough")


def test_a_sentence_for_a_person() -> None:
    """What was found, what is allowed, and from how many rows."""
    assert sentence(verdict()) == "violated: 3; allowed 5 … –; n = 3"


def test_models_show_their_version_and_judgement(big: Shop) -> None:
    """A trained version is named on its materialization; the backtest's checks judge the candidate."""
    big.daily()
    run = big.train()
    assert run.status is SUCCESS
    events = big.events(run, dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = {str(e.asset_key): e.step_materialization_data.materialization.metadata for e in events}
    trained = next(m for key, m in made.items() if "demand_model" in key)
    assert trained["qoa/model_version"].value == "demand v1"
    checks = big.checks(run, "shop/backtest")
    assert checks["demand_useful", None].passed
    assert checks["release_objective", None].metadata["qoa/reason"].value == "not_applicable"


def test_a_contract_error_names_file_and_line(tmp_path: Path) -> None:
    """A contract that cannot be read stops the definitions, with file, line and the nearest guess."""
    path = tmp_path / "shop.yaml"
    path.write_text(text().replace("data.completeness", "data.completness"))
    with pytest.raises(Exception, match=r"shop\.yaml:\d+:\d+ .*data\.completeness"):
        contracted(path, "shop/sales", partitions_def=DAYS, code_version="1")


@pytest.mark.parametrize(
    ("workspace", "module", "said"),
    [
        ("load_from: []\n", "", "names no python_module"),
        (
            "load_from:\n  - python_module: nowhere_at_all\n",
            "",
            "nowhere_at_all cannot be imported: ModuleNotFoundError",
        ),
        ("load_from:\n  - python_module: broken_one\n", "1 / 0\n", "broken_one cannot be imported: ZeroDivisionError"),
        ("load_from:\n  - python_module: {module_name: empty_one}\n", "x = 1\n", "empty_one has no defs"),
    ],
)
def test_a_project_that_cannot_be_loaded_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: str, module: str, said: str
) -> None:
    """No module, no such module, one that raises, one without definitions: each is named with its cause."""
    (tmp_path / "workspace.yaml").write_text(workspace)
    for name in ("broken_one", "empty_one"):
        (tmp_path / f"{name}.py").write_text(module)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(DefinitionsError, match=said):
        load_project(find_home(tmp_path))


def test_the_project_is_loaded_by_its_workspace_file() -> None:
    """What ``workspace.yaml`` names is what the command line and the lanes work with."""
    project = load_project(find_home(ROOT))
    assert project.module == "assets.definitions"
    assert "retail/sales_day" in graph_of(project.repository).ordered


def test_every_promise_of_the_project_is_a_check() -> None:
    """The contract of the retail example and Dagster's checks say the same; promises of runs are reported runless."""
    contract = read(ROOT / "contracts" / "retail.yaml")
    sales = contract.subject("sales")
    assert sales is not None
    repository = defs.get_repository_def()
    found = {s.name for s in repository.assets_defs_by_key[dg.AssetKey(["retail", "sales_day"])].check_specs}
    assert found == {"schema", *(p.id for p in sales.promises)}


def test_a_check_that_failed_says_why_and_what_would_change_it() -> None:
    """One line each, and the command that says more; of a satisfied one nothing but the verdict."""
    bad = verdict(value=3.0, margin=-2.0, bounds=Bounds(low=5.0), evidence={"band": {"centre": 9.0, "model": "plain"}})
    told = shown(bad)
    lines = str(told["description"]).splitlines()
    assert lines[1].startswith("Why: 3 is below what is usual")
    assert lines[2] == "What would change it: a value of at least 5: 2 more than it is"
    assert lines[3].startswith("More: qoa explain shop/sales.")
    assert (told["metadata"]["qoa/usual"], told["metadata"]["qoa/model"]) == (9.0, "plain")
    assert len(str(shown(verdict(status=Status.SATISFIED))["description"]).splitlines()) == 1
