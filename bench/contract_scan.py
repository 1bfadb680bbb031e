"""Owns the benchmark of a scan: a contract over all retail rows, against pandera. ``python -m bench.contract_scan``.

The nine frame promises of ``contracts/retail.yaml`` over the 1.47 M transactions of 2017: by ``scans.measure``, by the
equivalent pandera schema on pandas, and by Polars alone, written by hand: the floor. Every engine has a process of its
own, so that a first call is a first call; imports, the frame each engine likes best and the frozen reference are there
before the clock starts. All promises hold, so pandera never has to list failures.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import log
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import polars as pl

from assets.retail.feed import TIME, complete_journey
from bench.machine import machine
from qoa_platform.contracts import read
from qoa_platform.metrics import FoldMetric, Metric, build
from qoa_platform.metrics.drift_bins import smoothed
from qoa_platform.profiles import Wanted, freeze, wanted
from qoa_platform.records import Contract, Profile, Subject, Window
from qoa_platform.scans import measure

CONTRACT = Path(__file__).parents[1] / "contracts" / "retail.yaml"
NOW = datetime(2018, 1, 1, 12, tzinfo=UTC)
WINDOW = Window(start=datetime(2017, 1, 1, tzinfo=UTC), end=datetime(2018, 1, 2, tzinfo=UTC))
KEY = ["basket_id", "product_id", "store_id"]
DAY = 4_000
"""Rows of a day, about."""
AIMS = {"first": 6.0, "warm": 3.5}

Run = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is frozen, as each engine wants it: the profile; edges and counts; fences by department; known values."""

    profile: Profile

    def bins(self, column: str) -> tuple[list[float], list[int]]:
        """The frozen edges of a column and the reference's counts."""
        found = self.profile.column(column)
        assert found is not None
        assert found.bins10 is not None
        return list(found.bins10.edges), list(found.bins10.counts)

    def fences(self) -> Mapping[str, tuple[float, float]]:
        """Low and high of ``quantity`` by department."""
        frozen = (c for c in self.profile.columns if c.column == "quantity" and c.group is not None)
        return {str(c.group): (c.fences.low, c.fences.high) for c in frozen if c.fences is not None}

    def known(self, column: str) -> list[str]:
        """The values of a column's dictionary."""
        found = self.profile.column(column)
        assert found is not None
        assert found.dictionary is not None
        return [category.value for category in found.dictionary]


def subject() -> Subject:
    """The subject ``sales`` of the contract."""
    contract = read(CONTRACT)
    assert isinstance(contract, Contract)
    return next(s for s in contract.subjects if s.id == "sales")


def reference(frame: pl.DataFrame, sales: Subject) -> Reference:
    """Everything that the promises compare with, frozen from all rows."""
    dictionaries = [Wanted("department", dictionary=True), Wanted("store_id", dictionary=True)]
    profile = freeze(
        frame, [*wanted(sales), *dictionaries], name="bench", subject="retail/sales_day", window=WINDOW,
        source=("bench",), at=NOW, wall=NOW, missing=dict(sales.missing),
    )  # fmt: skip
    return Reference(profile=profile)


def ours(frame: pl.DataFrame) -> Run:
    """The scan of the contract."""
    sales = subject()
    profile = reference(frame, sales).profile
    pairs: list[tuple[Metric, Profile | None]] = []
    for promise in sales.promises:
        for metric in build(promise, sales):
            assert not isinstance(metric, FoldMetric)
            pairs.append((metric.at(NOW, WINDOW), profile if promise.reference is not None else None))
    missing = dict(sales.missing)

    def run() -> object:
        found = measure(frame, pairs, missing=missing)
        assert all(item.reading.value is not None for item in found.measured if item.group is None)
        return found

    return run


def psi(counts: Sequence[int], frozen: Sequence[int]) -> float:
    """The population stability index, as the contract's metric computes it."""
    pairs = zip(smoothed(frozen), smoothed(counts), strict=True)
    return sum((b - a) * log(b / a) for a, b in pairs)


def pandera(frame: pl.DataFrame) -> Run:
    """The equivalent pandera schema on pandas, lazily validated (all checks, as a contract judges all promises)."""
    import pandera.pandas as pa

    known = reference(frame, subject())
    table = frame.to_pandas().astype({"department": "str"})
    fences, stores = known.fences(), {int(v) for v in known.known("store_id")}
    low, high = ({name: ends[k] for name, ends in fences.items()} for k in (0, 1))

    def steady(column: str) -> Any:
        edges, frozen = known.bins(column)

        def check(values: Any) -> bool:
            bins = np.searchsorted(edges, values.to_numpy(), side="left")
            return psi(np.bincount(bins, minlength=len(frozen)).tolist(), frozen) < 0.2

        return pa.Check(check)

    def fenced(rows: Any) -> bool:
        inside = rows["quantity"].between(rows["department"].map(low), rows["department"].map(high))
        return float(inside[rows["department"].notna()].mean()) >= 0.95

    schema = pa.DataFrameSchema(
        {
            "quantity": pa.Column(nullable=False, checks=[steady("quantity")]),
            "sales_value": pa.Column(nullable=True, checks=[pa.Check.ge(0), steady("sales_value")]),
            "department": pa.Column(nullable=True, checks=[pa.Check.isin(known.known("department"))]),
            "store_id": pa.Column(checks=[pa.Check(lambda s: len(stores & set(s.unique())) >= 0.85 * len(stores))]),
            TIME: pa.Column(checks=[pa.Check(lambda s: (NOW - s.max()).total_seconds() <= 26 * 3600)]),
        },
        checks=[pa.Check(lambda rows: len(rows) > 0), pa.Check(fenced)],
        unique=KEY,
    )
    return lambda: schema.validate(table, lazy=True)


def floor(frame: pl.DataFrame) -> Run:
    """The same answers from Polars, written by hand: one select, and one join for the fences of the groups."""
    known = reference(frame, subject())
    bins = {column: known.bins(column)[0] for column in ("sales_value", "quantity")}
    fences = pl.LazyFrame(
        [(name, *ends) for name, ends in known.fences().items()], schema=["department", "low", "high"], orient="row"
    )
    exprs = [
        pl.len().alias("rows"),
        pl.col("quantity").null_count().alias("missing"),
        pl.struct(KEY).n_unique().alias("distinct"),
        pl.col("department").is_in(known.known("department")).mean().alias("known"),
        pl.col("store_id").unique().implode().alias("stores"),
        pl.col(TIME).max().alias("newest"),
        (pl.col("sales_value") >= 0).mean().alias("sane"),
        *((pl.col(c) <= edge).sum().alias(f"{c} {edge}") for c, edges in bins.items() for edge in edges),
    ]
    inside = pl.col("quantity").is_between(pl.col("low"), pl.col("high"))
    rows = frame.lazy()
    queries = [
        rows.select(exprs),
        rows.join(fences, on="department").group_by("department").agg(inside.sum().alias("hits"), pl.len()),
    ]
    return lambda: pl.collect_all(queries)


ENGINES: Mapping[str, Callable[[pl.DataFrame], Run]] = {"qoa": ours, "pandera": pandera, "polars": floor}


def timed(engine: str, rows: int, repeat: int) -> dict[str, list[float]]:
    """Wall and processor seconds of every call, the first one first."""
    run = ENGINES[engine](complete_journey().frame.tail(rows))
    wall: list[float] = []
    cpu: list[float] = []
    for _ in range(1 + repeat):
        begin, used = perf_counter(), process_time()
        run()
        wall.append(perf_counter() - begin)
        cpu.append(process_time() - used)
    return {"wall": wall, "cpu": cpu}


def child(engine: str, rows: int, repeat: int) -> dict[str, list[float]]:
    """:func:`timed`, in a process of its own."""
    options = f"--engine={engine}", f"--rows={rows}", f"--repeat={repeat}"
    command = [sys.executable, "-m", "bench.contract_scan", *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=CONTRACT.parents[1])
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(rows: int, repeat: int, rounds: int) -> None:
    """Print the times of the engines, in turns (the machine may be busier later), and their ratios."""
    times: dict[str, list[dict[str, list[float]]]] = {engine: [] for engine in ENGINES}
    for _ in range(rounds):
        for engine, found in times.items():
            found.append(child(engine, rows, repeat))
    seen = {
        engine: {
            "first": statistics.median(f["wall"][0] for f in found),
            "warm": statistics.median(t for f in found for t in f["wall"][1:]),
            "cpu": statistics.median(t for f in found for t in f["cpu"][1:]),
        }
        for engine, found in times.items()
    }
    print(f"{rows:,} rows, 9 promises; median of {rounds} processes, {repeat} warm calls each")
    for engine, medians in seen.items():
        print(f"  {engine:8}" + ", ".join(f"{name} {seconds * 1e3:8.1f} ms" for name, seconds in medians.items()))
    for peer in ("pandera", "polars"):
        ratios = {name: seen[peer][name] / seen["qoa"][name] for name in ("first", "warm")}
        aims = {n: f" (aim ≥ {AIMS[n]})" if peer == "pandera" and rows > DAY else "" for n in ratios}
        told = ", ".join(f"{name} {ratio:.1f}×{aims[name]}" for name, ratio in ratios.items())
        print(f"  qoa is faster than {peer}: {told}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare over all rows and over a day; or, as a child, time one engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=sorted(ENGINES), help="time this one here, as JSON")
    parser.add_argument("--rows", type=int, help="so many rows (default: all, then a day)")
    parser.add_argument("--repeat", type=int, default=7, help="warm calls per process")
    parser.add_argument("--rounds", type=int, default=3, help="processes per engine")
    chosen = parser.parse_args(arguments)
    everything = complete_journey().frame.height
    if chosen.engine is not None:
        print(json.dumps(timed(chosen.engine, chosen.rows or everything, chosen.repeat)))
        return 0
    packages = ", ".join(f"{name} {version(name)}" for name in ("polars", "pandas", "pandera", "numpy"))
    print(f"{machine()}; {platform.python_implementation()}, {packages}")
    for rows in [chosen.rows] if chosen.rows else [everything, DAY]:
        compare(rows, chosen.repeat, chosen.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
