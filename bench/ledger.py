"""Owns the benchmark of the ledger: append and promote beside raw SQLite and beside MLflow. ``python -m bench.ledger``.

Raw SQLite has the same pragmas, tables, indexes and number of commits, and its rows are encoded beforehand: what is
left of the ratio is what our code costs. Ours and theirs take turns, for disks have slow phases.
"""

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from bench.machine import machine, milliseconds
from bench.mlflow_peer import METRICS
from qoa_platform.ledger import open_ledger, promote
from qoa_platform.ledger.codec import checksum, encode
from qoa_platform.ledger.schema import tables
from qoa_platform.ledger.sqlite import WORDS
from qoa_platform.ledger.writing import INSERT_MOVE, INSERT_RECORD, UPSERT_POINTER, Prepared
from qoa_platform.records import (
    Batch,
    Direction,
    Measurement,
    ModelVersion,
    Outcome,
    OutcomeState,
    Reading,
    Refused,
    Trial,
    TrialState,
    Unit,
    Usage,
    Window,
)

T = datetime(2026, 3, 9, 12, tzinfo=UTC)
BLOCK = 20
PATIENCE = 900
"""Seconds that an installation of the peer may take."""


@dataclass(frozen=True, slots=True)
class Side:
    """Seconds of every operation of one side, by the wall and of the processor."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{milliseconds(self.wall)}; processor {1000 * statistics.mean(self.processor):.2f} ms"


@dataclass(frozen=True, slots=True)
class Timed:
    """Ours and the peer's."""

    ours: Side = field(default_factory=Side)
    peer: Side = field(default_factory=Side)

    def tell(self, name: str) -> None:
        """Print both, and how they compare."""
        wall = statistics.median(self.ours.wall) / statistics.median(self.peer.wall)
        print(f"{name}, one commit each\n  ours: {self.ours}\n  raw SQLite, same pragmas: {self.peer}")
        print(f"  ratio of medians {wall:.2f} (aim ≤ 1.5)")


def in_turns(ours: Callable[[int], None], peer: Callable[[int], None], rounds: int) -> Timed:
    """Time both, in blocks that alternate; one block of each beforehand does not count."""
    found = Timed()
    for block in range(rounds // BLOCK + 1):
        order = [(ours, found.ours), (peer, found.peer)]
        for operation, side in order if block % 2 else order[::-1]:
            for number in range(block * BLOCK, (block + 1) * BLOCK):
                begin, used = perf_counter(), process_time()
                operation(number)
                if block:
                    side.wall.append(perf_counter() - begin)
                    side.processor.append(process_time() - used)
    return found


def raw(path: Path) -> sqlite3.Connection:
    """A bare connection: the ledger's tables, WAL, synchronous FULL."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"):
        connection.execute(statement)
    for statement in tables(WORDS):
        connection.execute(statement)
    return connection


def outcome(number: int) -> Outcome:
    """A small record."""
    return Outcome(reaction=f"r{number}", state=OutcomeState.APPLIED, detail="kept and marked", at=T, wall=T)


def appending(folder: Path, rounds: int) -> Timed:
    """One record a commit."""
    bare = raw(folder / "raw.db")
    rows = [Prepared(Batch(records=(outcome(n),))).records[0][0] for n in range(rounds + BLOCK)]

    def theirs(number: int) -> None:
        bare.execute("BEGIN IMMEDIATE")
        bare.execute(INSERT_RECORD, (number + 1, *rows[number]))
        bare.execute("COMMIT")

    with open_ledger(folder / "ours.db") as ledger:
        found = in_turns(lambda n: _done(ledger.commit(Batch(records=(outcome(n),)))), theirs, rounds)
    bare.close()
    return found


def promoting(folder: Path, rounds: int) -> Timed:
    """The alias moved by compare-and-set, its history and an outcome: one commit."""
    bare = raw(folder / "raw.db")
    with open_ledger(folder / "ours.db") as ledger:
        for name in ("a", "b"):
            ledger.commit(
                Batch(records=(ModelVersion(model="demand", version=name, artifact="0" * 64, trial="t", at=T, wall=T),))
            )

        def ours(number: int) -> None:
            _done(promote(
                ledger, "demand", "ab"[number % 2], expected=number, actor="qoa", reason="better",
                reaction=f"p{number}", at=T, wall=T, records=(outcome(number),),
            ))  # fmt: skip

        found = in_turns(ours, lambda n: _promoted(bare, n), rounds)
    bare.close()
    return found


def _promoted(bare: sqlite3.Connection, number: int) -> None:
    """What hand-written SQL does: read the head, compare, write the move, the head and the outcome."""
    at, version, record = T.isoformat(), "ab"[number % 2], outcome(number)
    body = encode(record)
    bare.execute("BEGIN IMMEDIATE")
    head = bare.execute("SELECT value, gen FROM pointer WHERE kind = 'alias' AND key = 'demand|champion'").fetchone()
    if (head[1] if head else 0) != number:
        raise AssertionError(head)
    move = ("alias", "demand|champion", number + 1, version, head[0] if head else None, "promote", "qoa", "better",
            f"p{number}", "{}", at, at)  # fmt: skip
    bare.execute(INSERT_MOVE, (2 * number + 1, *move, checksum(move)))
    bare.execute(UPSERT_POINTER, ("alias", "demand|champion", version, number + 1, at, at, 0))
    row = ("outcome", record.id, 0, record.series, 0, at, at, body, checksum(("outcome", record.id), body))
    bare.execute(INSERT_RECORD, (2 * number + 2, *row))
    bare.execute("COMMIT")


def _done(result: object) -> None:
    assert not isinstance(result, Refused), result


def trial(number: int) -> Batch:
    """What one step leaves: a trial with its parameters, and as many measurements as the peer logs metrics."""
    window = Window.of_partition("2026-03-08")
    run = Trial(
        id=f"t{number}", experiment="daily", asset="shop/sales_day", partition="2026-03-08", window=window,
        run=f"run-{number}", code="1", environment="e" * 64, parameters={f"parameter_{i}": "value" for i in range(6)},
        output="d" * 64, state=TrialState.PUBLISHED, usage=Usage(seconds=1.0), rows=4000, at=T, wall=T, ended=T,
    )  # fmt: skip
    measured = tuple(
        Measurement(
            metric=f"metric_{i}", subject="shop/sales_day", window=window, reading=Reading(value=0.99, n=4000),
            unit=Unit.RATIO, direction=Direction.HIGHER, data=f"{number:064}", at=T, wall=T,
        )
        for i in range(METRICS)
    )  # fmt: skip
    return Batch(records=(run, *measured))


def trials(folder: Path, rounds: int) -> Side:
    """Seconds of each trial appended."""
    found = Side()
    with open_ledger(folder / "trials.db") as ledger:
        for number in range(rounds + 3):
            begin, used = perf_counter(), process_time()
            _done(ledger.commit(trial(number)))
            found.wall.append(perf_counter() - begin)
            found.processor.append(process_time() - used)
    return Side(found.wall[3:], found.processor[3:])


def mlflow(folder: Path, python: str | None, rounds: int) -> tuple[str, Side] | str:
    """MLflow's version and times, measured in an environment of its own; or why not."""
    try:
        if python is None:
            home = folder / "mlflow"
            venv.create(home, with_pip=True)
            python = str(home / "bin" / "python")
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "mlflow"]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
        peer = str(Path(__file__).with_name("mlflow_peer.py"))
        done = subprocess.run([python, peer, str(folder), str(rounds)], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        return (str(error.stderr).strip().splitlines() or ["it failed"])[-1][:300]
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)[:300]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return str(found["version"]), Side(found["seconds"], found["processor"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the three comparisons and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="operations of each kind")
    parser.add_argument("--mlflow", metavar="PYTHON", help="an interpreter that has mlflow (default: install it)")
    parser.add_argument("--without-mlflow", action="store_true", help="leave MLflow out")
    chosen = parser.parse_args(arguments)
    print(machine())
    for name, compare in (("append", appending), ("promote", promoting)):
        with tempfile.TemporaryDirectory() as folder:
            found = compare(Path(folder), chosen.rounds)
        found.tell(name)
    with tempfile.TemporaryDirectory() as folder:
        ours = trials(Path(folder), 100)
        peer = "--without-mlflow" if chosen.without_mlflow else mlflow(Path(folder), chosen.mlflow, 50)
    with tempfile.TemporaryDirectory() as folder:
        after = trials(Path(folder), 100)  # before and after the peer: the machine may be busier then
    ours = Side([*ours.wall, *after.wall], [*ours.processor, *after.processor])
    print(f"trial with {METRICS} measurements, one commit\n  ours: {ours}")
    if isinstance(peer, str):
        print(f"  MLflow create_run + log_batch: not measured: {peer}")
        return 0
    version, theirs = peer
    wall = statistics.median(theirs.wall) / statistics.median(ours.wall)
    processor = statistics.mean(theirs.processor) / statistics.mean(ours.processor)
    print(f"  MLflow {version} create_run + log_batch (SQLite): {theirs}")
    print(f"  {wall:.0f} times faster by medians (aim ≥ 20), {processor:.0f} times by processor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
