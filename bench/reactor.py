"""Owns the benchmark of the reactor lane: a violated verdict is committed → another process has applied its reaction.

``python -m bench.reactor`` prints p50 and p99 over at least 200 episodes, beside what the ledger alone takes to wake
another process that commits one row.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic, perf_counter

from bench.machine import machine, milliseconds
from bench.reactor_ledger import CONTRACT, GRAPH, KINDS, build, now, promote, verdict_of
from bench.reconcile import NoRuns
from qoa_platform.alerts import Channels, couriers
from qoa_platform.contracts import read_text
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.loop import Ports
from qoa_platform.reactor import react
from qoa_platform.records import Batch, Contract, Outcome, OutcomeState, Reaction, Verdict, Window

QUIET = 0.08
"""Seconds without a commit after which a lane is at rest."""


def lane(path: str) -> None:
    """Be the reactor until SIGTERM, alerts into the log (standard error)."""
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    channels = Channels.default()
    with open_ledger(path) as ledger:
        clock = LedgerClock(ledger)
        ports = Ports(ledger=ledger, clock=clock, runs=NoRuns(), graph=GRAPH, sinks=channels.sinks)
        print("ready", flush=True)
        done = react(ports, couriers(ledger, channels, clock), until=stop.is_set)
    if done.errors:
        raise SystemExit("\n".join(done.errors))


def echo(path: str) -> None:
    """The floor: wake on a commit, commit one row."""
    with open_ledger(path) as ledger:
        seq = ledger.seq()
        ledger.wait(seq, 0)
        print("ready", flush=True)
        while True:
            seen = ledger.wait(seq, 1)
            if seen > seq:
                at = now()
                row = Outcome(reaction=f"echo-{seen}", state=OutcomeState.APPLIED, at=at, wall=at)
                ledger.commit(Batch(records=(row,)))
                seq = ledger.seq()


@contextmanager
def process(role: str, path: Path) -> Iterator[None]:
    """A process of this program in *role*, ended at the end."""
    command = [sys.executable, "-m", "bench.reactor", "--role", role, "--ledger", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        if running.stdout.readline() != "ready\n":
            message = f"{role} did not start"
            raise RuntimeError(message)
        try:
            yield
        finally:
            running.terminate()
            running.communicate(timeout=20)


def settle(ledger: Store) -> None:
    """Wait until nobody commits any more."""
    seq = ledger.seq()
    while (after := ledger.wait(seq, QUIET)) > seq:
        seq = after


def applied(ledger: Store, kind: str, since: int) -> float:
    """When an outcome ``applied`` of a reaction of *kind* that was decided after *since* is there (monotonic)."""
    end = monotonic() + 30
    seq = since
    while monotonic() < end:
        mine = {r.id for r in ledger.find(Reaction, since_seq=since) if r.kind == kind}
        if any(o.reaction in mine and o.state is OutcomeState.APPLIED for o in ledger.find(Outcome, since_seq=since)):
            return perf_counter()
        seq = ledger.wait(seq, 1)
    message = f"no {kind} within 30 s"
    raise TimeoutError(message)


def episode(ledger: Store, contract: Contract, kind: str, number: int) -> float:
    """Seconds from the committed violation to the applied reaction; then the window is repaired, and all is at rest."""
    subject, promise = KINDS[kind]
    version = f"w{number}" if kind == "rollback" else None
    if version is not None:
        promote(ledger, version)
        settle(ledger)
    window = Window.of_day(now().date() - timedelta(days=1))

    def judged(*, good: bool) -> Verdict:
        return verdict_of(contract, subject, promise, window, good=good, at=now(), version=version)

    since = ledger.commit(Batch(records=(judged(good=False),)))
    begin = perf_counter()
    seconds = applied(ledger, kind, getattr(since, "seq", 0)) - begin
    settle(ledger)
    ledger.commit(Batch(records=(judged(good=True),)))
    settle(ledger)
    return seconds


def measured(path: Path, episodes: int) -> dict[str, list[float]]:
    """Latencies by kind of reaction, in turn, after a few episodes that do not count."""
    contract = read_text(CONTRACT)
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with open_ledger(path) as ledger, process("lane", path):
        ledger.wait(ledger.seq(), 0)
        for number in range(-len(KINDS), episodes):
            kind = list(KINDS)[number % len(KINDS)]
            seconds = episode(ledger, contract, kind, number)
            if number >= 0:
                found[kind].append(seconds)
    return found


def floor(path: Path, rounds: int) -> list[float]:
    """Latencies of the bare ledger: commit here, row of another process there."""
    times = []
    with open_ledger(path) as ledger, process("echo", path):
        for number in range(rounds):
            settle(ledger)
            at = now()
            row = Outcome(reaction=f"call-{number}", state=OutcomeState.APPLIED, at=at, wall=at)
            done = ledger.commit(Batch(records=(row,)))
            begin, seq = perf_counter(), getattr(done, "seq", 0)
            while ledger.wait(seq, 1) == seq:
                pass
            times.append(perf_counter() - begin)
    return times


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the ledger, run the lane, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=240)
    parser.add_argument("--role", choices=["lane", "echo"], help=argparse.SUPPRESS)
    parser.add_argument("--ledger", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.role is not None:
        {"lane": lane, "echo": echo}[chosen.role](chosen.ledger)
        return 0
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with open_ledger(path) as ledger:
            count = build(ledger)
        print(f"ledger: 300 days, {count:,} records, {path.stat().st_size / 2**20:.0f} MiB; {chosen.episodes} episodes")
        found = measured(path, chosen.episodes)
        bare = floor(path, 100)
    for kind, times in found.items():
        print(f"  {kind:<10} {len(times):>4} episodes: {milliseconds(times)}")
    every = [t for times in found.values() for t in times]
    print(f"commit → applied, reactor lane: {milliseconds(every)} (aim: p50 < 50 ms, p99 < 250 ms)")
    print(f"the ledger alone, commit → row of another process: {milliseconds(bare)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
