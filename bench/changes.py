"""Owns the benchmark of change points: series that people marked, and series made with and without changes.

``QOA_DATA=… python -m bench.changes``: F1 (margin 5) and covering of :func:`named` beside ruptures' PELT, binary
segmentation and windows (each with the penalty that its authors propose), a Bayesian online detector, and one person
against the others.
"""

import gzip
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import ruptures
from numpy.typing import NDArray

from bench.machine import machine
from qoa_platform.verdicts.changes import named

Floats = NDArray[np.float64]
MARGIN = 5
Marks = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Series:
    """A series, and the changes that each person marked in it."""

    name: str
    values: list[float]
    marks: Marks


def marked(folder: Path) -> list[Series]:
    """The series of the Turing change-point data in *folder*."""
    with gzip.open(folder / "tcpd_dev" / "tcpd.json.gz") as file:
        held = json.load(file)
    raw = {name: one["series"][0]["raw"] for name, one in sorted(held["series"].items())}
    return [
        Series(name, [float("nan") if v is None else float(v) for v in values], held["annotations"][name])
        for name, values in raw.items()
    ]


def score(marks: Marks, found: Sequence[int]) -> float:
    """F1 of *found* against several people: precision against all marks, recall the mean over people; 0 is a mark.

    Source: van den Burg & Williams (2020), An evaluation of change point detection algorithms, arXiv 2003.06222.
    """
    people = [set(m) | {0} for m in marks.values()]
    predicted = set(found) | {0}
    precision = _hits(set().union(*people), predicted) / len(predicted)
    recall = float(np.mean([_hits(p, predicted) / len(p) for p in people]))
    return 2 * precision * recall / (precision + recall)


def _hits(truth: set[int], predicted: set[int]) -> int:
    left, hits = set(predicted), 0
    for mark in sorted(truth):
        near = sorted((abs(mark - p), p) for p in left if abs(mark - p) <= MARGIN)
        if near:
            left.remove(near[0][1])
            hits += 1
    return hits


def covering(marks: Marks, found: Sequence[int], n: int) -> float:
    """The mean over people of how well the stretches of *found* cover theirs (Jaccard, weighted by length)."""

    def parts(places: Sequence[int]) -> list[set[int]]:
        ends = [0, *sorted({p for p in places if 0 < p < n}), n]
        return [set(range(a, b)) for a, b in pairwise(ends)]

    ours = parts(found)
    return float(np.mean([
        sum(len(g) * max(len(g & o) / len(g | o) for o in ours) for g in parts(list(m))) / n for m in marks.values()
    ]))  # fmt: skip


def person(marks: Marks) -> float:
    """The mean score of each person against the others."""
    return float(np.mean([score({k: v for k, v in marks.items() if k != one}, marks[one]) for one in marks]))


def standard(values: Sequence[float]) -> Floats:
    """Finite values, to mean 0 and variance 1."""
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    return np.asarray((kept - kept.mean()) / (kept.std() or 1.0))


def bocpd(values: Sequence[float], hazard: float = 1 / 100) -> list[int]:
    """Bayesian online change points (Adams & MacKay 2007): normal-gamma prior, the run length most probable at last."""
    x = standard(values)
    mean, kappa, alpha, beta = np.zeros(1), np.ones(1), np.ones(1), np.ones(1)
    weight = np.zeros(1)
    best: list[int] = []
    from scipy.stats import t as student

    for value in x:
        seen = student.logpdf(value, 2 * alpha, mean, np.sqrt(beta * (kappa + 1) / (alpha * kappa)))
        grown, fresh = weight + seen + np.log(1 - hazard), np.logaddexp.reduce(weight + seen + np.log(hazard))
        weight = np.concatenate([[fresh], grown])
        weight -= np.logaddexp.reduce(weight)
        beta = np.concatenate([[1.0], beta + kappa * (value - mean) ** 2 / (2 * (kappa + 1))])
        mean = np.concatenate([[0.0], (kappa * mean + value) / (kappa + 1)])
        kappa, alpha = np.concatenate([[1.0], kappa + 1]), np.concatenate([[1.0], alpha + 0.5])
        best.append(int(np.argmax(weight)))
    found, at = [], len(x) - 1
    while at > 0 and best[at] > 0 and at - best[at] > 0:
        at -= best[at]
        found.append(at)
    return sorted(found)


def peers() -> dict[str, Callable[[Sequence[float]], list[int]]]:
    """The peers, each with its usual penalty: ``2 · σ² · ln n`` on standardised values."""

    def cut(algorithm: Any, values: Sequence[float]) -> list[int]:
        x = standard(values)
        return [int(p) for p in algorithm.fit(x).predict(pen=2 * np.log(len(x)))[:-1]]

    return {
        "ours": lambda v: [c.index for c in named(v)],
        "PELT, means": lambda v: cut(ruptures.Pelt(model="l2", min_size=2, jump=1), v),
        "PELT, normal": lambda v: cut(ruptures.Pelt(model="normal", min_size=2, jump=1), v),
        "binary segmentation": lambda v: cut(ruptures.Binseg(model="l2", min_size=2, jump=1), v),
        "windows of 20": lambda v: cut(ruptures.Window(width=20, model="l2", jump=1), v),
        "BOCPD": bocpd,
    }


def made(seed: int, kind: str) -> tuple[list[float], list[int]]:
    """A series of 400 values of *kind* of noise, with none to four shifts of 1.5 to 5 spreads, and their places."""
    rng = np.random.default_rng(seed)
    n, places = 400, sorted(int(p) for p in rng.choice(np.arange(30, 370, 45), size=rng.integers(0, 5), replace=False))
    noise = {"normal": rng.normal(size=n), "heavy": rng.standard_t(3, size=n), "waves": rng.normal(size=n)}[kind]
    for i in range(1, n if kind == "waves" else 0):
        noise[i] += 0.5 * noise[i - 1]
    for place in places:
        noise[place:] += rng.choice([-1, 1]) * rng.uniform(1.5, 5) * noise[:30].std()
    return noise.tolist(), places


def main() -> None:
    """Print the tables."""
    print(machine())
    people = marked(Path(os.environ["QOA_DATA"])) if "QOA_DATA" in os.environ else []
    if people:
        print(f"marked by people: F1 (margin {MARGIN}), covering; halves: every other series, by name")
        print(f"  {'one person against the others':32} {np.mean([person(s.marks) for s in people]):.3f}")
    else:
        print("QOA_DATA is not set: no series that people marked", file=sys.stderr)
    for name, find in peers().items():
        began = perf_counter()
        if people:
            found = [find(s.values) for s in people]
            f1 = [score(s.marks, f) for s, f in zip(people, found, strict=True)]
            covered = np.mean([covering(s.marks, f, len(s.values)) for s, f in zip(people, found, strict=True)])
            halves = f"halves {np.mean(f1[::2]):.3f} {np.mean(f1[1::2]):.3f}"
            print(f"  {name:32} {np.mean(f1):.3f}  {covered:.3f}  {halves}  {perf_counter() - began:.1f} s")
        line = []
        for kind in ("normal", "heavy", "waves"):
            drawn = [made(seed, kind) for seed in range(40)]
            line.append(f"{kind} {np.mean([score({'truth': t}, find(v)) for v, t in drawn]):.3f}")
        print(f"    made, F1: {', '.join(line)}")


if __name__ == "__main__":
    main()
