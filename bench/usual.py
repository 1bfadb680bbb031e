"""Owns the benchmark of learnt bands: incidents of real metrics beside plain bars, and speed.

``python -m bench.usual`` reads ``$QOA_DATA/msmon_dev`` (scored as its README says). One default setting for all series.
"""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, pi, sin
from pathlib import Path
from random import Random
from statistics import fmean, median, pstdev
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import polars as pl

from bench.machine import machine
from bench.peers import QUIET, ROOT, python_of, ready

NEAR = 3
"""Labels and flags so many steps apart are one event, one alert."""
LATE = 2
HOUR = 3_600.0
LEVELS = ("99", "99.9", "99.99")
"""Intervals of the peers, per cent."""
PEERS = {"statsforecast": "bench.usual_peer", "prophet": "bench.usual_prophet_peer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One series with what experts called an incident."""

    moments: Sequence[float]
    values: Sequence[float | None]
    labels: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Events and alerts of some series, and the points they were scored on; *clean*: alerts where there is no event."""

    events: int
    found: int
    alerts: int
    true: int
    points: int
    clean: int = 0

    @property
    def f1(self) -> float:
        """The harmonic mean of the share of events found and of alerts that are one."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    @property
    def precision(self) -> float:
        """The share of alerts that are an event."""
        return self.true / max(self.alerts, 1)

    @property
    def recall(self) -> float:
        """The share of events that were found."""
        return self.found / max(self.events, 1)

    def __str__(self) -> str:
        false = 1000 * (self.alerts - self.true) / max(self.points, 1)
        return (
            f"F1 {self.f1:.3f}, precision {self.precision:.3f}, recall {self.recall:.3f}, "
            f"{false:.2f} false / 1,000, {self.clean} on clean series ({self.events} events)"
        )


def read(path: Path) -> dict[str, Labelled]:
    """The labelled series, by name."""
    frame = pl.read_parquet(path)
    return {
        str(name): Labelled(
            moments=[t.timestamp() for t in part["timestamp"]], values=part["value"].to_list(),
            labels=part["label"].to_list(),
        )
        for (name,), part in frame.group_by("series", maintain_order=True)
    }  # fmt: skip


def runs(flags: Sequence[object]) -> list[tuple[int, int]]:
    """First and last positions of flags that belong together."""
    found: list[tuple[int, int]] = []
    for i, flag in enumerate(flags):
        if flag and found and i - found[-1][1] <= NEAR:
            found[-1] = (found[-1][0], i)
        elif flag:
            found.append((i, i))
    return found


def scored(series: Labelled, flags: Sequence[bool]) -> Score:
    """Events found and alerts that are one, after the warm-up: 15 % of the points, 750 at most."""
    n = len(series.labels)
    warm = min(int(0.15 * n), 750)
    labels = [i >= warm and label for i, label in enumerate(series.labels)]
    said = [i >= warm and flag for i, flag in enumerate(flags)]
    events, alerts = runs(labels), runs(said)
    found = sum(any(said[first : last + LATE + 1]) for first, last in events)
    true = sum(any(a <= last + LATE and b >= first for first, last in events) for a, b in alerts)
    return Score(
        events=len(events), found=found, alerts=len(alerts), true=true, points=n - warm,
        clean=0 if events else len(alerts),
    )  # fmt: skip


def totals(scores: Sequence[Score]) -> Score:
    """The scores of all series, added up."""
    names = ("events", "found", "alerts", "true", "points", "clean")
    return Score(**{name: sum(getattr(score, name) for score in scores) for name in names})


def rolling(size: int, limit: float) -> Callable[[Labelled], list[bool]]:
    """The plain bar: a rolling mean and standard deviation of the last *size* points."""

    def flagged(series: Labelled) -> list[bool]:
        past: deque[float] = deque(maxlen=size)
        flags = []
        for value in series.values:
            if value is None or not isfinite(value):
                flags.append(False)
                continue
            known = len(past) >= min(size, 30)
            flags.append(known and abs(value - fmean(past)) > limit * pstdev(past))
            past.append(value)
        return flags

    return flagged


def ours(series: Labelled) -> list[bool]:
    """``detect`` by default."""
    from qoa_platform.api import detect

    return list(detect(series.moments, series.values).flags)


def incidents(path: Path) -> None:
    """Print the scores on real incidents, on all series and on every second one."""
    series = read(path)
    engines: Mapping[str, Callable[[Labelled], list[bool]]] = {"usual": ours, "rolling 300, 5 sigma": rolling(300, 5)}
    for name, engine in engines.items():
        scores = [scored(s, engine(s)) for s in series.values()]
        print(f"{name}: {totals(scores)}")
        for half in (0, 1):
            print(f"    every second series, from {half}: {totals(scores[half::2])}")


def beside(path: Path) -> None:
    """Print the peers beside ours on the same hourly series (they are slow: few of them, 2,000 points each)."""
    hourly = {n: s for n, s in read(path).items() if median_step(s.moments) == HOUR and len(s.values) > 700}
    series = {
        name: Labelled(moments=s.moments[:2_000], values=s.values[:2_000], labels=s.labels[:2_000])
        for name, s in list(hourly.items())[::2]
    }  # fmt: skip
    began = perf_counter()
    mine = totals([scored(s, ours(s)) for s in series.values()])
    print(f"{len(series)} hourly series, usual: {mine}, {perf_counter() - began:.1f} s")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "series.parquet"
        pl.concat([
            pl.DataFrame({"series": [n] * len(s.values), "at": range(len(s.values)), "value": s.values}, strict=False)
            .with_columns(pl.col("value").cast(pl.Float64).fill_nan(None).forward_fill().backward_fill())
            for n, s in series.items()
        ]).write_parquet(file)  # fmt: skip
        for peer, module in PEERS.items():
            flagged, seconds = forecast(peer, module, file)
            for level, found in flagged.items():
                flags = {n: set(found.get(n, ())) for n in series}
                theirs = totals([scored(s, [i in flags[n] for i in range(len(s.values))]) for n, s in series.items()])
                print(f"    {peer}, {level} %: {theirs}, {seconds:.1f} s")


def forecast(peer: str, module: str, file: Path) -> tuple[dict[str, dict[str, list[int]]], float]:
    """Per level and series the positions that *peer* flags, and its seconds; nothing, and why, where it cannot run."""
    if not ready(peer):
        print(f"not installed: python -m bench.peers {peer}", file=sys.stderr)
        return {}, 0.0
    done = subprocess.run(
        [str(python_of(peer)), "-m", module, str(file), "24", *LEVELS], check=False, capture_output=True, text=True,
        cwd=ROOT, env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if done.returncode:
        print(f"  {peer}: {(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}", file=sys.stderr)
        return {}, 0.0
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return said["flags"], said["seconds"]


def median_step(moments: Sequence[float]) -> float:
    """The usual time between points, in seconds."""
    return median(b - a for a, b in pairwise(moments))


def speed() -> None:
    """Print how long 100,000 points take to learn, and one more point of 10,000 series."""
    from qoa_platform.verdicts.usual import Stream

    random = Random(1)
    values = [100 + 30 * sin(2 * pi * i / 24) + random.gauss(0, 5) for i in range(100_000)]
    began, used = perf_counter(), process_time()
    stream = Stream(3600.0)
    for i, value in enumerate(values):
        stream.update(i * 3600.0, value)
    print(f"100,000 points learnt: {perf_counter() - began:.2f} s ({process_time() - used:.2f} s of processor; aim 2)")
    streams = [Stream(86_400.0) for _ in range(10_000)]
    for k, one in enumerate(streams):
        for i in range(40):
            one.update(i * 86_400.0, values[k + i])
    began, used = perf_counter(), process_time()
    for k, one in enumerate(streams):
        one.update(40 * 86_400.0, values[k + 40])
    print(f"10,000 series, a point each: {perf_counter() - began:.2f} s ({process_time() - used:.2f} s; aim 1)")


def main() -> int:
    """Print everything."""
    print(machine())
    path = Path(os.environ.get("QOA_DATA", "")) / "msmon_dev" / "series.parquet"
    if path.exists():
        incidents(path)
        beside(path)
    else:
        print("QOA_DATA does not hold msmon_dev: incidents are left out")
    speed()
    return 0


if __name__ == "__main__":
    sys.exit(main())
