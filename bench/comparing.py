"""Owns the benchmark of model comparison: bim_dev by building and at random, A/A pairs, beside the t over folds.

``python -m bench.comparing [SEEDS] [PAIRS]``; the data is read from the folder ``QOA_DATA``.
"""

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from bench.machine import machine
from qoa_platform import compare_models
from qoa_platform.api.crossing import out_of_fold, random_folds

FEATURES = (
    "dx", "dy", "dz", "ext1", "ext2", "ext3", "area", "volume", "n_vertices", "n_faces", "share_horizontal",
    "share_vertical", "n_materials", "z_min", "z_max",
)  # fmt: skip
LEAST = 16
"""Classes with fewer rows are left out, as are proxies."""


def elements() -> pl.DataFrame:
    """The building elements of the twelve classes."""
    frame = pl.read_parquet(Path(os.environ["QOA_DATA"]) / "bim_dev" / "elements.parquet")
    frame = frame.filter(~pl.col("label").str.contains("Proxy"))
    return frame.filter(pl.len().over("label") >= LEAST)


def models(seed: int) -> dict[str, Any]:
    """The champion and its challenger."""
    forest = RandomForestClassifier(n_estimators=300, random_state=seed)
    logistic = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2_000))
    return {"forest": forest, "logistic": logistic}


def buildings(seeds: int) -> None:
    """Forest against logistic, folds at random and by building."""
    frame = elements()
    table, y = frame.select(FEATURES).to_numpy(), frame["label"].to_numpy()
    print(f"bim_dev: {len(y):,} rows, {frame['label'].n_unique()} classes, {frame['model'].n_unique()} buildings")
    for seed in range(seeds):
        begin = perf_counter()
        found = compare_models(
            models(seed), table, y, groups=frame["model"].to_numpy(), metric="balanced_accuracy", seed=seed
        )
        print(found)
        print(f"  {found.random[0].why}; {perf_counter() - begin:.1f} s")
        for effect in found[0].others:
            print(
                f"  {effect.method}: {effect.estimate:+.3f} ({effect.low:+.3f} to {effect.high:+.3f}), p {effect.p:.3f}"
            )
    told = compare_models(models(0), table, y, metric="balanced_accuracy", beside={"model": frame["model"].to_numpy()})
    print(f"without groups: {told[0].outcome}: {told[0].why}")


def drawn(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grouped rows of two classes: 8 to 20 groups, each with a place of its own and an odd label rule."""
    count = int(draw.integers(8, 21))
    groups = np.repeat(np.arange(count), draw.integers(10, 60, count))
    place = draw.normal(size=(count, 4)) * 2
    table = place[groups] + draw.normal(size=(len(groups), 4))
    own = draw.normal(size=count)[groups]
    y = (table[:, 0] + 2 * own + draw.normal(size=len(groups)) > 0).astype(int)
    return table, y, groups


def pairs(count: int) -> None:
    """A/A: two trees that differ by what no row can tell (each sees other noise features): false preferences."""
    stops = np.zeros(3, dtype=int)
    done = 0
    for seed in range(count):
        draw = np.random.default_rng(10_000 + seed)
        table, y, groups = drawn(draw)
        if len(np.unique(y)) < 2:
            continue
        both = {
            n: DecisionTreeClassifier(splitter="random", max_depth=6, random_state=2 * seed + k)
            for k, n in enumerate("ab")
        }
        found = compare_models(both, table, y, groups=groups, metric="balanced_accuracy", seed=seed)[0]
        named = found.effect is not None and not found.effect.low <= 0 <= found.effect.high
        folds = random_folds(len(y), 5, draw, y)
        said = [out_of_fold(m, table, y, folds, "accuracy") == y for m in both.values()]
        right = np.array([[s[test].mean() for _, test in folds] for s in said])
        plain = stats.ttest_rel(*right).pvalue if np.ptp(right[0] - right[1]) else 1.0
        rows = stats.ttest_rel(*(s.astype(float) for s in said)).pvalue if (said[0] != said[1]).any() else 1.0
        stops += [named, plain < 0.05, rows < 0.05]
        done += 1
    print(f"A/A, {done} grouped sets: preferred falsely {stops[0] / done:.3f} (declared ≤ .05); "
          f"paired t over 5 random folds {stops[1] / done:.3f}; paired t over rows {stops[2] / done:.3f}")  # fmt: skip


def main() -> None:
    """Run both."""
    print(machine())
    seeds, count = (int(a) for a in (*sys.argv[1:], "3", "200")[:2]) if len(sys.argv) != 2 else (int(sys.argv[1]), 200)
    buildings(seeds)
    pairs(count)


if __name__ == "__main__":
    main()
