"""Owns the original's pipeline made small: its contract of 1.5 as written, over assets of the same names that run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from qoa_platform.loop import Ports
from qoa_platform.orchestration import LoadedModel, ModelOutcome, PublishedFrames, contracted
from qoa_platform.orchestration.graph import ends_of, graph_of
from qoa_platform.orchestration.inline import InlineRuns
from qoa_platform.records import Window
from qoa_platform.workspace import open_workspace
from tests.host.standing import Standing

DAYS = dg.DailyPartitionsDefinition("2018-01-01", end_date="2019-01-01")
DAY = "2018-03-01"
EXAMPLE = Path(__file__).parents[1] / "contracts" / "examples" / "retail_original.yaml"


@dataclass(slots=True)
class Weather:
    """What happens to the pipeline from outside.

    *rows* are sent, *kept* of them survive cleaning; *during* is called while the model trains; *fit* is how well it
    does on later dates (1: perfect, 0: as the mean).
    """

    rows: int = 20
    kept: int = 20
    during: Callable[[], object] = field(default=lambda: None)
    fit: float = 0.9


def assets_of(contract: Path) -> list[dg.AssetsDefinition]:
    """raw_day → sales_day → features → demand_model → backtest, as the original's clean → adjust → regress → score."""

    @contracted(contract, "retail/raw_day", partitions_def=DAYS, code_version="1")
    def raw_day(weather: dg.ResourceParam[Weather], partition: str) -> pl.DataFrame:
        """The file of a day."""
        return pl.DataFrame({"day": [partition] * weather.rows, "volume": [float(n) for n in range(weather.rows)]})

    @contracted(contract, "retail/sales_day", partitions_def=DAYS, code_version="1")
    def sales_day(raw_day: pl.DataFrame, weather: dg.ResourceParam[Weather]) -> pl.DataFrame:
        """What cleaning leaves of it."""
        return raw_day.head(weather.kept)

    @contracted(contract, "retail/features", code_version="1")
    def features(sales_day: pl.DataFrame, preset: str) -> pl.DataFrame:
        """As rich as the preset says."""
        return sales_day.with_columns(pl.lit(preset).alias("preset"))

    @contracted(contract, "retail/demand_model", code_version="1", model="demand")
    def demand_model(features: pl.DataFrame, weather: dg.ResourceParam[Weather]) -> ModelOutcome:
        """The regression."""
        weather.during()
        level = float(features["volume"].sum())
        window = Window.of_partition(DAY)
        return ModelOutcome(estimator={"level": level}, frame=pl.DataFrame({"level": [level]}), window=window)

    @contracted(contract, "retail/backtest", code_version="1", deps=[["retail", "demand_model"]])
    def backtest(weather: dg.ResourceParam[Weather], candidate: LoadedModel) -> pl.DataFrame:
        """Forecasts of the days after the training window."""
        noise = (1 - weather.fit) ** 0.5
        first = Window.of_partition(DAY).end
        actual = [float(n % 10) for n in range(20)]
        mean = sum(actual) / len(actual)
        return pl.DataFrame({
            "version": [candidate.version] * 20,
            "time": pl.Series([first + timedelta(days=n) for n in range(20)], dtype=pl.Datetime("us", "UTC")),
            "actual": actual,
            "predicted": [a + (mean - a) * noise for a in actual],
        })  # fmt: skip

    return [raw_day, sales_day, features, demand_model, backtest]


@dataclass(slots=True, kw_only=True)
class Original(Standing):
    """The pipeline, open, with the original's contract in force."""

    weather: Weather

    @classmethod
    def open(cls, root: Path, instance: dg.DagsterInstance) -> "Original":
        """Write the project into *root* and load it."""
        (root / "contracts").mkdir(parents=True)
        (root / "workspace.yaml").write_text("load_from: []\n")
        path = root / "contracts" / "retail_original.yaml"
        path.write_text(EXAMPLE.read_text("utf-8"))
        weather = Weather()
        resources: dict[str, Any] = {"published": PublishedFrames(), "weather": weather}
        made = dg.Definitions(assets=assets_of(path), resources=resources, executor=dg.in_process_executor)
        repository = made.get_repository_def()
        workspace = open_workspace(root)
        workspace.contracts()
        ports = Ports(
            ledger=workspace.ledger, clock=workspace.clock, runs=InlineRuns(instance, repository),
            graph=graph_of(repository), ends=ends_of(repository),
        )  # fmt: skip
        opened = cls(workspace=workspace, instance=instance, ports=ports, repository=repository, weather=weather)
        opened.tick(datetime(2018, 3, 22, 12, tzinfo=UTC))
        return opened

    def train(self, **more: Any) -> dg.DagsterRun:
        """The pipeline's run after a day has come."""
        return self.run("retail/features", "retail/demand_model", "retail/backtest", **more)

    def day(self, partition: str = DAY) -> dg.DagsterRun:
        """A day comes in and is cleaned."""
        return self.run("retail/raw_day", "retail/sales_day", partition=partition)
