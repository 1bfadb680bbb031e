"""Owns the benchmark of detectors: the default monitor, ADWIN on errors, KS on inputs. ``python -m bench.detectors``.

A forest is fitted on the first 2 000 rows of a stream whose concept changes; detections within 1 000 rows after a
change count (of a gradual one: from half its width before it on, and its width later), the first of each; all others
are false, but for repeats within the same stretch. Streams are drawn here (SEA, sine, mixed, STAGGER), and read from
``QOA_DATA/thu_synthetic`` where that is given. The monitor runs twice: with the forest as it was, and fitted anew on
the 1 000 rows after each alarm. The false-alarm rate is counted on rows in which nothing changes.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import environ
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from river.drift import ADWIN
from scipy.stats import ks_2samp
from sklearn.ensemble import RandomForestClassifier

from bench.machine import machine
from qoa_platform.verdicts.detectors.monitor import Monitor

Floats = npt.NDArray[np.float64]
FITTED, TOLERANCE, ROWS = 2_000, 1_000, 40_000
SEEDS = range(101, 104)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Rows, their classes, and where the concept changes, over how many rows."""

    name: str
    inputs: Floats
    classes: Floats
    changes: tuple[int, ...]
    width: int = 0


Concept = Callable[[Floats], npt.NDArray[np.bool_]]


def concepts(kind: str, rng: np.random.Generator) -> tuple[int, list[Concept], float]:
    """How many columns, four concepts, and the share of wrong labels."""
    if kind == "sea":

        def sums(bound: float) -> Concept:
            return lambda x: x[:, 0] * 10 + x[:, 1] * 10 <= bound

        return 3, [sums(bound) for bound in rng.permutation([7.0, 8.0, 9.0, 9.5])], 0.2
    if kind == "sine":
        waves: list[Concept] = [
            lambda x: x[:, 0] > np.sin(x[:, 1]), lambda x: x[:, 0] <= np.sin(x[:, 1]),
            lambda x: x[:, 1] < 0.5 + 0.3 * np.sin(3 * np.pi * x[:, 0]),
            lambda x: x[:, 1] >= 0.5 + 0.3 * np.sin(3 * np.pi * x[:, 0]),
        ]  # fmt: skip
        return 2, waves, 0.0
    if kind == "mixed":

        def votes(x: Floats) -> npt.NDArray[np.bool_]:
            wave = x[:, 3] < 0.5 + 0.3 * np.sin(3 * np.pi * x[:, 2])
            return (x[:, 0] > 0.5).astype(int) + (x[:, 1] > 0.5) + wave >= 2

        return 4, [votes, lambda x: ~votes(x)] * 2, 0.0
    shades: list[Concept] = [
        lambda x: (x[:, 0] < 1 / 3) & (x[:, 1] < 1 / 3), lambda x: (x[:, 1] < 1 / 3) | (x[:, 2] < 1 / 3),
        lambda x: x[:, 0] > 1 / 3, lambda x: (x[:, 0] < 1 / 3) & (x[:, 1] < 1 / 3),
    ]  # fmt: skip
    return 3, shades, 0.0


def drawn(kind: str, seed: int, width: int = 0) -> Stream:
    """A stream of balanced classes whose concept changes three times."""
    rng = np.random.default_rng(seed)
    columns, every, noise = concepts(kind, rng)
    changes = tuple(int(10_000 * (i + 1) + rng.integers(-1500, 1500)) for i in range(3))
    at = np.arange(ROWS)
    newer = [rng.random(ROWS) < (1 / (1 + np.exp(np.clip(-4 * (at - c) / max(width, 1e-9), -50, 50)))) for c in changes]
    which = np.sum(newer, axis=0)
    inputs, classes = np.empty((ROWS, columns)), (rng.random(ROWS) < 0.5).astype(np.float64)
    for concept in range(4):
        for label in (0.0, 1.0):
            rows = np.flatnonzero((which == concept) & (classes == label))
            pool = rng.random((max(40 * len(rows), 100), columns))
            inputs[rows] = pool[every[concept](pool) == bool(label)][: len(rows)]
    if kind == "stagger":
        inputs = np.floor(inputs * 3)
    elif kind == "mixed":
        inputs[:, :2] = np.round(inputs[:, :2])
    wrong = rng.random(ROWS) < noise
    name = f"{kind}{' gradual' if width else ''} {seed}"
    return Stream(name=name, inputs=inputs, classes=np.where(wrong, 1 - classes, classes), changes=changes, width=width)


def known() -> Iterator[Stream]:
    """The streams of ``thu_synthetic``."""
    for path in sorted(Path(environ.get("QOA_DATA", "nowhere"), "thu_synthetic").glob("*.parquet")):
        frame = pl.read_parquet(path)
        gradual = "gradual" in path.stem
        yield Stream(
            name=path.stem, inputs=frame.drop("class").to_numpy(), classes=frame["class"].to_numpy(),
            changes=(9_500, 20_000, 30_500) if gradual else (10_000, 20_000, 30_000), width=1_000 if gradual else 0,
        )  # fmt: skip


def forest(inputs: Floats, classes: Floats) -> RandomForestClassifier:
    """The model that is watched."""
    return RandomForestClassifier(100, random_state=0, n_jobs=1).fit(inputs, classes)


def named(inputs: Floats) -> dict[str, Floats]:
    """Columns by name."""
    return {f"x{i}": inputs[:, i] for i in range(inputs.shape[1])}


def monitored(stream: Stream, errors: Floats, *, refit: bool) -> tuple[list[int], float]:
    """Where the monitor raises alarms, and the seconds that it takes (fitting not counted)."""
    monitor = Monitor(named(stream.inputs[:FITTED]))
    errors, found, seconds, anew = errors.copy(), [], 0.0, 0
    for start in range(FITTED, len(errors), 100):
        if anew and start >= anew:
            model = forest(stream.inputs[anew - TOLERANCE : anew], stream.classes[anew - TOLERANCE : anew])
            errors[start:] = model.predict(stream.inputs[start:]) != stream.classes[start:]
            monitor.refitted()
            anew = 0
        part, began = slice(start, start + 100), perf_counter()
        alarms = monitor.update(named(stream.inputs[part]), errors[part])
        seconds += perf_counter() - began
        found += [a.at + FITTED for a in alarms]
        if alarms and refit:
            anew = start + 100 + TOLERANCE
    return found, seconds


def adwin(errors: Floats) -> list[int]:
    """Where river's ADWIN sees drift of the errors."""
    detector: Any = ADWIN(delta=0.002)  # type: ignore[no-untyped-call]
    found = []
    for i, error in enumerate(errors[FITTED:]):
        detector.update(float(error))
        if detector.drift_detected:
            found.append(FITTED + i + 1)
    return found


def windows(inputs: Floats) -> list[int]:
    """Where a window of 1 000 rows differs from the one before, by KS of any column (0.001, over the columns)."""
    size, columns = 1_000, inputs.shape[1]
    return [
        start + size for start in range(FITTED, len(inputs) - size + 1, size)
        if any(ks_2samp(inputs[start - size : start, j], inputs[start : start + size, j]).pvalue < 0.001 / columns
               for j in range(columns))
    ]  # fmt: skip


def scored(stream: Stream, alarms: list[int]) -> tuple[int, float, int, int]:
    """Drifts found, their mean delay, false alarms, repeats."""
    delays, used = [], set()
    for change in stream.changes:
        low, high = change - stream.width // 2, change + stream.width + TOLERANCE
        inside = [a for a in alarms if low < a <= high]
        used |= set(inside)
        delays += [inside[0] - change] if inside else []
    mean = float(np.mean(delays)) if delays else float("nan")
    return len(delays), mean, len([a for a in alarms if a not in used]), len(used) - len(delays)


def compared(streams: Iterator[Stream]) -> None:
    """A line per stream."""
    print(f"{'stream':<28}{'monitor':>22}{'refitted':>22}{'ADWIN on errors':>22}{'KS on inputs':>22}   rows/s")
    print(f"{'':<28}" + "  found/delay/false/rep." * 4)
    for stream in streams:
        model = forest(stream.inputs[:FITTED], stream.classes[:FITTED])
        errors = (model.predict(stream.inputs) != stream.classes).astype(np.float64)
        kept, seconds = monitored(stream, errors, refit=False)
        ways = [kept, monitored(stream, errors, refit=True)[0], adwin(errors), windows(stream.inputs)]
        cells = "".join(
            f"{f'{n} / {d:.0f} / {w} / {r}':>22}" for n, d, w, r in (scored(stream, alarms) for alarms in ways)
        )  # fmt: skip
        print(f"{stream.name:<28}{cells}{len(errors) / seconds:>10,.0f}", flush=True)


def nulls(rows: int = 1_000_000) -> tuple[int, int]:
    """False alarms of the monitor, and rows, where nothing changes: several kinds of inputs, errors of 5 to 40 %."""
    rng, found, length = np.random.default_rng(7), 0, 40_000
    for i in range(rows // length):
        errors = (rng.random(length) < (0.05, 0.15, 0.4)[i % 3]).astype(np.float64)
        monitor = Monitor({f"x{j}": values for j, values in enumerate(_still(rng, FITTED))})
        found += len(
            monitor.update({f"x{j}": v for j, v in enumerate(_still(rng, length))}, errors)
        )  # fmt: skip
    return found, rows // length * length


def _still(rng: np.random.Generator, rows: int) -> tuple[Floats, Floats, Floats]:
    return rng.normal(size=rows), rng.random(rows), rng.exponential(size=rows)


def main() -> int:
    """Compare."""
    print(machine())
    false, rows = nulls()
    print(f"nothing changes: {false} false alarms in {rows:,} rows; declared: at most {rows // 100_000}")
    print("\ndrawn here")
    kinds = [("sea", 0), ("sine", 0), ("mixed", 0), ("stagger", 0), ("sine", 1_000), ("mixed", 1_000)]
    compared(drawn(kind, seed, width) for kind, width in kinds for seed in SEEDS)
    print("\nthu_synthetic")
    compared(known())
    return 0


if __name__ == "__main__":
    sys.exit(main())
