"""Owns the small project of the host tests: a shop in a folder of its own, with a contract, assets and a feed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from dagster import DagsterEventType, DagsterRun, DagsterRunStatus

from qoa_platform.faults import Fault
from qoa_platform.loop import Ports
from qoa_platform.orchestration import LoadedModel, ModelOutcome, PublishedFrames, contracted
from qoa_platform.orchestration.graph import ends_of, graph_of
from qoa_platform.orchestration.inline import InlineRuns
from qoa_platform.records import Window
from qoa_platform.workspace import open_workspace
from tests.host.standing import Standing

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-04-01")
DAY = "2026-01-20"
"""The day that most tests are about."""
NOON = datetime(2026, 1, 21, 12, tzinfo=UTC)
"""Noon of the day after."""

HEAD = """\
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: {version}
owner: shop-team
runbook: docs/shop.md
stakeholders:
  - {{name: shop-team, role: ml_consumer}}
subjects:
  sales:
    asset: shop/sales
    partition: day
    event_time: time
    promises:
"""
PROMISES = """\
      - {id: enough, metric: data.row_count, must: ">= 5 rows", severity: critical}
      - {id: sane, metric: data.pass_rate, expr: "col('amount') >= 0", must: "= 100 %", severity: critical}
      - {id: steady, metric: drift.psi, column: amount, reference: training, must: "< 0.2", severity: critical}
      - {id: complete, metric: data.completeness, column: amount, must: ">= 90 %"}
      - {id: fresh, metric: data.timeliness, must: "<= 26 h"}
"""
DEMAND = """\
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: useful, metric: model.wape, over: shop/backtest, must: "<= 50 %"}
      - {id: live, metric: model.wape, over: shop/scorecard, must: "<= 30 %", severity: critical}
"""
TRAINING = """\
  training:
    run: [shop/features, shop/demand_model]
    promises:
      - {id: price, metric: cost.usd, must: "<= 1 USD"}
presets:
  shop/features: [poor, medium, high]
"""
RELEASE = """\
release:
  model: demand
  stages: [backtest, full]
  first: promises
  objective: {metric: model.wape, over: shop/backtest, pair_by: [week, item], confidence: 95 %, margin: 0 %}
  inconclusive: wait
  rollback: {to: last_good, keep: 2}
"""
POLICY = """\
policy:
  - {name: stop-bad-data, when: sales.* blocked, do: [quarantine, alert]}
  - {name: refetch, when: sales.* blocked, do: [{rerun: shop/raw, attempts: 3, backoff: 5 min}]}
"""


def text(*more: str, promises: str = PROMISES, version: int = 1) -> str:
    """The shop's contract: its sales with *promises*, and what *more* says (subjects first)."""
    return HEAD.format(version=version) + promises + "".join(more)


def day_of(partition: str, rows: int = 8, **columns: Any) -> pl.DataFrame:
    """An ordinary day of the feed, with *columns* put in its place."""
    noon = Window.of_partition(partition).start + timedelta(hours=12)
    plain = {"item": ["a", "b"] * (rows // 2) + ["a"] * (rows % 2), "amount": [1.0 + n for n in range(rows)]}
    frame = pl.DataFrame(plain, schema={"item": pl.String, "amount": pl.Float64})
    stamped = frame.with_columns(pl.lit(noon).cast(pl.Datetime("us", "UTC")).alias("time"))
    return stamped.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


@dataclass(slots=True)
class Source:
    """What the world sends, and how well versions forecast.

    *days* maps a partition to its frame, or to a function that makes one (or raises); any other day is ordinary.
    *errors* and *live* map a version to its relative error, in the backtest and since. *fetched* is what was asked for.
    """

    days: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    live: dict[str, float] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    estimator: Callable[[float], Any] = field(default=lambda level: {"level": level})
    during: Callable[[], object] = field(default=lambda: None)
    """Called while ``shop/totals`` and ``shop/demand_model`` run."""
    damage: Callable[[pl.DataFrame], pl.DataFrame] = field(default=lambda frame: frame)
    """What becomes of ``shop/scorecard`` on its way."""

    def fetch(self, partition: str) -> Any:
        """The day as it comes now."""
        self.fetched.append(partition)
        sent = self.days.get(partition, day_of(partition))
        return sent() if callable(sent) else sent


More = Callable[[Path], list[dg.AssetsDefinition]]


def _none(_: Path) -> list[dg.AssetsDefinition]:
    return []


class Training(dg.Config):
    """How the shop's model is trained."""

    recipe: str = "mean"
    seed: int = 0


def assets_of(contract: Path) -> list[dg.AssetsDefinition]:
    """The shop's assets: raw → sales (daily) → totals → features → demand_model → backtest, scorecard."""

    @contracted(contract, "shop/raw", partitions_def=DAYS, code_version="1")
    def raw(source: dg.ResourceParam[Source], partition: str, faults: Sequence[Fault]) -> pl.DataFrame:
        """What was sent: every second row where half of them were planted to be lost."""
        frame: pl.DataFrame = source.fetch(partition)
        return frame.head(len(frame) // 2) if faults else frame

    @contracted(contract, "shop/sales", partitions_def=DAYS, code_version="2")
    def sales(raw: pl.DataFrame) -> pl.DataFrame:
        """The day's sales."""
        return raw

    @contracted(contract, "shop/totals", code_version="1")
    def totals(sales: pl.DataFrame, source: dg.ResourceParam[Source]) -> pl.DataFrame:
        """Rows and amount of all days. Nobody promised anything about it."""
        source.during()
        return sales.select(pl.len().alias("rows"), pl.col("amount").sum())

    return [raw, sales, totals, *_models(contract)]


def _models(contract: Path) -> list[dg.AssetsDefinition]:
    @contracted(contract, "shop/features", code_version="1")
    def features(totals: pl.DataFrame, preset: str) -> pl.DataFrame:
        """What a model learns from, as rich as the preset says."""
        return totals.with_columns(pl.lit(preset).alias("preset"))

    @contracted(contract, "shop/demand_model", code_version="7", model="demand", deps=[["shop", "sales"]])
    def demand_model(features: pl.DataFrame, config: Training, source: dg.ResourceParam[Source]) -> ModelOutcome:
        """A candidate: the mean amount."""
        source.during()
        level = float(features["amount"][0]) / float(features["rows"][0])
        window = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 15, tzinfo=UTC))
        return ModelOutcome(
            estimator=source.estimator(level), frame=pl.DataFrame({"level": [level]}), window=window,
            recipe={"recipe": config.recipe}, seed=config.seed,
        )  # fmt: skip

    @contracted(contract, "shop/backtest", code_version="1", deps=[["shop", "demand_model"]])
    def backtest(
        source: dg.ResourceParam[Source], candidate: LoadedModel, champion: LoadedModel | None = None
    ) -> pl.DataFrame:
        """What candidate and champion would have forecast."""
        found = dict.fromkeys([candidate.version, *([champion.version] if champion else [])])
        return pl.concat([predictions(v, source.errors.get(v, 0.1)) for v in found])

    @contracted(contract, "shop/scorecard", code_version="1", deps=[["shop", "totals"]])
    def scorecard(source: dg.ResourceParam[Source], champion: LoadedModel) -> pl.DataFrame:
        """What the champion forecast, beside what was sold."""
        level = pl.lit(champion.estimator["level"]).alias("level")
        made = predictions(champion.version, source.live.get(champion.version, 0.1)).with_columns(level)
        return source.damage(made)

    return [features, demand_model, backtest, scorecard]


def predictions(version: str, error: float) -> pl.DataFrame:
    """Six weeks of two items, forecast by *version* too high by about *error* (a ratio)."""
    weeks = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=7 * n) for n in range(6)]
    rows = [
        {"version": version, "time": week, "week": week.date(), "item": item, "actual": 100.0,
         "predicted": 100.0 * (1 + error * (1 + 0.02 * ((3 * n + k) % 5)))}
        for n, week in enumerate(weeks)
        for k, item in enumerate(("a", "b"))
    ]  # fmt: skip
    return pl.DataFrame(rows).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))


@dataclass(slots=True, kw_only=True)
class Shop(Standing):
    """The project, open. What runs, judges and reacts is :class:`Standing`'s; what the world sends is *source*'s."""

    source: Source
    contract: Path

    @classmethod
    def open(
        cls, root: Path, contract: str, instance: dg.DagsterInstance, source: Source | None = None, more: More = _none
    ) -> "Shop":  # fmt: skip
        """Write the project into *root* and load it, with the assets that *more* makes of its contract too."""
        (root / "contracts").mkdir(parents=True, exist_ok=True)
        (root / "workspace.yaml").write_text("load_from: []\n")
        path = root / "contracts" / "shop.yaml"
        path.write_text(contract)
        sent = source or Source()
        defs = definitions(path, sent, more)
        repository = defs.get_repository_def()
        workspace = open_workspace(root)
        workspace.contracts()
        ports = Ports(
            ledger=workspace.ledger, clock=workspace.clock, runs=InlineRuns(instance, repository),
            graph=graph_of(repository), ends=ends_of(repository),
        )  # fmt: skip
        return cls(
            workspace=workspace, instance=instance, ports=ports, repository=repository, source=sent, contract=path
        )

    def daily(self, partition: str = DAY, tags: Mapping[str, str] | None = None) -> DagsterRun:
        """The daily run, on the morning after."""
        self.tick(Window.of_partition(partition).end + timedelta(hours=1))
        return self.run("shop/raw", "shop/sales", "shop/totals", partition=partition, tags=tags)

    def train(self, *, recipe: str = "mean", seed: int = 0, tags: Mapping[str, str] | None = None) -> DagsterRun:
        """A person's training run."""
        config = {"ops": {"shop__demand_model": {"config": {"recipe": recipe, "seed": seed}}}}
        return self.run("shop/features", "shop/demand_model", "shop/backtest", tags=tags, config=config)


def definitions(contract: Path, source: Source, more: More = _none) -> dg.Definitions:
    """The shop's definitions."""
    return dg.Definitions(
        assets=[*assets_of(contract), *more(contract)], resources={"published": PublishedFrames(), "source": source},
        executor=dg.in_process_executor,
    )  # fmt: skip


SUCCESS, FAILURE = DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE
EVALUATION, MATERIALIZATION = DagsterEventType.ASSET_CHECK_EVALUATION, DagsterEventType.ASSET_MATERIALIZATION
