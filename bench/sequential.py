"""Owns the benchmark of sequential tests: cookie_cats as a stream, A/A, beside a peeked z-test and ville.

``python -m bench.sequential [ORDERS]``; the data is read from the folder ``QOA_DATA``.
"""

import os
import sys
from math import sqrt
from pathlib import Path
from statistics import NormalDist, median
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from bench.machine import machine
from qoa_platform import sequential_test

LOOKS, ALPHA = 200, 0.05
METRICS = {"retention_1": "proportion", "retention_7": "proportion", "sum_game_rounds": "mean"}


def stream(column: str) -> pl.DataFrame:
    """The players in file order: gate_40 is the treatment."""
    frame = pl.read_parquet(Path(os.environ["QOA_DATA"]) / "cookie_cats" / "cookie_cats.parquet")
    return frame.select(unit="userid", arm="version", value=pl.col(column).cast(pl.Float64))


def ours(frame: pl.DataFrame, metric: str, **declared: Any) -> Any:
    """The test over a whole stream."""
    step = -(-frame.height // LOOKS)
    return sequential_test(metric, arms=("gate_30", "gate_40"), alpha=ALPHA, data=frame, every=step, **declared)


def peeked(arm: np.ndarray, value: np.ndarray) -> tuple[bool, float]:
    """Whether a z-test at every look ever says p < α, and its p at the last look."""
    p, ever = 1.0, False
    for end in np.linspace(0, len(value), LOOKS + 1).astype(int)[1:]:
        one, other = value[:end][arm[:end] == 1], value[:end][arm[:end] == 0]
        least = min(len(one), len(other))
        spread = sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)) if least > 1 else 0.0
        p = 2 * NormalDist().cdf(-abs(one.mean() - other.mean()) / spread) if spread else 1.0
        ever |= p < ALPHA
    return ever, p


def peer(arm: np.ndarray, value: np.ndarray) -> bool:
    """Whether ville's MSPRT of pairs (treatment less control, in order) ever rejects; σ is told, from all data."""
    import ville  # type: ignore[import-untyped]

    one, other = value[arm == 1], value[arm == 0]
    n = min(len(one), len(other))
    return bool(ville.MSPRT(sigma=float(value.std() * sqrt(2)), alpha=ALPHA).fit(one[:n] - other[:n]).rejected_)


def told(name: str, frame: pl.DataFrame, metric: str, **declared: Any) -> None:
    """One stream: ours, the z-test, ville."""
    begin = perf_counter()
    test = ours(frame, metric, **declared)
    spent = perf_counter() - begin
    found = test.decision
    arm = (frame["arm"] == "gate_40").to_numpy().astype(int)
    ever, p = peeked(arm, frame["value"].to_numpy())
    low, high = found.interval
    print(
        f"  {name:34} {found.outcome!s:9} look {found.stopped or found.look:3}  {found.effect.estimate or 0:+.5f} "
        f"({low:+.5f} to {high:+.5f})  E {found.e_value:9.3g} | z-test peeked: {'stops' if ever else 'goes on'}, "
        f"p at the end {p:.4f} | ville MSPRT: {'stops' if peer(arm, frame['value'].to_numpy()) else 'goes on'} | "
        f"{frame.height / spent:,.0f} rows/s, {LOOKS / spent:,.0f} looks/s"
    )  # fmt: skip
    for text in found.warnings:
        print(f"    {text}")


def same(orders: int) -> None:
    """A/A: arms drawn anew. How often each of the three stops."""
    for column, metric in METRICS.items():
        frame = stream(column).head(20_000)
        stops = np.zeros(3, dtype=int)
        for seed in range(orders):
            draw = np.random.default_rng(seed)
            arm = draw.integers(0, 2, frame.height)
            value = frame["value"].to_numpy()[draw.permutation(frame.height)]
            rows = pl.DataFrame({"unit": frame["unit"], "arm": np.where(arm, "gate_40", "gate_30"), "value": value})
            stops += (ours(rows, metric).decision.stop, peeked(arm, value)[0], peer(arm, value))
        said = f"ours {stops[0]}, z-test peeked {stops[1]}, ville MSPRT {stops[2]}"
        print(f"  {column:16} {orders} streams of 20,000: {said}")


def power(runs: int = 20) -> None:
    """How many more rows than a z-test of fixed size with 80 % power, normal values; median of the stops."""
    for effect in (0.2, 0.1, 0.05):
        fixed = 4 * (NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(0.8)) ** 2 / effect**2
        needed = []
        for seed in range(runs):
            draw = np.random.default_rng(seed)
            n = round(5 * fixed)
            arm = draw.integers(0, 2, n)
            rows = {"arm": arm, "value": draw.normal(size=n) + effect * arm}
            test = sequential_test("mean", arms=(0, 1), data=rows, every=-(-n // LOOKS))
            needed.append(test.experiment.final.arms.rows if test.experiment.final else n)
        kept = sum(n <= fixed for n in needed) / runs
        said = f"ours median {median(needed):,.0f} ({median(needed) / fixed:.2f} ×), {kept:.0%} before the fixed size"
        print(f"  effect {effect} σ: fixed {fixed:,.0f} rows; {said}")


def main() -> int:
    """Print all of it."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(machine())
    print(f"cookie_cats, {LOOKS} looks, α {ALPHA}")
    for column, metric in METRICS.items():
        frame = stream(column)
        told(f"{column}, file order", frame, metric)
        for seed in (1, 2):
            told(f"{column}, order {seed}", frame.sample(fraction=1.0, shuffle=True, seed=seed), metric)
    told("sum_game_rounds, winsorise .999", stream("sum_game_rounds"), "mean", winsorise=0.999)
    print("A/A")
    same(orders)
    print("power")
    power()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
