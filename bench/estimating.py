"""Owns the benchmark of performance without labels: told against what came true, beside NannyML on the same windows.

``QOA_DATA=… python -m bench.estimating``: ``elec2`` and ``noaa_weather`` in the order of time (settings were chosen on
neither: the calibration is chosen within the reference), classification by three models, and a regression each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.machine import machine
from bench.peers import QUIET, ROOT, python_of, ready
from qoa_platform import estimate_performance

PEER = "nannyml"


@dataclass(frozen=True, slots=True)
class Case:
    """A model's rows after its training: a *reference* with outcomes, and the *current* ones."""

    name: str
    reference: pl.DataFrame
    current: pl.DataFrame
    chunk: int
    features: tuple[str, ...] = ()


def models() -> dict[str, BaseEstimator]:
    """What is estimated, so that nothing rests on one kind of score."""
    return {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "forest": RandomForestClassifier(n_estimators=100, min_samples_leaf=5, random_state=0, n_jobs=1),
        "boosting": HistGradientBoostingClassifier(random_state=0),
    }


def classified(
    name: str, frame: pl.DataFrame, features: list[str], target: str, cut: int, chunk: int
) -> Iterator[Case]:
    """A case per model: trained on the first *cut* rows, calibrated on as many more, then window by window."""
    inputs = frame.select(features).to_numpy().astype(np.float64)
    truth = (frame[target] == frame[target].unique().sort()[-1]).to_numpy().astype(np.int64)
    for kind, model in models().items():
        model.fit(inputs[:cut], truth[:cut])
        score = model.predict_proba(inputs[cut:])[:, 1]
        rows = pl.DataFrame({"score": score, "predicted": (score > 0.5).astype(np.int64), "actual": truth[cut:]})
        yield Case(f"{name}, {kind}", rows[:cut], rows[cut:], chunk)


def regressed(name: str, frame: pl.DataFrame, features: list[str], target: str, cut: int, chunk: int) -> Case:
    """Boosting of a number, its errors told from its inputs."""
    inputs = frame.select(features).to_numpy().astype(np.float64)
    truth = frame[target].to_numpy().astype(np.float64)
    predicted = HistGradientBoostingRegressor(random_state=0).fit(inputs[:cut], truth[:cut]).predict(inputs[cut:])
    rows = frame[cut:].select(features).with_columns(predicted=pl.Series(predicted), actual=pl.Series(truth[cut:]))
    return Case(f"{name}, {target}", rows[:cut], rows[cut:], chunk, tuple(features))


def peer(case: Case, folder: Path) -> dict[str, list[float]]:
    """NannyML's estimates of the same windows; nothing where it is not installed."""
    if not ready(PEER):
        return {}
    paths = [str(folder / "reference.parquet"), str(folder / "current.parquet")]
    case.reference.write_parquet(paths[0])
    case.current.write_parquet(paths[1])
    extra = [",".join(case.features)] if case.features else []
    return asked("regression" if extra else "classification", *paths, str(case.chunk), *extra)


def asked(*arguments: str) -> dict[str, Any]:
    """What the peer's process prints."""
    command = [str(python_of(PEER)), "-m", "bench.estimating_peer", *arguments]
    told = {**os.environ, **QUIET, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=told)
    if done.returncode:
        print(f"  {PEER}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return {}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def compared(case: Case, folder: Path) -> None:
    """Print, per metric: mean absolute error, correlation over windows, and how many intervals held."""
    theirs = peer(case, folder)
    metrics = ["mae", "rmse"] if case.features else ["accuracy", "f1", "roc_auc"]
    how: dict[str, Any] = {"features": list(case.features)} if case.features else {}
    for label, delay in (("frozen", None), ("labels 1 window late", 1)):
        found = estimate_performance(
            case.reference, case.current, metrics=metrics, chunk=case.chunk, delay=delay, **how
        ).to_polars()
        for metric in metrics:
            rows = found.filter(pl.col("metric") == metric)
            told, true = rows["value"].to_numpy(), rows["realised"].to_numpy()
            held = ((rows["low"] <= rows["realised"]) & (rows["realised"] <= rows["high"])).mean()
            line = f"  {case.name:28} {metric:9} {label:21} {_off(told, true)}  held {held!s:.4}"
            if delay is None and metric in theirs:
                line += f"   {PEER} {_off(np.array(theirs[metric][: len(true)]), true[: len(theirs[metric])])}"
            print(line, flush=True)


def _off(told: Any, true: Any) -> str:
    related = np.corrcoef(told, true)[0, 1] if np.std(told) > 0 and np.std(true) > 0 else float("nan")
    return f"error {np.abs(told - true).mean():.4f} r {related:+.2f}"


def car(folder: Path) -> None:
    """The first three windows of NannyML's synthetic car loans, isotonic: the figures of its own recipe."""
    asked("car", str(folder))
    if not (folder / "current.parquet").exists():
        return
    old, now = (pl.read_parquet(folder / f"{name}.parquet") for name in ("reference", "current"))
    found = estimate_performance(
        old, now[:15_000], y_true="repaid", y_pred="y_pred", y_score="y_pred_proba", chunk=5_000, method="isotonic",
        metrics=["accuracy", "f1", "precision", "recall", "roc_auc", "average_precision"],
    )  # fmt: skip
    print("NannyML's synthetic car loans, its recipe (isotonic on all rows of the reference)")
    print(found.to_polars().select("start", "metric", "value", "low", "high", "realised"))


def main() -> None:
    """Print the tables."""
    print(machine())
    data = Path(os.environ["QOA_DATA"]) if "QOA_DATA" in os.environ else None
    with TemporaryDirectory() as name:
        folder = Path(name)
        if data is None:
            print("QOA_DATA is not set: no streams", file=sys.stderr)
        else:
            power = pl.read_parquet(data / "elec2" / "elec2.parquet")
            weather = pl.read_parquet(data / "noaa_weather" / "weather.parquet")
            inputs = ["period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"]
            sky = [c for c in weather.columns if c != "target"]
            for case in (
                *classified("noaa_weather", weather, sky, "target", 4_000, 500),
                *classified("elec2", power, inputs, "class", 10_000, 1_000),
                regressed("noaa_weather", weather, sky[1:], sky[0], 4_000, 500),
                regressed("elec2", power, [c for c in inputs if c != "nswdemand"], "nswdemand", 10_000, 1_000),
            ):
                compared(case, folder)
        if ready(PEER):
            car(folder)
        else:
            print(f"not installed: python -m bench.peers {PEER}", file=sys.stderr)


if __name__ == "__main__":
    main()
