"""Owns the assets of the small project that the daemon's tests run: chains of daily data, and models that are numbers.

The tests copy this file into a folder of its own as ``assets/definitions.py``; it imports the library alone.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl

from qoa_platform.faults import Fault, apply
from qoa_platform.orchestration import LoadedModel, ModelOutcome, PublishedFrames, contracted, reconcile_sensor
from qoa_platform.records import Window

ROOT = Path(__file__).resolve().parents[1]
FIRST = date.fromisoformat((ROOT / "first_day").read_text().strip())
DAYS = dg.DailyPartitionsDefinition(FIRST.isoformat())
NIGHT = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)


class Training(dg.Config):
    """How good a version is made: its relative *error* in the backtest, and *live* (default: the same)."""

    error: float = 0.05
    live: float | None = None


def day_of(partition: str, faults: Sequence[Fault]) -> pl.DataFrame:
    """A hundred sales of that day, damaged as a person planted it."""
    noon = Window.of_partition(partition).start + timedelta(hours=12)
    plain = pl.DataFrame({"item": ["a", "b"] * 50, "amount": [1.0 + n % 7 for n in range(100)]})
    frame = plain.with_columns(pl.lit(noon).cast(pl.Datetime("us", "UTC")).alias("time"))
    for fault in faults:
        frame = apply(fault, frame, frame)
    return frame


def chain(name: str) -> list[dg.AssetsDefinition]:
    """``raw → clean`` (daily) and ``total`` (whole) under one contract."""
    contract = ROOT / "contracts" / f"{name}.yaml"

    @contracted(contract, f"{name}/raw", partitions_def=DAYS, code_version="1")
    def raw(context: dg.AssetExecutionContext, partition: str, faults: Sequence[Fault]) -> pl.DataFrame:
        """What the feed sends. That it was asked is noted outside of everything: fetches are counted here."""
        with (ROOT / "fetches").open("a") as file:
            file.write(f"{name}/raw/{partition} {context.run_id}\n")
        return day_of(partition, faults)

    @contracted(contract, f"{name}/clean", partitions_def=DAYS, code_version="1")
    def clean(raw: pl.DataFrame) -> pl.DataFrame:
        """The day's sales."""
        return raw

    @contracted(contract, f"{name}/total", code_version="1")
    def total(clean: pl.DataFrame) -> pl.DataFrame:
        """Sales of all days."""
        return clean.select(pl.len().alias("rows"), pl.col("amount").sum())

    return [raw, clean, total]


def predictions(version: str, error: float) -> pl.DataFrame:
    """Six weeks of two items, forecast by *version* too high by about *error* (a ratio)."""
    weeks = [NIGHT + timedelta(days=7 * n) for n in range(6)]
    rows = [
        {"version": version, "time": week, "week": week.date(), "item": item, "actual": 100.0,
         "predicted": 100.0 * (1 + error * (1 + 0.02 * ((3 * n + k) % 5)))}
        for n, week in enumerate(weeks)
        for k, item in enumerate(("a", "b"))
    ]  # fmt: skip
    return pl.DataFrame(rows).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))


def model(name: str) -> list[dg.AssetsDefinition]:
    """``trend → model → backtest → forecast → scorecard`` (whole tables) under one contract."""
    contract = ROOT / "contracts" / f"{name}.yaml"

    @contracted(contract, f"{name}/trend", code_version="1")
    def trend(faults: Sequence[Fault]) -> pl.DataFrame:
        """The level of things, which may shift for good."""
        return day_of(FIRST.isoformat(), faults)

    @contracted(contract, f"{name}/model", code_version="1", model=name)
    def trained(trend: pl.DataFrame, config: Training) -> ModelOutcome:
        """A candidate: how wrong it is, as a number."""
        made = {"error": config.error, "live": config.error if config.live is None else config.live}
        window = Window(start=NIGHT, end=NIGHT + timedelta(days=7))
        return ModelOutcome(estimator=made, frame=pl.DataFrame(made), window=window, recipe=dict(made))

    @contracted(contract, f"{name}/backtest", code_version="1", deps=[[name, "model"]])
    def backtest(candidate: LoadedModel, champion: LoadedModel | None = None) -> pl.DataFrame:
        """What candidate and champion would have forecast."""
        found = {v.version: v.estimator["error"] for v in (candidate, champion) if v is not None}
        return pl.concat([predictions(v, error) for v, error in found.items()])

    @contracted(contract, f"{name}/forecast", code_version="1", deps=[[name, "backtest"]])
    def forecast(champion: LoadedModel) -> pl.DataFrame:
        """What the champion forecasts."""
        return predictions(champion.version, champion.estimator["live"])

    @contracted(contract, f"{name}/scorecard", code_version="1")
    def scorecard(forecast: pl.DataFrame) -> pl.DataFrame:
        """Forecasts beside what was sold."""
        return forecast

    return [trend, trained, backtest, forecast, scorecard]


@dg.sensor(target=dg.AssetSelection.all(), minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def arrivals() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per line of the file ``arrivals``: what a schedule, or a person in the UI, would start."""
    path = ROOT / "arrivals"
    lines = path.read_text().splitlines() if path.exists() else []
    for order in map(json.loads, lines):
        keys = [dg.AssetKey(asset.split("/")) for asset in order["assets"]]
        yield dg.RunRequest(
            run_key=order["key"], asset_selection=keys, partition_key=order.get("partition"),
            run_config=order.get("config") or {}, tags={"market/order": order["key"]},
        )  # fmt: skip
    if not lines:
        yield dg.SkipReason("nothing has arrived")


def named(kind: str) -> list[str]:
    """The names of the contracts of that kind: ``chains`` or ``models``."""
    return (ROOT / kind).read_text().split()


defs = dg.Definitions(
    assets=[a for name in named("chains") for a in chain(name)] + [a for name in named("models") for a in model(name)],
    sensors=[arrivals, reconcile_sensor("quality", default_status=dg.DefaultSensorStatus.RUNNING)],
    resources={"published": PublishedFrames()},
    executor=dg.in_process_executor,
)
