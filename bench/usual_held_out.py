"""Settings of learnt bands chosen on some series and scored on the others: how much the default owes to its series.

``python -m bench.usual_held_out`` reads ``$QOA_DATA/msmon_dev``. In each of 200 draws half of the series choose the
setting with the best event F1 at no more than .5 false alerts in 1,000 points; the other half scores it.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise, product
from pathlib import Path
from random import Random
from statistics import fmean, median, stdev

from bench.machine import machine
from bench.usual import Score, read, scored, totals
from qoa_platform.verdicts.usual import Learning, Stream

DRAWS, MOST = 200, 0.5
GRID = [
    Learning(memory=memory, heavy=heavy, plain=plain, settle=settle)
    for memory, heavy, plain, settle in product((200, 400, 800), (2.0, 2.8, 3.5), (50, 75, 120), (8, 12, 20))
]
"""The settings that had most to say when the default was chosen; the default is one of them."""


def path() -> Path:
    """Where the labelled series are."""
    return Path(os.environ.get("QOA_DATA", "")) / "msmon_dev" / "series.parquet"


def scores(how: Learning) -> dict[str, Score]:
    """The score of one setting on every series."""
    found = {}
    for name, series in read(path()).items():
        stream = Stream(median(b - a for a, b in pairwise(series.moments) if b > a), how)
        flags = [stream.update(t, v).flagged for t, v in zip(series.moments, series.values, strict=True)]
        found[name] = scored(series, flags)
    return found


def false(score: Score) -> float:
    """Alerts that are no event in 1,000 points."""
    return 1_000 * (score.alerts - score.true) / max(score.points, 1)


def best(known: Mapping[Learning, Mapping[str, Score]], names: Sequence[str]) -> Learning:
    """The setting that does best on the series of these *names*."""
    told = {how: totals([of[n] for n in names]) for how, of in known.items()}
    allowed = [how for how, score in told.items() if false(score) <= MOST] or list(told)
    return max(allowed, key=lambda how: told[how].f1)


def main() -> int:
    """Print the score of the default on all series, and of chosen settings on those that they were not chosen on."""
    print(machine())
    if not path().exists():
        print("QOA_DATA does not hold msmon_dev: nothing to choose on")
        return 0
    with ProcessPoolExecutor() as pool:
        known = dict(zip(GRID, pool.map(scores, GRID), strict=True))
    names, random = sorted(known[GRID[0]]), Random(1)
    print(f"default, all series: {totals(list(known[Learning()].values()))}")
    chosen, default = [], []
    for _ in range(DRAWS):
        random.shuffle(names)
        half, other = names[: len(names) // 2], names[len(names) // 2 :]
        how = best(known, half)
        chosen.append(totals([known[how][n] for n in other]))
        default.append(totals([known[Learning()][n] for n in other]).f1)
    told = [score.f1 for score in chosen]
    print(
        f"{len(GRID)} settings, {DRAWS} halves: chosen on one, F1 of the other {fmean(told):.3f} "
        f"(sd {stdev(told):.3f}), {fmean(map(false, chosen)):.2f} false / 1,000; the default there {fmean(default):.3f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
