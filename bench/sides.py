"""Owns how sides of a benchmark are compared: in turns, per row, the quickest call of each, with aims beside ratios."""

import argparse
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.machine import machine
from bench.peers import Run


@dataclass(frozen=True, slots=True)
class Side:
    """An engine: the *environment* it runs in, the *share* of the rows it is given, and what we aim at against it.

    *aim*: so many times its speed we want; *memory*: whether our peak memory is held against its; *against*: which of
    our sides does the same (the first, if not said).
    """

    name: str
    environment: str
    share: float = 1.0
    aim: float | None = None
    memory: bool = False
    note: str = ""
    against: str | None = None

    @property
    def ours(self) -> bool:
        """Whether it is a variant of ours, which asks for something else and is compared with nothing."""
        return self.name.partition("-")[0] == "qoa"

    @property
    def slow(self) -> bool:
        """Whether one call is enough."""
        return self.share < 1


def options(doc: str | None, sides: Sequence[Side], rows: int) -> argparse.Namespace:
    """The options that all these benchmarks have."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [side.name for side in sides]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SIDE", help=", ".join(names))
    parser.add_argument("--rows", type=int, default=rows, help=f"rows of the table (default {rows:,})")
    parser.add_argument("--rounds", type=int, default=3, help="processes per quick engine, in turns")
    parser.add_argument("--repeat", type=int, default=4, help="calls per process, the first one included")
    return parser.parse_args()


def compare(
    title: str,
    sides: Sequence[Side],
    chosen: argparse.Namespace,
    one: Callable[[Side, int, int], Run],
    what: str = "row",
) -> int:
    """Run the chosen *sides* in turns and print what each took; the first is ours, and all ratios are against it."""
    print(f"{machine()}\n{title}; best call of {chosen.rounds} processes × {chosen.repeat} calls", flush=True)
    wanted = {sides[0].name, *chosen.only, *(s.against for s in sides if s.name in chosen.only)}
    mine = [side for side in sides if side.name in wanted]
    runs: dict[str, list[Run]] = {side.name: [] for side in mine}
    for turn in range(chosen.rounds):
        for side in mine:
            if turn == 0 or not (side.slow or runs[side.name][-1].failed):
                rows = max(int(chosen.rows * side.share), 1)
                runs[side.name].append(one(side, rows, 1 if side.slow else chosen.repeat))
    best = {name: _best(found) for name, found in runs.items()}
    ours = best[mine[0].name]
    for side in mine:
        print(_line(side, best[side.name], best.get(side.against or "", ours), what), flush=True)
    if pairs := _paired(runs, mine):
        print(pairs)
    return 1 if ours.failed else 0


def _best(runs: Sequence[Run]) -> Run:
    """The quickest call and the least processor time of all processes; the largest peak."""
    good = [run for run in runs if run.failed is None]
    if not good:
        return runs[0]
    seconds = tuple(second for run in good for second in run.seconds)
    return replace(
        good[0], seconds=seconds, processor=min(run.processor for run in good), peak=max(run.peak for run in good)
    )


def _line(side: Side, found: Run, ours: Run, what: str) -> str:
    head = f"  {side.name:20}"
    if found.failed is not None:
        return f"{head}did not run: {found.failed}"
    told = f"{head}{found.best * 1e3:10,.2f} ms, cpu {found.processor * 1e3:10,.2f} ms, peak {found.peak:6,.0f} MB"
    told += f"  {found.rows:>10,} rows, {found.best / found.rows * 1e6:8.3f} µs a {what}"
    told += "  (one call, its first)" if side.slow else ""
    if not side.ours and ours.failed is None:
        wall = found.best / found.rows / (ours.best / ours.rows)
        used = found.processor / found.rows / (ours.processor / ours.rows)
        aim = f", aim ≥ {side.aim:.2g}" if side.aim else ""
        told += f"  ours is {wall:.2f} × as fast (by processor {used:.2f} ×{aim})"
        if side.memory:
            told += f"; our peak is {ours.peak / found.peak:.2f} × (aim ≤ 1.2)"
    return f"{told}  {found.version}{'; ' if side.note and found.version else ''}{side.note}"


def _paired(runs: dict[str, list[Run]], sides: Sequence[Side]) -> str:
    """The ratio to the floor turn by turn: what was measured a second apart had the same neighbours."""
    floor = next((side.name for side in sides if side.memory), None)
    if floor is None or len(runs[floor]) != len(runs[sides[0].name]):
        return ""
    pairs = [
        mine.best / other.best
        for mine, other in zip(runs[sides[0].name], runs[floor], strict=True)
        if mine.failed is None and other.failed is None
    ]
    told = ", ".join(f"{ratio:.2f}" for ratio in pairs)
    return f"  ours ÷ floor, turn by turn: {told}; median {statistics.median(pairs):.2f} (aim ≤ 1.15)" if pairs else ""
