"""Owns what child processes of the ledger's tests do: open, promote in turn, wait, hold locks, die."""

import os
import resource
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from qoa_platform.artifacts import FileStore
from qoa_platform.ledger import LedgerError, champion, open_ledger, promote, rollback
from qoa_platform.records import (
    Batch,
    Committed,
    Edge,
    Envelope,
    Message,
    ModelVersion,
    Outcome,
    OutcomeState,
)  # fmt: skip

T = datetime(2017, 10, 4, tzinfo=UTC)


def outcome(reaction: str, detail: str = "") -> Outcome:
    """A sample."""
    return Outcome(reaction=reaction, state=OutcomeState.APPLIED, detail=detail, at=T, wall=T)


def first_open(location: str, name: str) -> None:
    """Open (and make) the ledger, write one record."""
    with open_ledger(location) as ledger:
        ledger.commit(Batch(records=(outcome(name),)))


def in_turn(location: str, name: str, rounds: str) -> None:
    """Promote *rounds* times, each from the generation seen; decide again on every refusal."""
    with open_ledger(location) as ledger:
        done = 0
        while done < int(rounds):
            head = champion(ledger, "demand")
            result = promote(
                ledger, "demand", f"v-{name}", expected=head.generation if head else 0, actor=name, reason=str(done),
                reaction=f"{name}-{done}", at=T, wall=T, records=(outcome(f"{name}-{done}"),),
            )  # fmt: skip
            done += isinstance(result, Committed)


def everything(location: str, folder: str) -> None:
    """One artifact, one batch that touches every table, one rollback: what a failpoint may cut anywhere."""
    with open_ledger(location) as ledger:
        digest = FileStore(folder).put("demand", b"model v3", ".skops")
        version = ModelVersion(model="demand", version="v3", artifact=digest, trial="t", at=T, wall=T)
        ledger.commit(Batch(
            records=(outcome("r"), version),
            edges=(Edge(source="d", destination="t", kind="read"),),
            messages=(Message(sink="log", envelope=Envelope(source="s", type="t", subject="x", key="k", time=T)),),
        ))  # fmt: skip
        promote(ledger, "demand", "v3", expected=2, actor="a", reason="r", reaction="P", at=T, wall=T)
        rollback(ledger, "demand", leaving="v3", actor="a", reason="r", reaction="B", at=T, wall=T)
    print("done")


def hear(location: str, rounds: str) -> None:
    """Wait for each commit; print when it was heard of (nanoseconds of the monotonic clock)."""
    with open_ledger(location) as ledger:
        seq = ledger.seq()
        ledger.wait(seq, 0)
        print("ready", flush=True)
        for _ in range(int(rounds)):
            seq = ledger.wait(seq, 30)
            print(time.monotonic_ns(), flush=True)


def idle(location: str, seconds: str) -> None:
    """Wait for nothing; print the share of a CPU it took."""
    with open_ledger(location) as ledger:
        ledger.wait(ledger.seq(), 0.01)
        used, began = time.process_time(), time.monotonic()
        ledger.wait(ledger.seq(), float(seconds))
        print((time.process_time() - used) / (time.monotonic() - began))


def hold(location: str, how: str) -> None:
    """Hold the write lock, queueing as the ledger does (fair) or as a foreign program (raw), until killed."""
    if how == "fair":
        open_ledger(location)._session().begin()
        print("held", flush=True)
        time.sleep(60)
    connection = sqlite3.connect(location, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    time.sleep(60)


def as_nobody(location: str) -> None:
    """Open as a user who may not write (nor read this Python's modules: they are loaded before)."""
    with TemporaryDirectory() as elsewhere:
        open_ledger(Path(elsewhere) / "ledger.db").close()
    os.setgid(65534)
    os.setuid(65534)
    try:
        open_ledger(location)
    except LedgerError as error:
        print(type(error).__name__, error)


def small_files(location: str, limit: str) -> None:
    """Commit until the system refuses to let a file grow; then with more room again."""
    ledger = open_ledger(location)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    written = 0
    try:
        while True:
            ledger.commit(Batch(records=(outcome(str(written), "x" * 4000),)))
            written += 1
    except LedgerError as error:
        print(type(error).__name__, error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    ledger.commit(Batch(records=(outcome("after"),)))
    print(written, len(ledger.find(Outcome)), ledger.verify())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    globals()[sys.argv[1]](*sys.argv[2:])
